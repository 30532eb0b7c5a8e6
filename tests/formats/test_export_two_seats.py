"""Rows of users who have tools: each seat's export has its own calls, results and schemas, and none of the other's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import polars as pl
import pytest
from writ_domains.tau2 import load
from writ_engines.scripted.user_mistakes import STEP_MISTAKES

from tests.support.foreign_shapes import tau2_messages
from tests.support.router import DOMAIN, NAME
from tests.support.router.plays import registered, router_rows, router_tasks
from tests.support.samples import trajectory
from writ_async.commands.check import check_rows
from writ_async.commands.export import export_rows
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import AssistantMessage, ToolMessage, UserMessage, make_call
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat, Trajectory
from writ_async.formats.export import FORMATS
from writ_async.formats.export.lines import agent_lines
from writ_async.runs.view import RunView

TABLES = {"parquet", "verl"}
SEATS: tuple[Seat, Seat] = ("agent", "user")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunView]:
    """A run of 24 conversations in which users look and act."""
    path = tmp_path_factory.mktemp("runs") / "run"
    with registered():
        anyio.run(lambda: synth(SynthConfig(domains=(NAME,), n=24, world_size=120), path))
        yield RunView.open(path)


def _text(path: Path) -> str:
    if path.suffix == ".parquet":
        return json.dumps(pl.read_parquet(path).to_dicts(), ensure_ascii=False, default=str)
    return path.read_text("utf-8")


def _suffix(name: str) -> str:
    return ".parquet" if name in TABLES else ".json" if name == "apigen-mt" else ".jsonl"


WORDS = [name for name in FORMATS if name not in ("tokens", "tau2-results", "tau2-submission")]


@pytest.mark.parametrize("name", WORDS)
def test_each_seats_rows_have_its_own_tools_and_none_of_the_other_seats_traffic(
    name: str, run: RunView, tmp_path: Path
) -> None:
    texts: dict[Seat, str] = {}
    for seat in SEATS:
        out = tmp_path / f"{seat}{_suffix(name)}"
        assert export_rows(run.path, name, out, seat=seat).exported.rows > 0
        texts[seat] = _text(out)
    own = {"agent": set(DOMAIN.tools), "user": set(DOMAIN.user_tools)}
    results = {"agent": '"blocked', "user": "Light: "}
    for seat, other in (SEATS, SEATS[::-1]):
        held = texts[seat].replace("\\", "")
        used = {call for call in own[seat] if f'"{call}"' in held or f"'{call}'" in held or call in held}
        assert used, (name, seat)
        # A policy may name a tool in words; its name as a call or a schema is what must not stand there.
        assert not {call for call in own[other] if call in held}, (name, seat)
        assert results[seat] in held or results[seat].strip('"') in held
        assert results[other] not in held


def test_the_users_rows_hold_every_call_with_its_result_in_order(run: RunView, tmp_path: Path) -> None:
    out = tmp_path / "user.jsonl"
    export_rows(run.path, "openai", out, seat="user")
    wanted = {_own_calls(row) for row in run.ordered()}
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    for row in rows:
        assert [tool["function"]["name"] for tool in row["tools"]] == list(DOMAIN.user_tools)
        assert "You have tools of your own" in row["messages"][0]["content"]
        calls = tuple(
            (call["function"]["name"], call["function"]["arguments"])
            for message in row["messages"]
            for call in message.get("tool_calls", ())
        )
        assert calls in wanted
        asked = [call["id"] for message in row["messages"] for call in message.get("tool_calls", ())]
        assert [message["tool_call_id"] for message in row["messages"] if message["role"] == "tool"] == asked


def _own_calls(row: Trajectory) -> tuple[tuple[str, str], ...]:
    return tuple(
        (call.function.name, call.function.arguments)
        for message in row.messages
        if isinstance(message, UserMessage)
        for call in message.tool_calls
    )


def test_words_beside_a_users_call_are_in_the_users_rows_and_not_in_the_agents() -> None:
    beside = UserMessage("I have a look.", (make_call("u", "check_light", {"box": "box7000"}),))
    row = trajectory(
        messages=(
            UserMessage("Hi."), AssistantMessage("Please look."), beside,
            ToolMessage("u", "Light: red", requestor="user"), UserMessage("It is red."), AssistantMessage("Thanks."),
        )
    )  # fmt: skip
    lines = agent_lines(row)
    assert lines is not None
    assert [line.content for line in lines] == ["Hi.", "Please look.", "It is red.", "Thanks."]


def test_what_was_exported_of_the_agents_seat_has_nothing_against_it_when_it_is_checked(
    run: RunView, tmp_path: Path
) -> None:
    out = tmp_path / "agent.jsonl"
    export_rows(run.path, "openai", out)
    report = check_rows(out, domain=NAME)
    assert report.rows > 0
    assert report.findings.keys() <= {"incomplete"}, report.findings


def test_a_run_is_judged_again_as_it_was(run: RunView) -> None:
    report = check_rows(run.path)
    rows = list(run.ordered())
    assert report.clean == sum(row.verdict is not None and row.verdict.kept for row in rows) == len(rows)
    assert report.evidence == {"evidence_complete": len(rows)}
    assert report.disagreeing == 0


def _results(path: Path, rows: list[Trajectory], tasks: dict[str, Task]) -> Path:
    """The rows as a benchmark's results file, each call with who made it."""
    content = {
        "info": {"environment_info": {"domain_name": NAME}, "agent_info": {"llm": "model"}},
        "tasks": [
            {
                "id": task.id,
                "user_scenario": {
                    "instructions": {
                        "domain": NAME,
                        "reason_for_call": task.scenario.reason_for_call,
                        "known_info": task.scenario.known_info,
                        "task_instructions": "Do as you are told.",
                    }
                },
                "evaluation_criteria": {
                    "actions": [
                        {
                            "action_id": f"{number}",
                            "name": action.name,
                            "arguments": action.arguments,
                            "requestor": action.requestor,
                        }
                        for number, action in enumerate(task.actions or ())
                    ]
                },
            }
            for task in tasks.values()
        ],
        "simulations": [
            {
                "id": row.id,
                "task_id": row.task_id,
                "trial": row.trial,
                "termination_reason": row.termination.value,
                "reward_info": {"reward": 1.0},
                "messages": tau2_messages(list(row.messages)),
            }
            for row in rows
        ],
    }
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize("kind", ["", *STEP_MISTAKES])
def test_results_with_calls_of_users_are_checked_and_the_users_slips_are_remarks(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "SUBSETS", (*load.SUBSETS, NAME))
    tasks = router_tasks(30, "off")
    rows = router_rows(tasks, user_mistakes=f"{kind}=1" if kind else "")
    path = _results(tmp_path / "results.json", rows, {task.id: task for task in tasks})
    with registered():
        report = check_rows(path, out=tmp_path / "verdicts.jsonl", domain=NAME)
    lines = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text("utf-8").splitlines()]
    noted = [bool(row.notes) for row in rows]
    named = [
        any(
            finding["reason"] == f"user_{kind}" and finding["severity"] == "remark"
            for finding in line.get("findings", ())
        )
        for line in lines
    ]
    assert named == noted if kind else not any(report.slip_kinds.values())
    assert report.kinds == {"domain": 30}
    assert report.bad == []
