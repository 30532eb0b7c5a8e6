"""Our renderers give the bytes of the published templates, refusals included."""

import json
from typing import Any

import pytest

from tests.support.shared_data import SHARED, needs_shared
from writ_async.chat import FAMILIES, TemplateRefusedError, render
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)

GOLDENS = SHARED / "chat_goldens" if SHARED else None


def message(row: dict[str, Any]) -> Message:
    """A golden's message as ours; arguments given as a string are JSON text whose value is that string."""
    calls = tuple(
        ToolCall(call["id"], FunctionCall(call["function"]["name"], json.dumps(call["function"]["arguments"])))
        for call in row.get("tool_calls", ())
    )
    match row["role"]:
        case "system":
            return SystemMessage(row["content"])
        case "user":
            return UserMessage(row["content"])
        case "tool":
            return ToolMessage(row["tool_call_id"], row["content"])
        case _:
            return AssistantMessage(row["content"], calls)


@needs_shared
@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_golden_is_rendered_byte_for_byte_or_refused(family: str) -> None:
    assert GOLDENS is not None
    inputs = json.loads((GOLDENS / "inputs.json").read_text("utf-8"))
    rows = [json.loads(line) for line in (GOLDENS / "rendered.jsonl").read_text("utf-8").splitlines()]
    seen = refused = 0
    for row in rows:
        if row["model"] != family:
            continue
        messages = [message(item) for item in inputs["messages"][row["case"]]]
        tools = inputs["tools"].get(row["tools"], [])
        seen += 1
        try:
            text = str(render(FAMILIES[family], messages, tools, generation=row["add_generation_prompt"]))
        except TemplateRefusedError:
            assert "error" in row
            refused += 1
        else:
            assert text == row.get("text"), row["case"]
    assert seen == 66
    assert refused == (6 if family == "llama-3.1-instruct" else 0)
