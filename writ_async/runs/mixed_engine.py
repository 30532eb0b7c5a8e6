"""Several engines in one seat: each conversation is played by one of them, drawn by weight, and says which."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from writ_async.core.engine import CallCounts, Completion, Counted, Engine, Noticing, Paced, Request, end_session
from writ_async.core.trajectory import Note, TokenSequence

PLAYED_BY = "user_engine"
"""The note of a user's first turn whose detail names the engine that plays it."""


class MixedPart(msgspec.Struct, frozen=True):
    """An engine of a mix: what it is called in the rows, its weight, and itself."""

    label: str
    weight: float
    engine: Engine


class MixedEngine:
    """An engine for the user's seat that is made of several. Which plays a conversation depends on its id and the seed.

    What the parts have to say, how their calls went and how long calls are held is said for all of them together.
    """

    def __init__(self, parts: Sequence[MixedPart], seed: int) -> None:
        self._parts = parts
        self._seed = seed
        self._total = sum(part.weight for part in parts)

    async def complete(self, request: Request) -> Completion:
        """See `Engine`. The first turn's notes name the engine."""
        part = self._part_of(request.session)
        completion = await part.engine.complete(request)
        if request.turn:
            return completion
        note = Note(PLAYED_BY, 0, part.label)
        return msgspec.structs.replace(completion, notes=(*completion.notes, note))

    def end_session(self, session: str) -> TokenSequence | None:
        """See `Engine`."""
        return end_session(self._part_of(session).engine, session)

    async def aclose(self) -> None:
        """Nothing to close: the parts are closed by whoever made them."""

    @property
    def notices(self) -> Sequence[str]:
        """See `Noticing`; each line once."""
        told = (part.engine.notices for part in self._parts if isinstance(part.engine, Noticing))
        return list(dict.fromkeys(line for lines in told for line in lines))

    @property
    def engines(self) -> list[Engine]:
        """The engines of its parts."""
        return [part.engine for part in self._parts]

    def call_counts(self) -> CallCounts:
        """See `Counted`: the sums, and the last failure of the last part that had one."""
        total = CallCounts()
        for part in self._parts:
            if isinstance(part.engine, Counted):
                total.add(part.engine.call_counts())
        return total

    def seconds_held(self, session: str) -> float:
        """See `Paced`."""
        engine = self._part_of(session).engine
        return engine.seconds_held(session) if isinstance(engine, Paced) else 0.0

    def _part_of(self, session: str) -> MixedPart:
        conversation = session.rpartition("/")[0]
        drawn = int.from_bytes(blake2b(f"{self._seed}/{conversation}/user".encode(), digest_size=8).digest(), "big")
        left = drawn / 2**64 * self._total
        for part in self._parts:
            left -= part.weight
            if left < 0:
                return part
        return self._parts[-1]
