from __future__ import annotations

from array import array
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from writ_async.curation.picking import Candidate, even_shares, pick_rows

strata = st.dictionaries(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("uvw"), st.sampled_from("xyz")),
    st.integers(1, 40),
    min_size=1,
)


@given(strata, st.integers(0, 300))
def test_shares_add_up_and_no_stratum_gives_more_than_it_has(available: dict[tuple[str, ...], int], n: int) -> None:
    shares = even_shares(available, n)
    assert sum(shares.values()) == min(n, sum(available.values()))
    assert all(0 <= shares[stratum] <= number for stratum, number in available.items())


@given(strata, st.integers(0, 300))
def test_values_of_the_first_dimension_differ_by_one_unless_one_is_used_up(
    available: dict[tuple[str, ...], int], n: int
) -> None:
    given_: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for stratum, share in even_shares(available, n).items():
        given_[stratum[0]] += share
        there[stratum[0]] += available[stratum]
    most = max(given_.values())
    assert all(given_[name] >= most - 1 or given_[name] == there[name] for name in there)


def test_without_dimensions_all_rows_are_one_stratum() -> None:
    assert even_shares({(): 7}, 3) == {(): 3}
    assert len(pick_rows([_candidate(str(index), (), [index]) for index in range(7)], 3)) == 3


def _candidate(name: str, stratum: tuple[str, ...], words: list[int], *labels: str) -> Candidate:
    return Candidate(name, stratum, labels, array("I", words))


def test_a_row_that_says_what_is_said_already_is_picked_last() -> None:
    rows = [
        _candidate("first", ("a",), [1, 2, 3, 4]),
        _candidate("almost the same", ("a",), [1, 2, 3, 5]),
        _candidate("other", ("a",), [6, 7, 8, 9]),
    ]
    assert pick_rows(rows, 2) == ["first", "other"]


def test_of_rows_with_words_alike_the_one_with_the_rarer_recipe_goes_first() -> None:
    rows = [_candidate(f"common {index}", ("a",), [index], "recipe=common") for index in range(20)]
    rows += [_candidate("rare", ("a",), [99], "recipe=rare")]
    assert "rare" in pick_rows(rows, 2)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 30), min_size=1)), max_size=40),
    st.integers(0, 50),
)
def test_a_lazy_choice_is_the_one_that_looks_at_every_row_each_time(rows: list[tuple[str, set[int]]], n: int) -> None:
    """The heap saves work alone: each pick has the greatest gain of all rows of its stratum that are left."""
    candidates = [_candidate(str(index), (stratum,), sorted(words)) for index, (stratum, words) in enumerate(rows)]
    picked = pick_rows(candidates, n)
    assert len(picked) == min(n, len(rows)) == len(set(picked))
    by_id = {candidate.id: candidate for candidate in candidates}
    seen: set[int] = set()
    left = dict(by_id)
    for name in picked:
        gains = {
            other: sum(word not in seen for word in one.shingles) / len(one.shingles)
            for other, one in left.items()
            if one.stratum == by_id[name].stratum
        }
        assert gains[name] == max(gains.values())
        seen.update(by_id[name].shingles)
        del left[name]
