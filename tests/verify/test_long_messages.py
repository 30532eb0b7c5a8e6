"""What a message costs is linear in its length: patterns that were not find what they found, and none is endless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _parser as reading  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.language.hearing import SIGNS
from writ_async.synthesis import neutrality
from writ_async.verify import following
from writ_async.verify.claims import amounts, values
from writ_async.verify.claims.said import Said
from writ_async.verify.provenance import Seen, numbers_in

letters = st.text(alphabet="a1_.-#@ é", max_size=40)


@given(letters)
def test_figures_are_found_as_by_a_pattern_that_begins_anywhere(text: str) -> None:
    assert following._WITH_DIGIT.findall(text) == re.findall(r"#?[^\W_]*\d[\w.-]*", text)


@given(letters)
def test_words_with_marks_are_found_as_by_a_pattern_that_begins_anywhere(text: str) -> None:
    assert neutrality._TOKEN.findall(text) == re.findall(r"[#@\w.-]*\w", text)


@given(st.text(alphabet="•.4 ", max_size=30))
def test_endings_are_found_where_they_were(text: str) -> None:
    before = re.compile(values._ENDING.pattern.replace("(?<!•)", ""))
    assert [match.span() for match in values._ENDING.finditer(text)] == [
        match.span() for match in before.finditer(text)
    ]


@given(st.lists(st.sampled_from(["i", "we'll", "will", "going to", "refund", "refunded", "it", "not"]), max_size=8))
def test_promises_are_found_in_two_steps_as_in_one(words: list[str]) -> None:
    text = " ".join(words)
    one = re.compile(rf"(?:{amounts._WILL.pattern}).*{amounts._PROMISED.pattern}")
    assert amounts._promises(text) == (one.search(text) is not None)


@given(st.lists(st.text(alphabet="0123456789,.:$ax- ", max_size=16), max_size=4), st.floats(0, 1e7))
def test_numbers_are_found_though_few_texts_are_read(texts: list[str], other: float) -> None:
    told = {number for text in texts for number in numbers_in(text.casefold())}
    for wanted in (*told, round(other, 2), *(number + 1 for number in told)):
        seen = Seen()
        for text in texts:
            seen.add(text)
        assert seen.has_number(wanted) == (wanted in told)


SINGLE = (reading.LITERAL, reading.NOT_LITERAL, reading.IN, reading.ANY)


def repeats(items: Any) -> Iterator[Any]:
    """What is repeated without an end in a parsed pattern, but for single signs."""
    for kind, value in items:
        if kind in (reading.MAX_REPEAT, reading.MIN_REPEAT):
            if value[1] is reading.MAXREPEAT and not (len(value[2]) == 1 and value[2][0][0] in SINGLE):
                yield value[2]
            yield from repeats(value[2])
        elif kind is reading.SUBPATTERN:
            yield from repeats(value[3])
        elif kind is reading.BRANCH:
            for way in value[1]:
                yield from repeats(way)
        elif kind in (reading.ASSERT, reading.ASSERT_NOT):
            yield from repeats(value[1])


@pytest.mark.parametrize("name", sorted(SIGNS.texts))
def test_no_sign_of_hearing_repeats_words_without_end(name: str) -> None:
    for text in SIGNS.texts[name]:
        assert list(repeats(reading.parse(text))) == [], text


def test_words_that_repeat_without_end_are_seen() -> None:
    assert [
        len(list(repeats(reading.parse(text)))) for text in ("(?:a|bc )*d", "(?:ab )+", r"\w+[a-z]*.*", "(?:a ){0,6}")
    ] == [
        *(1, 1, 0, 0),
    ]


@pytest.mark.parametrize("row", ["a", "i have refunded ", "then ", ".", "$1 ", "-"])
def test_a_sentence_without_an_end_is_cut(row: str) -> None:
    said = Said(row * 3_000)
    places = range(0, len(said.text), 500)
    assert max(said.sentence(place).end - said.sentence(place).start for place in places) <= 2_000
    assert all(said.sentence(place).start <= place < said.sentence(place).end for place in places)
