"""ShareGPT: `conversations` of turns with `from` and `value`; calls as turns of their own, or in Hermes's tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from writ_async.formats.foreign.contents import read_call
from writ_async.formats.foreign.hermes import read_calls, read_results
from writ_async.formats.foreign.turns import Answered, Called, Spoken, Turn, UnreadableRowError

_SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "assistant": "assistant",
    "function_call": "call",
    "tool_call": "call",
    "observation": "tool",
    "tool": "tool",
    "tool_response": "tool",
    "function_response": "tool",
    "system": "system",
}


def sharegpt_turns(given: Sequence[Any]) -> Iterator[Turn]:
    """The turns of ShareGPT. Calls one after the other, without a result between them, are made at once.

    Raises `UnreadableRowError`.
    """
    open_calls: list[Called] = []
    for place, turn in enumerate(given):
        speaker, value = _read_turn(turn, place)
        if speaker == "call":
            open_calls += (read_call(call, place, number) for number, call in enumerate(_decode_calls(value)))
            continue
        if open_calls:
            yield Spoken(open_calls[0].place, "assistant", None, tuple(open_calls))
            open_calls = []
        if speaker == "tool" or (speaker == "user" and value.lstrip().startswith("<tool_response>")):
            yield from (Answered(place, "", text, None, name) for name, text in read_results(value))
        elif speaker == "user":
            yield Spoken(place, "user", value)
        elif speaker == "assistant":
            text, calls = read_calls(value)
            made = tuple(read_call(call, place, number) for number, call in enumerate(calls))
            yield Spoken(place, "assistant", text if made else value, made)
    if open_calls:
        yield Spoken(open_calls[0].place, "assistant", None, tuple(open_calls))


def _read_turn(turn: Any, place: int) -> tuple[str, str]:
    if not isinstance(turn, dict) or not isinstance(turn.get("value"), str):
        raise UnreadableRowError(f"turn {place} is no object with `from` and `value`")
    speaker = _SPEAKERS.get(str(turn.get("from")).lower().replace("-", "_"))
    if speaker is None:
        raise UnreadableRowError(f"turn {place} is from {turn.get('from')!r:.60}, which is nobody known")
    return speaker, turn["value"]


def _decode_calls(value: str) -> list[Any]:
    if "<tool_call>" in value:
        return list(read_calls(value)[1])
    try:
        calls = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return [{"name": "", "arguments": value}]
    return calls if isinstance(calls, list) else [calls]
