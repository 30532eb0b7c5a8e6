"""What a claim may rest on: all that tools showed, the customer said and the policy says, before the claim is made."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import ToolCall, ToolMessage
from writ_async.verify.claims.words import split_words

_COMMA: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT")
_NAMES_SOMEBODY: Final = re.compile(r"user|customer|account|member|profile|person|client|patient|contact")
_EMPTY: Final = frozenset({"", "[]", "{}", "null", "none", '""'})
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


class Write(msgspec.Struct, frozen=True):
    """A write that succeeded: its tool, the tokens of its arguments, and its result."""

    name: str
    arguments: frozenset[str]
    result: str


class Record(msgspec.Struct, frozen=True):
    """The numbers of a dict or list in a result, in cents, and the texts that stand beside them, among them its id."""

    ids: frozenset[str]
    cents: list[int]


class Ground:
    """What was shown, said and done so far in one conversation."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.policy = _tokens_of_policy(domain.policy)
        self.shown: set[str] = set()
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
        self.given: set[str] = set()
        self._records: list[Record] = []
        self._by_result: list[set[int]] = []
        self._decoded = 0
        self._stamps: set[str] = set()
        self._stamped = 0

    def hear(self, text: str) -> None:
        """Take in what the customer (or a system message) said."""
        self.heard.append(text)
        self.told |= tokens_of_prose(text)

    def speak(self, words: set[str]) -> None:
        """Take in the words of the agent, which ground nothing but say what it speaks of."""
        self.said |= words

    def show(self, call: ToolCall | None, result: ToolMessage) -> None:
        """Take in the result of a call."""
        self.answered += 1
        content = result.content
        name = call.function.name if call is not None else ""
        tool = self.domain.tools.get(name)
        kind = tool.kind if tool is not None else "read"
        given = split_words(call.function.arguments.lower()) if call is not None else []
        self.results.append(content)
        self.shown.update(split_words(content.lower()))
        if content[:1] not in ("{", "["):
            self.explained |= tokens_of_prose(content)
        if result.error or content.strip().casefold() in _EMPTY:
            self.failed += kind != "write"
            self.unknown += kind != "write" and (content.strip() != "[]" or _NAMES_SOMEBODY.search(name) is not None)
            return
        self.shown.update(given)
        self.given.update(given)
        self.used.add(name)
        self.looked += kind != "generic"
        if kind == "write":
            self.writes.append(Write(name, frozenset(given), content))

    def stamps(self) -> set[str]:
        """The days of all times of day in the results, each as `YYYY-MM-DDt`."""
        while self._stamped < len(self.results):
            self._stamps.update(day.casefold() for day in _STAMP.findall(self.results[self._stamped]))
            self._stamped += 1
        return self._stamps

    def has(self, token: str) -> bool:
        """Whether a token was shown, said by the customer, or stands in the policy."""
        return token in self.shown or token in self.told or token in self.policy

    def is_tool_word(self, word: str) -> bool:
        """Whether a word stands in the name of one of the domain's tools, in the singular at least."""
        return any(word.removesuffix("s") in name.casefold() for name in self.domain.tools)

    def records(self) -> list[Record]:
        """The records in the latest results, each with its numbers in cents; results are read when first asked for."""
        while self._decoded < len(self.results):
            text = self.results[self._decoded]
            self._decoded += 1
            with suppress(msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                before = len(self._records)
                own = _collect(msgspec.json.decode(text), self._records)
                if own and len(self._records) == before:
                    self._records.append(Record(frozenset(), own))
                self._by_result.append({cents for record in self._records[before:] for cents in record.cents} - {0})
            del self._records[:-_MOST_RECORDS]
        return self._records

    def written(self) -> list[Record]:
        """The records in the results of the writes."""
        found: list[Record] = []
        for write in self.writes:
            with suppress(msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                _collect(msgspec.json.decode(write.result), found)
        return found

    def numbers_by_result(self) -> list[set[int]]:
        """The different numbers of the last results that have several, the latest first."""
        self.records()
        return self._by_result[::-1][:_LAST_RESULTS]

    def spoken_of(self) -> list[Record]:
        """The records whose ids somebody named."""
        named = (self.said, self.told, self.given)
        return [record for record in self.records() if any(not record.ids.isdisjoint(words) for words in named)]


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


def _collect(value: Any, found: list[Record]) -> list[int]:
    """The numbers in a value; those of each dict in it, and of each list, become a record, unless they are too many."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [round(abs(value) * 100)] if abs(value) < _MOST else []
    if isinstance(value, dict):
        own = [cents for item in value.values() for cents in _collect(item, found)]
        ids = frozenset(item.casefold().lstrip("#") for item in value.values() if isinstance(item, str))
    elif isinstance(value, list):
        own = [cents for item in value for cents in _collect(item, found)]
        ids = frozenset()
    else:
        return []
    if 0 < len(own) <= _MOST_NUMBERS:
        found.append(Record(ids, own))
        return own
    return []
