"""Files that others made: each format is found and read, and what cannot be read is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.message import AssistantMessage, ToolMessage, UserMessage
from writ_async.core.trajectory import Signal, Termination
from writ_async.errors import InputError
from writ_async.formats.foreign import BadRow, Foreign, UnreadableRowError, read_foreign
from writ_async.formats.foreign.rows import read_row
from writ_async.formats.foreign.tools import domain_for, guess_domain
from writ_async.formats.foreign.verdicts import check_row
from writ_async.registry import load_domain

CALL = {"id": "c", "type": "function", "function": {"name": "find", "arguments": '{"id": 1}'}}
CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "Error: none"},
        {"role": "assistant", "content": "Sorry."},
    ],
    "tools": [{"type": "function", "function": {"name": "find"}}],
}
SHAREGPT = {
    "conversations": [
        {"from": "human", "value": "hi"},
        {"from": "function_call", "value": '{"name": "find", "arguments": {"id": 1}}'},
        {"from": "observation", "value": "found"},
        {"from": "gpt", "value": "Here."},
    ],
    "system": "S",
    "tools": '[{"name": "find", "description": "", "parameters": {}}]',
}
TAU2 = {
    "timestamp": "now",
    "info": {"environment_info": {"domain_name": "retail", "policy": "P"}},
    "tasks": [],
    "simulations": [
        {
            "id": "x",
            "task_id": "7",
            "trial": 1,
            "termination_reason": "user_stop",
            "reward_info": {"reward": 1.0},
            "messages": [
                {"role": "assistant", "content": "Hi!", "tool_calls": None, "turn_idx": 0},
                {"role": "user", "content": "hello", "tool_calls": None},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c", "name": "find", "arguments": {"id": 1}, "requestor": "assistant"}],
                },
                {"role": "tool", "id": "c", "content": "found", "requestor": "assistant", "error": False},
                {"role": "assistant", "content": "Here."},
                {"role": "user", "content": "###STOP###"},
            ],
        },
        {"task_id": "8", "messages": None},
    ],
}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def only(path: Path) -> Foreign:
    (row,) = read_foreign(path)
    assert isinstance(row, Foreign), row
    return row


def test_chat_messages_in_json_lines(tmp_path: Path) -> None:
    row = only(write(tmp_path / "f", CHAT))
    assert (row.format, row.id, row.repaired) == ("chat", "line 1", 0)
    assert [type(message) for message in row.messages] == [UserMessage, AssistantMessage, ToolMessage, AssistantMessage]
    result = row.messages[2]
    assert isinstance(result, ToolMessage)
    assert result.error
    assert row.termination is Termination.AGENT_STOP


def test_an_array_an_object_over_many_lines_gzip_and_parquet(tmp_path: Path) -> None:
    array = tmp_path / "a.json"
    array.write_text(json.dumps([CHAT, SHAREGPT], indent=1))
    assert [row.format for row in read_foreign(array) if isinstance(row, Foreign)] == ["chat", "sharegpt"]
    single = tmp_path / "o.json"
    single.write_text(json.dumps(CHAT, indent=2))
    assert only(single).messages == only(write(tmp_path / "l", CHAT)).messages
    zipped = tmp_path / "z.gz"
    zipped.write_bytes(gzip.compress(json.dumps(CHAT).encode()))
    assert only(zipped).format == "chat"
    table = tmp_path / "p.parquet"
    pl.DataFrame([{**CHAT, "domain": "retail", "trajectory_type": "normal"}]).write_parquet(table)
    row = only(table)
    assert (row.format, row.domain, row.kind) == ("writ-2k", "retail", "normal")
    assert [type(message) for message in row.messages] == [UserMessage, AssistantMessage, ToolMessage, AssistantMessage]


def test_sharegpt_calls_get_ids_by_their_order(tmp_path: Path) -> None:
    row = only(write(tmp_path / "f", SHAREGPT))
    call, result = row.messages[1:3]
    assert isinstance(call, AssistantMessage)
    assert isinstance(result, ToolMessage)
    assert call.tool_calls[0].id == result.tool_call_id
    assert call.tool_calls[0].function.arguments == '{"id":1}'
    assert row.tools == ({"type": "function", "function": {"name": "find", "description": "", "parameters": {}}},)


@pytest.mark.parametrize("indent", [None, 2])
def test_results_of_tau2(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(TAU2, indent=indent))
    row, bad = read_foreign(path)
    assert isinstance(row, Foreign)
    assert (row.format, row.id, row.task_id, row.domain, row.reward) == ("tau2", "7#1", "7", "retail", 1.0)
    assert (row.termination, row.signal, row.repaired) == (Termination.USER_STOP, Signal.STOP, 0)
    assert bad == BadRow("simulation 1", "the simulation has no list of `messages`")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([1], "expected a JSON object"),
        ({"text": "hi"}, "neither `messages` nor `conversations`"),
        ({"messages": "no json"}, "`messages` is text, but no JSON"),
        ({"messages": [1]}, "message 0 is no object"),
        ({"messages": []}, "empty"),
        ({"messages": [{"role": "wizard", "content": ""}]}, "the role 'wizard'"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "the result of no call"),
        ({"messages": [{"role": "user", "content": 5}]}, "no text"),
        ({"conversations": [{"from": "alien", "value": ""}]}, "nobody known"),
        ({"conversations": [{"from": "gpt"}]}, "no object with `from` and `value`"),
        ({"messages": [{"role": "assistant", "content": "", "tool_calls": [7]}]}, "call 0 is no object"),
    ],
)
def test_a_row_that_is_no_conversation_is_named(tmp_path: Path, row: Any, reason: str) -> None:
    found = list(read_foreign(write(tmp_path / "f", CHAT, row, CHAT)))
    assert [type(item) for item in found] == [Foreign, BadRow, Foreign]
    bad = found[1]
    assert isinstance(bad, BadRow)
    assert (bad.place, reason in bad.reason) == ("line 2", True)


@pytest.mark.parametrize("content", ["", "  \n", "hello", "[1, 2", '{"simulations": [1]}', "PAR1 no"])
def test_a_file_that_is_nothing_known_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "f"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        list(read_foreign(path))
    assert str(path) in str(caught.value)


def test_calls_whose_ids_are_gone_or_doubly_encoded_are_mended(tmp_path: Path) -> None:
    chat = json.loads(json.dumps(CHAT))
    call = chat["messages"][2]["tool_calls"][0]
    del call["id"]
    call["function"]["arguments"] = json.dumps('{"id": 1}')
    row = only(write(tmp_path / "f", chat))
    made = row.messages[1]
    assert isinstance(made, AssistantMessage)
    assert made.tool_calls[0].function.arguments == '{"id": 1}'
    assert row.repaired == 2


roles = st.sampled_from(["assistant", "user", "tool"])
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | roles
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "tool_calls", "function", "name", "arguments", "id", "from", "value"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["messages", "conversations", "tools", "domain", "id"]), anything, max_size=4))
def test_whatever_a_row_holds_it_is_read_or_named(row: dict[str, Any]) -> None:
    try:
        found = read_row(row, "row")
    except UnreadableRowError:
        return
    domain, _ = domain_for(found, None, ())
    checked = check_row(found, domain, "names")
    assert checked.messages == len(found.messages)


GOLD = [{"name": "update_reservation_baggages", "kwargs": {"reservation_id": "K4T9QZ", "total_baggages": 2}}]


@pytest.mark.parametrize(
    ("called", "task", "domain"),
    [
        (("think", "get_reservation_details", "calculate", "get_user_details"), None, "airline"),
        ((), {"actions": GOLD, "instruction": "You want a bag more."}, "airline"),
        ((), {"evaluation_criteria": {"actions": GOLD}}, "airline"),
        (("think",), {"actions": [], "instruction": "You want to know the time."}, None),
        (("open_valve", "close_valve", "get_user_details"), {"actions": GOLD}, None),
        ((), {"actions": [{"name": ["odd"]}, "odd"]}, None),
        ((), {"actions": 7, "evaluation_criteria": 7}, None),
    ],
    ids=[
        *("with a thought", "nothing called", "nothing called, newer", "nothing to go by", "tools of others"),
        *("odd actions", "odd task"),
    ],
)
def test_a_rows_domain_is_that_of_what_it_calls_or_of_what_its_task_would_have_called(
    called: tuple[str, ...], task: dict[str, Any] | None, domain: str | None
) -> None:
    calls = [{"id": f"c{n}", "function": {"name": name, "arguments": "{}"}} for n, name in enumerate(called)]
    messages: list[dict[str, Any]] = [{"role": "user", "content": "A bag more, please."}]
    messages += [{"role": "assistant", "content": None, "tool_calls": calls}] if calls else []
    row = msgspec.structs.replace(read_row({"messages": messages}, "row"), task=task)
    found = guess_domain(row, [load_domain(name) for name in ("airline", "retail", "telecom")])
    assert (found and found.name) == domain
