"""The spoken turns of a conversation, with what only reports an earlier write set apart from what is laid out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence

from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.language.hearing import waits_for_answer
from writ_async.verify.confirming.clauses import plain, sentence_texts
from writ_async.verify.confirming.one_by_one import told_apart
from writ_async.verify.confirming.patterns import pattern
from writ_async.verify.confirming.picks import options_in, spelled_out
from writ_async.verify.confirming.reply_options import answered_by, reply_options
from writ_async.verify.confirming.wording import plain_words

_REPORTS = pattern("REPORTS")
_PROPOSES = pattern("PROPOSES")
_ITEM = re.compile(r"\s*(?:[-•·–+]|\(?\d{1,2}[.)]|[a-z][.)] )|\s{2,}\S")


class Turn:
    """One text of the agent or the user. Its words are taken apart when somebody asks."""

    __slots__ = (
        "_after_write",
        "_asks",
        "_lines",
        "_options",
        "_plain",
        "_said",
        "_words",
        "by_user",
        "message",
        "text",
    )

    def __init__(self, message: int, by_user: bool, text: str, after_write: bool) -> None:
        self.message, self.by_user, self.text = message, by_user, text
        self._after_write = after_write
        self._words: str | None = None
        self._plain: str | None = None
        self._said: str | None = None
        self._lines: list[tuple[str, bool]] | None = None
        self._options: dict[str, str] | None = None
        self._asks: bool | None = None

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
            self._words = "".join(line for line, _ in self.lines).replace("  ", " ")
        return self._words

    @property
    def lines(self) -> list[tuple[str, bool]]:
        """The words of each line of an agent, or each sentence of a user, and whether it is an item of a list."""
        if self._lines is None:
            lines = self.laid_out.split("\n")
            if self.by_user:
                lines = [said for line in lines for said, _ in sentence_texts(line)]
            self._lines = [(plain_words(line), bool(_ITEM.match(line))) for line in lines if line.strip()]
        return self._lines

    @property
    def options(self) -> dict[str, str]:
        """What an agent's text offers one after the other, by numbers or letters."""
        if self._options is None:
            self._options = options_in(self.plain)
        return self._options

    @property
    def asks(self) -> bool:
        """Whether an agent's text asks for an answer; an offer of whatever else there may be asks for none."""
        if self._asks is None:
            self._asks = waits_for_answer(self.text) or bool(reply_options(self.text))
        return self._asks


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
    options: dict[str, str] = {}
    to_reply: dict[str, str] = {}
    for index, message in enumerate(messages):
        if type(message) is not AssistantMessage and type(message) is not UserMessage:
            continue
        wrote = wrote or index in writes
        text = message.content or ""
        if text and not text.isspace():
            by_user = type(message) is UserMessage
            if by_user:
                text = answered_by(text, to_reply) if to_reply else spelled_out(told_apart(text), options)
            turns.append(Turn(index, by_user, text, wrote and index not in writes))
            if not by_user:
                to_reply = reply_options(text)
                options = {} if to_reply else turns[-1].options
            wrote = index in writes
    return turns


def _without_report(text: str) -> str:
    kept: list[str] = []
    reporting = apart = False
    for block in text.split("\n"):
        if not block.strip():
            apart = True
            continue
        listed = bool(_ITEM.match(block))
        if _REPORTS.search(block):
            reporting = True
            parts = [part for part in re.split(r"(?<=[.!?:]) ", block) if not _REPORTS.search(part)]
            first = next((place for place, part in enumerate(parts) if _PROPOSES.search(part)), len(parts))
            kept.append(" ".join(parts[first:]))
        elif not reporting or (not listed and (apart or _PROPOSES.search(block))):
            reporting = False
            kept.append(block)
        apart = False
    return "\n".join(kept)
