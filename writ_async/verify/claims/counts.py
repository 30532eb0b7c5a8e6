"""Counts: how many of something a record holds is what the record showed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from writ_async.core.record_facts import CountFact
from writ_async.verify.claims.deeds import is_stated
from writ_async.verify.claims.fact_words import NUMBERS, CountWords, FactWords, pattern
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said, Sentence

_HOLDS: Final = pattern("counts", "holds")
_THERE: Final = pattern("counts", "there")
_ON: Final = pattern("counts", "on")
_ON_FILE: Final = pattern("counts", "on_file")
_PART: Final = pattern("counts", "part")
_WORDS: Final = frozenset(NUMBERS)
_DIGITS: Final = 3
_LOOK_BACK: Final = 90
_LOOK_AHEAD: Final = 60


def false_counts(said: Said, ground: Ground, facts: FactWords) -> list[Claim]:
    """How many of something a message says that there are, where the record shows another number, one a sentence."""
    if facts.counted.isdisjoint(said.words):
        return []
    if _WORDS.isdisjoint(said.words) and not [
        word for word in said.unlike_words if len(word) <= _DIGITS and word.isdecimal()
    ]:
        return []
    found: dict[int, Claim] = {}
    for words in facts.counts:
        if not ((words.fact.record and ":" in said.plain) or words.near.search(said.plain) is not None):
            continue
        for sentence in said.sentences_with(words.signs):
            if sentence.start in found:
                continue
            for place, number, values in _counts_in(sentence, words, said, ground):
                if values and number not in values and not (sentence.is_question() or sentence.is_told()):
                    why = f"{words.fact.field}: {values[-1]}, and not {number}"
                    found.setdefault(sentence.start, Claim(place, why, "turn"))
    return list(found.values())


def _counts_in(
    sentence: Sentence, words: CountWords, said: Said, ground: Ground
) -> Iterator[tuple[int, int, list[int]]]:
    """The counts in a sentence: where, how many, and what the record that is meant shows."""
    plain, entities, fact = said.plain, ground.entities(), words.fact
    if fact.record and ":" in sentence.plain:
        for match in words.listed.finditer(plain, sentence.start, sentence.end):
            yield match.start(), _number(match), _sizes(entities.of(match["id"]), fact)
    if words.near.search(plain, sentence.start, sentence.end) is None:
        return
    for match in words.said.finditer(plain, sentence.start, sentence.end):
        left = plain[max(sentence.start, match.start() - _LOOK_BACK) : match.start()]
        right = plain[match.end() : min(sentence.end, match.end() + _LOOK_BACK)].rstrip()
        if _PART.match(right):
            continue
        if not fact.record:
            if _THERE.search(left) and _ON_FILE.match(right) and is_stated(match.start(), match.end(), sentence, plain):
                yield match.start(), _number(match), _lengths(entities.all_with("", fact.field))
            continue
        ids = ground.ids_in(said, match.start() - len(left), match.start())
        if ids and _HOLDS.match(plain[ids[-1].end : match.start()]):
            if not is_stated(ids[-1].start, match.end(), sentence, plain):
                continue
            yield match.start(), _number(match), _sizes(entities.of(ids[-1].name), fact)
            continue
        after = ground.ids_in(said, match.end(), min(sentence.end, match.end() + _LOOK_AHEAD))
        if (
            after
            and _ON.match(plain[match.end() : after[0].start])
            and (_THERE.search(left) or not left.strip("-* \n"))
        ):
            yield match.start(), _number(match), _sizes(entities.of(after[0].name), fact)


def _sizes(records: Sequence[dict[str, Any]], fact: CountFact) -> list[int]:
    return _lengths([record[fact.field] for record in records if fact.record in record and fact.field in record])


def _lengths(values: Sequence[Any]) -> list[int]:
    """The numbers that values are, or how many things are in them."""
    return [
        value if isinstance(value, int) else len(value)
        for value in values
        if isinstance(value, int | list | dict) and not isinstance(value, bool)
    ]


def _number(match: re.Match[str]) -> int:
    text = match["number"]
    return int(text) if text.isdecimal() else NUMBERS.index(text) + 1
