"""Calls and results in tags inside texts: `<tool_call>` and `<tool_response>`, as Hermes and Qwen have them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import msgspec

from writ_async.formats.foreign.contents import result_text

CALL, RESULT = "tool_call", "tool_response"
_LONGEST = 100_000


def cut_tags(text: str, tag: str) -> tuple[str, list[str]]:
    """A text without what stands in tags, and what stands in them. A last tag may be left open."""
    start, end = f"<{tag}>", f"</{tag}>"
    around: list[str] = []
    inside: list[str] = []
    place = 0
    while (begin := text.find(start, place)) >= 0:
        around.append(text[place:begin])
        stop = text.find(end, begin)
        inside.append(text[begin + len(start) : stop if stop >= 0 else len(text)].strip())
        place = stop + len(end) if stop >= 0 else len(text)
    around.append(text[place:])
    return "\n".join(piece for piece in map(str.strip, around) if piece) if inside else text, inside


def read_calls(text: str) -> tuple[str | None, list[dict[str, Any]]]:
    """The words of a turn and its calls; what is in a tag but no call keeps its text as arguments of no name."""
    words, inside = cut_tags(text, CALL)
    return words or None, [call for one in inside for call in _calls(one)]


def _calls(text: str) -> Iterator[dict[str, Any]]:
    value = _value(text)
    for one in value if isinstance(value, list) else [value]:
        yield one if isinstance(one, dict) else {"name": "", "arguments": text}


def _value(text: str) -> Any:
    """JSON, or what Python prints for it, as early data sets have it."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        pass
    if len(text) > _LONGEST:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def read_results(text: str) -> list[tuple[str, str]]:
    """The results in a text, each with the name of its tool where it is told; without tags the text itself."""
    _, inside = cut_tags(text, RESULT)
    return [_named(one) for one in inside] if inside else [("", text)]


def _named(text: str) -> tuple[str, str]:
    """A result may be wrapped with the name of its tool: only with these two keys is it the wrapping."""
    value = _value(text) if text.startswith("{") else None
    if isinstance(value, dict) and value.keys() == {"name", "content"} and isinstance(value["name"], str):
        return value["name"], result_text(value["content"])
    return "", text
