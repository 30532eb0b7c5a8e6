"""Writers of the shapes in which others keep conversations: our messages as a row or a file of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from writ_async.core.message import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage

Talk = Sequence[Message]


def arguments(call: ToolCall) -> Any:
    return json.loads(call.function.arguments)


def openai_call(call: ToolCall) -> dict[str, Any]:
    body = {"name": call.function.name, "arguments": call.function.arguments}
    return {"id": call.id, "type": "function", "function": body}


def openai_messages(talk: Talk) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"role": "system", "content": "Policy."}]
    for message in talk:
        if isinstance(message, ToolMessage):
            made.append({"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content})
        elif isinstance(message, AssistantMessage | UserMessage):
            role = "assistant" if isinstance(message, AssistantMessage) else "user"
            calls = [openai_call(call) for call in message.tool_calls]
            made.append({"role": role, "content": message.content, **({"tool_calls": calls} if calls else {})})
    return made


def legacy(talk: Talk) -> Any:
    names = {call.id: call.function.name for m in talk if isinstance(m, AssistantMessage) for call in m.tool_calls}
    made: list[dict[str, Any]] = []
    for message in talk:
        if isinstance(message, ToolMessage):
            made.append({"role": "function", "name": names[message.tool_call_id], "content": message.content})
        elif isinstance(message, AssistantMessage) and message.tool_calls:
            call = message.tool_calls[0].function
            body = {"name": call.name, "arguments": call.arguments}
            made.append({"role": "assistant", "content": message.content, "function_call": body})
        elif isinstance(message, AssistantMessage | UserMessage):
            role = "assistant" if isinstance(message, AssistantMessage) else "user"
            made.append({"role": role, "content": message.content})
    return {"messages": made}


def anthropic(talk: Talk) -> Any:
    made: list[dict[str, Any]] = []
    for message in talk:
        if isinstance(message, ToolMessage):
            block = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}
            if made[-1]["role"] == "user" and isinstance(made[-1]["content"], list):
                made[-1]["content"].append(block)
            else:
                made.append({"role": "user", "content": [block]})
        elif isinstance(message, AssistantMessage | UserMessage):
            text = [{"type": "text", "text": message.content}] if message.content else []
            uses = [
                {"type": "tool_use", "id": call.id, "name": call.function.name, "input": arguments(call)}
                for call in message.tool_calls
            ]
            role = "assistant" if isinstance(message, AssistantMessage) else "user"
            made.append({"role": role, "content": [*text, *uses] if uses else message.content})
    return {"system": "Policy.", "messages": made, "tools": [{"name": "find", "input_schema": {"type": "object"}}]}


def responses(talk: Talk) -> Any:
    items: list[dict[str, Any]] = []
    for message in talk:
        if isinstance(message, ToolMessage):
            items.append(
                {"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content},
            )
        elif isinstance(message, AssistantMessage):
            items.append({"type": "reasoning", "id": "rs", "summary": []})
            if message.content is not None:
                part = {"type": "output_text", "text": message.content, "annotations": []}
                items.append({"type": "message", "role": "assistant", "content": [part], "status": "completed"})
            items += (
                {
                    "type": "function_call",
                    "id": f"fc_{call.id}",
                    "call_id": call.id,
                    "name": call.function.name,
                    "arguments": call.function.arguments,
                }
                for call in message.tool_calls
            )
        elif isinstance(message, UserMessage):
            items.append({"role": "user", "content": message.content})
    return {"items": items}


def tau2_messages(talk: Talk) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for place, message in enumerate(talk):
        if isinstance(message, ToolMessage):
            made.append(
                {"role": "tool", "id": message.tool_call_id, "content": message.content, "error": message.error}
            )
        elif isinstance(message, AssistantMessage | UserMessage):
            role = "assistant" if isinstance(message, AssistantMessage) else "user"
            calls = [
                {"id": c.id, "name": c.function.name, "arguments": arguments(c), "requestor": role}
                for c in message.tool_calls
            ]
            made.append({"role": role, "content": message.content, "tool_calls": calls or None, "turn_idx": place})
    return made


def tau2(talk: Talk) -> Any:
    simulation = {
        "id": "s",
        "task_id": "7",
        "trial": 0,
        "termination_reason": "user_stop",
        "reward_info": {"reward": 1.0},
        "messages": tau2_messages(talk),
    }
    about = {"environment_info": {"domain_name": "retail"}, "agent_info": {"llm": "model"}}
    return {"info": about, "tasks": [{"id": "7"}], "simulations": [simulation]}


def viewer(talk: Talk) -> Any:
    return {
        "task_id": "7",
        "task": {"id": "7"},
        "run_info": {"termination_reason": "user_stop"},
        "reward_info": {"reward": 1.0},
        "messages": tau2_messages(talk),
    }


def tau1(talk: Talk) -> Any:
    return [{"task_id": 7, "reward": 1.0, "trial": 0, "info": {"task": {"actions": []}}, "traj": openai_messages(talk)}]


def inspect_log(talk: Talk) -> Any:
    messages = openai_messages(talk)
    for number, message in enumerate(messages):
        message["id"] = f"m{number}"
        for call in message.get("tool_calls") or ():
            function = call["function"]
            call |= {"function": function["name"], "arguments": json.loads(function["arguments"])}
    sample = {"id": 7, "epoch": 1, "input": "", "target": "", "messages": messages, "scores": {"s": {"value": "C"}}}
    return {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "samples": [sample]}


def trl(talk: Talk) -> Any:
    messages = openai_messages(talk)
    return {"prompt": messages[:2], "completion": messages[2:]}


def sharegpt(talk: Talk) -> Any:
    turns: list[dict[str, Any]] = []
    for message in talk:
        if isinstance(message, ToolMessage):
            turns.append({"from": "observation", "value": message.content})
        elif isinstance(message, AssistantMessage | UserMessage):
            for call in message.tool_calls:
                value = json.dumps({"name": call.function.name, "arguments": arguments(call)})
                turns.append({"from": "function_call", "value": value})
            if not message.tool_calls:
                speaker = "gpt" if isinstance(message, AssistantMessage) else "human"
                turns.append({"from": speaker, "value": message.content})
    return {"conversations": turns}


def _tagged_call(call: ToolCall) -> str:
    return f"<tool_call>\n{json.dumps({'name': call.function.name, 'arguments': arguments(call)})}\n</tool_call>"


def hermes(talk: Talk) -> Any:
    turns: list[dict[str, Any]] = [{"from": "system", "value": "<tools>[]</tools>"}]
    for message in talk:
        if isinstance(message, ToolMessage):
            value = f"<tool_response>\n{message.content}\n</tool_response>"
            if turns[-1]["from"] == "tool":
                turns[-1]["value"] += "\n" + value
            else:
                turns.append({"from": "tool", "value": value})
        elif isinstance(message, AssistantMessage):
            pieces = [*([message.content] if message.content else []), *map(_tagged_call, message.tool_calls)]
            turns.append({"from": "gpt", "value": "\n".join(pieces)})
        elif isinstance(message, UserMessage):
            turns.append({"from": "human", "value": message.content})
    return {"conversations": turns}


def qwen(talk: Talk) -> Any:
    seats = {"system": "system", "human": "user", "gpt": "assistant", "tool": "user"}
    return {
        "messages": [{"role": seats[turn["from"]], "content": turn["value"]} for turn in hermes(talk)["conversations"]]
    }


FILES: dict[str, tuple[str, Callable[[Talk], Any]]] = {
    "openai": ("chat", lambda talk: {"messages": openai_messages(talk)}),
    "bare": ("chat", openai_messages),
    "legacy": ("chat", legacy),
    "qwen": ("chat", qwen),
    "anthropic": ("anthropic", anthropic),
    "responses": ("responses", responses),
    "response items": ("responses", lambda talk: responses(talk)["items"]),
    "trl": ("trl", trl),
    "tau2": ("tau2", tau2),
    "viewer": ("tau2", viewer),
    "tau1": ("tau-bench", tau1),
    "inspect": ("inspect", inspect_log),
    "sharegpt": ("sharegpt", sharegpt),
    "hermes": ("sharegpt", hermes),
}
"""What a file of one conversation holds, by a name of the shape, and the format that it is read as."""

ONE_CALL = frozenset({"legacy"})
"""Shapes whose messages have one call at most."""

NO_WORDS = frozenset({"sharegpt"})
"""Shapes in which a turn with calls says nothing."""

NO_IDS = frozenset({"legacy", "qwen", "sharegpt", "hermes"})
"""Shapes whose calls have no ids."""
