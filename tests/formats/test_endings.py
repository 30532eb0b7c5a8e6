"""How a conversation ended is told by its last messages, where its file does not say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from writ_async.commands.check import check_rows

CALL = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "a", "function": {"name": "get_order_details", "arguments": "{}"}}]}  # fmt: skip
RESULT = {"role": "tool", "tool_call_id": "a", "content": "{}"}
HAND_OVER = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "b", "function": {"name": "transfer_to_human_agents", "arguments": "{}"}}]}  # fmt: skip
HANDED = {"role": "tool", "tool_call_id": "b", "content": "Transfer successful"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def agent(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def is_incomplete(tmp_path: Path, *messages: dict[str, Any]) -> bool:
    path = tmp_path / "row.json"
    path.write_text(json.dumps({"messages": [user("Hello, where is my order?"), *messages]}))
    return "incomplete" in check_rows(path).findings


@pytest.mark.parametrize(
    "ending",
    [
        [agent("It left our house yesterday.")],
        [agent("It left yesterday. Is there anything else I can help you with?")],
        [agent("It left yesterday."), user("Thank you, bye!")],
        [agent("It left yesterday."), user("Great, that's all. Have a nice day")],
        [agent("It left yesterday."), user("Danke, das war alles")],
        [agent("It left yesterday."), user("ok ###STOP###")],
        [agent("It left yesterday."), user("ok ###STOP###"), agent("Goodbye!")],
        [HAND_OVER, HANDED],
        [CALL, RESULT, agent("It left yesterday.")],
    ],
)
def test_these_came_to_their_end(tmp_path: Path, ending: list[dict[str, Any]]) -> None:
    assert not is_incomplete(tmp_path, *ending)


@pytest.mark.parametrize(
    "ending",
    [
        [],
        [CALL],
        [CALL, RESULT],
        [agent("I can cancel it. Do you confirm?")],
        [agent("What is your e-mail address?")],
        [agent("Do you confirm?"), user("Yes, thank you, please go ahead.")],
        [agent("It left yesterday."), user("Thanks. Can you cancel it?")],
        [agent("It left yesterday."), user("ok ###STOP###"), CALL],
    ],
)
def test_these_broke_off(tmp_path: Path, ending: list[dict[str, Any]]) -> None:
    assert is_incomplete(tmp_path, *ending)
