"""The token sequence of one seat, with what the server said about the tokens that it made."""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.chat.parsed import Parsed
from writ_async.chat.sampled import SampledSession
from writ_async.chat.session import Session
from writ_async.chat.tokenizer import pack_text
from writ_async.core.message import Message
from writ_async.core.trajectory import TokenSequence, VersionSpan
from writ_engines.sglang.wire import Answer


class SeatTokens:
    """One seat of one conversation: its ids, and the same ids as JSON text, of which each turn adds only the tail.

    `length` is the number of ids in the text. `grammar` has the sampling parameters that one or the other turn gets.
    """

    __slots__ = ("_sampled", "_session", "_text", "grammar", "length")

    def __init__(self, session: Session, grammar: Sequence[bytes] = (b"",)) -> None:
        self.grammar = grammar
        self.length = 0
        self._session = session
        self._sampled = SampledSession(session)
        self._text = bytearray()

    def prompt(self, messages: Sequence[Message]) -> bytearray:
        """The prompt of the next completion as the inside of a JSON list; it stays as it is until the next prompt.

        Raises what `Session.advance` raises. All ids in it are in the model's vocabulary.
        """
        session = self._session
        keep, text = session.advance(messages)
        if keep != self.length:  # a template has rewritten what went before
            self._text = bytearray(pack_text(session.ids))
        elif text:
            self._grow(text)
        self.length = len(session.ids)
        return self._text

    def _grow(self, text: bytes) -> None:
        more = b"," + text if self._text else text
        try:
            self._text += more
        except BufferError:  # a call that was given up is still being sent: its text stays as it is
            self._text = self._text + more

    def receive(self, answer: Answer) -> Parsed:
        """Take a completion. Raises `TokenRangeError` when the server returned an id that it must not be sent."""
        return self._sampled.receive(answer.output_ids, _logprobs(answer), _weights(answer))

    def take_moved(self) -> list[int]:
        """The turns whose ids a template has rendered anew since this was last asked."""
        moved, self._session.moved = self._session.moved, []
        return moved

    def sequence(self) -> TokenSequence:
        """Everything so far. Without any logprob there are none, else None where the server told none."""
        sequence = self._sampled.sequence()
        if self.length:
            last = pack_text(self._session.ids[self.length :])
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
