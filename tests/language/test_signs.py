"""Of lists of patterns those alone are tried that may be found, and what is found is what all of them find."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from writ_async.files import load_phrases
from writ_async.language.hearing import SIGNS
from writ_async.language.needs import needs_of
from writ_async.language.signs import Lettered, Signs

SLIPS = Signs(load_phrases("writ_async.verify", "benchmark_slips.toml").forms)
LISTS = [(signs, name) for signs in (SIGNS, SLIPS) for name in signs.texts]
SETTINGS = settings(
    max_examples=2, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def texts_with(form: str) -> list[str]:
    """Some texts in which a pattern is found."""
    found: list[str] = []

    @SETTINGS
    @given(st.from_regex(form))
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


@pytest.fixture(scope="module")
def found_in() -> dict[str, list[str]]:
    """For each pattern texts in which it is found."""
    return {form: texts_with(form) for signs, name in LISTS for form in signs.texts[name]}


def test_a_pattern_is_tried_on_texts_in_which_it_is_found(found_in: dict[str, list[str]]) -> None:
    for form, texts in found_in.items():
        one = Signs({"one": [form]})
        assert all(one.has("one", text) for text in texts), (form, texts)


def test_a_text_in_which_a_pattern_is_found_has_its_letters(found_in: dict[str, list[str]]) -> None:
    for form, texts in found_in.items():
        pattern = Lettered(form)
        assert all(pattern.may_be_in(text) and pattern.is_in(text) for text in texts), form


def test_lists_are_found_alike_with_and_without_a_look_at_letters(found_in: dict[str, list[str]]) -> None:
    texts = [text for some in found_in.values() for text in some]
    for name in SLIPS.texts:
        forms = SLIPS.that_may_be_in(name, "\n".join(texts))
        assert [any(form.is_in(text) for form in forms) for text in texts] == [SLIPS.has(name, text) for text in texts]


def test_what_is_found_is_what_one_pattern_of_all_finds(found_in: dict[str, list[str]]) -> None:
    rng = Random(4)
    words = [word for texts in found_in.values() for text in texts for word in text.split()]
    for signs, name in LISTS:
        whole = re.compile("|".join(signs.texts[name]))
        own = [text for form in signs.texts[name] for text in found_in[form]]
        mixed = [" ".join(rng.choices(words, k=rng.randrange(1, 16))) for _ in range(200)]
        for text in (*own, *mixed, *map(" ".join, pairwise(own))):
            wanted, found = whole.search(text), signs.search(name, text)
            assert signs.has(name, text) == (wanted is not None), (name, text)
            assert (found and found.span()) == (wanted and wanted.span()), (name, text)
            assert signs.without(name, text) == whole.sub(" ", text), (name, text)


@pytest.mark.parametrize(
    ("pattern", "met", "unmet"),
    [
        (r"\bplease (?:provide|tell)\b", "please tell", "please tea"),
        (r"\bplease (?:provide|tell)\b", "it pleased them to tell", "to tell"),
        (r"\bis it\b", "it is", "issue it"),
        (r"\b(?:\w{1,9} )?yes\b", "so yes", "no"),
        (r"(?<![\w'])(?:y+e+s|ok)\b.{0,30}\bgo", "yess, going", "going"),
    ],
)
def test_needs_are_read_off_a_pattern(pattern: str, met: str, unmet: str) -> None:
    def meets(text: str) -> bool:
        starts = [word[:4] for word in text.split()]
        return all(
            any(
                start.startswith(need) if need[-1] != "\0" else start == need[:-1] for start in starts for need in needs
            )
            for needs in needs_of(pattern)
        )

    assert meets(met)
    assert not meets(unmet)


@pytest.mark.parametrize(
    "pattern", [r"go\b", r"(?:up|down)\w*x|y", r"(?i)\bgo\b", r"(?i:\bgo\b)", r"\b\w+ing\b", r"(?<![^\w])go\b", r"a?\?"]
)
def test_where_no_word_is_sure_nothing_is_needed(pattern: str) -> None:
    assert needs_of(pattern) == []
