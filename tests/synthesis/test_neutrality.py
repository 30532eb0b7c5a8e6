"""A behaviour that could change the outcome of its task is found out before anybody plays it."""

import msgspec

from tests.support.crowd import VALUES, domain_and_world, environments, has_room, plain_tasks, told_tasks, trait
from writ_async.behaviour.pieces import wrong_version
from writ_async.core.behaviour import Behaviour, Trait
from writ_async.core.state import World
from writ_async.core.task import Action, Fact, Task
from writ_async.synthesis.neutrality import why_not_neutral, world_ids


def problem(task: Task, behaviour: Behaviour) -> str:
    return why_not_neutral(task, behaviour, *domain_and_world(task))


def test_every_given_behaviour_is_proved_again_from_task_and_world_alone() -> None:
    for task in told_tasks(1000)[::5]:
        assert task.behaviour is not None
        assert problem(task, task.behaviour) == ""


def test_every_single_value_is_neutral_where_the_task_has_room() -> None:
    for task in plain_tasks(1000)[:40]:
        for axis, value in VALUES:
            if axis == "persistence" or not has_room(task, axis, value):
                continue
            found = problem(task, Behaviour((trait(task, axis, value),)))
            assert found == "" or "is somebody else" in found, (task.id, axis, value)


def test_an_id_of_the_world_in_the_instruction_is_found() -> None:
    for task in plain_tasks(1000)[:100]:
        user = next(iter(environments()[task.domain].world.tables["users"]))
        assert user in problem(task, Behaviour((), f"Say that you know {user}."))


def test_a_fact_or_a_gold_value_in_the_instruction_is_found() -> None:
    for task in plain_tasks(1000)[:100]:
        fact = next(fact for fact in task.scenario.facts if fact.slot == "name")
        assert problem(task, Behaviour((), f"You are {fact.value}."))


def test_a_slip_that_is_somebody_else_is_found() -> None:
    task = next(task for task in plain_tasks(1000) if any(fact.slot == "zip" for fact in task.scenario.facts))
    domain, world = domain_and_world(task)
    other = next(iter(world.tables["users"].values())).address.zip
    facts = (Fact("zip", wrong_version(other), f"My zip is {wrong_version(other)}."),)
    if wrong_version(wrong_version(other)) != other:
        return
    bent = msgspec.structs.replace(task, scenario=msgspec.structs.replace(task.scenario, facts=facts))
    slip = Behaviour((Trait("correction", "self_corrects", "asked", 1, "zip"),))
    assert "is somebody else" in why_not_neutral(bent, slip, domain, world)


def test_a_wish_that_a_tool_could_fulfil_is_found() -> None:
    for task in plain_tasks(1000)[:20]:
        wish = Trait("infeasible", "unavailable_first", "opening", 1, "cancel something of mine")
        assert "a tool may be able to" in problem(task, Behaviour((wish,)))


def test_a_behaviour_that_the_task_gives_no_room_for_is_found() -> None:
    task = next(task for task in plain_tasks(1000) if not has_room(task, "confirmation", "one_at_a_time"))
    late = Behaviour((Trait("confirmation", "one_at_a_time", "after_write", 4),))
    assert "no room" in problem(task, late)
    both = Behaviour((Trait("disclosure", "all_at_once"), Trait("cooperation", "withholds_once")))
    assert "undo one another" in problem(task, both)


def test_an_early_write_that_needs_a_late_word_is_found() -> None:
    """The two wishes of a request in the wrong order: what the first write needs would be told last."""
    for task in plain_tasks(1000):
        if not has_room(task, "confirmation", "one_at_a_time") or len(task.certificates) != 2:
            continue
        first, second = task.certificates
        turned = (
            msgspec.structs.replace(second, write=first.write),
            msgspec.structs.replace(first, write=second.write),
        )
        actions = list(task.actions or ())
        assert first.write is not None
        assert second.write is not None
        actions[first.write], actions[second.write] = actions[second.write], actions[first.write]
        bent = msgspec.structs.replace(task, actions=tuple(actions), certificates=turned, gold_digest="")
        found = problem(bent, Behaviour((Trait("confirmation", "one_at_a_time", "after_write", 4),)))
        if "is told after it is due" in found:
            return
    raise AssertionError("no such task was found")


def test_a_request_whose_value_falls_between_two_sentences_is_found() -> None:
    task = plain_tasks(1000)[0]
    told = msgspec.structs.replace(task.scenario, request="I want it sent to Elm Way. Unit B, please.")
    actions = (Action("send", {"address": "Elm Way. Unit B"}),)
    bent = msgspec.structs.replace(task, scenario=told, actions=actions)
    assert "is cut in two" in problem(bent, Behaviour((Trait("tone", "angry"),)))


def test_the_ids_of_a_world_are_its_keys_and_the_numbers_in_it() -> None:
    world = World("toy", {"users": {"Ann_1": {"zip": "12345", "name": "Ann"}}})
    assert world_ids(world) == {"ann_1", "12345"}
