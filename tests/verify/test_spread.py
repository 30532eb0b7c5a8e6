"""The spread of trials is what one draws, and a difference that is called detectable is mostly detected."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.verify.paired import paired_interval
from writ_async.verify.pass_k import Tally
from writ_async.verify.spread import spread_of

TALLIES = st.lists(st.integers(1, 5).flatmap(lambda n: st.builds(Tally, st.just(n), st.integers(0, n))), min_size=1)


@given(TALLIES)
def test_the_flip_rate_is_that_of_all_pairs_of_trials(counts: list[Tally]) -> None:
    found = spread_of({str(place): one for place, one in enumerate(counts)})
    shares = []
    for one in counts:
        pairs = list(combinations([True] * one.successes + [False] * (one.trials - one.successes), 2))
        if pairs:
            shares.append(sum(a != b for a, b in pairs) / len(pairs))
    assert found.flip_rate == (pytest.approx(sum(shares) / len(shares)) if shares else None)
    assert 0 < found.significant <= found.detectable <= 1
    assert found.correlation is None or 0 <= found.correlation <= 1


def test_trials_of_like_and_of_unlike_tasks_have_the_correlation_that_they_were_drawn_with() -> None:
    rng = Random(5)

    def drawn(chance: float | None) -> float:
        counts = {}
        for place in range(3000):
            of = rng.random() < 0.5 if chance is None else chance
            counts[str(place)] = Tally(4, sum(rng.random() < of for _ in range(4)))
        found = spread_of(counts).correlation
        assert found is not None
        return found

    assert drawn(0.5) == pytest.approx(0, abs=0.03)
    assert drawn(None) == 1


def test_a_difference_that_is_called_detectable_is_seen_in_four_of_five() -> None:
    rng, tasks, trials = Random(2), 60, 4

    def run(more: float) -> list[int]:
        return [sum(rng.random() < min(1, chance + more) for _ in range(trials)) for chance in chances]

    chances = [0.2 + 0.4 * rng.random() for _ in range(tasks)]
    least = spread_of({str(place): Tally(trials, hits) for place, hits in enumerate(run(0))}).detectable
    seen = 0
    for _ in range(300):
        differences = [(b - a) / trials for a, b in zip(run(0), run(least), strict=True)]
        seen += paired_interval(differences)[0].low > 0
    assert 0.68 <= seen / 300 <= 0.92
