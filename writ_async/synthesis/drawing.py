"""What the draw of one task leaves behind for those after it, so that it can be taken up again without being made."""

from __future__ import annotations

from typing import Protocol

import msgspec

from writ_async.core.level import Extent
from writ_async.core.task import Task
from writ_async.synthesis.aims import TaskAim


class FailedDraws(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often in a row a recipe has given nothing for an extent and an aim in one world; 0 since it has."""

    recipe: str
    extent: Extent
    world: int
    aim: TaskAim | None = None
    times: int = 0


class DrawnTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proved task, and what its draw has changed for the next ones of its domain.

    `world` is the number of the world that it is from, 0 for the first. `reached` has the recipe and the extent that it
    came by, `broken` recipes that failed meanwhile, with why. Where its family is audited, `solved` are the shortcuts
    that solve it, of `scanned` candidate cells.
    """

    task: Task
    world: int
    reached: tuple[str, Extent]
    failed: tuple[FailedDraws, ...] = ()
    broken: dict[str, str] = {}
    solved: tuple[str, ...] | None = None
    scanned: int = 0


class DrawTrace(Protocol):
    """What was drawn of one domain, in order: what is there is taken up, what is new is kept."""

    def next_kept(self) -> DrawnTask | None:
        """The next task that was drawn before; None from the first on that was not."""

    def keep(self, drawn: DrawnTask) -> None:
        """Keep what was drawn now."""
