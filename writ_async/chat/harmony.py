"""The messages in a completion of gpt-oss: its channels, and calls that are messages to a tool.

A completion goes on behind the opening of the assistant's turn: `<|channel|>analysis<|message|>...<|end|>`, then
`<|start|>assistant<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{...}<|call|>`; the recipient may
also stand behind the role. What is in the analysis was thought, what is in the other channels was said.
"""

from __future__ import annotations

import re

import msgspec

from writ_async.chat.json_calls import arguments_text, scan_json
from writ_async.chat.parsed import Defect, KnownTools
from writ_async.core.message import FunctionCall

_TYPE = r"[^<]{0,80}(?:<\|constrain\|>[^<]{0,40})?<\|message\|>"
HARMONY_MESSAGE = re.compile(rf"<\|channel\|>\s*[a-z]+{_TYPE}|to=functions\.[A-Za-z0-9_.\-]+(?:<\|channel\|>)?{_TYPE}")
"""What no other family's completion holds."""

_HEADER = re.compile(r"(?:<\|start\|>)?((?:(?!<\|(?:message|start|end|call|return)\|>).)*)<\|message\|>", re.DOTALL)
_END = re.compile(r"<\|(?:end|call|return|start)\|>")
_RECIPIENT = re.compile(r"to=([A-Za-z0-9_.\-]{1,80})")
_CHANNEL = re.compile(r"<\|channel\|>\s*([a-z]+)")
_MARKS = re.compile(r"<\|(?:end|call|return|start|channel|message|constrain)\|>")


class HarmonyParts(msgspec.Struct):
    """What a completion consists of: what was said before and after the first call, thoughts, and calls."""

    before: list[str] = []
    after: list[str] = []
    thoughts: list[str] = []
    calls: list[FunctionCall] = []


def split_harmony(text: str, tools: KnownTools, defects: list[Defect]) -> HarmonyParts:
    """The parts of a completion; what is wrong with it is added to `defects`. Raises nothing."""
    parts = HarmonyParts()
    position = 0
    while position < len(text):
        header = _HEADER.match(text, position)
        if header is None:
            # Headers are matched only where they begin: tried at every character, one would be read again and again.
            start = text.find("<|start|>", position, max(position, text.find("<|message|>", position)))
            if start < 0:
                _say(parts, text[position:], defects)
                break
            _say(parts, text[position:start], defects)
            header = _HEADER.match(text, start)
            if header is None:
                _say(parts, text[start:], defects)
                break
        position = _read_message(text, header, parts, tools, defects)
    return parts


def _read_message(
    text: str, header: re.Match[str], parts: HarmonyParts, tools: KnownTools, defects: list[Defect]
) -> int:
    """Read one message; the place behind it."""
    start = header.end()
    recipient = _RECIPIENT.search(header[1])
    channel = _CHANNEL.search(header[1])
    name = recipient[1].removeprefix("functions.") if recipient is not None else ""
    if recipient is not None and name != "assistant":
        stop = scan_json(text, _skip_space(text, start))
        end = _END.search(text, stop if stop is not None else start)
        close = end.start() if end is not None else len(text)
        parts.calls.append(FunctionCall(name, _arguments(text[start:close].strip(), defects)))
    else:
        end = _END.search(text, start)
        close = end.start() if end is not None else len(text)
        body = text[start:close]
        if channel is not None and channel[1] == "analysis":
            if body.strip():
                parts.thoughts.append(body.strip())
            if end is None:
                defects.append(Defect.UNCLOSED_REASONING)
        else:
            if channel is None or not header[1].replace("assistant", "", 1).startswith("<|channel|>"):
                body = header[1].partition("<|channel|>")[0].replace("assistant", "", 1) + body
            _say(parts, body, defects)
    if end is None:
        return len(text)
    return end.start() if end.group() == "<|start|>" else end.end()


def _arguments(body: str, defects: list[Defect]) -> str:
    if not body:
        defects.append(Defect.EMPTY_ARGUMENTS)
        return "{}"
    if scan_json(body, 0) != len(body):
        defects.append(Defect.BROKEN_JSON)
        return body
    return arguments_text(body, defects)


def _say(parts: HarmonyParts, piece: str, defects: list[Defect]) -> None:
    if _MARKS.search(piece):
        defects.append(Defect.STRAY_TAG)
    if piece.strip():
        (parts.after if parts.calls else parts.before).append(piece)


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
