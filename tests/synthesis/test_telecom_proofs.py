"""Telecom's fixes are shortest and end in one state, and every kind of false proof of one is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from writ_domains.telecom.goals.ways import Node, begin, calls_of, compare_ways, count_due, is_mended, make

from tests.support import plants
from writ_async.core.acting import open_state
from writ_async.core.environment import Environment
from writ_async.core.goal import decide_goal
from writ_async.core.task import Action, Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.counter_worlds import changes_only, counter_state, find_refutation
from writ_async.synthesis.proof import Fault, check_proof
from writ_async.synthesis.solver import cell_key, goal_rules_of

PLANTS = 200
MIX = "normal=1,write-intensive=2,read-heavy=1,refusal=1"


@pytest.fixture(scope="module")
def place() -> Environment:
    return generate_world(load_domain("telecom"), 31, 300)


@pytest.fixture(scope="module")
def proved(place: Environment) -> list[Task]:
    return synthesise_tasks([place], 120, 31, parse_mix(MIX), further=further_environment)[0]


@pytest.fixture(scope="module")
def mended(proved: list[Task], place: Environment) -> list[Task]:
    """Those of the first world that something mends."""
    return [task for task in proved if task.goals[0].writes and task.world == place.ref]


def _writes(task: Task) -> list[Action]:
    return [(task.actions or ())[index] for index in task.goals[0].writes]


def _start(task: Task, place: Environment) -> tuple[Node, Mapping[str, Any]]:
    return begin(open_state(task.initial, place.domain, place.world)), task.goals[0].params


def test_every_proof_holds_and_burdens_reach_far(mended: list[Task], place: Environment) -> None:
    assert [check_proof(task, place.domain, place.world) for task in mended] == [[]] * len(mended)
    proofs = [task.proof for task in mended if task.proof is not None]
    assert max(proof.burden for proof in proofs) >= 12
    assert max(len(_writes(task)) for task in mended) >= 5
    assert sum(proof.plans.get("writes", 0) for proof in proofs) > 200


def test_each_cell_of_a_certificate_alone_alters_the_fix_or_leads_to_one_that_does(
    mended: list[Task], place: Environment
) -> None:
    rules, looked_at = goal_rules_of(place.domain), 0
    for task in mended:
        goal, state = task.goals[0], open_state(task.initial, place.domain, place.world)
        reader, decision = decide_goal(rules, state, goal)
        assert task.proof is not None
        for certificate, ordinals in zip(task.certificates, task.proof.counters, strict=True):
            for cell, ordinal in zip(certificate.cells, ordinals, strict=True):
                key = cell_key(place.domain, cell.name, cell.arguments)
                if ordinal is None:
                    assert key[0] in rules.standing_reads or key in reader.parents.values()
                    continue
                edits = list(rules.changes(reader, key, goal.params, decision))[ordinal]
                assert changes_only(rules, reader, key, edits)
                assert find_refutation(rules, reader, goal, decision, key, edits)
                looked_at += 1
    assert looked_at > 300


def test_no_shorter_way_mends_and_all_as_long_end_alike_whoever_looks_for_them(
    mended: list[Task], place: Environment
) -> None:
    """By brute force: every call of both sides after every other, without the diagnosis."""
    few = [task for task in mended if len(_writes(task)) <= 3][:25]
    assert len(few) == 25
    for task in few:
        node, params = _start(task, place)
        calls = list(calls_of(node.state, params))
        level = {(node.state.digest_value(), node.owed): node}
        for _ in _writes(task):
            assert not any(is_mended(one, params) for one in level.values())
            made = [after for one in level.values() for call in calls if (after := make(one, call, params)) is not None]
            level = {(one.state.digest_value(), one.owed): one for one in made}
        ends = {one.state.digest() for one in level.values() if is_mended(one, params)}
        assert ends == {task.gold_digest}, task.id


def test_a_call_takes_at_most_one_off_what_is_due_and_nothing_mends_before_all_of_it(
    mended: list[Task], place: Environment
) -> None:
    walked = 0
    for number, task in enumerate(mended * 3):
        rng = Random(number)
        node, params = _start(task, place)
        calls = list(calls_of(node.state, params))
        due = first = count_due(node, params)
        assert first == len(_writes(task))
        for step in range(1, 20):
            gold = rng.random() < 0.5
            after = make(node, rng.choice(_writes(task) if gold else calls), params)
            if after is None:
                continue
            left = count_due(after, params)
            if due is not None and left is not None:
                assert left >= due - 1
            assert not is_mended(after, params) or step >= first
            node, due, walked = after, left, walked + 1
            assert left != 0 or is_mended(node, params)
    assert walked > 500


def _moved(task: Task, actions: list[Action], writes: list[int]) -> Task:
    return replace(task, actions=tuple(actions), goals=(replace(task.goals[0], writes=tuple(writes)),))


def drop_step(task: Task, rng: Random) -> Task:
    """A fix that lacks a call."""
    lost = rng.choice(task.goals[0].writes)
    actions = [action for index, action in enumerate(task.actions or ()) if index != lost]
    return _moved(task, actions, [index - (index > lost) for index in task.goals[0].writes if index != lost])


def add_step(task: Task, rng: Random) -> Task:
    """A fix with a call that nothing asks for."""
    where = rng.choice(task.goals[0].writes)
    extra = Action(rng.choice(("toggle_data_saver_mode", "toggle_wifi", "reboot_device")), {}, "user")
    actions = [*(task.actions or ())[:where], extra, *(task.actions or ())[where:]]
    writes = sorted({*(index + (index >= where) for index in task.goals[0].writes), where})
    return _moved(task, actions, writes)


def throw_another_switch(task: Task, rng: Random) -> Task:
    """A fix in which one call is of another switch."""
    where = rng.choice(task.goals[0].writes)
    names = {"toggle_wifi", "toggle_wifi_calling", "toggle_roaming", "connect_vpn"} - {
        one.name for one in _writes(task)
    }
    actions = list(task.actions or ())
    actions[where] = Action(rng.choice(sorted(names)), {}, "user")
    return _moved(task, actions, list(task.goals[0].writes))


def swap_steps(task: Task, rng: Random) -> Task | None:
    """A fix in which two calls that differ have changed places."""
    actions, writes = list(task.actions or ()), list(task.goals[0].writes)
    if len(writes) < 2:
        return None
    one, other = rng.sample(writes, 2)
    if actions[one] == actions[other]:
        return None
    actions[one], actions[other] = actions[other], actions[one]
    return _moved(task, actions, writes)


def drop_cell(task: Task, rng: Random) -> Task:
    """A certificate that lacks a cell."""
    where = rng.randrange(len(task.certificates))
    one = task.certificates[where]
    lost = rng.randrange(len(one.cells))
    cells = tuple(cell for place, cell in enumerate(one.cells) if place != lost)
    changed = [*task.certificates[:where], replace(one, cells=cells), *task.certificates[where + 1 :]]
    return replace(task, certificates=tuple(changed))


def point_at_what_alters_nothing(task: Task, rng: Random) -> Task:
    """A proof that names another change of a cell than the first that refutes the fix."""
    assert task.proof is not None
    counters = [list(ordinals) for ordinals in task.proof.counters]
    named = [(i, j) for i, ordinals in enumerate(counters) for j, one in enumerate(ordinals) if one is not None]
    where, cell = rng.choice(named)
    counters[where][cell] = (counters[where][cell] or 0) + 1 + rng.randrange(3)
    return replace(task, proof=replace(task.proof, counters=tuple(map(tuple, counters))))


def heal_one(task: Task, rng: Random) -> Task | None:
    """A phone on which one of the faults was never planted."""
    assert task.initial is not None
    faults = [call for call in task.initial.calls if call.func_name in HEALED]
    if not faults:
        return None
    lost = rng.choice(faults)
    calls = tuple(call for call in task.initial.calls if call is not lost)
    return replace(task, initial=replace(task.initial, calls=calls))


HEALED = frozenset(
    {"turn_airplane_mode_on", "unseat_sim_card", "break_apn_settings", "turn_data_off", "turn_data_saver_mode_on"}
    | {"break_vpn", "set_network_mode_preference", "remove_app_permission", "set_data_usage"}
)


@pytest.mark.parametrize(
    "plant", [drop_step, add_step, throw_another_switch, swap_steps, drop_cell, point_at_what_alters_nothing, heal_one]
)
def test_planted_false_proofs_are_all_found(
    plant: Callable[[Task, Random], Task | None], mended: list[Task], place: Environment
) -> None:
    planted = 0
    for turn in range(20):
        for task in mended:
            false = plant(task, Random(f"{task.id}/{turn}"))
            if false is None:
                continue
            assert check_proof(false, place.domain, place.world), (plant.__name__, task.id)
            planted += 1
            if planted == PLANTS:
                return
    pytest.fail(f"only {planted} could be planted")


def test_a_world_in_which_a_cell_of_the_certificate_shows_something_else_takes_the_proof_away(
    mended: list[Task], place: Environment
) -> None:
    """Of the carrier's own records, such as bills and lines, where no initial state has touched them."""
    rules, found = goal_rules_of(place.domain), 0
    for task in mended:
        goal, state = task.goals[0], open_state(task.initial, place.domain, place.world)
        reader, decision = decide_goal(rules, state, goal)
        assert task.initial is not None
        named = {str(value) for call in task.initial.calls for value in call.arguments.values()}
        for key in reader.cells:
            if key[0] not in ("get_bills_for_customer", "get_details_by_id"):
                continue
            for edits in rules.changes(reader, key, goal.params, decision):
                tables = place.world.tables
                untouched = all(name not in named and tables[table].get(name) for table, name, _ in edits)
                if untouched and find_refutation(rules, reader, goal, decision, key, edits):
                    other = plants.changed_world(place.world, edits)
                    assert check_proof(task, place.domain, other), task.id
                    found += 1
    assert found > 5


def test_the_search_says_what_is_wrong_with_a_fix(mended: list[Task], place: Environment) -> None:
    task = next(task for task in mended if len(_writes(task)) >= 3)
    node, params = _start(task, place)
    writes = _writes(task)
    assert compare_ways(node.state, params, writes).problem == ""
    assert "calls are due before call 0" in compare_ways(node.state, params, writes[:-1]).problem
    useless = [*writes[:-1], Action("toggle_wifi", {}, "user")]
    assert "would do for call" in compare_ways(node.state, params, useless).problem


def test_counter_states_are_worlds_of_the_same_first_symptom(mended: list[Task], place: Environment) -> None:
    """With another cause behind no service there is no service still: no change but the status bar's touches it."""
    rules = goal_rules_of(place.domain)
    for task in mended:
        goal, state = task.goals[0], open_state(task.initial, place.domain, place.world)
        reader, decision = decide_goal(rules, state, goal)
        bar = ("check_status_bar",)
        for key in reader.cells:
            if key == bar or key[0] in rules.standing_reads:
                continue
            for edits in rules.changes(reader, key, goal.params, decision):
                assert rules.fetch[bar[0]](counter_state(state, edits)) == reader.cells[bar]


def test_faults_of_a_proof_have_their_names(mended: list[Task], place: Environment) -> None:
    rng = Random(1)
    task = next(task for task in mended if len(_writes(task)) >= 2)
    kinds = {problem.fault for problem in check_proof(drop_cell(task, rng), place.domain, place.world)}
    assert kinds == {Fault.MISSING_CELL}
    kinds = {problem.fault for problem in check_proof(drop_step(task, rng), place.domain, place.world)}
    assert kinds & {Fault.ANSWER, Fault.REPLAY}
