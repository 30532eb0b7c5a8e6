"""What the scripted agent says: each form does what its saying is for, and there are many of each."""

from __future__ import annotations

import doctest
import re
from collections.abc import Sequence
from random import Random
from types import ModuleType

import pytest
from writ_engines.scripted import agent_answers, agent_lines
from writ_engines.scripted.agent_answers import in_words, questions_in
from writ_engines.scripted.user_hearing import AskedSlots, is_about_user, is_about_wish

from tests.support.agent_sayings import KINDS, forms_covering, pattern_of
from writ_async.core.domain import Slot
from writ_async.language.hearing import hear
from writ_async.registry import load_domain

WAYS = 400
ACTS = {
    "ASK_DETAILS": {"ask"},
    "ASK_AGAIN": {"ask"},
    "ASK_SLOTS": {"ask"},
    "ASK_CHECK": {"ask", "failed_look"},
    "ASK_TWICE": {"ask"},
    "ASK_WHICH": {"ask"},
    "ASK_GOAL": {"ask"},
    "ASK_REST": {"ask"},
    "ASIDE": {"refuse"},
    "REFUSE": {"refuse"},
    "WHAT_ELSE": {"close"},
    "FORBIDDEN": {"refuse"},
    "LOOKED_AND_FORBIDDEN": {"refuse"},
    "STILL_FORBIDDEN": {"refuse"},
    "ALSO_FORBIDDEN": {"refuse"},
    "DONE_ONE": {"report"},
    "MORE": {"close"},
    "CONFIRM": {"confirm"},
}
"""What each form of a saying does, and nothing else."""
SETTLED = ("REFUND", "CHARGE", "NO_CHARGE", "DIFFERENCE", "DIFFERENCE_BACK", "NO_DIFFERENCE", "TRANSFER", "GESTURE")
SILENT = ("EXPLAIN", "ANSWERED", "YOUR_ANSWER", "FOR_YOUR_INFORMATION", "SUM_UP", *SETTLED)
"""Sayings that ask for no yes, refuse nothing and report no deed: whatever they stand beside is heard as it is."""

MONEY = {
    "amount": "$12.50",
    "what": "the order",
    "method": "your gift card",
    "former": "your PayPal account",
    "when": " at once",
    "new": "$20",
    "old": "$7.50",
    "each": "",
    "sum": "",
}


def covering(kind: str) -> list[str]:
    return [form.format("user id", "$5", **MONEY) for form in forms_covering(agent_lines.find(kind))]


def said_of(slots: Sequence[Slot]) -> dict[str, list[str]]:
    """What an agent asks for: each slot alone, and each with the next."""
    words = {slot.name: slot.words or slot.name.replace("_", " ") for slot in slots}
    alone = {said: [name] for name, said in words.items()}
    pairs = zip(words.items(), [*words.items()][1:], strict=False)
    return alone | {f"{first[1]} and your {then[1]}": [first[0], then[0]] for first, then in pairs}


@pytest.mark.parametrize("kind", ACTS)
def test_each_form_does_what_its_saying_is_for(kind: str) -> None:
    assert {form: set(hear(form).acts) for form in covering(kind) if set(hear(form).acts) != ACTS[kind]} == {}


@pytest.mark.parametrize("kind", ACTS)
def test_parts_together_do_nothing_that_each_alone_does_not(kind: str) -> None:
    rng, saying = Random(1), agent_lines.find(kind)
    drawn = {saying.draw(rng).format("user id", "$5") for _ in range(400)}
    assert {form for form in drawn if set(hear(form).acts) != ACTS[kind]} == set()


@pytest.mark.parametrize("kind", SILENT)
def test_what_is_said_beside_something_else_changes_nothing_of_that(kind: str) -> None:
    loud = {"confirm", "refuse", "report", "close", "hand_over"}
    assert [form for form in covering(kind) if not loud.isdisjoint(hear(form).acts)] == []


def test_a_question_is_heard_as_one_for_what_it_asks() -> None:
    slots = [slot for name in ("retail", "airline") for slot in load_domain(name).slots]
    asked = AskedSlots(slots)
    for kind in ("ASK_SLOTS", "ASK_CHECK", "ASK_TWICE"):
        for words, names in said_of(slots).items():
            for form in forms_covering(agent_lines.find(kind)):
                heard = hear(form.format(words))
                assert heard.calls_for == "answer", heard
                assert all(asked.is_asked(name, heard.asking) for name in names), heard
    assert all(is_about_user(hear(form).asking) for kind in ("ASK_DETAILS", "ASK_AGAIN") for form in covering(kind))
    assert all(is_about_wish(hear(form).asking) for form in covering("ASK_GOAL"))


def test_a_lay_out_and_its_question_call_for_a_yes_and_nothing_else() -> None:
    rng = Random(3)
    arguments = {"order_id": "#W1", "item_ids": ["11", "22"], "address": {"city": "Rome"}}
    for opening in covering("LAY_OUT"):
        said = agent_lines.lay_out(opening, "modify_pending_order_items", arguments, rng)
        assert re.match(r"[A-Z]", said)
        assert all(value in said for value in ("modify", "pending order items", "#W1", "11 and 22", "Rome"))
        assert hear(f"{said} {agent_lines.find('CONFIRM').draw(rng)}").calls_for == "agree"


def test_what_a_write_comes_to_is_no_question_and_calls_for_no_other_answer() -> None:
    said = agent_lines.lay_out("I would ", "cancel_pending_order", {"order_id": "#W1"}, Random(3))
    for kind in SETTLED:
        for form in covering(kind):
            assert hear(f"{said} {form} {agent_lines.find('CONFIRM').draw(Random(1))}").calls_for == "agree", form


def test_an_amount_in_a_field_is_laid_out_with_its_sign() -> None:
    paid = [{"payment_id": "gift_card_1", "amount": 120}, {"payment_id": "gift_card_2", "amount": 0.5}]
    said = agent_lines.lay_out(
        "I would ", "book_reservation", {"payment_methods": paid, "total_baggages": 2}, Random(3)
    )
    assert "gift_card_1, $120 and gift_card_2, $0.50" in said
    assert "$2" not in said


def test_a_reminder_beside_a_lay_out_is_heard_as_no_more_than_that() -> None:
    reminders = {forms for name in ("retail", "airline") for forms in load_domain(name).telling.reminders.values()}
    assert reminders
    said = [form for forms in reminders for form in forms_covering(agent_lines.saying_of(forms))]
    assert {form: hear(form).acts for form in said if hear(form).acts} == {}


def test_what_is_done_is_reported_in_every_form() -> None:
    assert all(hear(form).does("report") for form in covering("DONE"))
    assert all(hear(form).does("refuse", "close") for form in covering("APOLOGY"))


def test_only_what_was_looked_up_is_said_to_have_been() -> None:
    looked = re.compile(r"\b(?:I|we)(?: have|'ve)? (?:looked|checked|had a look|took a look|found|could not find)\b")
    free = [kind for kind in KINDS if kind not in ("ASK_CHECK", "ANSWERED", "LOOKED_AND_FORBIDDEN")]
    assert [form for kind in free for form in covering(kind) if looked.search(form)] == []


def test_there_are_many_ways_and_every_part_is_used() -> None:
    sayings = {kind: agent_lines.find(kind) for kind in KINDS}
    assert sum(saying.ways for saying in sayings.values()) >= 20 * WAYS
    assert all(sayings[kind].ways >= WAYS for kind in ("ASK_SLOTS", "MORE", "CONFIRM"))
    used = {place for saying in sayings.values() for places in saying.templates for place in places if len(place) > 1}
    assert all(part in used for part in agent_lines._PHRASES.tables["PARTS"].values())


def test_forms_are_drawn_by_the_seed_alone_and_recognised() -> None:
    for kind in KINDS:
        saying = agent_lines.find(kind)
        drawn = [[saying.draw(Random(seed)) for seed in range(9)] for _ in range(2)]
        assert drawn[0] == drawn[1]
        assert all(pattern_of(kind).fullmatch(form) for form in drawn[0])
    several = agent_lines.find("STILL_FORBIDDEN").draw_each(Random(1))
    assert len(set(several)) == len(several) >= 5


@pytest.mark.parametrize("module", [agent_lines, agent_answers])
def test_the_example_of_each_module_runs(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def test_an_answer_names_what_it_is_of_and_money_has_its_sign() -> None:
    (asked,) = questions_in("And I want to know how much I get back in dollars.")
    assert (asked, in_words("40", asked)) == ("how much you get back", "$40")
    (asked,) = questions_in("I'd like to hear how my order #W1 stands, I mean its status.")
    assert (asked, in_words("pending", asked)) == ("how your order #W1 stands", "pending")
    (asked,) = questions_in("I want to know the price of the lamp in order number #W1.")
    assert in_words("12.5", asked) == "$12.50"
    (asked,) = questions_in("Finally, I need to find out the tracking number of my order.")
    assert in_words("123456789012", asked) == "123456789012"
    (asked,) = questions_in("I need to find out what the pieces of the Cutlery Set in order #W1 is.")
    assert in_words("24", asked) == "24"
    assert questions_in("I have to find out to which city my order goes.") == ["to which city your order goes"]
    assert questions_in("Please cancel it.") == []
