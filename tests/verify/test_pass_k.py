"""pass^k and pass@k: the estimators, the grouping by task, and the intervals."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.verify.pass_k import (
    Tally,
    at_values,
    hat_values,
    is_success,
    max_k,
    pass_at_k,
    pass_hat_k,
    tally,
)


@st.composite
def trials_successes_k(draw: st.DrawFn) -> tuple[int, int, int]:
    trials = draw(st.integers(1, 9))
    return trials, draw(st.integers(0, trials)), draw(st.integers(1, trials))


@given(trials_successes_k())
def test_both_estimators_are_shares_of_all_subsets_of_k_trials(case: tuple[int, int, int]) -> None:
    trials, successes, k = case
    outcomes = [True] * successes + [False] * (trials - successes)
    subsets = list(combinations(outcomes, k))
    assert pass_hat_k(trials, successes, k) == pytest.approx(sum(map(all, subsets)) / len(subsets))
    assert pass_at_k(trials, successes, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


@given(trials_successes_k())
def test_more_trials_to_pass_make_pass_hat_harder_and_pass_at_easier(case: tuple[int, int, int]) -> None:
    trials, successes, k = case
    assert pass_hat_k(trials, successes, 1) == pytest.approx(successes / trials)
    assert pass_at_k(trials, successes, 1) == pytest.approx(successes / trials)
    assert pass_hat_k(trials, successes, k) <= pass_hat_k(trials, successes, 1) + 1e-12
    assert pass_at_k(trials, successes, k) >= pass_at_k(trials, successes, 1) - 1e-12
    if successes < trials:
        assert pass_hat_k(trials, successes, k) <= pass_hat_k(trials, successes + 1, k)


@pytest.mark.parametrize(("trials", "successes", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 0), (4, 2, 5), (0, 0, 1)])
def test_numbers_that_cannot_be_are_refused(trials: int, successes: int, k: int) -> None:
    with pytest.raises(ValueError, match="trials"):
        pass_hat_k(trials, successes, k)
    with pytest.raises(ValueError, match="trials"):
        pass_at_k(trials, successes, k)


def test_tally_groups_by_task_and_leaves_infrastructure_errors_out() -> None:
    rows = [("b", 1.0), ("a", 0.0), ("b", None), ("b", 1.0 - 1e-7), ("c", None), ("a", 0.5)]
    counts = tally(rows)
    assert counts == {"b": Tally(2, 2), "a": Tally(2, 0)}
    assert list(counts) == ["b", "a"]
    assert max_k(counts) == 2
    assert hat_values(counts, 2) == [1.0, 0.0]
    assert at_values(counts, 2) == [1.0, 0.0]


def test_a_task_with_few_trials_limits_k() -> None:
    counts = {"a": Tally(4, 4), "b": Tally(2, 1)}
    assert max_k(counts) == 2
    with pytest.raises(ValueError, match="1 to 2"):
        hat_values(counts, 3)
    assert max_k({}) == 0


def test_rounding_noise_in_a_reward_is_still_a_success() -> None:
    assert is_success(1.0 + 5e-7)
    assert not is_success(0.999)
