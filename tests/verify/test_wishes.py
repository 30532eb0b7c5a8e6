"""What became of each wish: missteps of a scripted agent are found at their place, in its words and in others'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from writ_engines.scripted import ENGINE, MISSTEPS, ScriptedOptions

from bench.missteps import plant, score_missteps, tasks_with_room
from tests.support.paraphrased_agent import ParaphrasedAgent, read_forms
from writ_async.api import run
from writ_async.core.engine import Setting
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Finding, Trajectory
from writ_async.registry import load_domain
from writ_async.runs.worlds import open_world

FORMS = sorted((Path(__file__).parent.parent / "engines" / "scripted" / "paraphrases").glob("*.toml"))
COUNT = 6
FOUND = 0.98


@pytest.fixture(scope="module")
def planted() -> list[Trajectory]:
    """Rows with each misstep, and clean ones."""
    return plant(COUNT, 3, world_size=150)


def _findings(row: Trajectory, kind: str) -> list[Finding]:
    assert row.verdict is not None
    return [item for item in row.verdict.findings if item.reason == kind]


def _noted(rows: list[Trajectory], kind: str) -> list[tuple[Trajectory, int]]:
    """The rows with a misstep, and the message in which it was made."""
    found = []
    for row in rows:
        for note in row.notes:
            if note.kind == kind:
                own = [place for place, message in enumerate(row.messages) if isinstance(message, AssistantMessage)]
                greeted = len(own) - row.usage["agent"].requests if row.usage else 1
                found.append((row, own[note.turn + greeted]))
    return found


def test_each_misstep_is_found_and_nothing_else_is(planted: list[Trajectory]) -> None:
    for entry in score_missteps(planted):
        assert entry.called_for >= COUNT // 2, entry
        assert (entry.precision, entry.recall) == (1.0, 1.0), entry


@pytest.mark.parametrize("kind", sorted(MISSTEPS))
def test_the_finding_says_where_and_why(planted: list[Trajectory], kind: str) -> None:
    for row, place in _noted(planted, kind):
        found = _findings(row, kind)
        assert len(found) == 1
        # Who refuses twice is found at its last words.
        assert found[0].message == place or (kind == "wrong_refusal" and found[0].message > place)
        assert len(found[0].detail.split()) > 4
        assert found[0].severity == "error"


def test_clean_rows_are_kept(planted: list[Trajectory]) -> None:
    clean = [row for row in planted if not row.notes]
    assert clean
    assert all(row.verdict is not None and row.verdict.kept for row in clean)


def test_a_wrong_refusal_is_quoted(planted: list[Trajectory]) -> None:
    for row, _ in _noted(planted, "wrong_refusal"):
        finding = _findings(row, "wrong_refusal")[0]
        message = row.messages[finding.message]
        assert isinstance(message, AssistantMessage)
        assert finding.detail.split("'")[1] in (message.content or "")


def _in_other_words(tasks: list[Task], kind: str, forms: Path) -> list[Trajectory]:
    setting = Setting(
        tasks={task.id: task for task in tasks},
        domains={task.domain: load_domain(task.domain) for task in tasks},
        seed=3,
        worlds={task.id: open_world(task.world, None).world for task in tasks},
    )
    options: dict[str, Any] = {"mistakes": f"{kind}=1" if kind else ""}
    agent = ParaphrasedAgent(ENGINE.make(ScriptedOptions(**options), setting), read_forms(forms))
    return run(tasks, agent=agent, user=ENGINE.make(ScriptedOptions(), setting), seed=3)


@pytest.mark.parametrize("kind", ["wrong_refusal", "gave_in"])
def test_an_agent_with_other_words_is_found_out_as_well(kind: str) -> None:
    tasks = tasks_with_room(kind, COUNT, 3, 150)
    rows = [row for forms in FORMS for row in _in_other_words(tasks, kind, forms)]
    missed = [row.messages[-2:] for row in rows if not _findings(row, kind)]
    assert all(row.notes for row in rows)
    assert len(missed) <= (1 - FOUND) * len(rows), missed
    for row in _in_other_words(tasks, "", FORMS[0]):
        assert not any(_findings(row, other) for other in MISSTEPS)
