"""What a claim may rest on: all that tools showed, the customer said and the policy says, before the claim is made."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import ToolCall, ToolMessage
from writ_async.verify.claims.clock import minutes_in, minutes_in_prose
from writ_async.verify.claims.entities import Entities, Shown
from writ_async.verify.claims.said import CAPITALS, KELVIN, Said
from writ_async.verify.claims.shown_amounts import ShownAmounts, forms_of
from writ_async.verify.claims.words import ShownWords, split_words
from writ_async.verify.decoding import decoded

_COMMA: Final = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
_STAMP: Final = re.compile(r"T(?<=\d{4}-\d\d-\d\dT)")
_LENGTH_OF_STAMP: Final = 11
_NAMES_SOMEBODY: Final = re.compile(r"user|customer|account|member|profile|person|client|patient|contact")
_EMPTY: Final = frozenset({"", "[]", "{}", "null", "none", '""'})
_LONGEST_EMPTY: Final = max(map(len, _EMPTY))
_NAME: Final = re.compile(r"(?<![a-z0-9_-])[a-z0-9_-]{5,40}(?![a-z0-9_-])")
_UNLIKE_WORDS: Final = re.compile(r"(?<![a-z0-9_-])(?=[a-z]{0,39}[0-9_-])[a-z0-9_-]{5,40}(?![a-z0-9_-])")
"""Those of the names that have more than letters."""
_CAPITAL_NAME: Final = re.compile("[A-Z](?<![A-Za-z0-9_-][A-Z])[A-Z]{4,39}(?![A-Za-z0-9_-])")
_NAME_IN_WORD: Final = re.compile("[a-z0-9_-]{5,}")
_SHORTEST: Final = 5
_LONGEST: Final = 40
_MANY_NAMES: Final = 8
"""Different ones in a message from which on it is looked through once for all of them."""
_START: Final = attrgetter("start")
_IN_NAMES: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_MOST: Final = 1e9
_MOST_RECORDS: Final = 400
_MOST_NUMBERS: Final = 16
_LAST_RESULTS: Final = 6


def tokens_of(text: str) -> set[str]:
    """The words, numbers and ids of a text in lower case, without signs around them."""
    return set(split_words(text.lower()))


def tokens_of_prose(text: str) -> set[str]:
    """The same of a text that a person wrote, in which a comma may stand in a number."""
    return tokens_of(_COMMA.sub("", text) if "," in text else text)


@lru_cache(maxsize=64)
def _tokens_of_policy(policy: str) -> frozenset[str]:
    return frozenset(tokens_of_prose(policy))


@lru_cache(maxsize=64)
def _minutes_of_policy(policy: str) -> frozenset[int]:
    return frozenset(minutes_in_prose(policy))


class Write(msgspec.Struct, frozen=True):
    """A write that succeeded: its tool, the tokens of its arguments, and its result."""

    name: str
    arguments: frozenset[str]
    result: str


class Record(msgspec.Struct, frozen=True):
    """The numbers of a dict or list in a result, in cents, and the texts that stand beside them, among them its id."""

    ids: frozenset[str]
    cents: list[int]


class Named(msgspec.Struct, frozen=True):
    """The id of a record in a message: its place, and itself in lower case without a sign in front of it."""

    start: int
    end: int
    name: str


class Ground:
    """What was shown, said and done so far in one conversation."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.policy = _tokens_of_policy(domain.policy)
        self.shown = ShownWords()
        self.explained: set[str] = set()
        self.heard: list[str] = []
        self.results: list[str] = []
        self.writes: list[Write] = []
        self.used: set[str] = set()
        self.calling = ""
        self.looked = 0
        self.failed = 0
        self.unknown = 0
        self.answered = 0
        self.reckoned = 0
        self.dates: set[str] = set()
        self.amounts: dict[int, None] = {}
        self._told: set[str] = set()
        self._told_read = 0
        self._figures = ""
        self._figures_read = 0
        self._spoken: list[set[str]] = []
        self._said: set[str] = set()
        self._given: list[str] = []
        self._given_words: set[str] = set()
        self._records: list[Record] = []
        self._by_result: list[set[int]] = []
        self._shown: list[Shown] = []
        self._entities = Entities(domain, self._shown)
        self._amounts = ShownAmounts(domain.facts.money, self._shown)
        self._minutes: set[int] = set()
        self._timed = 0
        self._looked_into: Said | None = None
        self._ids: list[Named] = []
        self._starts_of_ids: list[int] = []
        self._decoded = 0
        self._written: list[Record] = []
        self._written_read = 0
        self._stamps: set[str] = set()
        self._stamped = 0

    def hear(self, text: str) -> None:
        """Take in what the customer (or a system message) said."""
        self.heard.append(text)

    def speak(self, words: set[str]) -> None:
        """Take in the words of the agent, which ground nothing but say what it speaks of."""
        self._spoken.append(words)

    @property
    def told(self) -> set[str]:
        """The words of what the customer said; those of several texts are cut at once, for no word goes over a line."""
        if self._told_read < len(self.heard):
            self._told |= tokens_of_prose("\n".join(self.heard[self._told_read :]))
            self._told_read = len(self.heard)
        return self._told

    def see_done(self, name: str) -> None:
        """Take in that the customer used a tool of theirs, or says so: it is done, whatever it showed."""
        tool = self.domain.user_tools.get(name)
        if tool is not None and tool.kind == "write":
            self.writes.append(Write(tool.name, frozenset(), ""))

    def show(self, call: ToolCall | None, result: ToolMessage) -> None:
        """Take in the result of a call."""
        self.answered += 1
        self._looked_into = None
        content = result.content
        if call is not None:
            name, given = call.function.name, call.function.arguments.lower()
        else:
            name = given = ""
        tool = self.domain.tools.get(name)
        kind = tool.kind if tool is not None else "read"
        self.results.append(content)
        lowered = content.lower()
        self._shown.append(Shown(call, lowered, content))
        first = content[:1]
        if first != "{" and first != "[":
            self.explained |= tokens_of_prose(content)
        stripped = content.strip()
        if result.error or (len(stripped) <= _LONGEST_EMPTY and stripped.casefold() in _EMPTY):
            self.shown.add(lowered)
            self.failed += kind != "write"
            self.unknown += kind != "write" and (stripped != "[]" or _NAMES_SOMEBODY.search(name) is not None)
            return
        self.shown.add(f"{lowered}\n{given}")
        self._given.append(given)
        self.used.add(name)
        self.looked += kind != "generic"
        if kind == "write":
            self.writes.append(Write(name, frozenset(split_words(given)), content))

    def stamps(self) -> set[str]:
        """The days of all times of day in the results, each as `YYYY-MM-DDt`."""
        while self._stamped < len(self.results):
            text = self.results[self._stamped]
            ends = [found.end() for found in _STAMP.finditer(text)]
            self._stamps.update([text[end - _LENGTH_OF_STAMP : end].casefold() for end in ends])
            self._stamped += 1
        return self._stamps

    def minutes(self) -> set[int]:
        """The times of day in the results, as minutes."""
        while self._timed < len(self.results):
            self._minutes.update(minutes_in(self.results[self._timed]))
            self._timed += 1
        return self._minutes

    def minutes_said(self) -> set[int]:
        """The times of day in the customer's words and in the policy, as minutes."""
        said = {minutes for text in self.heard for minutes in minutes_in_prose(text)}
        return said | _minutes_of_policy(self.domain.policy)

    def was_told(self, cents: int) -> bool:
        """Whether the customer spoke of an amount. Their words are cut only where its figures stand in them.

        A comma is the one sign that a number loses when it is cut out.
        """
        if self._figures_read < len(self.heard):
            self._figures += "\n".join((*self.heard[self._figures_read :], "")).replace(",", "")
            self._figures_read = len(self.heard)
        return any(form in self._figures and form in self.told for form in forms_of(cents))

    def has_text(self, text: str) -> bool:
        """Whether a text stands in the customer's words or in a result."""
        return any(text in heard.lower() for heard in self.heard) or any(text in shown.text for shown in self._shown)

    def has(self, token: str) -> bool:
        """Whether a token was shown, said by the customer, or stands in the policy."""
        return token in self.policy or token in self.shown or token in self.told

    def is_tool_word(self, word: str) -> bool:
        """Whether a word stands in the name of one of the domain's tools, in the singular at least."""
        return any(word.removesuffix("s") in name.casefold() for name in self.domain.tools)

    def ids_in(self, said: Said, start: int, end: int) -> list[Named]:
        """What looks like the id of a record and was shown, in a part of a message.

        A message is looked through once; a part that ends in the middle of a name is looked through by itself.
        """
        plain = said.plain
        cut = 0 < end < len(plain) and plain[end] in _IN_NAMES and plain[end - 1] in _IN_NAMES
        if cut and KELVIN in said.text:
            return self._find_ids(said, start, end)
        if self._looked_into is not said:
            self._looked_into, self._ids = said, self._all_ids(said)
            self._starts_of_ids = [named.start for named in self._ids]
        if cut:
            first = end - 1
            while first > start and plain[first - 1] in _IN_NAMES:
                first -= 1
            return [*self._ids_between(start, first), *self._cut_id(said, first, end)]
        return self._ids_between(start, end)

    def _ids_between(self, start: int, end: int) -> list[Named]:
        if not self._ids:
            return []
        first = bisect_left(self._starts_of_ids, start)
        last = bisect_left(self._starts_of_ids, end, first)
        if last > first and self._ids[last - 1].end > end:
            last -= 1
        return self._ids[first:last]

    def _cut_id(self, said: Said, start: int, end: int) -> Iterator[Named]:
        """What stands before a place in the middle of a name, from its start on, if that is like an id itself."""
        name = said.plain[start:end]
        if (
            _SHORTEST <= len(name) <= _LONGEST
            and (start == 0 or said.plain[start - 1] not in _IN_NAMES)
            and (not name.isalpha() or said.text[start:end].isupper())
            and name in self.shown
        ):
            yield Named(start, end, name)

    def _all_ids(self, said: Said) -> list[Named]:
        """What `_find_ids` finds in all of a message: few words of most are like ids, and those that were shown few."""
        text, shown = said.text, self.shown
        if KELVIN in text:
            return self._find_ids(said, 0, len(text))
        like = {name for name in _NAME_IN_WORD.findall(" ".join(said.unlike_words)) if not name.isalpha()}
        names = {name for name in like if len(name) <= _LONGEST and name in shown}
        if said.may_have_capital_id():
            names.update(name for word in _CAPITAL_NAME.findall(text) if (name := word.lower()) in shown)
        if len(names) > _MANY_NAMES:
            return self._find_ids(said, 0, len(text))
        plain, found = said.plain, []
        for name in names:
            of_letters = name.isalpha()
            place = plain.find(name)
            while place >= 0:
                end = place + len(name)
                if (
                    plain[end : end + 1] not in _IN_NAMES
                    and (place == 0 or plain[place - 1] not in _IN_NAMES)
                    and not (of_letters and not text[place:end].isupper())
                ):
                    found.append(Named(place, end, name))
                place = plain.find(name, end)
        if len(found) > 1:
            found.sort(key=_START)
        return found

    def _find_ids(self, said: Said, start: int, end: int) -> list[Named]:
        found = []
        text = said.text
        pattern = _UNLIKE_WORDS if KELVIN not in text and CAPITALS.search(text, start, end) is None else _NAME
        for match in pattern.finditer(said.plain, start, end):
            name = match[0]
            like = not name.isalpha() or text[match.start() : match.end()].isupper()
            if like and name in self.shown:
                found.append(Named(match.start(), match.end(), name))
        return found

    def records(self) -> list[Record]:
        """The records in the latest results, each with its numbers in cents; results are read when first asked for."""
        while self._decoded < len(self._shown):
            value = self._shown[self._decoded].value
            self._decoded += 1
            if value is not None:
                before = len(self._records)
                own = self._collect(value, self._records)
                if own and len(self._records) == before:
                    self._records.append(Record(frozenset(), own))
                self._by_result.append({cents for record in self._records[before:] for cents in record.cents} - {0})
            del self._records[:-_MOST_RECORDS]
        return self._records

    def entities(self) -> Entities:
        """The records in the results so far, by their ids."""
        return self._entities

    def written(self) -> Sequence[Record]:
        """The records in the results of the writes."""
        for write in self.writes[self._written_read :]:
            with suppress(RecursionError):
                self._collect(decoded(write.result), self._written)
        self._written_read = len(self.writes)
        return self._written

    def _collect(self, value: Any, found: list[Record]) -> list[int]:
        money = self.domain.facts.money
        return _collect(value, found, money, not money or not isinstance(value, dict | list))

    def has_amount(self, cents: int) -> bool:
        """Whether an amount stands in a result where amounts stand."""
        return self._amounts.has(cents)

    def numbers_by_result(self) -> list[set[int]]:
        """The different numbers of the last results that have several, the latest first."""
        self.records()
        return self._by_result[::-1][:_LAST_RESULTS]

    def spoken_of(self) -> list[Record]:
        """The records whose ids somebody named."""
        while self._given:
            self._given_words.update(split_words(self._given.pop()))
        while self._spoken:
            self._said |= self._spoken.pop()
        named = (self._said, self.told, self._given_words)
        return [record for record in self.records() if any(not record.ids.isdisjoint(words) for words in named)]


def _collect(value: Any, found: list[Record], money: frozenset[str], inside: bool) -> list[int]:
    """The numbers in a value; those of each dict in it, and of each list, become a record, unless they are too many.

    Where the fields of `money` are known, what is not `inside` of one of them is no amount.
    """
    own: list[int] = []
    kind = type(value)
    if kind is dict:
        ids: list[str] = []
        for key, item in value.items():
            kind = type(item)
            if kind is str:
                ids.append(item.casefold().lstrip("#"))
            elif kind is dict or kind is list:
                own += _collect(item, found, money, inside or key in money)
            elif (kind is int or kind is float) and (inside or key in money) and abs(item) < _MOST:
                own.append(round(abs(item) * 100))
    elif kind is list:
        ids = []
        for item in value:
            kind = type(item)
            if kind is dict or kind is list:
                own += _collect(item, found, money, inside)
            elif inside and (kind is int or kind is float) and abs(item) < _MOST:
                own.append(round(abs(item) * 100))
    else:
        return [round(abs(value) * 100)] if (kind is int or kind is float) and inside and abs(value) < _MOST else []
    if 0 < len(own) <= _MOST_NUMBERS:
        found.append(Record(frozenset(ids), own))
        return own
    return []
