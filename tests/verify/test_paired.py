"""The interval of a paired difference covers, its p value is that of permutations, equal results make it no point."""

from __future__ import annotations

from itertools import product
from math import fsum
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.verify.paired import paired_difference, paired_interval, sign_flip_p

SHARES = st.lists(st.sampled_from([-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=60)


@settings(max_examples=25)
@given(SHARES)
def test_the_mean_is_within_its_interval_and_the_other_way_round_all_turns_round(differences: list[float]) -> None:
    found = paired_difference(differences, Random(1))
    assert -1 <= found.low <= found.mean <= found.high <= 1
    assert found.low < found.high or len(differences) == 1
    turned = paired_difference([-one for one in differences], Random(1))
    assert (turned.mean, turned.low, turned.high) == pytest.approx((-found.mean, -found.high, -found.low))
    assert turned.p == found.p


@settings(max_examples=25)
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=9))
def test_the_p_value_is_that_of_all_flips(differences: list[float]) -> None:
    observed = abs(fsum(differences)) - 1e-9
    flips = list(product((1, -1), repeat=len(differences)))
    exact = sum(abs(fsum(a * b for a, b in zip(flip, differences, strict=True))) >= observed for flip in flips)
    assert sign_flip_p(differences, Random(7)) == pytest.approx(exact / len(flips), abs=0.02)


@pytest.mark.parametrize(("tasks", "trials", "spread"), [(10, 4, 0.5), (30, 1, 0.5), (50, 4, 0.2), (114, 4, 0.5)])
def test_where_both_are_alike_the_interval_has_0_in_it_as_often_as_it_says(
    tasks: int, trials: int, spread: float
) -> None:
    rng = Random(tasks)
    covered = 0
    for _ in range(400):
        differences = []
        for _ in range(tasks):
            chance = min(1.0, max(0.0, rng.gauss(0.6, spread)))
            hits = [sum(rng.random() < chance for _ in range(trials)) for _ in range(2)]
            differences.append((hits[1] - hits[0]) / trials)
        found, _ = paired_interval(differences)
        covered += found.low <= 0 <= found.high
    assert covered / 400 >= 0.925
