"""What a request leaves open until its user is asked is proved, and so is that the answer settles it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.support.open_choices import FAMILIES, open_tasks, place_of
from writ_async.core.goal import EVERY, Ambiguous, Reader, choosing, leaves_open, open_goal
from writ_async.core.state import State
from writ_async.core.task import Task
from writ_async.synthesis.proof import Fault, check_proof
from writ_async.synthesis.solver import goal_rules_of


def faults(task: Task) -> set[Fault]:
    place = place_of(task.domain)
    return {problem.fault for problem in check_proof(task, place.domain, place.world)}


def with_params(task: Task, which: dict[str, Any]) -> Task:
    goals = tuple(msgspec.structs.replace(goal, params=choosing(goal.params, which)) for goal in task.goals)
    return msgspec.structs.replace(task, goals=goals)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_request_alone_fits_several_that_may_be_written_and_the_answer_settles_which(family: str) -> None:
    tasks = open_tasks(family)
    assert len(tasks) >= 5
    for task in tasks:
        place = place_of(task.domain)
        rules, state = goal_rules_of(place.domain), State(place.world)
        (goal,) = task.goals
        assert leaves_open(goal.params)
        with pytest.raises(Ambiguous):
            rules.objectives[goal.objective](Reader(state, rules.fetch), choosing(goal.params, {}))
        opened = open_goal(rules, state, goal.objective, goal.params)
        assert task.open_choice is not None
        assert task.open_choice.candidates == opened.candidates
        assert len(opened.candidates) > 1
        assert all(one.writes and one.marks for one in opened.candidates)
        assert faults(task) == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_an_agent_has_read_what_it_asks_about_before_anything_is_due(family: str) -> None:
    for task in open_tasks(family):
        assert task.open_choice is not None
        shown = {action.name for action in (task.actions or ())[: task.open_choice.after]}
        assert shown & {"get_order_details", "get_reservation_details"}
        assert task.open_choice.after <= min(task.certified_writes)


def test_both_outcomes_come_up() -> None:
    answers = [str(task.goals[0].params) for family in FAMILIES for task in open_tasks(family, 24)]
    assert any(str(EVERY) in answer for answer in answers)
    for wanted in ("'options'", "'most'", "'also'", "'start'", "'on'"):
        assert any(wanted in answer for answer in answers), wanted


def test_an_answer_that_nobody_gives_or_needs_is_found() -> None:
    for family in FAMILIES:
        task = open_tasks(family)[0]
        silent = msgspec.structs.replace(task, scenario=msgspec.structs.replace(task.scenario, choice=""))
        assert Fault.CHOICE in faults(silent)
        assert Fault.CHOICE in faults(msgspec.structs.replace(task, open_choice=None))


def test_an_answer_that_settles_nothing_is_found() -> None:
    for family in FAMILIES:
        task = open_tasks(family)[0]
        assert Fault.TIE in faults(with_params(task, {}))


def test_another_answer_has_another_gold() -> None:
    for family in FAMILIES:
        for task in open_tasks(family):
            assert task.open_choice is not None
            gold = tuple((task.actions or ())[index] for index in task.goals[0].writes)
            others = [place for place, one in enumerate(task.open_choice.candidates) if one.writes != gold]
            for place in others:
                assert faults(with_params(task, {"place": place})) == {Fault.ANSWER}


def test_a_request_that_tells_which_one_is_a_leak() -> None:
    for family in FAMILIES:
        task = open_tasks(family)[0]
        assert task.open_choice is not None
        mark = task.open_choice.candidates[0].marks[0]
        said = f"{task.scenario.request} It is about {mark}."
        told = msgspec.structs.replace(task, scenario=msgspec.structs.replace(task.scenario, request=said))
        assert Fault.LEAK in faults(told)


def test_the_answer_is_said_nowhere_but_where_it_is_asked_for() -> None:
    for family in FAMILIES:
        for task in open_tasks(family):
            scenario = task.scenario
            assert scenario.choice
            assert scenario.choice not in scenario.request
            assert all(scenario.choice not in fact.text for fact in scenario.facts)
            assert "What you answer then: " in scenario.task_instructions
