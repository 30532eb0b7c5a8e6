"""Intervals over tasks cover as often as they say, however few the tasks and however alike."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.interval_draws import drawn_coverage
from bench.intervals import CELLS, Cell, coverage
from writ_async.verify.intervals import mean, mean_interval, student_quantile


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60))
def test_an_interval_holds_the_estimate_and_is_no_point(values: list[float]) -> None:
    found = mean_interval(values)
    assert found.estimate == mean(values)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low < found.high


def test_the_interval_has_the_width_of_the_standard_error_of_clusters() -> None:
    found = mean_interval([1.0] * 600 + [0.0] * 400)
    half = 1.96 * (0.6 * 0.4 / 1000) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.6 - half, 0.6 + half), abs=0.002)


@pytest.mark.parametrize(
    ("degrees", "wanted"), [(2, 4.303), (3, 3.182), (9, 2.262), (30, 2.042), (113, 1.981), (10_000, 1.960)]
)
def test_the_quantiles_are_those_of_the_tables(degrees: int, wanted: float) -> None:
    assert student_quantile(0.975, degrees) == pytest.approx(wanted, abs=0.004)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.tasks in (10, 114) and cell.trials == 4], ids=str)
def test_it_covers_as_often_as_it_says(cell: Cell) -> None:
    assert coverage(cell, 150, Random(3)) >= 0.9


def test_over_experiments_of_all_kinds_every_interval_holds_in_93_to_97_of_100() -> None:
    shares = drawn_coverage(4000, Random(1))
    assert len(shares) == 6
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60))
def test_failures_in_place_of_successes_move_the_interval_to_their_mirror_image(successes: list[int]) -> None:
    found = mean_interval([count / 4 for count in successes])
    turned = mean_interval([1 - count / 4 for count in successes])
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_no_tasks_have_no_mean() -> None:
    for of in (mean, mean_interval):
        with pytest.raises(ValueError, match="no tasks"):
            of([])
