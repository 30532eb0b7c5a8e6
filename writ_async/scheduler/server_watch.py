"""Which servers are gone: the one place in the scheduler that says so.

An engine finds a server down when a call to it fails, or when it does not say how it is (`ServerDownError`). Either way
the admission policy is told once, and told again when the server answers. What the caller drained stays so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio

from writ_async.core.engine import Gauged, Gauges
from writ_async.errors import EngineError, ServerDownError, WritError
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.job import Counters
from writ_async.scheduler.mishaps import Mishaps

logger = logging.getLogger(__name__)

GAUGE_SECONDS = 1.0
"""How often each server is asked how it is."""


class ServerWatch:
    """Looks after the servers of a run, and tells its admission policy of them; `counters` hold how full they are."""

    def __init__(self, admission: AdmissionPolicy, counters: Counters, mishaps: Mishaps) -> None:
        self._admission = admission
        self._counters = counters
        self._mishaps = mishaps
        self._down: set[int] = set()
        self._gauges: dict[int, Gauges] = {}

    def server_is_down(self, server: int) -> None:
        """A server was found down: nothing more goes there until it answers."""
        self._gauges.pop(server, None)
        if server not in self._down:
            self._down.add(server)
            self._admission.drain_server(server)

    async def wait_for_look(self) -> None:
        """Wait until servers have been looked at anew."""
        await anyio.sleep(GAUGE_SECONDS)

    async def watch_server(self, engine: Gauged, server: int, after_look: Callable[[], None]) -> None:
        """Ask a server now and then how it is, and whether it is there, until cancelled."""
        while True:
            try:
                gauges = await engine.gauges(server)
            except ServerDownError:
                self.server_is_down(server)
            except EngineError as exc:
                logger.debug("no gauges of server %d: %s", server, exc)
            except WritError:  # said on purpose, to end the run
                raise
            except Exception as exc:  # an engine's own; nothing is known of its server then
                self._mishaps.tell(f"the engine does not say how server {server} is", exc)
            else:
                if server in self._down:
                    self._down.discard(server)
                    self._admission.restore_server(server)
                self._admission.server_observed(server, gauges)
                self._gauges[server] = gauges
                self._counters.kv_used = sum(one.used_tokens for one in self._gauges.values())
                self._counters.kv_tokens = sum(one.capacity_tokens for one in self._gauges.values())
            after_look()
            await self.wait_for_look()
