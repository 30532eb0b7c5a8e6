"""The token sequence of one seat, with what the server said about the tokens that it made."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import takewhile

import msgspec

from writ_async.chat.parsed import Parsed
from writ_async.chat.session import Session
from writ_async.core.message import Message
from writ_async.core.trajectory import TokenSequence, VersionSpan
from writ_engines.sglang.wire import Answer, encode_ids


class _Made(msgspec.Struct, frozen=True):
    """What is known of one completion; `logprobs` has one value per token, `weights` count from its first token."""

    logprobs: tuple[float | None, ...]
    weights: tuple[VersionSpan, ...]


class Opening:
    """What the first prompts of like seats begin with, as ids and as JSON text, so that it is encoded once.

    A system prompt with its tools may have thousands of ids; the conversations of a run share it.
    """

    __slots__ = ("_ids", "_last", "_text")

    def __init__(self) -> None:
        self._ids = b""
        self._text = b""
        self._last: array[int] | None = None

    def encode(self, ids: array[int]) -> bytes:
        """The ids as the inside of a JSON list."""
        raw = ids.tobytes()
        if not self._ids or not raw.startswith(self._ids):
            self._learn(ids)
            return encode_ids(ids)
        rest = ids[len(self._ids) // ids.itemsize :]
        return self._text + b"," + encode_ids(rest) if rest else self._text

    def _learn(self, ids: array[int]) -> None:
        """Take what these ids and the ones before have in common, unless there is something shared already."""
        last, self._last = self._last, ids
        if last is not None and not self._ids:
            shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(last, ids, strict=False)))
            self._ids = ids[:shared].tobytes()
            self._text = encode_ids(ids[:shared])


class SeatTokens:
    """One seat of one conversation: its ids, and the same ids as JSON text, of which each turn adds only the tail.

    `length` is the number of ids in the text. `grammar` has the sampling parameters that one or the other turn gets.
    """

    __slots__ = ("_made", "_opening", "_session", "_text", "grammar", "length")

    def __init__(self, session: Session, opening: Opening, grammar: Sequence[bytes] = (b"",)) -> None:
        self._opening = opening
        self.grammar = grammar
        self.length = 0
        self._session = session
        self._text = bytearray()
        self._made: dict[int, _Made] = {}

    def prompt(self, messages: Sequence[Message]) -> bytearray:
        """The prompt of the next completion as the inside of a JSON list; it stays as it is until the next prompt.

        Raises what `Session.prompt` raises. All ids in it are in the model's vocabulary.
        """
        session = self._session
        tail = session.prompt(messages)
        if not self.length or tail.keep != self.length:  # the latter where a template rewrites what went before
            self._text = bytearray(self._opening.encode(session.ids))
        elif tail.ids:
            self._text += b","
            self._text += encode_ids(tail.ids)
        self.length = len(session.ids)
        return self._text

    def receive(self, answer: Answer) -> Parsed:
        """Take a completion. Raises `TokenRangeError` when the server returned an id that it must not be sent."""
        parsed = self._session.receive(answer.output_ids)
        self._made[self.length] = _Made(_logprobs(answer), _weights(answer))
        return parsed

    def take_moved(self) -> list[int]:
        """The turns whose ids a template has rendered anew since this was last asked."""
        moved = self._session.moved[:]
        self._session.moved.clear()
        return moved

    def sequence(self) -> TokenSequence:
        """Everything so far. Without any logprob there are none, else None where the server told none."""
        session = self._session
        logprobs: list[float | None] = []
        weights: list[VersionSpan] = []
        for span in session.spans:
            made = self._made[span.start]
            logprobs += made.logprobs
            weights += [VersionSpan(w.version, span.start + w.start, span.start + w.end) for w in made.weights]
        return TokenSequence(
            ids=tuple(session.ids.tolist()),  # which is quicker than the array itself
            generated=tuple((span.start, span.stop) for span in session.spans),
            logprobs=() if all(value is None for value in logprobs) else tuple(logprobs),
            weights=tuple(weights),
            complete=not session.waiting,
        )


def _logprobs(answer: Answer) -> tuple[float | None, ...]:
    """The logprob of each output id, None where the server told none; rows that do not fit the ids tell nothing."""
    rows = answer.meta_info.output_token_logprobs
    count = len(answer.output_ids)
    if rows is None or len(rows) < count:
        return (None,) * count
    return tuple(row.value for row in rows[:count])


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
