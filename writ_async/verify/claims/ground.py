"""What a claim may rest on: all that tools showed, the customer said and the policy says, before the claim is made."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import ToolCall, ToolMessage
from writ_async.verify.claims.clock import minutes_in, minutes_in_prose
from writ_async.verify.claims.entities import Entities, Shown, numbers_under
from writ_async.verify.claims.said import Said
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
_KELVIN: Final = "\N{KELVIN SIGN}"
"""The one capital beyond ASCII that is a letter of ASCII when it is small."""
_CAPITALS: Final = re.compile("[A-Z][A-Z]{4}")
_IN_NAMES: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_BEFORE_NUMBERS: Final = frozenset({"", " ", ":", ",", "[", "-", "\n", "\t", "\r"})
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
        self.told: set[str] = set()
        self.said: set[str] = set()
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
        self._given: list[str] = []
        self._given_words: set[str] = set()
        self._records: list[Record] = []
        self._by_result: list[set[int]] = []
        self._shown: list[Shown] = []
        self._entities = Entities(domain, self._shown)
        self._uncounted: list[Shown] = []
        self._shown_to_count = 0
        self._amounts: set[int] = set()
        self._minutes: set[int] = set()
        self._timed = 0
        self._looked_into: Said | None = None
        self._ids: list[Named] = []
        self._decoded = 0
        self._written: list[Record] = []
        self._written_read = 0
        self._stamps: set[str] = set()
        self._stamped = 0

    def hear(self, text: str) -> None:
        """Take in what the customer (or a system message) said."""
        self.heard.append(text)
        self.told |= tokens_of_prose(text)

    def speak(self, words: set[str]) -> None:
        """Take in the words of the agent, which ground nothing but say what it speaks of."""
        self.said |= words

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
        name = call.function.name if call is not None else ""
        tool = self.domain.tools.get(name)
        kind = tool.kind if tool is not None else "read"
        given = call.function.arguments.lower() if call is not None else ""
        self.results.append(content)
        lowered = content.lower()
        self._shown.append(Shown(call, lowered, content))
        self.shown.add(lowered)
        if content[:1] not in ("{", "["):
            self.explained |= tokens_of_prose(content)
        stripped = content.strip()
        if result.error or (len(stripped) <= _LONGEST_EMPTY and stripped.casefold() in _EMPTY):
            self.failed += kind != "write"
            self.unknown += kind != "write" and (stripped != "[]" or _NAMES_SOMEBODY.search(name) is not None)
            return
        self.shown.add(given)
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
        """Whether the customer spoke of an amount."""
        return any(form in self.told for form in forms_of(cents))

    def has_text(self, text: str) -> bool:
        """Whether a text stands in a result or in the customer's words."""
        return any(text in shown.text for shown in self._shown) or any(text in heard.lower() for heard in self.heard)

    def has(self, token: str) -> bool:
        """Whether a token was shown, said by the customer, or stands in the policy."""
        return token in self.told or token in self.policy or token in self.shown

    def is_tool_word(self, word: str) -> bool:
        """Whether a word stands in the name of one of the domain's tools, in the singular at least."""
        return any(word.removesuffix("s") in name.casefold() for name in self.domain.tools)

    def ids_in(self, said: Said, start: int, end: int) -> list[Named]:
        """What looks like the id of a record and was shown, in a part of a message.

        A message is looked through once; a part that ends in the middle of a name is looked through by itself.
        """
        if 0 < end < len(said.plain) and _IN_NAMES.issuperset(said.plain[end - 1 : end + 1]):
            return self._find_ids(said, start, end)
        if self._looked_into is not said:
            self._looked_into, self._ids = said, self._find_ids(said, 0, len(said.plain))
        if not self._ids:
            return []
        first = bisect_left(self._ids, start, key=_start)
        last = bisect_left(self._ids, end, first, key=_start)
        if last > first and self._ids[last - 1].end > end:
            last -= 1
        return self._ids[first:last]

    def _find_ids(self, said: Said, start: int, end: int) -> list[Named]:
        found = []
        text = said.text
        pattern = _UNLIKE_WORDS if _KELVIN not in text and _CAPITALS.search(text, start, end) is None else _NAME
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
        """Whether an amount stands in a result where amounts stand. Only a result that has its figures is counted."""
        self._uncounted += self._shown[self._shown_to_count :]
        self._shown_to_count = len(self._shown)
        if cents in self._amounts:
            return True
        figures, forms = _figures_of(cents), forms_of(cents)
        told = "\n".join([shown.text for shown in self._uncounted])
        somewhere = any(_has_figures(told, one) for one in figures)
        for place in range(len(self._uncounted) - 1, -1, -1):
            shown = self._uncounted[place]
            text = shown.text
            if not (somewhere and any(_has_figures(text, one) for one in figures)) and not shown.has_exponent:
                continue
            if shown.value is not None:
                self._count(shown.value)
                del self._uncounted[place]
            if cents in self._amounts or (shown.value is None and any(has_number(text, form) for form in forms)):
                return True
        return False

    def _count(self, value: Any) -> None:
        """Take in the amounts of a result."""
        money = self.domain.facts.money
        inside = not money or not isinstance(value, dict | list)
        self._amounts.update([round(abs(number) * 100) for number in numbers_under(value, money, inside=inside)])

    def numbers_by_result(self) -> list[set[int]]:
        """The different numbers of the last results that have several, the latest first."""
        self.records()
        return self._by_result[::-1][:_LAST_RESULTS]

    def spoken_of(self) -> list[Record]:
        """The records whose ids somebody named."""
        while self._given:
            self._given_words.update(split_words(self._given.pop()))
        named = (self.said, self.told, self._given_words)
        return [record for record in self.records() if any(not record.ids.isdisjoint(words) for words in named)]


def _start(named: Named) -> int:
    return named.start


def _figures_of(cents: int) -> tuple[str, ...]:
    """The figures of which a text has one that tells an amount, be it rounded, unless by an exponent."""
    whole, rest = divmod(cents, 100)
    return (f"{whole}",) if rest else (f"{whole}", f"{whole - 1}")


def _has_figures(text: str, figures: str) -> bool:
    """Whether figures stand in a text as all that a number has before its point."""
    place = text.rfind(figures)
    while place >= 0:
        if (
            text[place - 1 : place] in _BEFORE_NUMBERS
            and not text[place + len(figures) : place + len(figures) + 1].isdecimal()
        ):
            return True
        place = text.rfind(figures, 0, place + len(figures) - 1)
    return False


def forms_of(cents: int) -> tuple[str, ...]:
    """The ways in which a number is written in results."""
    whole, rest = divmod(cents, 100)
    if rest == 0:
        forms: tuple[str, ...] = (f"{whole}", f"{whole}.0", f"{whole}.00")
    elif rest % 10 == 0:
        forms = (f"{whole}.{rest // 10}", f"{whole}.{rest:02d}")
    else:
        forms = (f"{whole}.{rest:02d}",)
    return forms


def has_number(result: str, form: str) -> bool:
    """Whether a number stands in a result as a number, in this form."""
    for wanted in (f": {form}", f": -{form}", f":{form}"):
        place = result.find(wanted)
        while place >= 0:
            end = place + len(wanted)
            if end == len(result) or result[end] in ",}] \n":
                return True
            place = result.find(wanted, end)
    return False


def _collect(value: Any, found: list[Record], money: frozenset[str], inside: bool) -> list[int]:
    """The numbers in a value; those of each dict in it, and of each list, become a record, unless they are too many.

    Where the fields of `money` are known, what is not `inside` of one of them is no amount.
    """
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [round(abs(value) * 100)] if inside and abs(value) < _MOST else []
    own: list[int] = []
    if isinstance(value, dict):
        for key, item in value.items():
            # Most values are texts, and need no call of their own.
            if type(item) is not str:
                own += _collect(item, found, money, inside or key in money)
        ids = frozenset(item.casefold().lstrip("#") for item in value.values() if isinstance(item, str))
    elif isinstance(value, list):
        for item in value:
            if type(item) is not str:
                own += _collect(item, found, money, inside)
        ids = frozenset()
    else:
        return []
    if 0 < len(own) <= _MOST_NUMBERS:
        found.append(Record(ids, own))
        return own
    return []
