"""The spoken turns of a conversation, with what only reports an earlier write set apart from what is laid out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.language.hearing import waits_for_answer
from writ_async.verify.confirming.clauses import plain, sentence_texts
from writ_async.verify.confirming.one_by_one import told_apart
from writ_async.verify.confirming.patterns import Worded, pattern
from writ_async.verify.confirming.picks import options_in, spelled_out
from writ_async.verify.confirming.reply_options import answered_by, is_bare, reply_options
from writ_async.verify.confirming.wording import words_of_lines

_REPORTS = Worded("REPORTS")
_PROPOSES = pattern("PROPOSES")
Lines = Sequence[tuple[str, bool]]
"""The words of lines, and whether each is an item of a list."""
_ITEM = re.compile(r"\s*(?:[-•·–+]|\(?\d{1,2}[.)]|[a-z][.)] )|\s{2,}\S")


class Turn:
    """One text of the agent or the user. Its words are taken apart when somebody asks.

    `asked` is what the agent said last before it, to whose options a user's text may answer.
    """

    __slots__ = (
        "_after_write",
        "_asked",
        "_asks",
        "_lines",
        "_options",
        "_plain",
        "_reply_options",
        "_said",
        "_text",
        "_words",
        "by_user",
        "message",
        "said",
    )

    def __init__(self, message: int, by_user: bool, said: str, after_write: bool, asked: Turn | None = None) -> None:
        self.message, self.by_user, self.said = message, by_user, said
        self._after_write = after_write
        self._asked = asked
        self._text: str | None = None if by_user else said
        self._words: str | None = None
        self._plain: str | None = None
        self._said: str | None = None
        self._lines: Lines | None = None
        self._options: dict[str, str] | None = None
        self._reply_options: dict[str, str] | None = None
        self._asks: bool | None = None

    @property
    def text(self) -> str:
        """The text; a user's with the options that it takes said in words."""
        if self._text is None:
            asked = self._asked
            if is_bare(self.said):
                self._text = self.said
            elif asked is not None and asked.reply_options:
                self._text = answered_by(self.said, asked.reply_options)
            else:
                self._text = spelled_out(told_apart(self.said), asked.options if asked is not None else {})
        return self._text

    @property
    def plain(self) -> str:
        """The text in plain lower case."""
        if self._plain is None:
            self._plain = plain(self.text)
        return self._plain

    @property
    def laid_out(self) -> str:
        """The text in plain lower case, without what reports a write that was just made."""
        if self._said is None:
            text = self.plain
            self._said = _without_report(text) if self._after_write and not self.by_user else text
        return self._said

    @property
    def words(self) -> str:
        """The words of what is laid out."""
        if self._words is None:
            self._words = "".join([line for line, _ in self.lines]).replace("  ", " ")
        return self._words

    @property
    def lines(self) -> Lines:
        """The words of each line of an agent, or each sentence of a user, and whether it is an item of a list."""
        if self._lines is None:
            self._lines = _lines_said(self.laid_out) if self.by_user else _lines_in(self.laid_out)
        return self._lines

    @property
    def options(self) -> dict[str, str]:
        """What an agent's text offers one after the other, by numbers or letters."""
        if self._options is None:
            self._options = options_in(self.plain)
        return self._options

    @property
    def reply_options(self) -> dict[str, str]:
        """The names by which an agent's text wants to be answered, with what a user says who does."""
        if self._reply_options is None:
            self._reply_options = reply_options(self.said)
        return self._reply_options

    @property
    def asks(self) -> bool:
        """Whether an agent's text asks for an answer; an offer of whatever else there may be asks for none."""
        if self._asks is None:
            self._asks = waits_for_answer(self.said) or bool(self.reply_options)
        return self._asks


def _lines_in(text: str) -> Lines:
    """The words of each line of a plain text that is not empty, and whether it is an item of a list."""
    pairs = zip(text.split("\n"), words_of_lines(text), strict=True)
    return tuple([(words, _ITEM.match(line) is not None) for line, words in pairs if line.strip()])


@lru_cache(maxsize=512)
def _lines_said(text: str) -> Lines:
    """The same of each sentence: users say the same little things again and again."""
    return _lines_in("\n".join([said for said, _ in sentence_texts(text)]))


class TurnIndex:
    """The words of the turns of a conversation as one text, in which phrases are found faster than turn by turn."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.turns = turns
        self.messages = [turn.message for turn in turns]
        self._text = ""
        self._starts: list[int] = []

    def naming(self, phrases: Iterable[str], most: int) -> list[Turn]:
        """Those of the first `most` turns whose words have any of these phrases, the latest first."""
        self._take(most)
        starts = self._starts
        end = starts[most] if most < len(starts) else len(self._text)
        found: set[int] = set()
        for phrase in phrases:
            place = self._text.find(phrase, 0, end)
            while place >= 0:
                after = bisect_right(starts, place)
                found.add(after - 1)
                place = self._text.find(phrase, starts[after], end) if after < len(starts) else -1
        return [self.turns[place] for place in sorted(found, reverse=True)]

    def _take(self, most: int) -> None:
        parts = [self._text]
        length = len(self._text)
        for turn in self.turns[len(self._starts) : most]:
            self._starts.append(length)
            parts.append(f"{turn.words}\n")
            length += len(parts[-1])
        self._text = "".join(parts)


def spoken_turns(messages: Sequence[Message], writes: Collection[int]) -> list[Turn]:
    """All texts that were said, in order; `writes` are the messages that wrote."""
    turns: list[Turn] = []
    wrote = False
    asked: Turn | None = None
    for index, message in enumerate(messages):
        kind = type(message)
        if kind is not AssistantMessage and kind is not UserMessage:
            continue
        writing = index in writes
        wrote = wrote or writing
        text = message.content
        if text and not text.isspace():
            turn = Turn(index, kind is UserMessage, text, wrote and not writing, asked)
            turns.append(turn)
            if not turn.by_user:
                asked = turn
            wrote = writing
    return turns


def _without_report(text: str) -> str:
    kept: list[str] = []
    reporting = apart = False
    for block in text.split("\n"):
        if not block.strip():
            apart = True
            continue
        listed = bool(_ITEM.match(block))
        if _REPORTS.is_in(block):
            reporting = True
            parts = [part for part in re.split(r"(?<=[.!?:]) ", block) if not _REPORTS.is_in(part)]
            first = next((place for place, part in enumerate(parts) if _PROPOSES.search(part)), len(parts))
            kept.append(" ".join(parts[first:]))
        elif not reporting or (not listed and (apart or _PROPOSES.search(block))):
            reporting = False
            kept.append(block)
        apart = False
    return "\n".join(kept)
