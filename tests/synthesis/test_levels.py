import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.level import BURDEN_LEVELS, WRITE_LEVELS, fits, level_of, parse_levels, spread
from writ_async.errors import InputError
from writ_async.synthesis import parse_mix


@given(st.integers(0, 9), st.integers(0, 60))
def test_every_task_has_one_level_and_more_never_lowers_it(writes: int, burden: int) -> None:
    level = level_of(writes, burden)
    assert level[:2] in WRITE_LEVELS
    assert level[2:] in BURDEN_LEVELS
    assert level[:2] <= level_of(writes + 1, burden)[:2]
    assert level[2:] <= level_of(writes, burden + 1)[2:]
    assert fits(level, level)
    assert fits(level, level[:2])
    assert fits(level, level[2:])
    assert fits(level, "")


@pytest.mark.parametrize(
    ("burden", "level"), [(0, "R0"), (2, "R0"), (3, "R1"), (4, "R1"), (5, "R2"), (8, "R3"), (12, "R3"), (13, "R4")]
)
def test_the_bounds_of_the_burden_levels(burden: int, level: str) -> None:
    assert level_of(1, burden) == f"W1{level}"


def test_levels_are_named_with_weights() -> None:
    assert parse_levels("W2R3=1, W1=0.5,R4") == {"W2R3": 1.0, "W1": 0.5, "R4": 1.0}
    assert parse_levels("") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [("W9=1", "unknown level 'W9'"), ("W1=-1", "at least 0"), ("W1=x", "at least 0"), ("W1=0", "above 0")],
)
def test_a_level_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_levels(text)


@given(st.integers(1, 200), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_levels_are_spread_as_weighted(n: int, numbers: list[int]) -> None:
    weights = {f"W{place}": float(number) for place, number in enumerate(numbers)}
    chosen = spread(n, weights)
    assert len(chosen) == n
    for level, weight in weights.items():
        assert abs(chosen.count(level) - n * weight / sum(weights.values())) < len(weights)


def test_refusals_are_made_when_they_are_asked_for() -> None:
    assert parse_mix("refusal=2,normal") == {"refusal": 2.0, "normal": 1.0}
    assert 0 < parse_mix("")["refusal"] < parse_mix("")["normal"]
