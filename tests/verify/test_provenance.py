import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.domain import Domain
from writ_async.verify.provenance import SMALL, Seen, atoms, numbers_in, unseen_arguments
from writ_async.verify.spoken import Spoken


def seen_of(*texts: str) -> Seen:
    seen = Seen()
    for text in texts:
        seen.add(text)
    return seen


@pytest.mark.parametrize(
    "said",
    ["on May 20", "May 20th please", "the 20th of May", "20 May", "5/20", "it is 2024-05-20", "Leave may 20, ok?"],
)
def test_a_date_said_in_words_or_as_iso_is_seen(airline: Domain, said: str) -> None:
    tool = airline.tools["cancel_reservation"]
    assert unseen_arguments(tool, {"reservation_id": "2024-05-20"}, seen_of(said)) == []


@pytest.mark.parametrize("said", ["May 2", "May 201", "June 20", "15/20", "5/201", "nothing", ""])
def test_another_date_is_not_seen(airline: Domain, said: str) -> None:
    tool = airline.tools["cancel_reservation"]
    assert unseen_arguments(tool, {"reservation_id": "2024-05-20"}, seen_of(said)) == ["reservation_id='2024-05-20'"]


def test_case_and_place_of_a_string_do_not_matter() -> None:
    assert seen_of('{"order_id": "#W123"}', "second").has_text("#w123")
    assert not seen_of("#W12").has_text("#W123")


def test_numbers_are_seen_as_numbers_of_their_own() -> None:
    seen = seen_of('{"price": 128.5, "seats": 1,250}')
    assert seen.has_number(128.5)
    assert seen.has_number(-128.5)
    assert seen.has_number(1250)
    assert not seen.has_number(28)
    assert not seen.has_number(12)


def test_texts_added_after_a_search_are_searched_too() -> None:
    seen = seen_of("7000")
    assert not seen.has_number(8000)
    seen.add("8000")
    assert seen.has_number(8000)


def test_words_that_a_schema_enumerates_and_small_counts_need_not_be_seen(airline: Domain) -> None:
    tool = airline.tools["book_reservation"]
    assert {"economy", "round_trip", "yes"} <= tool.words
    arguments = {"cabin": "economy", "total_baggages": SMALL, "insurance": "no"}
    assert unseen_arguments(tool, arguments, Seen()) == []
    assert unseen_arguments(tool, {"total_baggages": SMALL + 1}, Seen()) == [f"total_baggages={SMALL + 1}"]


def test_unseen_atoms_are_named_by_their_path(airline: Domain) -> None:
    arguments = {"flights": [{"flight_number": "HAT001", "date": "2024-05-20"}], "passengers": []}
    found = unseen_arguments(airline.tools["book_reservation"], arguments, seen_of("HAT001"))
    assert found == ["flights[0].date='2024-05-20'"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_all_that_was_said_is_seen(value: object) -> None:
    leaves = [leaf for _, leaf in atoms(value)]
    seen = seen_of(*(str(leaf) for leaf in leaves))
    assert all(seen.has_text(leaf) for leaf in leaves if isinstance(leaf, str))
    assert all(
        seen.has_number(leaf)
        for leaf in leaves
        if isinstance(leaf, int) and not isinstance(leaf, bool) and abs(leaf) < 2**53
    )


WORDS = st.lists(st.sampled_from(("Ab", "ab", "b", "#", "ß", "\u0130", " ", ",")), max_size=6).map("".join)


@given(st.lists(st.tuples(WORDS, st.booleans()), max_size=4), WORDS)
def test_a_text_is_seen_where_it_stands_by_itself_in_one_that_was_said_or_shown(
    texts: list[tuple[str, bool]], wanted: str
) -> None:
    seen = Seen()
    told: list[str] = []
    for text, is_shown in texts:
        told.append(f'{{"name": "{text}"}}' if is_shown else text)
        seen.add(told[-1]) if is_shown else seen.add_spoken(Spoken(told[-1]))
        assert seen.has_text(wanted) == any(stands_in(wanted.strip().lstrip("#").casefold(), one) for one in told)


def stands_in(wanted: str, text: str) -> bool:
    """Whether a text stands in another one with no letter or figure next to its own."""
    text = f" {text.casefold()} "
    ends = [(place, place + len(wanted)) for place in range(len(text)) if text.startswith(wanted, place)]
    return any(
        not (text[start - 1].isalnum() and wanted[:1].isalnum()) and not (text[end].isalnum() and wanted[-1:].isalnum())
        for start, end in ends
        if start > 0 and end < len(text)
    )


@given(
    st.lists(st.text("0123456789.,-/: a$'\u0663", max_size=25), max_size=4), st.sampled_from((0, 3, 12, 1.5, 120, 1e16))
)
def test_a_number_is_found_where_a_reading_of_the_whole_text_finds_it(texts: list[str], number: float) -> None:
    read = {found for text in texts for found in numbers_in(text)}
    seen = seen_of(*texts)
    assert [seen.has_number(one) for one in (number, *sorted(read))] == [number in read, *[True] * len(read)]
