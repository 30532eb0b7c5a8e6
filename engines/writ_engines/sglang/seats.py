"""The token sequence of one seat, with what the server said about the tokens that it made."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from writ_async.chat.parsed import Parsed
from writ_async.chat.sampled import SampledSession
from writ_async.chat.session import Session
from writ_async.core.message import Message
from writ_async.core.trajectory import TokenSequence, VersionSpan
from writ_engines.sglang.wire import Answer, encode_ids

_MOST_OPENINGS = 8


class _Shared(msgspec.Struct, frozen=True):
    """Ids that many prompts begin with: as bytes, to find them by, as JSON text, and as numbers."""

    raw: bytes
    text: bytes
    numbers: tuple[int, ...]


class Opening:
    """What the first prompts of like seats begin with, so that its text and its numbers are made once.

    A system prompt with its tools may have thousands of ids; the conversations of a run share it. Conversations of one
    task share more than those of several, which is found out when the first of another task comes: what is shared
    shrinks to what they have in common. Prompts that have less than half of it in common share something of their own.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: list[_Shared] = []

    def encode(self, ids: array[int]) -> bytes:
        """The ids of a first prompt as the inside of a JSON list."""
        shared = self._find(ids) or self._learn(ids)
        if shared is None:
            return encode_ids(ids)
        rest = ids[len(shared.numbers) :]
        return shared.text + b"," + encode_ids(rest) if rest else shared.text

    def numbers(self, ids: array[int]) -> tuple[int, ...]:
        """The ids of a whole sequence as a tuple, whose first numbers are those of all that begin alike."""
        shared = self._find(ids)
        if shared is None:
            return tuple(ids.tolist())
        return shared.numbers + tuple(ids[len(shared.numbers) :].tolist())

    def _find(self, ids: array[int]) -> _Shared | None:
        raw = ids.tobytes()
        return next((shared for shared in self._known if raw.startswith(shared.raw)), None)

    def _learn(self, ids: array[int]) -> _Shared | None:
        """Take in a prompt that begins as none did before."""
        for place, shared in enumerate(self._known):
            length = _common(shared.raw, ids.tobytes()) // ids.itemsize
            if 2 * length >= len(shared.numbers):
                self._known[place] = _share(ids[:length])
                return self._known[place]
        if len(self._known) == _MOST_OPENINGS or not ids:
            return None
        self._known.append(_share(ids))
        return self._known[-1]


def _share(ids: array[int]) -> _Shared:
    return _Shared(ids.tobytes(), encode_ids(ids), tuple(ids.tolist()))


def _common(first: bytes, second: bytes) -> int:
    """How many bytes both begin with."""
    return bisect_left(range(min(len(first), len(second))), True, key=lambda end: first[: end + 1] != second[: end + 1])


class SeatTokens:
    """One seat of one conversation: its ids, and the same ids as JSON text, of which each turn adds only the tail.

    `length` is the number of ids in the text. `grammar` has the sampling parameters that one or the other turn gets.
    """

    __slots__ = ("_opening", "_sampled", "_session", "_text", "grammar", "length")

    def __init__(self, session: Session, opening: Opening, grammar: Sequence[bytes] = (b"",)) -> None:
        self._opening = opening
        self.grammar = grammar
        self.length = 0
        self._session = session
        self._sampled = SampledSession(session)
        self._text = bytearray()

    def prompt(self, messages: Sequence[Message]) -> bytearray:
        """The prompt of the next completion as the inside of a JSON list; it stays as it is until the next prompt.

        Raises what `Session.prompt` raises. All ids in it are in the model's vocabulary.
        """
        session = self._session
        tail = session.prompt(messages)
        if not self.length or tail.keep != self.length:  # the latter where a template rewrites what went before
            self._text = bytearray(self._opening.encode(session.ids))
        elif tail.text:
            self._text += b","
            self._text += tail.text
        self.length = len(session.ids)
        return self._text

    def receive(self, answer: Answer) -> Parsed:
        """Take a completion. Raises `TokenRangeError` when the server returned an id that it must not be sent."""
        return self._sampled.receive(answer.output_ids, _logprobs(answer), _weights(answer))

    def take_moved(self) -> list[int]:
        """The turns whose ids a template has rendered anew since this was last asked."""
        moved, self._session.moved = self._session.moved, []
        return moved

    def sequence(self) -> TokenSequence:
        """Everything so far. Without any logprob there are none, else None where the server told none."""
        sequence = self._sampled.sequence(self._opening.numbers)
        if self.length:
            last = encode_ids(self._session.ids[self.length :])
            sequence.keep_text(b",".join((self._text, last)) if last else bytes(self._text))
        return sequence


def _logprobs(answer: Answer) -> tuple[float | None, ...]:
    """The logprob of each output id, None where the server told none; rows that do not fit the ids tell nothing."""
    rows = answer.meta_info.output_token_logprobs
    count = len(answer.output_ids)
    if rows is None or len(rows) < count:
        return (None,) * count
    return tuple([row.value for row in rows[:count]])


def _weights(answer: Answer) -> tuple[VersionSpan, ...]:
    """Which weights made which output ids. Older servers tell only the last version."""
    meta = answer.meta_info
    count = len(answer.output_ids)
    if not count:
        return ()
    told = meta.weight_versions
    if told is not None and len(told) > 1:
        spans = (VersionSpan(str(span.version), span.start, min(span.end, count)) for span in told)
        return tuple(span for span in spans if span.start < span.end)
    version = told[0].version if told else meta.weight_version
    return () if version is None else (VersionSpan(str(version), 0, count),)
