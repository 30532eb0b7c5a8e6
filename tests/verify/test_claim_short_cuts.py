"""What is ruled out before it is looked for would not be found: claims, values and languages with and without it."""

from __future__ import annotations

import json
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.message import ToolMessage
from writ_async.language.spoken_forms import dates_out_of
from writ_async.registry import load_domain
from writ_async.verify import told_values
from writ_async.verify.agent_words import language
from writ_async.verify.claims.entities import Shown
from writ_async.verify.claims.fact_words import FactWords
from writ_async.verify.claims.ground import Ground, tokens_of_prose
from writ_async.verify.claims.said import Said
from writ_async.verify.claims.shown_amounts import ShownAmounts, forms_of
from writ_async.verify.claims.states import false_states
from writ_async.verify.claims.words import ShownWords, split_words

RETAIL = load_domain("retail")
HEARD = st.lists(
    st.lists(
        st.sampled_from(("1,234", "1234", "1,23", "$12.50", "12.5", "7", ",", ".", " ", "’s ", "“", "é", "Σ", "end.")),
        max_size=6,
    ).map("".join),
    max_size=5,
)
OF_STATES = st.lists(
    st.sampled_from(
        (
            *("order ", "orders", " order id ", "#W1234567", "w1234567", "-", "ABCDEF", "credit_card_9 ", "12", "\n"),
            *(
                "pending",
                "delivered ",
                " is ",
                "are now ",
                "'s ",
                ", ",
                ". ",
                "(",
                "and ",
                "your ",
                "the ",
                "of ",
                "cut ",
            ),
        )
    ),
    max_size=14,
).map("".join)
OF_VALUES = st.lists(
    st.sampled_from(
        (
            *("may", "Mary", "5", "12th", " of ", " ", ".", "-", "2024-05-06", "3/4", ",", "dec ", "é", "\n", "x"),
            *("10:30", "7 pm", "8a.m.", "am", ":", "9:", "sept. 9", "marches 3", "#W12", "a@b.c"),
        )
    ),
    max_size=10,
).map("".join)
NUMBERS = (0, 7, 12, 100, 3.5, 12.34, 12.345, 12.999, -4.2, 1e-2, 2.5e2, 300000.0, 1e22)


@given(HEARD)
def test_words_of_the_customer_are_those_of_each_text(texts: list[str]) -> None:
    ground = Ground(RETAIL)
    for count, text in enumerate(texts):
        ground.hear(text)
        if count % 2:
            assert ground.told == {word for one in texts[: count + 1] for word in tokens_of_prose(one)}
    told = {word for text in texts for word in tokens_of_prose(text)}
    assert ground.told == told
    for cents in (123_400, 1250, 700, 12_300):
        assert ground.was_told(cents) == any(form in told for form in forms_of(cents))


@given(st.lists(st.lists(st.sampled_from(("12.50", "-", "7", " ", ".", "é", "$", "x", "\n")), max_size=6), max_size=5))
def test_a_number_is_found_with_and_without_a_minus(texts: list[list[str]]) -> None:
    shown = ShownWords()
    words: set[str] = set()
    for pieces in texts:
        text = "".join(pieces)
        shown.add(text)
        words.update(split_words(text))
        for number in ("12.50", "7"):
            assert shown.has_number(number) == (number in words or f"-{number}" in words)


@given(OF_STATES)
def test_states_are_linked_with_the_same_ids_whether_all_ids_are_looked_for_or_not(text: str) -> None:
    found = []
    for look_for_all in (False, True):
        ground, said = Ground(RETAIL), Said(text)
        ground.show(None, ToolMessage("1", '{"order_id": "#W1234567", "status": "processed", "code": "ABCDEF"}'))
        ground.show(None, ToolMessage("2", '{"order_id": "credit_card_9", "status": "cancelled", "also": "w1234567-"}'))
        if look_for_all:
            said._capital_id = True
        found.append(false_states(said, ground, FactWords.of(RETAIL.facts)))
    assert found[0] == found[1]


def test_an_id_beside_a_state_is_found_on_either_side() -> None:
    for text in ("order #W1234567 is pending", "the pending order id #W1234567", "the pending order #W1234567"):
        ground = Ground(RETAIL)
        ground.show(None, ToolMessage("1", '{"order_id": "#W1234567", "status": "processed"}'))
        assert false_states(Said(text), ground, FactWords.of(RETAIL.facts)), text


@given(st.lists(st.sampled_from(NUMBERS), max_size=6), st.lists(st.sampled_from((1234, 1235, 1300, 420, 1, 25_000))))
def test_amounts_are_found_whatever_their_figures(numbers: list[float], asked: list[int]) -> None:
    shown: list[Shown] = []
    amounts = ShownAmounts(frozenset(), shown)
    for count, number in enumerate(numbers):
        text = json.dumps({"price": number})
        shown.append(Shown(None, text.lower(), text))
        told = {round(abs(one) * 100) for one in numbers[: count + 1] if abs(one) < 1e9}
        assert [amounts.has(cents) for cents in (*asked, 700, 1000)] == [cents in told for cents in (*asked, 700, 1000)]


@given(OF_VALUES)
def test_days_and_times_are_taken_out_of_texts_that_have_them(text: str) -> None:
    with (
        patch.object(told_values, "_may_have_day", lambda text: True),
        patch.object(told_values, "may_have_time", lambda text: True),
    ):
        wanted = told_values.values_in(text)
    assert told_values.values_in(text) == wanted


@given(OF_VALUES)
def test_dates_are_taken_out_of_a_text_as_out_of_one_that_has_all_their_signs(text: str) -> None:
    text = text.casefold()
    signs = "\n;\n may /"
    assert dates_out_of(text + signs) == dates_out_of(text) + signs


@given(st.lists(st.sampled_from(("the", "is", "and", "der", "und", "ist", "nicht", "Lampe", "que", "W1")), max_size=60))
def test_a_glance_tells_the_known_language_where_all_words_tell_it(words: list[str]) -> None:
    text = " ".join(words).lower()
    for known in ("", *language._SMALL):
        with patch.object(language, "_GLANCE", 0):
            wanted = language.language_of(text, known)
        assert language.language_of(text, known) == wanted
