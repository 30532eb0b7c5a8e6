"""Calls that are written between tags, or as Python, with the types of their values taken from the tools' schemas.

The forms are those of published chat templates and model cards: Qwen3-Coder and Qwen3.5 (function and parameter tags),
MiniMax and DeepSeek-V3.2 (invoke tags), GLM-4.5 and later (keys and values in turn), Llama (Python calls).
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from writ_async.chat.json_calls import BAD_JSON, arguments_text, scan_json
from writ_async.chat.parsed import MALFORMED, Defect, KnownTools
from writ_async.core.message import FunctionCall

_PARAMETER = re.compile(r"\s*<parameter=([^>\n]+)>")
_NAMED_PARAMETER = re.compile(r'\s*<(｜DSML｜)?parameter\s+name="([^"\n]+)"(?:\s+string="(true|false)")?\s*>')
_GLM_NAME = re.compile(r"\s*([A-Za-z0-9_.\-]{1,64})\s*(?=<arg_key>|</tool_call>|\Z)")
_GLM_KEY = re.compile(r"\s*<arg_key>(.*?)</arg_key>\s*<arg_value>", re.DOTALL)
_FENCE = re.compile(r"\s*```(?:json)?\s*")
_CALL = re.compile(r"([A-Za-z_][\w.\-]*)\s*\(")
_CONSTANTS = {"true": True, "false": False, "null": None}
_LONGEST = 10_000  # of a Python call; longer ones are malformed
_TEXT_TYPES = frozenset({"string"})

Found = tuple[FunctionCall, int]
"""A call, and where the text behind it begins."""


def read_function_tag(text: str, name: str, start: int, tools: KnownTools, defects: list[Defect]) -> Found:
    """The call whose tag `<function=name>` ends at `start`: parameters in tags of their own, or one JSON object."""
    schemas = tools.get(name, {})
    given: dict[str, Any] = {}
    position = start
    while (parameter := _PARAMETER.match(text, position)) is not None:
        stop = _first(text, ("</parameter>", "\n<parameter=", "</function>"), parameter.end())
        if stop is None:
            return _broken(text, name, start, len(text), defects)
        given[parameter[1].strip()] = _typed(_unframed(text[parameter.end() : stop]), schemas.get(parameter[1].strip()))
        position = stop + len("</parameter>") if text.startswith("</parameter>", stop) else stop
    return _close(text, name, start, position, "</function>", given, defects)


def read_invoke_tag(text: str, name: str, start: int, tools: KnownTools, defects: list[Defect]) -> Found:
    """The call whose tag `<invoke name="...">`, with or without DeepSeek's mark, ends at `start`."""
    schemas = tools.get(name, {})
    mark = "｜DSML｜" if text.startswith("<｜DSML｜", text.rfind("<", 0, start)) else ""
    given: dict[str, Any] = {}
    position = start
    while (parameter := _NAMED_PARAMETER.match(text, position)) is not None:
        closing = f"</{parameter[1] or ''}parameter>"
        stop = text.find(closing, parameter.end())
        if stop < 0:
            return _broken(text, name, start, len(text), defects)
        value, told = text[parameter.end() : stop], parameter[3]
        if told is None:
            given[parameter[2]] = _typed(value, schemas.get(parameter[2]))
        else:
            given[parameter[2]] = value if told == "true" else _json_value(value)
        position = stop + len(closing)
    return _close(text, name, start, position, f"</{mark}invoke>", given, defects)


def read_keys_and_values(text: str, start: int, tools: KnownTools, own: bool, defects: list[Defect]) -> Found | None:
    """The call of a `<tool_call>` that begins with a name and goes on with keys and values; None when it does not.

    A name alone is a call where that is the family's `own` form or the name is a known tool's.
    """
    name = _GLM_NAME.match(text, start)
    if name is None:
        return None
    if not text.startswith("<arg_key>", name.end()) and not own and name[1] not in tools:
        return None
    schemas = tools.get(name[1], {})
    given: dict[str, Any] = {}
    position = name.end()
    while (key := _GLM_KEY.match(text, position)) is not None:
        stop = _first(text, ("</arg_value>", "<arg_key>", "</tool_call>"), key.end())
        if stop is None:
            return _broken(text, name[1], start, len(text), defects)
        given[key[1].strip()] = _typed(text[key.end() : stop], schemas.get(key[1].strip()))
        position = stop + len("</arg_value>") if text.startswith("</arg_value>", stop) else stop
    position = _skip_space(text, position)
    if position < len(text) and not text.startswith(("</tool_call>", "<tool_call>"), position):
        stop = text.find("</tool_call>", position)
        return _broken(text, name[1], start, len(text) if stop < 0 else stop, defects)
    return FunctionCall(name[1], _json_text(given)), position


def read_named_json(text: str, name: str, start: int, ends: Iterable[str], defects: list[Defect]) -> Found:
    """The call of a name whose arguments follow it as JSON, fenced or not; a broken one goes on to one of `ends`."""
    fence = _FENCE.match(text, start)
    begin = fence.end() if fence is not None else _skip_space(text, start)
    stop = scan_json(text, begin)
    if stop is None:
        found = _first(text, ends, start)
        end = len(text) if found is None else found
        if not text[start:end].strip():
            defects.append(Defect.EMPTY_ARGUMENTS)
            return FunctionCall(name, "{}"), end
        return _broken(text, name, start, end, defects)
    arguments = arguments_text(text[begin:stop], defects)
    if fence is not None:
        closing = _skip_space(text, stop)
        stop = closing + 3 if text.startswith("```", closing) else stop
    return FunctionCall(name, arguments), stop


def read_python_call(text: str, start: int, tools: KnownTools, defects: list[Defect]) -> Found | None:
    """The call `name(key=value, ...)` that begins at `start`; None where there is none.

    `name.call(...)` is Llama's way to call its built-in tools, and taken where `name` is a known tool's.
    """
    head = _CALL.match(text, start)
    stop = _end_of_brackets(text, head.end() - 1) if head is not None else None
    if head is None or stop is None:
        return None
    name = head[1].removesuffix(".call") if head[1].removesuffix(".call") in tools else head[1]
    arguments = _keyword_arguments(text[head.end() - 1 : stop]) if "." not in name or name in tools else None
    if arguments is None:
        defects.append(Defect.BROKEN_JSON)
        return FunctionCall(name, text[start:stop]), stop
    return FunctionCall(name, arguments), stop


def _keyword_arguments(brackets: str) -> str | None:
    """The keyword arguments between brackets as a JSON object; None when they are anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = ast.parse(f"f{brackets}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or any(item.arg is None for item in call.keywords):
            return None
        return _json_text({str(item.arg): _constant(item.value) for item in call.keywords})
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None


def _constant(node: ast.expr) -> Any:
    """The value of a literal, in which JSON's words for true, false and null are known too."""
    match node:
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_constant(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {ast.literal_eval(key): _constant(value) for key, value in zip(keys, values, strict=True) if key}
    return ast.literal_eval(node)


def _end_of_brackets(text: str, start: int) -> int | None:
    """Where the bracket that opens at `start` is closed, strings in between aside."""
    depth, quote, position = 0, "", start
    while position < min(len(text), start + _LONGEST):
        char = text[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if not depth:
                return position + 1
        position += 1
    return None


def _close(
    text: str, name: str, start: int, position: int, closing: str, given: dict[str, Any], defects: list[Defect]
) -> Found:
    """The call of the parameters read, or of one JSON object in their place, up to the closing tag."""
    position = _skip_space(text, position)
    arguments = _json_text(given)
    if not given and text.startswith("{", position) and (stop := scan_json(text, position)) is not None:
        arguments = arguments_text(text[position:stop], defects)
        position = _skip_space(text, stop)
    if text.startswith(closing, position):
        return FunctionCall(name, arguments), position + len(closing)
    if position == len(text) or text.startswith(("</tool_call>", "<tool_call>"), position):
        defects.append(Defect.UNCLOSED_CALL)
        return FunctionCall(name, arguments), position
    end = text.find(closing, position)
    return _broken(text, name, start, len(text) if end < 0 else end + len(closing), defects, closing)


def _broken(text: str, name: str, start: int, end: int, defects: list[Defect], closing: str = "") -> Found:
    """A malformed call: the text up to `end` stands as its arguments."""
    defects.append(Defect.BROKEN_JSON)
    return FunctionCall(name or MALFORMED, text[start:end].removesuffix(closing).strip()), end


def _typed(text: str, schema: Any) -> Any:
    """The value that a tag's text stands for: text where the schema takes text, else JSON where it is some.

    Without a schema only objects and lists are taken for JSON: templates write all else as it is.
    """
    types = _types(schema)
    if types & _TEXT_TYPES:
        return None if "null" in types and text == "null" else text
    value = _json_value(text)
    return value if types or isinstance(value, dict | list) else text


def _types(schema: Any) -> frozenset[str]:
    """The JSON types that a schema allows, as far as it says."""
    if not isinstance(schema, Mapping):
        return frozenset()
    kind = schema.get("type")
    found = {kind} if isinstance(kind, str) else {item for item in kind or () if isinstance(item, str)}
    for option in [*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())]:
        found |= _types(option)
    for value in schema.get("enum") or ():
        found |= {"string"} if isinstance(value, str) and not kind else set()
    return frozenset(found)


def _json_value(text: str) -> Any:
    stripped = text.strip()
    words = {"True": True, "False": False, "None": None}
    if stripped in words:
        return words[stripped]
    try:
        value = msgspec.json.decode(stripped)
        json.dumps(value)  # what is nested too deeply to be written again stays text
    except BAD_JSON:
        return text
    return value


def _unframed(text: str) -> str:
    """The text without the one line break that templates put at either end."""
    return text.removeprefix("\n").removesuffix("\n")


def _first(text: str, marks: Iterable[str], start: int) -> int | None:
    """Where the first of some marks is; None without any."""
    places = [place for mark in marks if (place := text.find(mark, start)) >= 0]
    return min(places, default=None)


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
