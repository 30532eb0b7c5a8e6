"""Grammars that hold a model to its family's format of tool calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from writ_async.chat import ChatFormat
from writ_async.core.message import AssistantMessage, make_call
from writ_async.core.trajectory import CLOSING_TOKENS, Seat, Signal
from writ_async.errors import InputError

ToolGrammar = Literal["off", "calls", "short"]

_TEXT = r"[A-Za-z][A-Za-z0-9 ,.?!'-]{0,80}"
_STRING = r'"[A-Za-z0-9 #_.@-]{0,16}"'
_NUMBER = r"(0|[1-9][0-9]{0,3})"
_special = re.compile(r"[\\^$.|?*+()\[\]{}/]")
_DEEPEST = 6
_STOP = CLOSING_TOKENS[Signal.STOP]
_MARKER = {"?": 0}
_encode = msgspec.json.Encoder().encode

Schema = dict[str, Any]


def variants(grammar: ToolGrammar, seat: Seat, tools: Sequence[Schema], chat: ChatFormat) -> list[dict[str, Any]]:
    """The sampling parameters that hold a seat to a grammar: one of them for each turn, drawn evenly.

    `calls`: an agent may say what it likes, and whatever begins like a call is one whose arguments fit the tool's
    schema (an xgrammar structural tag). `short`: a turn is a short text, or one or two calls with all arguments and
    short values; a user's is a short text or its closing token (regular expressions). Which of them is drawn, so that
    even a model with random weights holds conversations that use tools and end. Raises `InputError` where the family's
    way to write calls is not known.
    """
    if grammar == "off" or (grammar == "calls" and not tools):
        return [{}]
    if not tools:
        text = {"regex": _TEXT}
        return [text, text, text, {"regex": _STOP}] if seat == "user" else [text]
    functions = [tool["function"] for tool in tools]
    frames = [_frame(function["name"], chat) for function in functions]
    schemas = [function.get("parameters") or {"type": "object", "properties": {}} for function in functions]
    if grammar == "short":
        call = _either(
            _literal(begin) + json_pattern(schema, schema) + _literal(end)
            for (begin, end), schema in zip(frames, schemas, strict=True)
        )
        return [{"regex": call}, {"regex": f"{call}\n{call}"}, {"regex": _TEXT}]
    tags = [
        {"type": "tag", "begin": begin, "content": {"type": "json_schema", "json_schema": schema}, "end": end}
        for (begin, end), schema in zip(frames, schemas, strict=True)
    ]
    trigger = _common_start([begin for begin, _ in frames])
    layout = {"type": "triggered_tags", "triggers": [trigger], "tags": tags}
    return [{"structural_tag": _encode({"type": "structural_tag", "format": layout}).decode()}]


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return first[: next((place for place, char in enumerate(first) if last[place : place + 1] != char), len(first))]


def _frame(name: str, chat: ChatFormat) -> tuple[str, str]:
    """What the family writes before and after a call's arguments."""
    written = chat.write(AssistantMessage(None, (make_call("call_0_0", name, _MARKER),)))
    marker = re.search(r'\{"\?": ?0\}', str(written)) if written is not None else None
    if marker is None:
        raise InputError("tool_grammar: nobody knows how this model writes tool calls; leave it off")
    return str(written)[: marker.start()], str(written)[marker.end() :]


def json_pattern(schema: Schema, root: Schema, depth: int = 0) -> str:
    """A regular expression of JSON texts that fit a schema, all properties given, without space, values short.

    Knows what tool schemas use: objects, arrays, strings, numbers, booleans, null, enum, const, anyOf and $ref. Raises
    `InputError` for a schema that nests without end.
    """
    if depth > _DEEPEST:
        raise InputError("tool_grammar=short: a tool's schema is nested too deeply; use tool_grammar=calls")
    if "$ref" in schema:
        return json_pattern(root["$defs"][schema["$ref"].rpartition("/")[2]], root, depth + 1)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return _either(_literal(_encode(value).decode()) for value in values)
    if "anyOf" in schema:
        return _either(json_pattern(option, root, depth + 1) for option in schema["anyOf"])
    match schema.get("type"):
        case "object":
            items = [
                _literal(_encode(key).decode()) + ":" + json_pattern(value, root, depth + 1)
                for key, value in schema.get("properties", {}).items()
            ]
            return r"\{" + ",".join(items) + r"\}"
        case "array":
            item = json_pattern(schema.get("items", {}), root, depth + 1)
            return rf"\[{item}(,{item}){{0,2}}\]"
        case "integer" | "number":
            return _NUMBER
        case "boolean":
            return "(true|false)"
        case "null":
            return "null"
    return _STRING


def _literal(text: str) -> str:
    """A text as a pattern. Only what has a meaning is escaped: the server's grammars know fewer escapes than Python."""
    return _special.sub(r"\\\g<0>", text)


def _either(options: Iterable[str]) -> str:
    return f"({'|'.join(options)})"
