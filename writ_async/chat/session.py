"""The token sequence of one seat of one conversation: what its server has seen and what it has generated.

A prompt is the ids of the prompt before, the ids that the server returned, and the ids of the new messages. Nothing is
rendered or tokenised twice, and the ids that a trainer gets are those that were sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol

import msgspec

from writ_async.chat.errors import HistoryChangedError
from writ_async.chat.family import Tools
from writ_async.chat.parsed import KnownTools, Parsed, known_tools
from writ_async.chat.tokenizer import Packed, Tokenizer, pack_text
from writ_async.core.message import AssistantMessage, Message


class SessionFormat(Protocol):
    """What a session asks of its chat format. `stop_ids` are the token ids that end a turn."""

    tokenizer: Tokenizer
    stop_ids: frozenset[int]

    def first(self, messages: Sequence[Message], tools: Tools) -> Packed:
        """The ids of a first prompt. Raises `TemplateRefusedError`."""

    def following(self, messages: Sequence[Message], start: int, tools: Tools, last: int | None) -> Packed | None:
        """The ids to append for `messages[start:]`; the message before them is a completion that ended with id `last`.

        None when the template has changed what went before: the whole must be rendered anew.
        """

    def parse(self, text: str, turn: int, tools: KnownTools = ...) -> Parsed:
        """A completion's text, without the token that ended it, as a message. Raises nothing."""


class Span(msgspec.Struct, frozen=True):
    """Where a completion is: `ids[start:stop]`. `message` is its place among the messages shown to the session, `turn`
    the number of completions before it.
    """

    message: int
    start: int
    stop: int
    turn: int = 0


class Tail(msgspec.Struct, frozen=True):
    """How to bring an earlier prompt up to date: keep its first `keep` ids and append `ids`.

    `keep` is all that was handed out before, unless the model's template is not prefix-stable. `text` has the same ids
    as the inside of a JSON list, for an engine that holds its prompt as encoded text.
    """

    keep: int
    ids: list[int]
    text: bytes = b""


class Session:
    """Grows by `prompt` and `receive` in turn.

    `ids` is the flat sequence so far. `spans` has the completions in order, so that logprobs and weight versions find
    their places.

    When a template that is not prefix-stable renders earlier turns anew, generated ids that moved are no longer the
    sampled ones: their spans are gone, their mask is 0, and `moved` has their turns.
    """

    __slots__ = (
        "_chat",
        "_known",
        "_said",
        "_seen",
        "_sent",
        "_tools",
        "_turn",
        "_unsent",
        "_waiting",
        "ids",
        "moved",
        "spans",
    )

    def __init__(self, chat: SessionFormat, tools: Tools) -> None:
        self._chat = chat
        self._tools = tools
        self._known = known_tools(tools)
        self._seen = 0  # messages rendered
        self._sent = 0  # ids handed out by `prompt`
        self._turn = 0
        self._waiting = False
        self._unsent: list[bytes] | None = []  # the text of what is to be handed out; None where nobody has it
        self._said: AssistantMessage | None = None
        self.ids: list[int] = []
        self.spans: list[Span] = []
        self.moved: list[int] = []

    @property
    def waiting(self) -> bool:
        """True between `prompt` and `receive`."""
        return self._waiting

    @property
    def seen(self) -> int:
        """How many of the messages shown are in `ids`, the last completion included."""
        return self._seen if self._waiting or self._said is None else self._seen + 1

    def mask(self) -> bytearray:
        """As long as `ids`: 1 on those that the model generated, with the one that ended a turn; 0 on all others."""
        mask = bytearray(len(self.ids))
        for span in self.spans:
            mask[span.start : span.stop] = b"\1" * (span.stop - span.start)
        return mask

    def prompt(self, messages: Sequence[Message]) -> Tail:
        """The ids that a next completion needs. `messages` is the seat's whole view, which only grows.

        After a completion the view goes on with that completion's message, then the new ones. Asked twice for the same
        turn, as for a retry, it has nothing new to say the second time. Raises what `advance` raises.
        """
        keep, text = self.advance(messages)
        return Tail(keep, self.ids[keep:], text)

    def advance(self, messages: Sequence[Message]) -> tuple[int, bytes]:
        """The same as `prompt`, for whoever needs no copy of the ids: a tail's `keep` and `text`.

        Raises `HistoryChangedError` when the view does not continue the one before, and `TemplateRefusedError` when it
        cannot be rendered; neither changes the session.
        """
        if self._waiting:
            if len(messages) != self._seen:
                raise HistoryChangedError("messages were added while a completion was awaited")
            return len(self.ids), b""
        if self._said is None:
            self._append(self._chat.first(messages, self._tools))
        else:
            if len(messages) <= self._seen or messages[self._seen] != self._said:
                raise HistoryChangedError(f"message {self._seen} is not the completion that the session received")
            last = self.ids[-1] if self.ids else None
            new = self._chat.following(messages, self._seen + 1, self._tools, last)
            if new is None:
                self._replace(self._chat.first(messages, self._tools).ids)
            else:
                self._append(new)
        self._waiting = True
        self._seen = len(messages)
        keep, self._sent = self._sent, len(self.ids)
        text = pack_text(self.ids[keep:]) if self._unsent is None else b",".join(filter(None, self._unsent))
        self._unsent = []
        return keep, text

    def receive(self, output_ids: Sequence[int]) -> Parsed:
        """Append what the server generated, and say what it means.

        `output_ids` are as the server returned them: with the token that ended the turn when there was one, without
        when the output was cut. Raises `TokenRangeError` for an id that must not be sent back, and `RuntimeError`
        when nothing was asked for.
        """
        if not self._waiting:
            raise RuntimeError("a completion was received that no prompt had asked for")
        # Our own encodings stay in range (`load_tokenizer` refuses any that would not); a server's ids are looked at.
        self._chat.tokenizer.check(output_ids)
        start = len(self.ids)
        self._append(self._chat.tokenizer.pack_ids(output_ids))
        self.spans.append(Span(self._seen, start, len(self.ids), self._turn))
        ended = bool(output_ids) and output_ids[-1] in self._chat.stop_ids
        text = self._chat.tokenizer.decode(output_ids[:-1] if ended else output_ids)
        parsed = self._chat.parse(text, self._turn, self._known)
        self._turn += 1
        self._said = parsed.message
        self._waiting = False
        return parsed

    def fork(self) -> Session:
        """An independent copy that can go another way from here."""
        other = Session.__new__(Session)
        for name in Session.__slots__:
            setattr(other, name, getattr(self, name))
        other.ids = self.ids[:]
        other.spans = self.spans.copy()
        other.moved = self.moved.copy()
        other._unsent = None if self._unsent is None else self._unsent.copy()
        return other

    def _append(self, new: Packed) -> None:
        if self.ids:
            self.ids += new.ids
        else:
            self.ids = new.ids  # which nobody else has, and which are many in a first prompt
        if self._unsent is not None:
            self._unsent.append(new.text)

    def _replace(self, ids: list[int]) -> None:
        """Become another sequence; what both begin with stays as it is."""
        keep = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.ids, ids, strict=False)))
        self.ids[keep:] = ids[keep:]
        self.moved += [span.turn for span in self.spans if span.stop > keep]
        self.spans = [span for span in self.spans if span.stop <= keep]
        self._sent = min(self._sent, keep)
        self._unsent = None
