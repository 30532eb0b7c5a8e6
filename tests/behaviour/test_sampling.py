"""Behaviours are drawn by seed, fit their task, and are said in many wordings."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.crowd import (
    VALUES,
    environments,
    has_room,
    material,
    plain_tasks,
    told_tasks,
    trait,
)
from writ_async.behaviour.axes import AXES
from writ_async.behaviour.axes import VALUES as DECLARED
from writ_async.behaviour.instructions import count_wordings, render_instruction
from writ_async.behaviour.pieces import wrong_version
from writ_async.behaviour.sampling import sample_behaviour
from writ_async.behaviour.values.wishes import unavailable_wishes
from writ_async.core.behaviour import Axis, Behaviour
from writ_async.errors import InputError
from writ_async.synthesis.behaviours import parse_behaviours, with_behaviours


def test_there_are_eighteen_axes_and_each_value_of_them_is_drawn() -> None:
    assert len(AXES) == 18
    drawn = Counter(
        (trait.axis, trait.value) for task in told_tasks(1000) if task.behaviour for trait in task.behaviour.traits
    )
    assert set(drawn) == set(VALUES)


def test_a_behaviour_has_two_to_four_traits_or_one_more_that_another_rests_on() -> None:
    counts = Counter(len(task.behaviour.traits) for task in told_tasks(1000) if task.behaviour)
    assert set(counts) <= {2, 3, 4, 5}
    assert counts[5] < 0.05 * counts.total()
    assert all(task.behaviour is not None for task in told_tasks(1000))


def test_the_same_seed_gives_the_same_behaviour_whatever_the_other_tasks_are() -> None:
    alone = with_behaviours(plain_tasks(1000)[500:503], environments(), 1)[0]
    assert tuple(alone) == told_tasks(1000)[500:503]
    assert tuple(with_behaviours(plain_tasks(1000)[:40], environments(), 2)[0]) != told_tasks(1000)[:40]


def test_traits_of_one_behaviour_fit_the_task_and_each_other() -> None:
    for task in told_tasks(1000):
        assert task.behaviour is not None
        values = [DECLARED[trait.label] for trait in task.behaviour.traits]
        assert len({value.axis for value in values}) == len(values)
        assert all(value.has_room(material(task)) for value in values)
        assert all(a.goes_with(b) for a in values for b in values if a is not b)
        if task.behaviour.value("persistence"):
            assert task.behaviour.value("infeasible")


@given(st.sampled_from(VALUES), st.integers(0, 999), st.integers(0, 9))
def test_a_fixed_value_is_there_wherever_the_task_gives_room_for_it(
    wanted: tuple[Axis, str], place: int, seed: int
) -> None:
    axis, value = wanted
    task = plain_tasks(1000)[place]
    domain = environments()[task.domain].domain
    behaviour = sample_behaviour(task, domain, Random(seed), {axis: value})
    assert (behaviour.value(axis) == value) == has_room(task, axis, value)


def test_an_instruction_has_thousands_of_wordings_and_hardly_ever_repeats() -> None:
    behaviours = [task.behaviour for task in told_tasks(1000) if task.behaviour]
    assert len({behaviour.instruction for behaviour in behaviours}) >= 0.99 * len(behaviours)
    four = next(behaviour for behaviour in behaviours if len(behaviour.traits) == 4)
    assert count_wordings(four) >= 1000
    assert len({render_instruction(four, Random(seed)) for seed in range(1000)}) > 500


def test_every_value_can_be_said_in_the_second_person() -> None:
    for task in plain_tasks(1000)[:8]:
        for axis, value in VALUES:
            if axis == "correction" and not has_room(task, axis, value):
                continue
            text = render_instruction(Behaviour((trait(task, axis, value),)), Random(3))
            assert "{" not in text
            assert " my " not in f" {text} "


@given(st.text(min_size=1, max_size=30))
def test_a_wrong_version_is_another_text_and_always_the_same(value: str) -> None:
    assert wrong_version(value) != value
    assert wrong_version(value) == wrong_version(value)


def test_what_cannot_be_had_is_read_off_the_tools() -> None:
    for name, other in (("retail", "choose a seat at the window"), ("airline", "have it gift-wrapped with a ribbon")):
        domain = environments()[name].domain
        assert len(unavailable_wishes(domain)) >= 10
        assert other not in unavailable_wishes(domain)


def test_the_flag_names_axes_and_values() -> None:
    assert parse_behaviours("on") == {}
    assert parse_behaviours("off") is None
    assert parse_behaviours("tone=angry, disclosure=drip") == {"tone": "angry", "disclosure": "drip"}


@pytest.mark.parametrize(
    ("text", "words"),
    [("mood=angry", "unknown axis 'mood'"), ("tone=blue", "no value 'blue'"), ("tone", "no value ''")],
)
def test_a_flag_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_behaviours(text)
