"""Steps with a user's tools: what an agent's words ask for, what a user's words tell, by the words of a domain."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.scripted.agent_steps import ask_for_steps

from tests.support.router import DOMAIN
from writ_async.core.task import Action
from writ_async.core.user_actions import plain_report, readings_in
from writ_async.language.steps import (
    deeds_claimed,
    instructions_in,
    readings_told,
    says_all_done,
    values_named_anywhere,
    without_instructions,
)

ACTIONS = DOMAIN.user_actions


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        ("Please press the button on box7000, and then tell me what the light shows.", ["press_button", "check_light"]),
        ("1. Check the light on box7000.\n2. Push the button of box7000.", ["check_light", "press_button"]),
        ("I have pressed the button for you.", []),
        ("I will check the light of box7000 from here.", []),
        ("Did you press the button?", []),
        ("Do not press the button yet. Could you look at the light?", ["check_light"]),
        ("There is no need to read the code.", []),
        ("I would like you to read me the code on box7000.", ["read_code"]),
        ("Your account is in order.", []),
    ],
)
def test_what_an_agent_asks_for_is_told_apart_from_what_it_does_forbids_or_asks_about(
    text: str, tools: list[str]
) -> None:
    assert [one.action.tool for one in instructions_in(text, ACTIONS)] == tools


def test_arguments_are_taken_from_the_words_as_they_are_spelled_and_what_is_open_is_told() -> None:
    (whole,) = instructions_in("Please pull the left cable of Box7001.", ACTIONS)
    assert whole.arguments == {"box": "Box7001", "side": "left"}
    (open_one,) = instructions_in("Please pull the cable of box7001.", ACTIONS)
    assert open_one.arguments is None


def test_a_condition_stands_with_the_step_that_it_is_for() -> None:
    (one,) = instructions_in("If the light is red, press the button on box7000.", ACTIONS)
    assert one.condition == "the light is red"
    assert without_instructions("Thanks. Press the button on box7000. What is your account id?", ACTIONS) == (
        "thanks. what is your account id?"
    )


@given(st.sampled_from(ACTIONS), st.integers(0, 10_000), st.integers(7000, 7999), st.sampled_from(["left", "right"]))
def test_whatever_form_a_step_is_asked_for_in_it_is_heard_with_its_arguments(
    action: object, seed: int, number: int, side: str
) -> None:
    name = next(one.tool for one in ACTIONS if one is action)
    arguments = {"box": f"box{number}"} | ({"side": side} if name == "pull_cable" else {})
    said = ask_for_steps((Action(name, arguments, "user"),), DOMAIN, Random(seed))
    assert [(one.action.tool, one.arguments) for one in instructions_in(said, ACTIONS)] == [(name, arguments)], said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The light is red now.", {("light", "red")}),
        ("It is flashing, the light.", {("light", "blinking")}),
        ("The light is not red, it is green.", {("light", "green")}),
        ("The light isn't green.", set()),
        ("Is the light green?", set()),
        ("If the light is green, what then?", set()),
        ("I'll check the light, it may be green.", set()),
        ("The light is amber and the code is 4711.", {("light", "amber"), ("code", "4711")}),
        ("Red.", set()),
    ],
)
def test_what_a_user_tells_of_a_reading_is_what_is_and_not_what_is_asked_denied_or_planned(
    text: str, told: set[tuple[str, str]]
) -> None:
    assert {(one.name, value) for one in readings_told(text, ACTIONS) for value in one.values} == told


def test_what_is_told_of_another_time_is_known_as_such() -> None:
    assert [one.earlier for one in readings_told("The light was red before.", ACTIONS)] == [True]
    assert deeds_claimed("I already pressed the button.", ACTIONS) == (("press_button", True),)


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("I've pressed the button.", ["press_button"]),
        ("I haven't pressed the button.", []),
        ("Should I have pressed the button?", []),
        ("I will have pushed the button in a minute.", []),
    ],
)
def test_a_deed_is_claimed_where_it_is_said_to_be_done(text: str, claimed: list[str]) -> None:
    assert [tool for tool, _ in deeds_claimed(text, ACTIONS)] == claimed


def test_done_without_a_word_of_what_is_heard() -> None:
    assert says_all_done("Okay, done.")
    assert says_all_done("I did everything.")
    assert not says_all_done("It's not done.")
    assert not says_all_done("Is it done?")


def test_every_reading_is_found_again_in_what_is_said_of_it() -> None:
    for action in ACTIONS:
        for content in ("Light: amber", "Code: 4711", "You press it.\nLight: green", "The cable is loose."):
            shown = readings_in(action, content)
            told = values_named_anywhere(plain_report(action, content), ACTIONS)
            assert told == set(shown.items()) or not shown


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    instructions_in(text, ACTIONS)
    readings_told(text, ACTIONS)
    deeds_claimed(text, ACTIONS)
    without_instructions(text, ACTIONS)
