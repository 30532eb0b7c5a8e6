"""People and phrases that generated worlds and recipes share."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
import zipcodes
from hypothesis import given
from hypothesis import strategies as st
from writ_domains.airline.airports import AIRPORTS
from writ_domains.kit import phrasing
from writ_domains.kit.people import ALL_NAMES, draw_digits, draw_names, draw_people


@given(st.integers(0, 2**32), st.integers(0, 300))
def test_nobody_shares_an_id_an_email_or_name_and_zip(seed: int, count: int) -> None:
    people = draw_people(Random(seed), count)
    assert len(people) == count
    assert len({one.user_id for one in people}) == count
    assert len({one.email.lower() for one in people}) == count
    assert len({(one.name.first_name.lower(), one.name.last_name.lower(), one.address.zip) for one in people}) == count
    assert people == draw_people(Random(seed), count)


def test_no_name_is_there_twice_or_is_a_pronoun() -> None:
    cities = [city for city, _, _ in ALL_NAMES.cities]
    for kind in (ALL_NAMES.first, ALL_NAMES.last, ALL_NAMES.streets, cities):
        assert len(set(kind)) == len(kind)
    for name in (*ALL_NAMES.first, *ALL_NAMES.last):
        assert phrasing.second_person(f"It is {name}.") == f"It is {name}."


def test_no_city_has_the_name_of_a_person_or_street() -> None:
    cities = {city for city, _, _ in ALL_NAMES.cities}
    assert cities.isdisjoint((*ALL_NAMES.first, *ALL_NAMES.last, *ALL_NAMES.streets))


def test_no_person_has_the_name_of_a_city_that_is_flown_to() -> None:
    cities = set(AIRPORTS.values())
    assert not cities & {*ALL_NAMES.first, *ALL_NAMES.last}


def test_the_zips_of_cities_are_those_of_the_post() -> None:
    known = {(one["city"], one["state"], one["zip_code"][:3]) for one in zipcodes.list_all()}  # type: ignore[no-untyped-call]
    assert set(ALL_NAMES.cities) <= known


def test_two_worlds_have_most_of_their_names_each_for_itself() -> None:
    worlds = [draw_names(Random(seed)) for seed in range(12)]
    for kind in ("first", "last", "streets", "cities"):
        pairs = [(set(getattr(one, kind)), set(getattr(other, kind))) for one, other in combinations(worlds, 2)]
        assert all(len(one & other) < len(one) / 2 for one, other in pairs)
        assert sum(len(one & other) / len(one) for one, other in pairs) < len(pairs) / 3


def test_drawn_digits_are_not_drawn_again() -> None:
    taken: set[str] = set()
    drawn = [draw_digits(Random(0), 2, taken) for _ in range(3)]
    assert len(set(drawn)) == 3
    assert all(len(one) == 2 and one[0] != "0" for one in drawn)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("I'm Ann. My zip is 04101.", "You're Ann. Your zip is 04101."),
        ("I was late, and I've moved to Portland, ME 04101.", "You were late, and you've moved to Portland, ME 04101."),
        ("Write to my.me@i.example, not to me.", "Write to my.me@i.example, not to you."),
        ("It is mine; I did it myself.", "It is yours; you did it yourself."),
        ("my card ending in 1234 is fine.", "Your card ending in 1234 is fine."),
    ],
)
def test_the_second_person_says_the_same(first: str, second: str) -> None:
    assert phrasing.second_person(first) == second


@given(st.integers(0, 2**32))
def test_a_wish_is_told_in_both_persons(seed: int) -> None:
    rng = Random(seed)
    assert "cancel my order #W1234567" in phrasing.ask(rng, "cancel my order #W1234567")
    assert "cancel your order #W1234567" in phrasing.told(rng, "cancel my order #W1234567")


def test_words_in_a_row() -> None:
    assert [phrasing.listing(["a", "b", "c"][:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_figures_hold_no_zeros_that_an_agent_may_leave_out() -> None:
    assert [phrasing.figure(value) for value in (12.5, 120.0, 0.07, 1093.34)] == ["12.5", "120", "0.07", "1093.34"]
