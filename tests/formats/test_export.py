from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples import BAD_CALL, PROMPTS, TALK, TOOLS, manifest, task, trajectory
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.task import Task, WorldRef
from writ_async.core.trajectory import TokenSequence, Trajectory
from writ_async.errors import InputError, StorageError
from writ_async.formats.export import (
    FORMATS,
    Exported,
    export_openai,
    export_parquet,
    format_named,
    openai_row,
)
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import Prompt
from writ_async.runs.view import RunView

GOLDEN: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "assistant", "content": "Hello, what can I do for you?", "weight": 0},
    {"role": "user", "content": "Storniere meine Bestellung 注文 #W1 🙂"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "find_order", "arguments": '{"id":"#W1"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": '{"status": "pending"}'},
    {
        "role": "assistant",
        "content": "One moment.",
        "tool_calls": [
            {"id": "c2", "type": "function", "function": {"name": "cancel_order", "arguments": '{"id":"#W1"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "c2", "content": "done"},
    {"role": "assistant", "content": "It is cancelled."},
]


IDS = {"agent": TokenSequence(ids=(1, 2, 3), generated=((1, 3),))}
"""For the format that takes token ids alone."""


def make_run(path: Path, rows: list[Trajectory], tasks: list[Task] | None = None) -> RunView:
    with RunFolder.create(path, manifest()) as run:
        run.write_tasks(tasks or [task("t")], PROMPTS)
        for row in rows:
            run.append(row)
    return RunView.open(path)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def messages_of(*messages: Message) -> list[dict[str, Any]]:
    row = openai_row(trajectory(messages=messages), "S", TOOLS)
    assert row is not None
    found: list[dict[str, Any]] = row["messages"][1:]
    return found


def test_a_kept_row_looks_like_this(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [trajectory()])
    assert export_openai(run, tmp_path / "out.jsonl") == Exported(1, 0, 0)
    assert lines(tmp_path / "out.jsonl") == [{"messages": GOLDEN, "tools": list(TOOLS), "parallel_tool_calls": False}]
    assert "注文 #W1 🙂" in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_a_malformed_call_is_wrapped_and_nobody_learns_from_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [trajectory(messages=TALK[:2] + BAD_CALL + TALK[2:])])
    export_openai(run, tmp_path / "out.jsonl")
    messages = lines(tmp_path / "out.jsonl")[0]["messages"]
    bad = messages[3]
    assert bad["weight"] == 0
    assert json.loads(bad["tool_calls"][0]["function"]["arguments"]) == {"malformed_arguments": '{"id": "#W'}
    assert messages[4] == {"role": "tool", "tool_call_id": "c0", "content": BAD_CALL[1].content}
    assert messages[:3] + messages[5:] == GOLDEN


def test_a_refused_call_has_no_weight_and_good_ones_have_theirs() -> None:
    calls = (make_call("a", "find_order", {}), make_call("b", "find_order", {}))
    found = messages_of(
        UserMessage("hi"),
        AssistantMessage(None, calls),
        ToolMessage("a", "fine"),
        ToolMessage("b", "Error: none", True),
        AssistantMessage(None, calls),
        ToolMessage("a", "fine"),
        ToolMessage("b", "fine"),
        AssistantMessage("Here."),
    )
    assert [message.get("weight") for message in found if message["role"] == "assistant"] == [0, None, None]


def test_parallel_calls_are_said_of_rows_that_have_them() -> None:
    calls = (make_call("a", "find_order", {}), make_call("b", "find_order", {}))
    answers = (ToolMessage("a", "1"), ToolMessage("b", "2"))
    row = openai_row(
        trajectory(messages=(UserMessage("hi"), AssistantMessage(None, calls), *answers, AssistantMessage("ok"))),
        "S",
        (),
    )
    assert row is not None
    assert row["parallel_tool_calls"] is True


def test_it_ends_on_the_agents_last_words_without_closing_tokens() -> None:
    call = AssistantMessage("Handing over.", (make_call("a", "find_order", {}),))
    ends: list[tuple[Message, ...]] = [
        (),
        (UserMessage("###STOP###"),),
        (UserMessage("bye"),),
        (call, ToolMessage("a", "ok"), UserMessage("###TRANSFER###")),
        (call,),
        (AssistantMessage("###STOP###"),),
    ]
    for end in ends:
        assert messages_of(UserMessage("hi ###OUT-OF-SCOPE###"), AssistantMessage("Hello. ###STOP###"), *end) == [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "Hello."},
        ]


def test_the_users_own_tools_are_not_seen_by_the_agent() -> None:
    call = make_call("u", "toggle", {})
    found = messages_of(
        UserMessage("Wait, I try."),
        UserMessage(None, (call,)),
        ToolMessage("u", "on", requestor="user"),
        UserMessage("It works."),
        AssistantMessage("Good."),
    )
    assert [message["content"] for message in found] == ["Wait, I try.", "It works.", "Good."]


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (UserMessage("hi"),),
        (AssistantMessage(None, (make_call("a", "find_order", {}),)), ToolMessage("a", "ok")),
        (AssistantMessage(None, (make_call("a", "find_order", {}),)), UserMessage("?"), AssistantMessage("ok")),
        (AssistantMessage(None, (make_call("a", "x", {}),)), ToolMessage("b", "ok"), AssistantMessage("ok")),
        (ToolMessage("a", "ok"), AssistantMessage("ok")),
    ],
    ids=["nothing", "no agent", "no words", "no answer", "another's answer", "no call"],
)
def test_what_cannot_be_trained_on_is_left_out_and_counted(tmp_path: Path, messages: tuple[Message, ...]) -> None:
    run = make_run(tmp_path / "run", [trajectory("t", 0, messages=messages), trajectory("t", 1)])
    assert export_openai(run, tmp_path / "out.jsonl") == Exported(1, 0, 1)


def test_rejected_rows_come_only_when_asked_for(tmp_path: Path) -> None:
    judged = [trajectory("t", 0), trajectory("t", 1, reasons=("early-write",)), trajectory("t", 2, judged=False)]
    rows = [msgspec.structs.replace(row, tokens=IDS) for row in judged]
    run = make_run(tmp_path / "run", rows)
    for form in FORMATS.values():
        assert form.write(run, tmp_path / "out") == Exported(1, 2, 0)
        assert form.write(run, tmp_path / "out", include_rejected=True) == Exported(3, 0, 0)


def test_the_same_rows_give_the_same_file_whatever_ended_first(tmp_path: Path) -> None:
    rows = [trajectory("t", trial, seed=trial) for trial in range(12)]
    for name, order in [("one", rows), ("two", rows[::-1])]:
        run = make_run(tmp_path / name, order)
        export_openai(run, tmp_path / f"{name}.jsonl")
        export_parquet(run, tmp_path / f"{name}.parquet")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert pl.read_parquet(tmp_path / "one.parquet").equals(pl.read_parquet(tmp_path / "two.parquet"))


def test_the_system_text_is_what_the_agent_was_given_or_what_a_function_says(tmp_path: Path) -> None:
    ours, other = WorldRef(domain="retail"), WorldRef(domain="retail", source="tau2")
    prompts = {
        "retail": Prompt(policy="P", tools=(), system="Instructions. P"),
        "tau2:retail": Prompt(policy="Q", tools=TOOLS),
    }
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks(
            [msgspec.structs.replace(task(name), world=world) for name, world in [("a", ours), ("b", other)]], prompts
        )
        run.append(trajectory("a"))
        run.append(trajectory("b"))
        run.append(trajectory("task that is not there"))
    view = RunView.open(tmp_path / "run")
    export_openai(view, tmp_path / "out")
    assert [row["messages"][0]["content"] for row in lines(tmp_path / "out")] == [
        "Instructions. P",
        "Q",
        "Instructions. P",
    ]
    assert [len(row["tools"]) for row in lines(tmp_path / "out")] == [0, 2, 0]
    export_openai(view, tmp_path / "out", system=lambda row, prompt: f"{row.id}: {prompt.policy}")
    assert [row["messages"][0]["content"] for row in lines(tmp_path / "out")][:2] == ["a#0: P", "b#0: Q"]


def test_a_domain_without_a_prompt_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "run",
        [
            trajectory("t", 0),
            trajectory("t", 1, domain="telecom"),
        ],
    )
    unknown = make_run(tmp_path / "other", [trajectory("u"), trajectory("v", domain="telecom")])
    assert export_openai(run, tmp_path / "fine").rows == 2, "a task's world says which prompt"
    for form in FORMATS.values():
        with pytest.raises(InputError, match="no prompt for domain 'telecom'; it has: retail"):
            form.write(unknown, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other", "fine"}


def test_the_table_has_the_counts_and_the_texts(tmp_path: Path) -> None:
    messages = TALK[:2] + BAD_CALL + TALK[2:]
    rows = [trajectory("t", 0, messages=messages), trajectory("t", 1, reasons=("early-write", "surplus-write"))]
    rows.append(trajectory("t", 2, judged=False))
    run = make_run(tmp_path / "run", rows)
    export_parquet(run, tmp_path / "out.parquet", include_rejected=True)
    table = pl.read_parquet(tmp_path / "out.parquet")
    assert table["id"].to_list() == ["t#0", "t#1", "t#2"]
    assert table["reward"].to_list() == [1.0, 0.0, None]
    assert table["kept"].to_list() == [True, False, None]
    assert table["findings"].to_list() == [[], ["early-write", "surplus-write"], []]
    first = table.row(0, named=True)
    assert (first["n_tool_calls"], first["n_tool_errors"], first["n_writes"]) == (3, 1, 1)
    assert (first["gold_writes"], first["evidence_burden"]) == (1, 1)
    assert (first["agent_prompt_tokens"], first["user_completion_tokens"]) == (300, 20)
    assert msgspec.json.decode(first["messages"], type=tuple[Message, ...]) == messages
    assert json.loads(first["tools"]) == list(TOOLS)


def test_an_empty_run_gives_an_empty_table_with_the_same_columns(tmp_path: Path) -> None:
    empty = make_run(tmp_path / "empty", [])
    full = make_run(tmp_path / "full", [trajectory()])
    for run in (empty, full):
        export_parquet(run, tmp_path / f"{run.path.name}.parquet")
    assert pl.read_parquet_schema(tmp_path / "empty.parquet") == pl.read_parquet_schema(tmp_path / "full.parquet")


def test_every_format_has_a_line_of_help_and_an_unknown_one_names_them() -> None:
    assert all(form.help and "\n" not in form.help for form in FORMATS.values())
    assert format_named("openai").write is export_openai
    with pytest.raises(
        InputError,
        match=r"unknown format 'csv'; known: openai, trl, .*, parquet",
    ):
        format_named("csv")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_export_that_cannot_be_written_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    make_run(
        tmp_path / "run",
        [
            trajectory(
                "t",
                trial,
                messages=(UserMessage(os.urandom(9000).hex()), *TALK),
                tokens={"agent": TokenSequence(ids=tuple(os.urandom(9000)))},
            )
            for trial in range(20)
        ],
    )
    out = tmp_path / "out"
    out.write_text("old")
    code = (
        "import resource, sys\n"
        "from writ_async.formats.export import format_named\n"
        "from writ_async.runs.view import RunView\n"
        "from writ_async.errors import StorageError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n"
        "    format_named(sys.argv[3]).write(RunView.open(sys.argv[1]), sys.argv[2])\n"
        "except StorageError as exc:\n"
        "    print(exc)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "run", out, name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert str(out) in done.stdout
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()} == {"out": "old"}
    with pytest.raises(InputError, match="is a folder"):
        format_named(name).write(RunView.open(tmp_path / "run"), tmp_path)
    with pytest.raises(StorageError):
        format_named(name).write(RunView.open(tmp_path / "run"), out / "below" / "a" / "file")


contents = st.none() | st.text(max_size=8) | st.sampled_from(["###STOP###", "a ###STOP###"])
ids = st.sampled_from(["a", "b"])
calls = st.lists(
    st.builds(lambda i, t: ToolCall(i, FunctionCall("find_order", t)), ids, st.text(max_size=5) | st.just('{"a":1}')),
    max_size=2,
).map(tuple)
any_message = st.one_of(
    st.builds(UserMessage, contents, calls),
    st.builds(AssistantMessage, contents, calls),
    st.builds(ToolMessage, ids, st.text(max_size=5), st.booleans(), st.sampled_from(["assistant", "user"])),
)


@given(st.lists(any_message, max_size=8))
def test_whatever_a_model_wrote_every_row_is_well_formed(messages: list[Message]) -> None:
    row = openai_row(trajectory(messages=tuple(messages)), "S", TOOLS)
    if row is None:
        return
    shown = json.loads(msgspec.json.encode(row))["messages"]
    assert shown[-1]["role"] == "assistant"
    assert shown[-1]["content"]
    waiting: list[str] = []
    for message in shown:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert not waiting
        assert message.get("content") or message.get("tool_calls")
        for call in message.get("tool_calls", ()):
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            waiting.append(call["id"])
    assert not waiting
