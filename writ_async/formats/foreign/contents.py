"""What stands inside the messages of all formats: texts in parts, arguments, schemas of tools."""

from __future__ import annotations

from typing import Any

import msgspec

from writ_async.formats.foreign.turns import Called, UnreadableRowError

_ARGUMENTS = ("arguments", "input", "args", "parameters", "kwargs")


def read_text(given: Any, place: int) -> str | None:
    """The text of a content: itself, or the texts of its parts. Raises `UnreadableRowError` for anything else."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, list):
        return join_parts(given)
    raise UnreadableRowError(f"message {place} has a content that is no text")


def join_parts(parts: list[Any]) -> str:
    """The texts of the parts of a content, a line each where nothing else is between them."""
    found: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else None
        if isinstance(part, dict):
            text = part.get("text", part.get("refusal"))
        if isinstance(text, str) and text:
            if found and not found[-1][-1].isspace() and not text[0].isspace():
                found.append("\n")
            found.append(text)
    return "".join(found)


def result_text(given: Any) -> str:
    """What a tool gave as text: parts of text are joined, other values are written as JSON."""
    if given is None or isinstance(given, str):
        return given or ""
    if isinstance(given, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in given):
        return join_parts(given)
    return write_json(given)


def read_call(given: Any, place: int, number: int) -> Called:
    """One call, in the forms that are about. Raises `UnreadableRowError` when it is no object."""
    if not isinstance(given, dict):
        raise UnreadableRowError(f"message {place}: call {number} is no object")
    function = given.get("function")
    body = function if isinstance(function, dict) else given
    name = body.get("name") or (function if isinstance(function, str) else "")
    arguments = next((body[key] for key in _ARGUMENTS if body.get(key) is not None), None)
    call_id = given.get("call_id") or given.get("id")
    return Called(plain_text(call_id), plain_text(name), write_arguments(arguments), place, number)


def write_arguments(given: Any) -> str:
    """Arguments as JSON text. Text that was encoded twice is taken out of its quotes once."""
    if not isinstance(given, str):
        return write_json({} if given is None else _without_nulls(given))
    try:
        inner = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return given
    return inner if isinstance(inner, str) else given


def _without_nulls(value: Any) -> Any:
    """An object without the nulls at its top, which a table gives it for the keys of all other calls."""
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def write_json(value: Any) -> str:
    """A value as JSON; what JSON has no form for, as its text."""
    return msgspec.json.encode(value, enc_hook=str).decode()


def read_json(text: str, what: str) -> Any:
    """The value of a JSON text. Raises `UnreadableRowError`, which calls it `what`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise UnreadableRowError(f"`{what}` is text, but no JSON: {exc}") from None


def read_list(given: Any, what: str) -> list[Any] | None:
    """A list, also where it is written as JSON text; None for anything else. Raises `UnreadableRowError`."""
    value = read_json(given, what) if isinstance(given, str) else given
    return value if isinstance(value, list) else None


def read_tools(given: Any) -> tuple[dict[str, Any], ...]:
    """The tool schemas of a row, in the shape of chat completions; what does not fit is left out."""
    try:
        value = read_list(given, "tools") if given else None
    except UnreadableRowError:
        return ()
    found: list[dict[str, Any]] = []
    for tool in value or ():
        if isinstance(tool, dict):
            function = tool.get("function")
            body = dict(function if isinstance(function, dict) else tool)
            if isinstance(body.get("input_schema"), dict):
                body["parameters"] = body.pop("input_schema")
            if isinstance(body.get("name"), str):
                if body.get("type") == "function":
                    del body["type"]
                found.append({"type": "function", "function": body})
    return tuple(found)


def plain_text(value: Any) -> str:
    """A text, empty for anything else."""
    return value if isinstance(value, str) else ""
