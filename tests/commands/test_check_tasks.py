"""Rows of others are judged by the tasks of their own files; other versions of a task are named, and judge nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.commands.test_check import DATA, tau2_results
from tests.support.shared_data import needs_shared
from writ_async.api import load_tasks
from writ_async.api import run as play
from writ_async.commands.check import check_rows
from writ_async.commands.check_lines import CheckedLine
from writ_async.core.task import Task


def lines_of(tmp_path: Path, content: Any, **options: Any) -> list[CheckedLine]:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(content))
    check_rows(path, out=tmp_path / "v.jsonl", **options)
    return [msgspec.json.decode(line, type=CheckedLine) for line in (tmp_path / "v.jsonl").read_bytes().splitlines()]


def gold_of(task: Task) -> list[dict[str, Any]]:
    return [{"name": action.name, "arguments": action.arguments} for action in task.actions or ()]


def as_record(task: Task, task_id: str) -> dict[str, Any]:
    """A task of ours as the benchmark's files have it."""
    criteria = {"actions": gold_of(task), "communicate_info": list(task.communicate or ()), "reward_basis": ["DB"]}
    return {"id": task_id, "user_scenario": {"instructions": "Do it."}, "evaluation_criteria": criteria}


@pytest.fixture(scope="module")
def retail_tasks() -> list[Task]:
    return load_tasks("tau2:retail", data=DATA)[:6]


@needs_shared
def test_the_files_own_task_judges_also_where_the_folder_has_another_of_that_id(
    retail_tasks: list[Task], tmp_path: Path
) -> None:
    results = tau2_results(play(retail_tasks, "scripted", data=DATA), "retail")
    count = len(retail_tasks)
    for place, row in enumerate(results["simulations"]):
        row["task_id"] = str((place + 1) % count)
    results["tasks"] = [as_record(task, str((place + 1) % count)) for place, task in enumerate(retail_tasks)]
    own = lines_of(tmp_path, results, data=DATA)
    assert [line.reward for line in own] == [1.0] * count
    results["tasks"] = []
    by_id = lines_of(tmp_path, results, data=DATA)
    assert any(line.reward == 0 for line in by_id), "the folder's tasks of those ids are others"


@needs_shared
def test_a_task_of_another_version_is_named_and_judges_nothing(retail_tasks: list[Task], tmp_path: Path) -> None:
    results = tau2_results(play(retail_tasks, "scripted", data=DATA), "retail")
    for row, task in zip(results["simulations"], retail_tasks[1:] + retail_tasks[:1], strict=True):
        row["reward_info"]["action_checks"] = [{"action": action, "action_match": True} for action in gold_of(task)]
    for line in lines_of(tmp_path, results, data=DATA):
        found = {finding.reason: finding.severity for finding in line.findings}
        assert found["other_task_version"] == "remark"
        assert line.reward is None
        assert not found.keys() & {"wrong_outcome", "surplus_write"}


@needs_shared
def test_a_task_of_tau_bench_judges_its_episode(retail_tasks: list[Task], tmp_path: Path) -> None:
    task = next(task for task in retail_tasks if task.actions and not task.communicate)
    (row,) = tau2_results(play([task], "scripted", data=DATA), "retail")["simulations"]
    turns: list[dict[str, Any]] = [{"role": "system", "content": "policy"}]
    for message in row["messages"]:
        calls = [
            {"id": call["id"], "type": "function",
             "function": {"name": call["name"], "arguments": json.dumps(call["arguments"])}}
            for call in message.get("tool_calls") or ()
        ]  # fmt: skip
        turn = {"role": message["role"], "content": message["content"]}
        if message["role"] == "tool":
            turn["tool_call_id"] = message["id"]
        turns.append({**turn, "tool_calls": calls} if calls else turn)
    actions = [{"name": action.name, "kwargs": action.arguments} for action in task.actions or ()]
    episode = {"task_id": 0, "trial": 0, "reward": 1.0, "traj": turns,
               "info": {"task": {"user_id": "x", "instruction": "", "actions": actions, "outputs": []}}}  # fmt: skip
    (line,) = lines_of(tmp_path, [episode], data=DATA)
    assert (line.reward, line.stated_reward) == (1.0, 1.0)
    episode["info"]["task"]["actions"] = []  # type: ignore[index]
    (other,) = lines_of(tmp_path, [episode], data=DATA)
    assert other.reward == 0
    surplus = [finding for finding in other.findings if finding.reason == "surplus_write"]
    assert surplus
    for finding in surplus:
        call = turns[finding.message]["tool_calls"][finding.call]
        assert finding.detail.startswith(call["function"]["name"])


def chat(*writes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Please see to ticket 4711 and 4712."}]
    for number, (name, arguments) in enumerate(writes):
        call = {"id": f"c{number}", "function": {"name": name, "arguments": json.dumps(arguments)}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": "ok"})
    return {"messages": [*messages, {"role": "assistant", "content": "Done."}]}


@pytest.mark.parametrize(
    ("writes", "repeated"),
    [
        ([("close", {"ticket": "4711"}), ("close", {"ticket": "4711"})], [3]),
        ([("close", {"ticket": "4711"}), ("open_again", {"ticket": "4711"}), ("close", {"ticket": "4711"})], []),
        ([("close", {"ticket": "4711"}), ("close", {"ticket": "4712"}), ("close", {"ticket": "4711"})], [5]),
        ([("move", {"ticket": "4711", "to": "a"}), ("move", {"ticket": "4711", "to": "b"}),
          ("move", {"ticket": "4711", "to": "a"})], []),
    ],
)  # fmt: skip
def test_a_write_is_repeated_unless_another_one_had_undone_it(
    writes: list[tuple[str, dict[str, Any]]], repeated: list[int], tmp_path: Path
) -> None:
    (line,) = lines_of(tmp_path, chat(*writes), writes=["close", "open_again", "move"])
    assert [one.message for one in line.findings if one.reason == "repeated_write"] == repeated


def test_every_field_of_a_line_is_written_out(tmp_path: Path) -> None:
    lines_of(tmp_path, chat(("close", {"ticket": "9999"})), writes=["close"])
    row = json.loads((tmp_path / "v.jsonl").read_text())
    assert {"id", "format", "reward", "stated_reward", "findings"} <= row.keys()
    assert (row["reward"], row["stated_reward"]) == (None, None)
    (unseen,) = (one for one in row["findings"] if one["reason"] == "unseen_argument")
    assert unseen == {
        "reason": "unseen_argument", "severity": "error", "detail": "close: ticket='9999'", "message": 1, "call": 0,
    }  # fmt: skip


def test_a_row_that_cannot_be_read_keeps_its_place_among_the_lines(tmp_path: Path) -> None:
    content = [chat(("close", {"ticket": "4711"})), {"messages": "none"}, chat(("close", {"ticket": "4712"}))]
    lines = lines_of(tmp_path, content, writes=["close"])
    assert [line.format for line in lines] == ["chat", "", "chat"]
    assert [finding.reason for finding in lines[1].findings] == ["unreadable"]
