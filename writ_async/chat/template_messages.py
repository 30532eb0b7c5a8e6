"""Messages as chat templates see them: dicts, with the arguments of calls as values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from writ_async.chat.errors import TemplateRefusedError
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage


def arguments_value(text: str) -> Any:
    """What a template is given as a call's arguments: the value of the JSON text, or the text when it is not JSON.

    Templates want an object and put it through `tojson`. Given the text itself, Qwen2.5 and Llama would encode it a
    second time.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text


def plain_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as the dicts that templates read.

    The key `tool_calls` is there only where there are calls: Llama-3.1's template asks for the key, not for its value.
    So is `reasoning_content` only where something was thought.
    A tool message has the name of the tool that was called.
    """
    names: dict[str, str] = {}
    plain: list[dict[str, Any]] = []
    for message in messages:
        match message:
            case SystemMessage(content=content):
                plain.append({"role": "system", "content": content})
            case ToolMessage(tool_call_id=call_id, content=content):
                row = {"role": "tool", "tool_call_id": call_id, "content": content}
                if call_id in names:
                    row["name"] = names[call_id]
                plain.append(row)
            case UserMessage(content=content, tool_calls=calls) if calls or content is None:
                raise TemplateRefusedError("a user's turn is text; the seat that calls tools is the assistant")
            case UserMessage(content=content):
                plain.append({"role": "user", "content": content})
            case AssistantMessage(content=content, tool_calls=calls, reasoning=reasoning):
                turn: dict[str, Any] = {"role": "assistant", "content": content}
                if reasoning:
                    turn["reasoning_content"] = reasoning
                    if calls and not content:  # gpt-oss's key, whose template takes it beside calls alone
                        turn["thinking"] = reasoning
                if calls:
                    names |= {call.id: call.function.name for call in calls}
                    turn["tool_calls"] = [
                        {
                            "id": call.id,
                            "type": "function",
                            "function": {
                                "name": call.function.name,
                                "arguments": arguments_value(call.function.arguments),
                            },
                        }
                        for call in calls
                    ]
                plain.append(turn)
    return plain


def without_greeting(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages without the assistant's opening words, for templates that want the user to begin."""
    used = int(bool(messages) and isinstance(messages[0], SystemMessage))
    opening = messages[used] if used < len(messages) else None
    if isinstance(opening, AssistantMessage) and not opening.tool_calls:
        return [*messages[:used], *messages[used + 1 :]]
    return messages


def with_empty_content(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages with an empty text in place of none, for templates that fail on it."""
    return [
        msgspec.structs.replace(message, content="")
        if isinstance(message, AssistantMessage) and message.content is None
        else message
        for message in messages
    ]


class _ToolTexts:
    """The JSON of the tools that were asked for last, by the list that holds them.

    All conversations of a domain share that list, and it is a third of their prompts. It is kept with its texts, so
    that no other can get its identity.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[tuple[int, int | None], tuple[Sequence[dict[str, Any]], list[str]]] = {}

    def find(self, tools: Sequence[dict[str, Any]], indent: int | None) -> list[str]:
        """One text a tool."""
        key = (id(tools), indent)
        found = self._known.get(key)
        if found is None:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            found = self._known[key] = (tools, [to_json(tool, indent) for tool in tools])
        return found[1]


tool_texts = _ToolTexts(16).find
"""`to_json` of each tool of a list that is not changed any more."""


def to_json(value: Any, indent: int | None = None) -> str:
    """`tojson` of chat templates: insertion order, no escapes that JSON does not ask for."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
