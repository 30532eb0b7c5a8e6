"""What each format of others says beside its messages: places, ends, rewards, tasks; how results find their calls."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.shared_data import SHARED, needs_shared
from writ_async.core.message import AssistantMessage, ToolMessage, UserMessage
from writ_async.core.trajectory import Signal, Termination
from writ_async.errors import InputError
from writ_async.formats.foreign import BadRow, Foreign, UnreadableRowError, read_foreign
from writ_async.formats.foreign.rows import read_row

USER = {"role": "user", "content": "Cancel W1."}
BYE = {"role": "assistant", "content": "It is done."}


def call(name: str, call_id: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "function", "function": {"name": name, "arguments": "{}"}}
    return made if call_id is None else {**made, "id": call_id}


def calling(*calls: dict[str, Any], role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "content": None, "tool_calls": list(calls)}


def result(text: str, call_id: str | None = None, **more: Any) -> dict[str, Any]:
    return {"role": "tool", "content": text, **({} if call_id is None else {"tool_call_id": call_id}), **more}


def pairs(row: Foreign) -> list[tuple[str, str, bool]]:
    """The name, result and error of each call that has a result, as everybody walks them: by their places."""
    found: list[tuple[str, str, bool]] = []
    waiting: list[str] = []
    for message in row.messages:
        if isinstance(message, ToolMessage):
            found.append((waiting.pop(0), message.content, message.error))
        elif isinstance(message, AssistantMessage | UserMessage):
            waiting = [one.function.name for one in message.tool_calls]
    return found


def read(*messages: Any) -> Foreign:
    return read_row({"messages": list(messages)}, "row")


def test_results_go_to_the_calls_that_they_name() -> None:
    row = read(USER, calling(call("f", "a"), call("g", "b")), result("of g", "b"), result("Error: of f", "a"), BYE)
    assert pairs(row) == [("f", "Error: of f", True), ("g", "of g", False)]
    assert (row.places, row.repaired) == ((0, 1, 3, 2, 4), 0)
    assert row.call_places == ((), ((1, 0), (1, 1)), (), (), ())


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([calling(call("f"), call("g")), result("1"), result("2")], [("f", "1"), ("g", "2")]),
        ([calling(call("f"), call("g")), result("2", name="g"), result("1", name="f")], [("f", "1"), ("g", "2")]),
        ([calling(call("f")), calling(call("g")), result("1"), result("2")], [("f", "1"), ("g", "2")]),
        (
            [calling(call("f", "a")), calling(call("g", "b")), result("2", "b"), result("1", "a")],
            [("f", "1"), ("g", "2")],
        ),
        ([calling(call("f")), USER, calling(call("g")), result("2")], [("g", "2")]),
        ([calling(call("f", "a"), call("g", "b")), result("2", "b")], [("g", "2")]),
        (
            [calling(call("f", "x")), result("1", "x"), calling(call("g", "x")), result("2", "x")],
            [("f", "1"), ("g", "2")],
        ),
        ([calling(call("f", "x"), call("g", "x")), result("1", "x"), result("2", "x")], [("f", "1"), ("g", "2")]),
        ([calling(call("f", "a")), BYE, result("1", "a")], [("f", "1")]),
        ([calling(call("f", "a")), result("1", "other")], [("f", "1")]),
    ],
    ids=[
        "order",
        "names",
        "apart",
        "apart with ids",
        "cut",
        "one unanswered",
        "id anew",
        "same id",
        "late",
        "other id",
    ],
)
def test_results_without_ids_follow_the_order_of_the_calls_that_wait(
    messages: list[Any], expected: list[tuple[str, str]]
) -> None:
    assert [(name, text) for name, text, _ in pairs(read(USER, *messages, BYE))] == expected


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([result("1", "a")], "message 1 is the result of no call"),
        ([calling(call("f", "a")), result("1", "a"), result("2", "a")], "message 3 is one more result"),
        ([calling(call("f")), result("1"), result("2")], "message 3 is the result of no call"),
    ],
)
def test_a_result_of_no_call_is_named(messages: list[Any], reason: str) -> None:
    with pytest.raises(UnreadableRowError, match=reason):
        read(USER, *messages, BYE)


def test_what_the_users_tools_give_stays_the_users() -> None:
    row = read(BYE, calling(call("look", "u"), role="user"), result("5", "u"), {"role": "user", "content": "It is 5."})
    (shown,) = [message for message in row.messages if isinstance(message, ToolMessage)]
    assert shown.requestor == "user"
    assert (
        read(USER, BYE, calling(call("look", "u"), role="user"), result("5", "u")).termination is Termination.AGENT_STOP
    )


def test_an_older_call_and_its_result() -> None:
    older = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": 1}'}}
    row = read(USER, older, {"role": "function", "name": "f", "content": "1"}, BYE)
    assert pairs(row) == [("f", "1", False)]


def test_blocks_of_calls_and_results() -> None:
    said = {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use("a", "f"), use("b", "g")]}
    given = [
        {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "2"}]},
        {"type": "tool_result", "tool_use_id": "a", "content": "no", "is_error": True},
        {"type": "text", "text": "And hurry."},
    ]
    row = read(USER, said, {"role": "user", "content": given}, BYE)
    assert row.format == "anthropic"
    assert pairs(row) == [("f", "no", True), ("g", "2", False)]
    assert row.places == (0, 1, 2, 2, 2, 3)
    assert row.messages[1].content == "I look."
    assert row.messages[4] == UserMessage("And hurry.")


def use(call_id: str, name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}


def item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def test_items_of_responses_know_their_places() -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]}
    row = read_row(
        {
            "instructions": "Policy.",
            "input": [
                USER,
                item("reasoning", summary=[{"type": "summary_text", "text": "hm"}]),
                said,
                item("function_call", call_id="a", name="f", arguments="{}"),
                item("function_call", call_id="b", name="g", arguments="{}"),
                item("function_call_output", call_id="b", output="2"),
                item("function_call_output", call_id="a", output=[{"type": "input_text", "text": "1"}]),
                item("web_search_call", status="completed"),
            ],
            "output": [{**said, "content": [{"type": "output_text", "text": "Done."}]}],
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        },
        "row",
    )
    assert row.format == "responses"
    assert pairs(row) == [("f", "1", False), ("g", "2", False)]
    assert row.places == (0, 2, 6, 5, 8)
    assert [row.place_of(1, number) for number in range(2)] == [(3, 0), (4, 0)]
    assert row.tools[0]["function"]["name"] == "f"
    looking = row.messages[1]
    assert isinstance(looking, AssistantMessage)
    assert (looking.content, looking.reasoning) == ("I look.", "hm")
    assert row.termination is Termination.AGENT_STOP


def test_turns_of_sharegpt_that_call_at_once() -> None:
    turns = [
        {"from": "human", "value": "Hi"},
        {"from": "function_call", "value": '{"name": "f", "arguments": {}}'},
        {"from": "function_call", "value": '{"name": "g", "arguments": {}}'},
        {"from": "observation", "value": "1"},
        {"from": "observation", "value": "2"},
        {"from": "gpt", "value": "ok"},
    ]
    row = read_row({"conversations": turns}, "row")
    assert pairs(row) == [("f", "1", False), ("g", "2", False)]
    assert [row.place_of(1, number) for number in range(2)] == [(1, 0), (2, 0)]
    assert row.places == (0, 1, 3, 4, 5)


def test_conversations_with_roles_are_chat() -> None:
    assert read_row({"conversations": [USER, BYE]}, "row").messages == read(USER, BYE).messages


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>',
        "<tool_call>\n{'arguments': {'a': 1}, 'name': 'f'}\n</tool_call>",
        '<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}',
        '<tool_call>[{"name": "f", "arguments": {"a": 1}}]</tool_call>',
    ],
)
def test_calls_in_tags(written: str) -> None:
    answer = '<tool_response>\n{"name": "f", "content": {"b": 2}}\n</tool_response>'
    turns = [("human", "Hi"), ("gpt", f"I look.\n{written}"), ("tool", answer), ("gpt", "Two.")]
    row = read_row({"conversations": [{"from": who, "value": value} for who, value in turns]}, "row")
    assert pairs(row) == [("f", '{"b":2}', False)]
    called = row.messages[1]
    assert isinstance(called, AssistantMessage)
    assert called.content == "I look."
    assert json.loads(called.tool_calls[0].function.arguments) == {"a": 1}


def test_a_call_in_tags_that_nothing_answers_stays_text() -> None:
    leaked = {"role": "assistant", "content": '<tool_call>{"name": "f", "arguments": {}}</tool_call>'}
    assert read(USER, leaked).messages[1] == AssistantMessage(leaked["content"])
    row = read(USER, calling(call("g", "a")), result("1", "a"), leaked)
    assert row.messages[3] == AssistantMessage(leaked["content"])


def test_prompt_and_completion() -> None:
    row = read_row({"prompt": [USER], "completion": [calling(call("f", "a")), result("1", "a"), BYE]}, "row")
    assert (row.format, pairs(row), row.places) == ("trl", [("f", "1", False)], (0, 1, 2, 3))
    assert read_row({"prompt": "Hi", "completion": "Hello."}, "row").messages[1] == AssistantMessage("Hello.")
    with pytest.raises(UnreadableRowError, match="template"):
        read_row({"prompt": "<|im_start|>user\nHi", "completion": "Hello."}, "row")


def test_one_simulation_of_a_viewer() -> None:
    task = {"id": "0", "user_scenario": {"instructions": {"domain": "retail"}}}
    run = {"termination_reason": "max_steps", "trial": 2}
    row = read_row(
        {"task_id": "0", "task": task, "run_info": run, "reward_info": {"reward": 0.0}, "messages": [USER]}, "r"
    )
    assert (row.id, row.format, row.domain, row.task) == ("0#2", "tau2", "retail", task)
    assert (row.termination, row.reward) == (Termination.MAX_STEPS, 0.0)


def tau1(*messages: Any, **info: Any) -> Foreign:
    return read_row({"task_id": 3, "reward": 1, "trial": 0, "info": info, "traj": list(messages)}, "row")


def test_the_ends_of_episodes_of_tau_bench() -> None:
    stop = {"role": "user", "content": "###STOP###"}
    transfer = calling(call("transfer_to_human_agents", "t"))
    assert tau1(USER, BYE, stop, task={"actions": []}).task == {"actions": []}
    assert tau1(USER, BYE, stop).termination is Termination.USER_STOP
    moved = tau1(USER, transfer, result("Transfer successful", "t"))
    assert (moved.termination, moved.signal) == (Termination.USER_STOP, Signal.TRANSFER)
    paid = tau1(USER, calling(call("transfer_funds", "t")), result("ok", "t"))
    assert (paid.termination, paid.signal) == (Termination.MAX_STEPS, None)
    assert tau1(USER, BYE, USER).termination is Termination.MAX_STEPS
    failed = tau1(error="the server was gone")
    assert (failed.messages, failed.termination) == ((), Termination.UNEXPECTED_ERROR)
    assert failed.reward == 1.0


def test_a_goodbye_after_the_stop_takes_nothing_back() -> None:
    stop = {"role": "user", "content": "Thanks. ###STOP###"}
    goodbye = {"role": "user", "content": "Bye!"}
    assert read(USER, BYE, stop, BYE, goodbye).signal is Signal.STOP
    assert read(USER, BYE, stop, calling(call("f", "a")), result("1", "a"), BYE, goodbye).signal is None


def sample(**more: Any) -> dict[str, Any]:
    return {"id": 7, "epoch": 2, "input": "", "target": "", "messages": [{"id": "m", **USER}, BYE], **more}


@pytest.mark.parametrize(
    ("more", "termination", "reward"),
    [
        ({"scores": {"s": {"value": "C"}}}, Termination.AGENT_STOP, 1.0),
        ({"scores": {"s": {"value": 0.5}}, "limit": {"type": "message", "limit": 9}}, Termination.MAX_STEPS, 0.5),
        ({"scores": {"a": {"value": 1}, "b": {"value": 0}}, "limit": {"type": "time"}}, Termination.TIMEOUT, None),
        ({"error": {"message": "gone"}}, Termination.UNEXPECTED_ERROR, None),
    ],
)
def test_samples_of_a_log(tmp_path: Path, more: dict[str, Any], termination: Termination, reward: float | None) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"version": 2, "eval": {"model": "m"}, "samples": [sample(**more), 5]}, indent=2))
    row, bad = read_foreign(path)
    assert isinstance(row, Foreign)
    assert (row.id, row.format, row.agent, row.termination, row.reward) == ("7#2", "inspect", "m", termination, reward)
    assert bad == BadRow("sample 1", "expected a JSON object, got int")


def test_long_texts_that_a_log_keeps_apart() -> None:
    made = {"id": "c", "function": "f", "arguments": {"a": 1}, "type": "function"}
    messages = [
        {"id": "1", "role": "user", "content": "attachment://h"},
        {"id": "2", "role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}], "tool_calls": [made]},
        {"id": "3", "role": "tool", "tool_call_id": "c", "function": "f", "content": "", "error": {"message": "No."}},
        {"id": "4", **BYE},
    ]
    row = read_row(sample(messages=messages, attachments={"h": "Cancel W1."}), "row")
    assert row.messages[0] == UserMessage("Cancel W1.")
    assert pairs(row) == [("f", "No.", True)]


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Say hi", "input": "", "output": "Hi"},
        {"prompt": [USER], "chosen": [BYE], "rejected": [BYE]},
        {"input": [1], "output": [2]},
        {"items": [USER]},
        {},
    ],
)
def test_rows_of_other_data_are_no_conversations(row: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRowError, match="its keys are"):
        read_row(row, "row")


@pytest.mark.parametrize(
    "said",
    [
        {"role": "assistant", "content": "Yes.", "reasoning_content": "hm"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Yes."}]},
        {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Yes."}]},
    ],
)
def test_what_was_thought_is_kept_and_not_said(said: dict[str, Any]) -> None:
    assert read(USER, said).messages[1] == AssistantMessage("Yes.", (), "hm")


def test_a_file_in_no_known_shape_is_refused_once_with_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("\n".join(json.dumps({"question": "q", "answer": str(n)}) for n in range(50)))
    with pytest.raises(InputError) as caught:
        list(read_foreign(path))
    assert all(word in str(caught.value) for word in (str(path), "question, answer", "ShareGPT", "inspect_ai"))
    zipped = tmp_path / "log.eval"
    zipped.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError, match="inspect log convert"):
        list(read_foreign(zipped))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_bare_list_alone_and_one_a_line(tmp_path: Path, indent: int | None, pack: Any) -> None:
    path = tmp_path / "f"
    path.write_bytes(pack(json.dumps([USER, BYE], indent=indent).encode()))
    assert [isinstance(row, Foreign) for row in read_foreign(path)] == [True]
    path.write_bytes(pack((json.dumps([USER, BYE]) + "\n" + json.dumps([USER, 5]) + "\n" + json.dumps([BYE])).encode()))
    assert [isinstance(row, Foreign) for row in read_foreign(path)] == [True, False, True]


def test_a_row_nested_too_deeply_is_one_bad_row(tmp_path: Path) -> None:
    good = json.dumps({"messages": [USER, BYE]})
    deep = '{"messages": ' + "[" * 100_000 + "]" * 100_000 + "}"
    path = tmp_path / "f.jsonl"
    path.write_text("\n".join((good, deep, good)))
    assert [type(row) for row in read_foreign(path)] == [Foreign, BadRow, Foreign]


@pytest.mark.parametrize("kind", ["open tags", "results", "names", "goodbyes"])
def test_long_conversations_take_time_in_proportion(kind: str) -> None:
    count = 20_000
    calls = [call("f" if number else "g", f"c{number}") for number in range(count)]
    bare = [call(f"f{number}") for number in range(count)]
    rows: dict[str, Any] = {
        "open tags": {
            "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "<tool_call>" * count}]
        },
        "results": [USER, calling(*calls), *(result("1", f"c{number}") for number in reversed(range(count)))],
        "names": [USER, calling(*bare), *(result("1", name=f"f{number}") for number in reversed(range(count)))],
        "goodbyes": [USER, BYE] * count,
    }
    started = time.process_time()
    read_row(rows[kind], "row")
    assert time.process_time() - started < 3


ROWS = {
    "tau2_airline_commercial": 50,
    "tau2_airline_gpt-4.1-mini": 11,
    "tau2_airline_toolorchestra": 50,
    "tau2_retail_gpt-4.1": 35,
    "tau2_retail_gpt-4.1-mini": 114,
    "tau2_retail_gpt-4o_a": 40,
    "tau2_retail_gpt-4o_b": 40,
    "tau2_retail_toolorchestra": 114,
    "v1_airline_grok-4-fast-reasoning": 50,
    "v1_retail_grok-4.1-fast-reasoning": 115,
    "v1_retail_tool-calling": 100,
}


@needs_shared
@pytest.mark.parametrize("name", ROWS)
def test_real_conversations_are_read_and_their_places_hold(name: str) -> None:
    assert SHARED is not None
    rows = list(read_foreign(SHARED / "real" / f"{name}.json.gz"))
    assert [type(row) for row in rows] == [Foreign] * ROWS[name]
    content = json.loads(gzip.decompress((SHARED / "real" / f"{name}.json.gz").read_bytes()))
    given = content if isinstance(content, list) else content["simulations"]
    for row, theirs in zip(rows, given, strict=True):
        assert isinstance(row, Foreign)
        assert row.repaired == 0
        messages = theirs.get("traj") or theirs.get("messages") or []
        for index, message in enumerate(row.messages):
            said = messages[row.places[index]]
            assert (message.content or "") == (said["content"] or "")
            for number, one in enumerate(getattr(message, "tool_calls", ())):
                place, which = row.place_of(index, number)
                assert messages[place]["tool_calls"][which]["id"] == one.id


@needs_shared
def test_real_simulations_of_a_viewer_are_read() -> None:
    assert SHARED is not None
    files = sorted((SHARED / "real" / "viewer").iterdir())
    rows = [row for file in files for row in read_foreign(file)]
    assert len(rows) == len(files) == 5
    assert all(isinstance(row, Foreign) and row.domain == "retail" and row.task is not None for row in rows)


def test_a_zipped_file_that_breaks_off_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(json.dumps({"messages": [USER, BYE]}).encode())[:-12])
    with pytest.raises(InputError, match=r"f\.gz"):
        list(read_foreign(path))
