"""The trainers' formats: golden rows, their traps, and that a row read back is the conversation that was written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.test_export import IDS, make_run
from tests.support.samples import BAD_CALL, TALK, TOOLS, task, trajectory
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.errors import InputError
from writ_async.formats.export import FORMATS, Exported, format_named
from writ_async.formats.export.lines import (
    Line,
    agent_lines,
    alternating,
    chat_messages,
    one_call_a_turn,
    without_bad_calls,
    without_greeting,
    words_or_calls,
)
from writ_async.formats.foreign import Foreign, read_foreign
from writ_async.runs.view import RunView

REQUEST = "Storniere meine Bestellung 注文 #W1 🙂"
CALL = {"name": "find_order", "arguments": {"id": "#W1"}}
CANCEL = {"name": "cancel_order", "arguments": {"id": "#W1"}}
PAIR = AssistantMessage(None, (make_call("a", "find_order", {"id": "1"}), make_call("b", "find_order", {"id": "2"})))
TWO: tuple[Message, ...] = (
    UserMessage("hi"),
    PAIR,
    ToolMessage("a", "one"),
    ToolMessage("b", "Error: none", True),
    AssistantMessage("Here."),
)


@pytest.fixture
def run(tmp_path: Path) -> RunView:
    return make_run(tmp_path / "run", [trajectory(messages=TALK[:2] + BAD_CALL + TALK[2:], tokens=IDS)])


def rows_of(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text) if text.startswith("[") else list(map(json.loads, text.splitlines()))
    return rows


def written(run: RunView, name: str, **settings: Any) -> dict[str, Any]:
    out = run.path.parent / f"{name}.out"
    assert format_named(name).write(run, out, **settings) == Exported(1, 0, 0)
    (row,) = rows_of(out)
    return row


def test_trl_has_argument_objects_no_greeting_no_bad_call_and_tools_as_text(run: RunView) -> None:
    row = written(run, "trl")
    assert row["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": REQUEST},
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": CALL}]},
        {"role": "tool", "name": "find_order", "content": '{"status": "pending"}'},
        {"role": "assistant", "content": "One moment.", "tool_calls": [{"type": "function", "function": CANCEL}]},
        {"role": "tool", "name": "cancel_order", "content": "done"},
        {"role": "assistant", "content": "It is cancelled."},
    ]
    assert json.loads(row["tools"]) == list(TOOLS)


def test_llamafactory_alternates_and_has_its_entry(run: RunView) -> None:
    row = written(run, "llamafactory")
    assert row["conversations"] == [
        {"from": "human", "value": REQUEST},
        {"from": "function_call", "value": json.dumps(CALL)},
        {"from": "observation", "value": '{"status": "pending"}'},
        {"from": "function_call", "value": json.dumps(CANCEL)},
        {"from": "observation", "value": "done"},
        {"from": "gpt", "value": "It is cancelled."},
    ]
    assert (row["system"], json.loads(row["tools"])) == ("Be kind.", list(TOOLS))
    info = json.loads((run.path.parent / "dataset_info.json").read_text())
    assert info["llamafactory"]["file_name"] == "llamafactory.out"
    assert info["llamafactory"]["columns"] == {"messages": "conversations", "system": "system", "tools": "tools"}


def test_llamafactory_keeps_other_entries_and_refuses_a_broken_file(run: RunView) -> None:
    info = run.path.parent / "dataset_info.json"
    info.write_text('{"mine": {"file_name": "x"}}')
    written(run, "llamafactory")
    assert set(json.loads(info.read_text())) == {"mine", "llamafactory"}
    info.write_text("no json")
    with pytest.raises(InputError, match=r"dataset_info\.json"):
        format_named("llamafactory").write(run, run.path.parent / "out")


def test_apigen_is_one_array_also_when_it_is_empty(run: RunView, tmp_path: Path) -> None:
    row = written(run, "apigen-mt")
    assert [turn["from"] for turn in row["conversations"]][:2] == ["human", "function_call"]
    out = tmp_path / "none.json"
    assert format_named("apigen-mt").write(run, out, leave_out={"t#0"}) == Exported(0, 0, 0, 1)
    assert json.loads(out.read_text()) == []


def test_axolotl_has_train_flags_and_text_for_arguments_and_parameters(run: RunView) -> None:
    row = written(run, "axolotl")
    flags = [message.get("train") for message in row["messages"]]
    assert flags == [None, None, False, None, True, None, True, None, True]
    assert row["messages"][4]["tool_calls"][0]["function"]["arguments"] == '{"id":"#W1"}'
    assert all(isinstance(tool["function"]["parameters"], str) for tool in row["tools"])


def test_writ_2k_has_its_columns(run: RunView) -> None:
    row = written(run, "writ-2k")
    assert list(row) == ["domain", "trajectory_type", "has_user_script", "messages", "tools"]
    assert (row["domain"], row["trajectory_type"], row["has_user_script"]) == ("retail", "normal", False)
    assert [message["role"] for message in row["messages"]][:3] == ["system", "user", "assistant"]


def test_verl_holds_only_text_in_the_words_of_qwens_template(run: RunView) -> None:
    out = run.path.parent / "verl.parquet"
    assert format_named("verl").write(run, out) == Exported(1, 0, 0)
    table = pl.read_parquet(out)
    assert table.columns == ["id", "messages", "enable_thinking"]
    messages = table["messages"].to_list()[0]
    assert messages[0]["content"].startswith("Be kind.\n\n# Tools\n\n")
    assert messages[0]["content"].endswith("</tool_call>")
    assert messages[2] == {
        "role": "assistant",
        "content": '<tool_call>\n{"name": "find_order", "arguments": {"id": "#W1"}}\n</tool_call>',
    }
    assert [message["role"] for message in messages[1:]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]


def test_the_greeting_stays_or_goes_as_asked(run: RunView) -> None:
    assert written(run, "openai", greeting=False)["messages"][1]["role"] == "user"
    assert written(run, "trl", greeting=True)["messages"][1]["role"] == "assistant"
    assert written(run, "axolotl", greeting=True)["messages"][1]["train"] is False


def test_rows_that_were_left_out_are_counted(run: RunView, tmp_path: Path) -> None:
    for form in FORMATS.values():
        assert form.write(run, tmp_path / "out", leave_out={"t#0"}) == Exported(0, 0, 0, 1)
        assert form.write(run, tmp_path / "out", leave_out={"t#0"}, include_rejected=True).rows == 1


def test_parallel_calls_become_turns_of_their_own_and_a_bad_one_goes() -> None:
    lines = agent_lines(trajectory(messages=TWO))
    assert lines is not None
    assert [line.role for line in one_call_a_turn(lines)] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]
    assert not lines[1].train
    good = without_bad_calls(lines)
    assert [(line.role, line.train) for line in good] == [
        ("user", True), ("assistant", True), ("tool", True), ("assistant", True),
    ]  # fmt: skip
    assert [call.id for call in good[1].calls] == ["a"]


def test_what_cannot_alternate_is_no_row() -> None:
    assert alternating([Line("user", "a"), Line("user", "b"), Line("assistant", "c")]) == [
        Line("user", "a\n\nb"),
        Line("assistant", "c"),
    ]
    assert alternating([Line("assistant", "a")]) is None
    assert alternating([]) is None
    assert alternating([Line("user", "a")]) is None


@pytest.mark.parametrize("name", ["openai", "trl", "llamafactory", "axolotl", "apigen-mt", "writ-2k"])
def test_what_was_written_is_read_back(run: RunView, name: str) -> None:
    out = run.path.parent / "out"
    format_named(name).write(run, out)
    (row,) = read_foreign(out)
    assert isinstance(row, Foreign)
    said = [(type(message).__name__, message.content or None) for message in row.messages]
    assert said[-1] == ("AssistantMessage", "It is cancelled.")
    calls = [
        (call.function.name, json.loads(call.function.arguments))
        for message in row.messages
        if isinstance(message, AssistantMessage)
        for call in message.tool_calls
    ]
    assert calls[-2:] == [("find_order", {"id": "#W1"}), ("cancel_order", {"id": "#W1"})]
    assert [tool["function"]["name"] for tool in row.tools] == ["find_order", "cancel_order"]


spoken = st.sampled_from(["a", "b", ""])
call_names = st.sampled_from(["find_order", "cancel_order"])


@st.composite
def talks(draw: st.DrawFn) -> list[Message]:
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            messages.append(UserMessage(draw(spoken)))
        calls = tuple(
            make_call(f"{number}_{place}", draw(call_names), {"id": place}) for place in range(draw(st.integers(0, 3)))
        )
        messages.append(AssistantMessage(draw(spoken), calls))
        messages += [ToolMessage(call.id, "r", draw(st.booleans())) for call in calls]
    return messages


@given(talks())
def test_every_change_of_lines_keeps_calls_and_results_paired(messages: list[Message]) -> None:
    lines = agent_lines(trajectory(messages=tuple(messages)))
    if lines is None:
        return
    for changed in (
        lines,
        one_call_a_turn(lines),
        without_bad_calls(lines),
        without_greeting(lines),
        one_call_a_turn(without_bad_calls(without_greeting(lines))),
        words_or_calls(one_call_a_turn(lines)),
    ):
        check_pairs(changed)
    plain = one_call_a_turn(without_bad_calls(lines))
    assert all(len(line.calls) <= 1 for line in plain)
    assert not any(call.bad for line in plain for call in line.calls)
    turns = alternating(words_or_calls(one_call_a_turn(without_bad_calls(without_greeting(lines)))))
    if turns is not None:
        assert len(turns) % 2 == 0
        assert [line.role == "assistant" for line in turns] == [bool(place % 2) for place in range(len(turns))]


def check_pairs(lines: Sequence[Line]) -> None:
    waiting: list[str] = []
    for line in lines:
        if line.role == "tool":
            assert waiting.pop(0) == line.call_id
            continue
        assert not waiting
        waiting = [call.id for call in line.calls]
    assert not waiting
    shown = chat_messages(lines, "S", "text")
    assert all("tool_calls" not in message or message["tool_calls"] for message in shown)


def test_the_card_tells_how_the_rows_came_to_be(run: RunView, tmp_path: Path) -> None:
    from writ_async.commands.export import export_rows

    report = export_rows(run.path, "openai", tmp_path / "set" / "train.jsonl", card=True)
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert report.card == str(tmp_path / "set" / "README.md")
    head = card.split("---\n")[1]
    assert 'path: "train.jsonl"' in head
    assert "size_categories:\n- n<1K" in head
    assert "| seed of run | 7 |" in card
    assert "| all | 1 | 1 |" in card
    assert "No report was made" in card
    export_rows(run.path, "openai", tmp_path / "set" / "train.jsonl", card=True)
    assert (tmp_path / "set" / "README.md").read_text(encoding="utf-8") == card
    with pytest.raises(InputError, match="--cap must be at least 1"):
        export_rows(run.path, "openai", tmp_path / "x", cap=0)
    with pytest.raises(InputError, match="--card"):
        export_rows(run.path, "openai", tmp_path / "x", contamination=tmp_path / "c.json")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("scripted", "The agent of these rows is a script .* plumbing .* For style, take rows that a model has played"),
        ("sglang", "The agent of these rows is a model, .* style .* scripted agent are for plumbing"),
    ],
)
def test_the_card_says_what_rows_of_a_script_and_of_a_model_are_for(
    run: RunView, tmp_path: Path, agent: str, said: str
) -> None:
    from writ_async.commands.export import export_rows

    manifest = json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))
    manifest["config"]["seats"] = {"agent": {"name": agent, "options": {}}}
    (run.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    export_rows(run.path, "openai", tmp_path / "set" / "train.jsonl", card=True)
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert re.search(said, " ".join(card.split()))


def test_only_as_many_rows_of_a_task_are_exported_as_the_cap_allows(tmp_path: Path) -> None:
    from writ_async.commands.export import export_rows

    rows = [
        trajectory("t", trial, messages=(UserMessage(" ".join(f"{trial}w{n}" for n in range(60))), *TALK))
        for trial in range(5)
    ]
    run = make_run(tmp_path / "run", rows, [msgspec.structs.replace(task("t"), kind="read-heavy")])
    assert export_rows(run.path, "openai", tmp_path / "a").exported == Exported(4, 0, 0, 1)
    assert export_rows(run.path, "openai", tmp_path / "a", cap=2).exported == Exported(2, 0, 0, 3)
    assert export_rows(run.path, "openai", tmp_path / "a", include_rejected=True).exported == Exported(5, 0, 0)
