"""Amounts that are said to be of a kind: the price of a record, what is left on a card, a fee.

Such an amount rests on values of that kind and of that record, not on any two numbers in view. A domain declares where
those values stand (`Domain.facts`); where it does not, nothing is held against the agent here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from writ_async.core.record_facts import BalanceFact, ChargeFact, PriceFact
from writ_async.verify.claims.deeds import is_stated
from writ_async.verify.claims.entities import numbers_under
from writ_async.verify.claims.fact_words import TABLES, FactWords, pattern
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said
from writ_async.verify.claims.words import split_words

_BESIDE: Final = pattern("prices", "beside")
_PAID_FOR: Final = pattern("prices", "paid_for")
_PAID: Final = pattern("prices", "paid")
_ANOTHER: Final = pattern("prices", "another")
_SEVERAL: Final = pattern("prices", "several")
_USED: Final = pattern("balances", "used")
_FEES: Final = frozenset(TABLES["fees"]["words"])
_FEE: Final = pattern("fees", "said")
_KIND: Final = pattern("fees", "of_a_kind")
_NO_KIND: Final = frozenset(TABLES["fees"]["of_no_kind"])
_DENIED: Final = pattern("fees", "denied")
_DIFFERENCE: Final = pattern("fees", "difference")
_LOOK_AHEAD: Final = 60
_LOOK_BACK: Final = 30
_COUNTS: Final = range(1, 10)
_MOST_SUMS: Final = 4_096
_MOST_BALANCES: Final = 10
_CHARGED: Final = range(21)


def mistaken_prices(said: Said, ground: Ground, facts: FactWords) -> list[Claim]:
    """The amounts in a message that are said to be a price, a balance or a fee, and are none, one a sentence."""
    if "$" not in said.text and (said.text.isascii() or ("€" not in said.text and "£" not in said.text)):
        return []
    found: dict[int, Claim] = {}
    for place, cents, why in (
        *(_prices(said, ground, facts.prices) if facts.prices else ()),
        *_left(said, ground, facts),
        *(_fees(said, facts.charges) if facts.charges is not None else ()),
    ):
        sentence = said.sentence(place)
        if sentence.start not in found and not (
            sentence.is_question() or sentence.is_told() or sentence.is_example() or ground.was_told(cents)
        ):
            found[sentence.start] = Claim(place, why, "turn")
    return list(found.values())


def _cents(text: str) -> int:
    return round(float(text.replace(",", "")) * 100)


def _prices(said: Said, ground: Ground, facts: Sequence[PriceFact]) -> Iterator[tuple[int, int, str]]:
    """The amounts right beside a record that are none of what it costs."""
    entities, plain = ground.entities(), said.plain
    judged, end = False, 0
    for match in said.signed():
        if match.start() >= end:  # Another sentence than that of the amount before.
            sentence = said.sentence(match.start())
            judged = not (_ANOTHER.search(sentence.plain) or (sentence.lead and _ANOTHER.search(sentence.lead)))
            end = sentence.end
        if not judged:
            continue
        ids = ground.ids_in(said, max(sentence.start, match.start() - _LOOK_AHEAD), match.start())
        if ids and _BESIDE.match(plain[ids[-1].end : match.start()]) and len(ids) == 1:
            name = ids[-1].name
        else:
            after = ground.ids_in(said, match.end(), min(sentence.end, match.end() + _LOOK_AHEAD))
            if not (after and _PAID_FOR.match(plain[match.end() : after[0].start]) and _PAID.search(sentence.plain)):
                continue
            name = after[0].name
        costs = {cents for fact in facts for cents in _costs(entities.of(name), fact)}
        cents = _cents(match[1])
        # A row of a table has what it is for in the head of the table.
        told = plain if sentence.plain.startswith("|") else sentence.plain
        counts = _COUNTS if costs and _SEVERAL.search(told) else (1,)
        if costs and cents not in said.cents and not any(cents == count * cost for cost in costs for count in counts):
            yield match.start(), cents, f"{match[0]} is not what was shown of {name}"


def _costs(records: Sequence[dict[str, Any]], fact: PriceFact) -> set[int]:
    """What records may be said to cost, in cents: their amounts, and sums of some of one record's under one field."""
    found: set[int] = set()
    for record in records:
        if fact.record not in record:
            continue
        for field in fact.fields:
            amounts = [round(abs(number) * 100) for number in numbers_under(record, (field,))]
            found.update(amounts)
            if not fact.of_parts:
                continue
            sums = {0}
            for amount in amounts:
                if len(sums) < _MOST_SUMS:
                    sums |= {total + amount for total in sums}
            found |= sums
            found |= {abs(sum(round(number * 100) for number in numbers_under(record, (field,))))}
    return found - {0}


def _left(said: Said, ground: Ground, facts: FactWords) -> Iterator[tuple[int, int, str]]:
    """The amounts that are said to be left on something, and are not. A write may have moved some of it."""
    for words in facts.balances:
        for sentence in said.sentences_with(words.signs):
            if _USED.search(sentence.plain):
                continue
            for form in words.forms:
                for match in form.finditer(said.plain, sentence.start, sentence.end):
                    left = _balances_shown(ground, words.fact)
                    cents = _cents(match["amount"])
                    if left and cents not in left and is_stated(match.start(), match.end(), sentence, said.plain):
                        yield match.start(), cents, f"{match['amount']} is not what was shown to be left"


def _balances_shown(ground: Ground, fact: BalanceFact) -> set[int]:
    amounts = {
        round(abs(record[fact.field]) * 100)
        for record in ground.entities().having(fact.kind, fact.kinds)
        if isinstance(record.get(fact.field), int | float)
    }
    sums = {0}
    for amount in islice(sorted(amounts), _MOST_BALANCES):
        sums |= {total + amount for total in sums}
    moved = {cents for record in ground.written() for cents in record.cents}
    return {abs(total + sign * cents) for total in sums for cents in (0, *moved) for sign in (1, -1)} - {0}


def _fees(said: Said, charges: Sequence[ChargeFact]) -> Iterator[tuple[int, int, str]]:
    """The fees in a message that there are not."""
    for sentence in said.sentences_with(_FEES):
        for match in _FEE.finditer(said.plain, sentence.start, sentence.end):
            if _DIFFERENCE.search(match[0]) or _DENIED.search(
                said.plain, max(sentence.start, match.start() - _LOOK_AHEAD), match.start()
            ):
                continue
            text = match["amount"] or match["other"]
            cents = _cents(text)
            kind = _KIND.search(said.plain, max(sentence.start, match.start() - _LOOK_BACK), match.end())
            near = set(split_words(sentence.plain)) if kind and kind[1] not in _NO_KIND else said.words
            due = {0}
            for charge in charges:
                if not near.isdisjoint(charge.words):
                    due = {total + round(count * charge.amount * 100) for total in due for count in _CHARGED}
            if cents not in due:
                yield match.start(), cents, f"there is no such fee of {text}"
