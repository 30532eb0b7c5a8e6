"""Proofs hold for what is synthesised, and every kind of false proof is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import anyio
import msgspec
import pytest
from msgspec.structs import replace

from tests.support import plants
from writ_async.commands.check_proofs import check_proofs, check_tasks
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.goal import decide_goal
from writ_async.core.state import State, World
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.counter_worlds import changes_only, counter_state, find_refutation
from writ_async.synthesis.proof import Fault, check_proof
from writ_async.synthesis.solver import goal_rules_of

PLANTS = 200
MIX = "normal=1,write-intensive=1,read-heavy=2,refusal=1"


@pytest.fixture(scope="module")
def places() -> dict[str, Environment]:
    return {name: generate_world(load_domain(name), 31, 400) for name in ("retail", "airline")}


@pytest.fixture(scope="module")
def proved(places: dict[str, Environment]) -> list[Task]:
    return synthesise_tasks(list(places.values()), 400, 31, parse_mix(MIX), further=further_environment)[0]


def _cases(
    tasks: Sequence[Task], places: dict[str, Environment], fit: Callable[[Task], bool]
) -> Iterator[tuple[Task, Domain, World, Random]]:
    """Tasks that fit, over and over, each time with other randomness."""
    chosen = [task for task in tasks if fit(task) and task.world == places[task.domain].ref]
    for turn in range(100):
        for task in chosen:
            retail_environment = places[task.domain]
            yield task, retail_environment.domain, retail_environment.world, Random(f"{task.id}/{turn}")


def _faults(task: Task, domain: Domain, world: World) -> set[Fault]:
    return {problem.fault for problem in check_proof(task, domain, world)}


def test_a_task_is_the_same_bytes_once_it_was_read(proved: list[Task]) -> None:
    for task in proved:
        line = msgspec.json.encode(task)
        assert msgspec.json.encode(msgspec.json.decode(line, type=Task)) == line, task.id


def test_every_proof_holds_when_it_is_checked_from_the_world_and_the_task(proved: list[Task]) -> None:
    again = msgspec.json.decode(msgspec.json.encode(proved), type=list[Task])
    report = check_tasks(again)
    assert report.sound, report.false[:3]
    assert report.held == len(proved)
    assert len(report.by_level) > 8


def test_a_cell_is_in_a_certificate_exactly_if_a_counter_world_says_so(
    proved: list[Task], places: dict[str, Environment]
) -> None:
    looked_at = 0
    for task, domain, _, _ in _cases(proved, places, lambda task: len(task.goals) == 1):
        rules, goal = goal_rules_of(domain), task.goals[0]
        world = places[task.domain].world
        reader, decision = decide_goal(rules, State(world), goal)
        assert task.proof is not None
        for number, (certificate, counters) in enumerate(zip(task.certificates, task.proof.counters, strict=True)):
            keys = {(key[0], *map(str, key[1:])): key for key in reader.cells}
            for cell, ordinal in zip(certificate.cells, counters, strict=True):
                key = keys[(cell.name, *map(str, cell.arguments.values()))]
                if ordinal is None:
                    continue
                edits = list(rules.changes(reader, key, goal.params, decision))[ordinal]
                assert changes_only(rules, reader, key, edits)
                lost = find_refutation(rules, reader, goal, decision, key, edits)
                assert (number if number < len(decision.writes) else len(decision.writes)) in lost
                other, changed = counter_state(State(world), edits), False
                try:
                    changed = decide_goal(rules, other, goal)[1].answer() != decision.answer()
                except Exception:
                    changed = True
                assert changed
        looked_at += 1
        if looked_at == 120:
            break


def test_a_tie_is_found(proved: list[Task], places: dict[str, Environment]) -> None:
    planted = 0
    for task, domain, world, rng in _cases(proved, places, lambda task: task.kind == "read-heavy" and bool(
        task.proof and task.proof.margins and task.proof.margins[0]
    )):  # fmt: skip
        other = plants.tie(task, domain, world, rng)
        if other is None:
            continue
        assert Fault.TIE in _faults(task, domain, other), (task.recipe, check_proof(task, domain, other))
        planted += 1
        if planted == PLANTS:
            return
    pytest.fail(f"only {planted} plants")


def test_a_missing_cell_is_found(proved: list[Task], places: dict[str, Environment]) -> None:
    cases = _cases(proved, places, lambda task: True)
    for _, (task, domain, world, rng) in zip(range(PLANTS), cases, strict=False):
        assert _faults(plants.missing_cell(task, rng), domain, world) == {Fault.MISSING_CELL}


def test_a_superfluous_cell_is_found(proved: list[Task], places: dict[str, Environment]) -> None:
    cases = _cases(proved, places, lambda task: True)
    for _, (task, domain, world, rng) in zip(range(PLANTS), cases, strict=False):
        faults = _faults(plants.superfluous_cell(task, domain, world, rng), domain, world)
        assert faults == {Fault.SUPERFLUOUS_CELL}


def test_an_encoding_that_depends_on_the_order_is_found(proved: list[Task], places: dict[str, Environment]) -> None:
    retail = places["retail"]
    base = next(task for task in proved if task.domain == "retail")
    swaps = plants.two_items(retail.domain, retail.world, base)[: PLANTS // 2]
    for task in swaps:
        assert _faults(task, retail.domain, retail.world) == {Fault.ENCODING}
    planted = len(swaps)
    needed = ("passengers", "payments")
    for task, domain, world, _ in _cases(
        proved, places, lambda task: bool(task.proof and any(task.proof.plans.get(kind) for kind in needed))
    ):
        assert _faults(plants.unpinned(task), domain, world) == {Fault.ENCODING}
        planted += 1
        if planted >= PLANTS:
            return
    pytest.fail(f"only {planted} plants")


def test_an_id_that_is_said_is_found(proved: list[Task], places: dict[str, Environment]) -> None:
    planted = 0
    for task, domain, world, rng in _cases(proved, places, lambda task: True):
        leaked = plants.leaked_id(task, domain, rng)
        if leaked is None:
            continue
        assert _faults(leaked, domain, world) == {Fault.LEAK}, leaked.scenario.request
        planted += 1
        if planted == PLANTS:
            return
    pytest.fail(f"only {planted} plants")


def test_a_breach_of_policy_is_found(proved: list[Task], places: dict[str, Environment]) -> None:
    planted = 0
    for task, domain, world, _ in _cases(proved, places, lambda task: task.kind != "refusal"):
        other = plants.policy_breach(task, domain, world)
        if other is None:
            continue
        assert Fault.POLICY in _faults(task, domain, other), task.recipe
        planted += 1
        if planted == PLANTS:
            return
    pytest.fail(f"only {planted} plants")


def test_false_claims_and_hashes_are_found(proved: list[Task], places: dict[str, Environment]) -> None:
    for task, domain, world, _ in _cases(proved[:40], places, lambda task: True):
        assert task.proof is not None
        for change in ({"burden": 99}, {"level": "W9R9"}, {"path": 77}, {"tool_tokens": 1}, {"plans": {"no": 1}}):
            assert _faults(replace(task, proof=replace(task.proof, **change)), domain, world) == {Fault.CLAIM}
        assert _faults(replace(task, proof=replace(task.proof, chain="0" * 32)), domain, world) == {Fault.REPLAY}
        assert _faults(replace(task, gold_digest="0" * 32), domain, world) == {Fault.REPLAY}
        assert _faults(replace(task, proof=None), domain, world) == {Fault.NO_PROOF}
        assert _faults(replace(task, goals=()), domain, world) == {Fault.NO_PROOF}
        break


def test_the_proofs_of_a_run_are_checked_from_its_folder(tmp_path: Path) -> None:
    config = SynthConfig(domains=("retail", "airline"), n=40, seed=2, world_size=120, mix=MIX)
    anyio.run(lambda: synth(config, tmp_path / "run"))
    report = check_proofs(tmp_path / "run")
    assert report.sound
    assert report.held == report.tasks == 40
    assert sum(report.by_recipe.values()) == 40
