from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.samples import BAD_CALL, TALK, manifest, trajectory
from writ_async.core.trajectory import Termination, Trajectory, Usage
from writ_async.runs.folder import RunFolder
from writ_async.runs.summary import summarise_rows


def rows() -> list[Trajectory]:
    return [
        trajectory("a", 0),
        trajectory("a", 1, reasons=("early-write", "early-write", "surplus-write"), messages=TALK[:2] + BAD_CALL),
        trajectory("b", 0, kind="read-heavy", termination=Termination.MAX_STEPS, reasons=("incomplete",)),
        trajectory("c", 0, domain="airline", judged=False),
    ]


def test_conversations_are_counted_by_domain_and_kind() -> None:
    group = summarise_rows(rows()).groups["retail"]["normal"]
    assert (group.conversations, group.judged, group.kept, group.mean_reward) == (2, 2, 1, 0.5)
    assert (group.steps, group.tool_calls, group.tool_errors) == (12, 3, 1)
    assert group.findings == {"early-write": 1, "surplus-write": 1}
    assert group.terminations == {"user_stop": 2}
    assert group.usage == {"agent": Usage(6, 600, 60), "user": Usage(4, 200, 40)}
    assert group.tokens == 900


def test_conversations_without_a_verdict_count_in_no_mean() -> None:
    group = summarise_rows(rows()).groups["airline"]["normal"]
    assert (group.conversations, group.judged, group.kept, group.mean_reward) == (1, 0, 0, 0.0)


def test_the_total_is_the_sum_of_the_groups() -> None:
    total = summarise_rows(rows()).total()
    assert (total.conversations, total.judged, total.kept) == (4, 3, 1)
    assert total.mean_reward == pytest.approx(1 / 3)
    assert total.terminations == {"user_stop": 3, "max_steps": 1}
    assert total.usage["agent"].prompt_tokens == 1200


def test_totalling_changes_no_group() -> None:
    summary = summarise_rows(rows())
    summary.total()
    assert summary == summarise_rows(rows())


def test_a_summary_file_does_not_depend_on_what_ended_first(tmp_path: Path) -> None:
    written = []
    for seed in range(4):
        order = rows()
        random.Random(seed).shuffle(order)
        with RunFolder.create(tmp_path / str(seed), manifest()) as run:
            run.write_summary(summarise_rows(order))
        written.append((tmp_path / str(seed) / "summary.json").read_bytes())
    assert len(set(written)) == 1
