"""The words by which agents speak of what a domain's records show (`Domain.facts`), as they are looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from tomllib import loads
from typing import Any, Final

import msgspec

from writ_async.core.record_facts import BalanceFact, ChargeFact, CountFact, PriceFact, RecordFacts, StateFact
from writ_async.language.signs import Lettered

TABLES: Final[dict[str, dict[str, Any]]] = loads(
    (resources.files(__package__ or "") / "facts.toml").read_text(encoding="utf-8")
)
NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
"""The numbers that are written as words, from one."""
_NUMBER: Final = rf"(?<![\w$€£.,#-])(?P<number>\d{{1,3}}|{'|'.join(NUMBERS)})\b"
_LAST_OF_NUMBER: Final = "".join(sorted({word[-1] for word in NUMBERS}))
_CLASS: Final = re.compile(r"(?<!\(\?P)<([a-z]+)>")
Pattern = re.Pattern[str]


def expanded(form: str, classes: Mapping[str, str]) -> str:
    """A form with its classes put in, however deep they stand in each other."""
    while _CLASS.search(form):
        form = _CLASS.sub(lambda found: classes[found[1]], form)
    return form


def pattern(table: str, name: str, **names: str) -> Pattern:
    """A form of the tables as a regular expression, with `names` put where it has them in braces."""
    form = expanded(TABLES[table][name], TABLES["classes"])
    for key, text in names.items():
        form = form.replace(f"{{{key}}}", text)
    return re.compile(form)


class StateWords(msgspec.Struct, frozen=True):
    """A state with its wordings, each with the values that fit.

    `before_id` is what stands between a wording in front of a record and its id; `named` is that with the beginning of
    an id that is no word of letters: where it is not found, none is named there.
    """

    fact: StateFact
    signs: frozenset[str]
    said: tuple[tuple[Lettered, tuple[str, ...]], ...]
    subject: Pattern | None
    after: Pattern
    before_id: Pattern | None
    named: Pattern | None

    @staticmethod
    def of(fact: StateFact) -> StateWords:
        """The words of a state."""
        before_id = rf" (?:{fact.noun}) (?:id |number )?\W{{0,3}}"
        return StateWords(
            fact,
            frozenset(fact.signs),
            tuple((Lettered(rf"\b{wording.said}"), wording.values) for wording in fact.wordings),
            re.compile(rf"(?:{fact.subject})") if fact.subject else None,
            re.compile(fact.after),
            re.compile(f"{before_id}$") if fact.noun else None,
            re.compile(rf"{before_id}(?=[a-z]*[0-9_-])[a-z0-9_-]{{5}}") if fact.noun else None,
        )


class CountWords(msgspec.Struct, frozen=True):
    """A count: a number in front of the noun, or after the noun and the id of the record.

    What has a count of the one kind has `near`, and of the other a colon: these are found faster, and what a part of a
    text has the whole has too.
    """

    fact: CountFact
    signs: frozenset[str]
    said: Pattern
    near: Pattern
    listed: Pattern

    @staticmethod
    def of(fact: CountFact) -> CountWords:
        """The words of a count."""
        listed = rf"\b(?:{fact.nouns})(?: (?:on|in|of|for))? #?(?P<id>[a-z0-9_-]+)\W{{0,3}}: ?{_NUMBER}"
        return CountWords(
            fact,
            frozenset(fact.signs),
            re.compile(rf"{_NUMBER} (?:{fact.nouns})\b"),
            re.compile(rf" (?<=[\d{_LAST_OF_NUMBER}] )(?:{fact.nouns})"),
            re.compile(listed),
        )


class BalanceWords(msgspec.Struct, frozen=True):
    """A balance and the forms in which it is told."""

    fact: BalanceFact
    signs: frozenset[str]
    forms: tuple[Pattern, ...]

    @staticmethod
    def of(fact: BalanceFact) -> BalanceWords:
        """The words of a balance."""
        forms = tuple(pattern("balances", name, noun=fact.noun) for name in ("holds", "left_on"))
        return BalanceWords(fact, frozenset(fact.signs), forms)


class FactWords(msgspec.Struct, frozen=True):
    """All words for a domain's facts; `signs` and `counted` are those of states and of counts."""

    states: tuple[StateWords, ...]
    counts: tuple[CountWords, ...]
    balances: tuple[BalanceWords, ...]
    prices: tuple[PriceFact, ...]
    charges: tuple[ChargeFact, ...] | None
    timed: bool
    signs: frozenset[str]
    counted: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=64)
    def of(facts: RecordFacts) -> FactWords:
        """The words of what a domain declares."""
        states, counts = tuple(map(StateWords.of, facts.states)), tuple(map(CountWords.of, facts.counts))
        return FactWords(
            states,
            counts,
            tuple(map(BalanceWords.of, facts.balances)),
            facts.prices,
            facts.charges,
            bool(facts.timed),
            frozenset().union(*(item.signs for item in states)),
            frozenset().union(*(item.signs for item in counts)),
        )
