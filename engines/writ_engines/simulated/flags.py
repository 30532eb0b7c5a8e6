"""The flags of a simulated server, named as SGLang's are, and the releases whose rules it knows."""

from __future__ import annotations

from typing import Literal

import msgspec

from writ_engines.simulated.cache import Eviction
from writ_engines.simulated.order import SchedulePolicy

Release = Literal["0.5.20", "0.5.23"]


class ServerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server's flags, named as SGLang's are. `max_queued_requests` 0 is unbounded.

    `release` is the one whose rules hold where releases differ. Until 0.5.20 a request hits what its prompt shares
    twice, when the prompt has been computed and when it has been answered, and waiting does not count as use.
    """

    page_size: int = 1
    chunked_prefill_size: int = 8192
    max_running_requests: int = 1024
    max_queued_requests: int = 0
    schedule_policy: SchedulePolicy = "fcfs"
    radix_eviction_policy: Eviction = "lru"
    schedule_conservativeness: float = 1.0
    enable_session_radix_cache: bool = False
    release: Release = "0.5.23"
