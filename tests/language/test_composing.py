"""Sentences composed of parts: every way is reached, none is counted twice, the draw is the seed's."""

from __future__ import annotations

from random import Random

import pytest

from writ_async.language.composing import compose, count_ways


@pytest.mark.parametrize(
    ("form", "ways"),
    [
        ("plain", 1),
        ("[a|b] {x} [c|d|]", 6),
        ("[a|[b|c [d|e]]] [f|g]", 8),
        ("[|[|a]]", 3),
    ],
)
def test_all_ways_of_a_form_are_reached_and_counted(form: str, ways: int) -> None:
    assert count_ways(form) == ways
    rng = Random(3)
    said = {compose(rng, form) for _ in range(500)}
    assert len(said) <= ways
    assert len(said) >= ways - form.count("[|")


def test_a_sentence_begins_with_a_capital_and_a_phrase_does_not() -> None:
    assert {compose(Random(seed), "[so |]it goes.") for seed in range(9)} == {"So it goes.", "It goes."}
    assert {compose(Random(seed), "[so |]it goes") for seed in range(9)} == {"so it goes", "it goes"}


def test_the_same_seed_composes_the_same() -> None:
    form = "[a|b|c] [d|e|f] [g|h|i]"
    assert [compose(Random(5), form) for _ in range(3)] == [compose(Random(5), form)] * 3
