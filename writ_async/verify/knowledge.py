"""What an agent knows as a conversation goes on: said by the user, agreed to by the user, shown by the agent's tools.

What the tools of the user show is the user's own: the agent knows it by telling, once the user has said it
(`told_cells`). And no more is a wish of the agent's a fact: what the agent told counts once the user has agreed to it,
ids aside, which nobody knows but the tools.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from writ_async.conversation.calls import ExecutedCall, call_key
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Cell
from writ_async.language.spoken_forms import Day
from writ_async.verify.confirming.reply import read_reply
from writ_async.verify.provenance import SMALL, Seen, leaves, numbers_in
from writ_async.verify.shown_records import ShownRecords
from writ_async.verify.spoken import Spoken, line_of
from writ_async.verify.told_cells import ToldCells

_AGREED = frozenset({"agrees", "requests"})
_IDS = re.compile(r"#?\b(?!\d{1,2}(?:st|nd|rd|th)\b)(?=\w*\d)(?=\w*[^\W\d])\w{4,}\b|\b\d{6,}\b")


class Knowledge:
    """What the agent had been told and shown, as the conversation is walked through; `calls` are its own, in order."""

    def __init__(self, messages: Sequence[Message], domain: Domain, calls: Sequence[ExecutedCall] = ()) -> None:
        self.seen = Seen()
        self.said: list[Spoken] = []
        """The texts of the user."""
        self._answered: list[tuple[list[str], str]] = []
        self._without_ids: list[Spoken] = []
        self._accepted = Seen()
        self.results: list[ExecutedCall] = []
        """The calls that succeeded, of which the agent has seen the results."""
        self._calls = [call for call in calls if not call.result.error]
        self._taken = 0
        """How many of those that succeed were looked at."""
        self._shown: set[str] = set()
        self._lines: list[str] = []
        self._domain = domain
        self._messages = messages
        self._position = 0
        self._read: dict[bytes, int] = {}
        """The message by which each cell was last read; 0 where the user told what it shows, whenever that was: such a
        cell is looked at anew after every write."""
        self._keyed = 0
        """How many results are among the cells that were read."""
        self._gathered = 0
        """How many results are among the texts that were shown."""
        self._told: list[str] = []
        self.records = ShownRecords(self.results)
        """The records in the results."""
        self._searched: dict[re.Pattern[str], int] = {}
        """How many texts of the user were searched by a pattern in vain; -1 where one has it."""
        self.tools_of_amounts = frozenset([rule.tool for rule in domain.evidence.amounts])
        """The tools with an amount that the policy fixes."""
        self._told_cells = ToldCells(messages, domain)

    @property
    def agreed(self) -> list[Spoken]:
        """What the agent told and the user agreed to, without ids. Replies are read when somebody asks."""
        for told, reply in self._answered:
            if read_reply(reply).meaning in _AGREED:
                for text in told:
                    self._without_ids.append(Spoken(_IDS.sub(" ", text)))
                    self._accepted.add_spoken(self._without_ids[-1])
        self._answered.clear()
        return self._without_ids

    @property
    def accepted(self) -> Seen:
        """What the user agreed to, to be searched."""
        _ = self.agreed
        return self._accepted

    @property
    def heard(self) -> list[Spoken]:
        """What the user said and agreed to."""
        return self.said + self.agreed

    def has_said(self, pattern: re.Pattern[str]) -> bool:
        """Whether the user said what a pattern finds; each text is searched once for it."""
        searched = self._searched.get(pattern, 0)
        while 0 <= searched < len(self.said):
            searched = -1 if pattern.search(self.said[searched].words) is not None else searched + 1
        self._searched[pattern] = searched
        return searched < 0

    def days(self) -> set[Day]:
        """All dates that were told."""
        return self.seen.days() | self.accepted.days()

    def until(self, place: int) -> None:
        """Take in all that was said and shown before a message."""
        for message in self._messages[self._position : place]:
            if type(message) is UserMessage and message.content and not message.tool_calls:
                self._hear(message.content)
            elif type(message) is AssistantMessage and message.content:
                self._told.append(message.content)
        self._position = max(self._position, place)
        for key, content in self._told_cells.until(place):
            self._read.setdefault(key, 0)
            self._shown.add(content)
        # What is called in one message is decided before any of its results is there.
        while self._taken < len(self._calls) and self._calls[self._taken].message < place:
            call = self._calls[self._taken]
            self._taken += 1
            if call.kind != "generic" or not self._is_made_of_nothing(call):
                self.seen.add(call.result.content)
            self.results.append(call)

    def _hear(self, text: str) -> None:
        if self._told:
            self._answered.append((self._told, text))
            self._told = []
        self.said.append(Spoken(text))
        self.seen.add_spoken(self.said[-1])

    def _is_made_of_nothing(self, call: ExecutedCall) -> bool:
        """Whether a tool that reads nothing was given numbers that nobody had said or shown: its result shows none."""
        given = {
            number for text in leaves(call.arguments or {}) if isinstance(text, str) for number in numbers_in(text)
        }
        policy = {rule.amount for rule in self._domain.evidence.amounts}
        return any(number > SMALL and number not in policy and not self.seen.has_number(number) for number in given)

    @property
    def shown(self) -> set[str]:
        """The texts of all results."""
        self._shown.update([call.result.content for call in self.results[self._gathered :]])
        self._gathered = len(self.results)
        return self._shown

    def lines_shown(self) -> list[str]:
        """The words of each result with one blank around each, those of addresses spelled out."""
        self._lines += [line_of(call.result.content) for call in self.results[len(self._lines) :]]
        return self._lines

    def has_read(self, cell: Cell) -> bool:
        """Whether a cell was read, whenever that was; the user's, whether what it showed was told."""
        return self.read_at((call_key(cell.name, cell.arguments),))[0] >= 0

    def read_at(self, keys: Sequence[bytes]) -> list[int]:
        """The message by which each cell was last read, 0 where the user told what it shows, -1 where neither was done.

        The cells are asked for by their keys.
        """
        for call in self.results[self._keyed :]:
            self._read[call_key(call.call.function.name, call.arguments or {})] = call.message
        self._keyed = len(self.results)
        return [self._read.get(key, -1) for key in keys]
