"""What engines keep for conversations, and give when these have ended; many keep nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from writ_async.core.engine import Engine
from writ_async.core.trajectory import Seat, TokenSequence
from writ_async.scheduler.mishaps import Mishaps


def end_session(engine: Engine, session: str, mishaps: Mishaps) -> TokenSequence | None:
    """Have an engine forget a session, if it offers that; what it gives for it, where that is of use."""
    try:
        end: Any = getattr(engine, "end_session", None)  # as `Sessioned` is told, which costs more to ask for
        given: Any = None if end is None else end(session)
    except Exception as exc:
        mishaps.tell("the engine cannot end a session", exc)
        return None
    if given is not None and not isinstance(given, TokenSequence):
        mishaps.tell("the engine cannot end a session", TypeError(f"it gave a {type(given).__name__}"))
        return None
    return given


def end_sessions(
    engines: Mapping[Seat, Engine], sessions: Mapping[Seat, str], mishaps: Mishaps
) -> dict[str, TokenSequence]:
    """The same of all seats of a conversation; the sequences that there are."""
    ended = {seat: end_session(engine, sessions[seat], mishaps) for seat, engine in engines.items()}
    return {seat: sequence for seat, sequence in ended.items() if sequence is not None}
