"""A look at each model server before the first conversation: two seconds at most, one line for each that is not there.

What a look finds is that nobody listens, that a name or a certificate is wrong, that a key is refused: each costs every
conversation, and is put right in a minute by whoever hears of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

import anyio

from writ_async.core.engine import Engine, Served
from writ_async.errors import EngineError, EngineErrorKind, WritError, describe_error
from writ_async.runs.mixed_engine import MixedEngine

LOOK_SECONDS = 2.0
"""How long all looks together may take."""

_NOBODY: Final = frozenset({EngineErrorKind.REFUSED, EngineErrorKind.TLS, EngineErrorKind.UNAUTHORIZED})
"""What waiting does not mend, where the engine itself does not wait for a server that is still starting."""

logger = logging.getLogger(__name__)


async def look_at_servers(engines: Iterable[Engine], *, require: bool) -> None:
    """Look at all servers at once, and log a line for each that does not answer, with its address and the reason.

    Raises `WritError` where it is `require`d that each engine has a server that may answer, and one has none.
    """
    served = [engine for engine in dict.fromkeys(_parts(engines)) if isinstance(engine, Served)]
    found = await _look([(engine, server) for engine in served for server in range(len(engine.addresses))])
    for engine in served:
        missing = [(server, found[engine, server]) for server in range(len(engine.addresses)) if found[engine, server]]
        hopeless = len(missing) == len(engine.addresses) and all(exc.kind in _NOBODY for _, exc in missing if exc)
        if missing and hopeless and require and not engine.patience:
            told = "; ".join(_line(engine, server, exc) for server, exc in missing if exc is not None)
            raise WritError(f"{told} (--no-check begins all the same)")
        for server, exc in missing:
            waits = f"; it is waited for, up to {engine.patience:.0f} s" if engine.patience else ""
            if exc is not None:
                logger.warning("%s%s", _line(engine, server, exc), waits)


def _parts(engines: Iterable[Engine]) -> Iterable[Engine]:
    for engine in engines:
        yield from engine.engines if isinstance(engine, MixedEngine) else (engine,)


async def _look(places: list[tuple[Served, int]]) -> dict[tuple[Served, int], EngineError | None]:
    late = f"no answer in {LOOK_SECONDS:.0f} s"
    found: dict[tuple[Served, int], EngineError | None] = {
        place: EngineError(late, kind=EngineErrorKind.DEADLINE) for place in places
    }

    async def one(engine: Served, server: int) -> None:
        try:
            await engine.look_at(server)
            found[engine, server] = None
        except EngineError as exc:
            found[engine, server] = exc
        except Exception as exc:  # an engine's own
            found[engine, server] = EngineError(f"the look failed: {describe_error(exc)}")

    with anyio.move_on_after(LOOK_SECONDS):
        async with anyio.create_task_group() as group:
            for place in places:
                group.start_soon(one, *place)
    return found


def _line(engine: Served, server: int, error: EngineError) -> str:
    address = engine.addresses[server]
    return str(error) if address in str(error) else f"{address}: {error}"
