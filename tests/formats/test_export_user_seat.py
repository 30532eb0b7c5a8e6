"""Rows turned round: what a user was told and heard goes in, what it said is learnt, where it did nothing wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import msgspec
import polars as pl
import pytest

from writ_async.cli import main
from writ_async.commands.export import export_rows
from writ_async.commands.synth import SynthConfig, synth
from writ_async.conversation.prompts import user_system_prompt
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.core.trajectory import Trajectory
from writ_async.formats.export import FORMATS
from writ_async.formats.export.user_seat import turn_round
from writ_async.runs.manifest import Prompt
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.verify.user_slips import UserReason


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    """A run in which agents err and users slip."""
    path = tmp_path_factory.mktemp("runs") / "run"
    options = {"mistakes": "0.4", "user_mistakes": "0.3"}
    config = SynthConfig(domains=("retail",), n=60, world_size=60, seats=Seats(EngineSpec("scripted", options)))
    anyio.run(lambda: synth(config, path))
    return RunView.open(path)


def fit_users(run: RunView) -> list[Trajectory]:
    """The rows whose user came to the end without a slip, whatever the agent did."""
    bad = {*map(str, UserReason), "incomplete"}
    return [
        row
        for row in run.ordered()
        if row.verdict is not None and not bad & {finding.reason for finding in row.verdict.findings}
    ]


def exported(run: RunView, form: str, out: Path) -> list[dict[str, Any]]:
    export_rows(run.path, form, out, seat="user")
    if out.suffix == ".parquet":
        return pl.read_parquet(out).to_dicts()
    text = out.read_text()
    found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    assert isinstance(found, list)
    return found


def test_rows_are_those_whose_user_did_nothing_wrong_whatever_the_agent_did(run: RunView, tmp_path: Path) -> None:
    rows = exported(run, "openai", tmp_path / "user.jsonl")
    fit = fit_users(run)
    told = [row["messages"][0]["content"] for row in rows]
    tasks = {task.id: task for task in run.tasks()}
    wanted = [user_system_prompt(tasks[row.task_id].scenario, tasks[row.task_id].behaviour).content for row in fit]
    assert set(told) <= set(wanted)
    assert len(rows) >= len(fit) - 3, "but for near-duplicates"
    assert any(row.verdict is not None and not row.verdict.kept for row in fit), "some of an agent that erred"
    assert len(fit) < len(list(run.ordered())), "and some users slipped"


def test_what_the_user_said_is_learnt_with_the_token_that_ends_and_no_call_of_the_agent_is_seen(
    run: RunView, tmp_path: Path
) -> None:
    rows = exported(run, "openai", tmp_path / "user.jsonl")
    by_said = {
        tuple(message.content for message in row.messages if isinstance(message, UserMessage)): row
        for row in fit_users(run)
    }
    for row in rows:
        messages = row["messages"]
        assert [message["role"] for message in messages[:3]] == ["system", "user", "assistant"]
        assert "tool_calls" not in json.dumps(messages)
        assert row["tools"] == []
        said = tuple(message["content"] for message in messages if message["role"] == "assistant")
        source = by_said[said]
        assert "###" in said[-1]
        heard = [message["content"] for message in messages if message["role"] == "user"]
        assert heard == [
            message.content
            for message in source.messages
            if isinstance(message, AssistantMessage) and message.content and not message.tool_calls
        ]
        assert not any(message.get("weight") == 0 for message in messages)


@pytest.mark.parametrize("form", [name for name in FORMATS if name not in ("openai", "tokens")])
def test_every_format_of_text_has_rows_of_the_user(form: str, run: RunView, tmp_path: Path) -> None:
    rows = exported(run, form, tmp_path / f"user{FORMATS[form].suffix}")
    assert rows
    text = json.dumps(rows[0], ensure_ascii=False)
    if form != "parquet":  # which has no system prompts
        assert "You play a customer" in text
    assert "You are a customer service agent" not in text
    assert "###STOP###" in text


def test_a_user_who_had_the_first_word_is_left_out(run: RunView) -> None:
    row = next(run.ordered())
    task = next(task for task in run.tasks() if task.id == row.task_id)
    prompt = Prompt(policy="p", tools=({"a": 1},))
    assert turn_round(row, prompt, task, "") is not None
    later = msgspec.structs.replace(row, messages=row.messages[1:])
    assert turn_round(later, prompt, task, "") is None


def test_the_command_turns_rows_round_and_says_what_it_left_out(
    run: RunView, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "user.jsonl"
    assert main(["export", str(run.path), "--format", "trl", "--seat", "user", "--out", str(out)]) == 0
    rows = len(out.read_text().splitlines())
    assert capsys.readouterr().out.startswith(f"{rows:,} rows in {out}")
