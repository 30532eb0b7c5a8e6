"""The scripted user hears an agent that says the same things in other words, pauses, and offers to hand over."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from writ_engines.scripted import ENGINE, ScriptedOptions

from tests.support.agent_sayings import KINDS, pattern_of
from tests.support.paraphrased_agent import ParaphrasedAgent, read_forms
from writ_async.api import make_tasks, run
from writ_async.core.engine import Setting
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.registry import load_domain
from writ_async.verify.user_slips import UserReason

FORMS = {path.stem: read_forms(path) for path in sorted((Path(__file__).parent / "paraphrases").glob("*.toml"))}
KEPT = 0.97
N = 40


@cache
def tasks_of(domain: str, behaviours: str) -> tuple[Task, ...]:
    return tuple(make_tasks(domain, N, seed=21, behaviours=behaviours))


@cache
def played(domain: str, forms: str | None, behaviours: str = "on") -> list[Trajectory]:
    tasks = tasks_of(domain, behaviours)
    setting = Setting(tasks={task.id: task for task in tasks}, domains={domain: load_domain(domain)}, seed=0)
    user = ENGINE.make(ScriptedOptions(), setting)
    agent = user if forms is None else ParaphrasedAgent(user, FORMS[forms])
    return run(tasks, agent=agent, user=user)


def is_own(kind: str, form: str) -> bool:
    return pattern_of(kind).fullmatch(form.replace("{}", "user id")) is not None


def is_well(row: Trajectory) -> bool:
    """Whether the user did its part: the right writes were made and told, and the audit of the user found nothing."""
    assert row.verdict is not None
    return row.verdict.reward.reward == 1 and not any(item.reason in set(UserReason) for item in row.verdict.findings)


@pytest.mark.parametrize("domain", ["retail", "airline"])
@pytest.mark.parametrize("forms", FORMS)
def test_the_rows_of_an_agent_with_other_words_are_as_good(domain: str, forms: str) -> None:
    plain, other = played(domain, None), played(domain, forms)
    bad = [row for row in other if not is_well(row)]
    assert all(map(is_well, plain))
    assert sum(map(is_well, other)) >= KEPT * N, [
        (row.task_id, row.verdict.findings if row.verdict else ()) for row in bad
    ]


def test_a_plain_user_hears_them_as_well() -> None:
    rows = [row for forms in FORMS for row in played("retail", forms, behaviours="off")]
    assert sum(map(is_well, rows)) >= KEPT * len(rows)


def test_every_kind_of_line_has_eight_forms_and_no_form_is_the_scripts_own() -> None:
    for forms in FORMS.values():
        assert all(len(set(said)) >= 8 for said in forms.values())
        known = [form for said in forms.values() for form in said if any(is_own(kind, form) for kind in KINDS)]
        assert known == []
