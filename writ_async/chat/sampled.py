"""A session beside what its server told of what it generated: logprobs, and which weights made them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from writ_async.chat.parsed import Parsed
from writ_async.chat.session import Session
from writ_async.core.trajectory import TokenSequence, VersionSpan


class _Made(msgspec.Struct, frozen=True):
    """What is known of one completion; `logprobs` has one value per token, `weights` count from its first token."""

    logprobs: tuple[float | None, ...]
    weights: tuple[VersionSpan, ...]


class SampledSession:
    """A `Session` whose completions come with logprobs and weight versions."""

    __slots__ = ("_made", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self._made: dict[int, _Made] = {}

    def receive(
        self, ids: Sequence[int], logprobs: Sequence[float | None], weights: Sequence[VersionSpan] = ()
    ) -> Parsed:
        """Take a completion: as many logprobs as ids, None where none was told, and spans of versions over the ids.

        Raises what `Session.receive` raises.
        """
        start = len(self.session.ids)
        parsed = self.session.receive(ids)
        self._made[start] = _Made(tuple(logprobs), tuple(weights))
        return parsed

    def sequence(self) -> TokenSequence:
        """Everything so far. Without any logprob there are none, else None where the server told none."""
        session = self.session
        logprobs: list[float | None] = []
        weights: list[VersionSpan] = []
        for span in session.spans:
            made = self._made[span.start]
            logprobs += made.logprobs
            weights += [VersionSpan(w.version, span.start + w.start, span.start + w.end) for w in made.weights]
        return TokenSequence(
            ids=tuple(session.ids),
            generated=tuple([(span.start, span.stop) for span in session.spans]),
            logprobs=tuple(logprobs) if logprobs.count(None) < len(logprobs) else (),
            weights=tuple(weights),
            complete=not session.waiting,
        )
