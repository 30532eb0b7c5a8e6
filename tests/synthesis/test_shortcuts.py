"""Burden bites: lazy heuristics do no better than chance and a tenth, the script that reads everything solves all."""

from __future__ import annotations

from collections import Counter

import pytest

from writ_async.api import run
from writ_async.core.goal import decide_goal
from writ_async.core.level import parse_levels
from writ_async.core.state import State
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import further_environment, generate_world, open_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.aims import TaskWishes
from writ_async.synthesis.shortcuts import FamilyAudit, audit_table, shortcuts_of, shortcuts_that_hit
from writ_async.synthesis.solver import goal_rules_of
from writ_async.synthesis.task_maker import SynthesisReport

HEAVY = 320


@pytest.fixture(scope="module")
def heavy() -> tuple[list[Task], SynthesisReport]:
    places = [generate_world(load_domain(name), 41, 500) for name in ("retail", "airline")]
    return synthesise_tasks(places, HEAVY, 41, parse_mix("read-heavy"), further=further_environment)


def test_no_shortcut_solves_more_of_a_family_than_chance_and_a_tenth(heavy: tuple[list[Task], SynthesisReport]) -> None:
    """Counted anew from the tasks, not taken from the report."""
    tasks, report = heavy
    solved: dict[str, Counter[str]] = {}
    bound: dict[str, float] = {}
    count: Counter[str] = Counter()
    for task in tasks:
        retail_environment = open_world(task.world, None)
        rules = goal_rules_of(retail_environment.domain)
        reader, decision = decide_goal(rules, State(retail_environment.world), task.goals[0])
        family = f"{task.domain}/{task.recipe}"
        count[family] += 1
        bound[family] = bound.get(family, 0.0) + 1 / reader.scanned + 0.1
        solved.setdefault(family, Counter()).update(shortcuts_that_hit(rules, task.goals[0], reader, decision))
    assert sum(count.values()) == HEAVY
    assert len(count) >= 14
    for family, names in solved.items():
        for name, number in names.items():
            assert number <= bound[family] + 1e-6, (family, name, number, bound[family], count[family])
    assert {row[0]: row[1] for row in audit_table(report.audits) if row[1]} == dict(count)


def test_the_script_that_makes_all_gold_reads_solves_all(heavy: tuple[list[Task], SynthesisReport]) -> None:
    tasks, _ = heavy
    rows = run(tasks)
    assert all(row.verdict is not None and row.verdict.kept for row in rows)


def test_burdens_are_large(heavy: tuple[list[Task], SynthesisReport]) -> None:
    tasks, _ = heavy
    burden = {name: [task.proof.burden for task in tasks if task.domain == name and task.proof] for name in (
        "retail", "airline"
    )}  # fmt: skip
    assert max(burden["airline"]) >= 20
    assert max(burden["retail"]) >= 10
    assert min(burden["airline"] + burden["retail"]) >= 3
    lucky = [task.proof.guess_gap for task in tasks if task.proof]
    assert sum(lucky) / len(lucky) > 3


def test_levels_and_tokens_are_what_was_asked_for() -> None:
    places = [generate_world(load_domain(name), 43, 120) for name in ("retail", "airline")]
    wanted = TaskWishes(levels=parse_levels("W0=1,W1R0=1,W1R3=1,W2R2=1,W3=1"), max_tool_tokens=9000)
    tasks, _ = synthesise_tasks(places, 60, 43, parse_mix(""), wanted, further=further_environment)
    levels = [task.proof.level for task in tasks if task.proof]
    for index, level in enumerate(levels):
        assert any(one in level for one in ("W0", "W1R0", "W1R3", "W2R2", "W3")), (index, level)
    assert Counter(level[:2] for level in levels) == {"W0": 12, "W1": 24, "W2": 12, "W3": 12}
    assert all(task.proof and task.proof.tool_tokens <= 9000 for task in tasks)


def test_a_world_that_is_too_small_is_joined_by_others() -> None:
    place = generate_world(load_domain("retail"), 44, 12)
    tasks, _ = synthesise_tasks([place], 120, 44, parse_mix("read-heavy"), further=further_environment)
    worlds = {task.world.seed for task in tasks}
    assert len(worlds) > 1
    assert len({(task.world.seed, task.gold_digest) for task in tasks}) == 120


@pytest.mark.parametrize(("solved", "admitted"), [([], True), (["first cell"], False)])
def test_a_quota_turns_away_what_would_let_a_shortcut_pay(solved: list[str], admitted: bool) -> None:
    audit = FamilyAudit()
    assert audit.admits(solved, 5) is admitted
    for _ in range(9):
        audit.add([], 5)
    assert audit.admits(["first cell"], 5)
    audit.add(["first cell"] * 1, 5)
    assert audit.accuracy == 0.1
    assert audit.bound == pytest.approx(0.3)


def test_the_bank_has_the_shortcuts_of_every_domain_and_the_airlines_own() -> None:
    assert {"first cell", "last cell", "largest id", "first candidate"} <= set(
        shortcuts_of(goal_rules_of(load_domain("retail")))
    )
    own = {"nonstop only", "first date", "last date", "first airport"}
    assert own <= set(shortcuts_of(goal_rules_of(load_domain("airline"))))
