"""An environment: a domain, one world of it, and where that world comes from."""

from __future__ import annotations

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import WorldRef


class Environment(msgspec.Struct, frozen=True):
    """What tasks are drawn from and played in. `ref` is how tasks refer to the world."""

    domain: Domain
    world: World
    ref: WorldRef
