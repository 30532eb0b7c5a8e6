"""Reads a completion: what was said, what was thought, and the calls, whichever published form they are written in.

One pass from left to right looks for what a thought or a call may begin with; all else is said. A form that is not the
family's own is read too, and noted. `docs/completions.md` lists the forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from writ_async.chat.bare_forms import read_bare_json, read_fence, read_python_list, read_python_tag
from writ_async.chat.harmony import HARMONY_MESSAGE, split_harmony
from writ_async.chat.json_calls import plain_call, scan_json
from writ_async.chat.parsed import Defect, KnownTools, Parsed, Parser, build, call_id
from writ_async.chat.reading import CALL_CLOSE, CALL_OPEN, OPENER, OPENING, THINK_CLOSE, THINK_OPEN, Form, Reading
from writ_async.chat.tag_forms import (
    read_bare_function_tag,
    read_deepseek,
    read_invoke,
    read_kimi,
    read_mistral,
    read_tool_call_tag,
)
from writ_async.core.message import AssistantMessage, ToolCall

NO_TOOLS: KnownTools = {}
_TAG_BEFORE, _TAG_BEHIND = f"{CALL_OPEN}\n{{", f"}}\n{CALL_CLOSE}"  # of one call alone, as most calls are written


def parser_of(*own: Form) -> Parser:
    """The reader of a family that writes its calls in these forms."""
    forms = frozenset(own)

    def parse(text: str, turn: int, tools: KnownTools = NO_TOOLS) -> Parsed:
        return read_completion(text, turn, tools, forms)

    return parse


def read_completion(text: str, turn: int, tools: KnownTools, own: frozenset[Form]) -> Parsed:
    """A completion's text as a message. Raises nothing.

    Text before the first call is the content; what stands between or after calls is put behind it.
    """
    if OPENING.search(text) is None:
        return Parsed(AssistantMessage(text))
    if "<|message|>" in text and ("harmony" in own or HARMONY_MESSAGE.search(text)):
        return _read_harmony(text, turn, tools, own)
    if "tags" in own and text.startswith(_TAG_BEFORE) and text.endswith(_TAG_BEHIND):
        call = plain_call(text[len(_TAG_BEFORE) - 1 : 1 - len(_TAG_BEHIND)])
        if call is not None:
            return Parsed(AssistantMessage(None, (ToolCall(call_id(turn, 0), call),)))
    reading = Reading(text, tools, own)
    _read(reading)
    calls = [ToolCall(call_id(turn, place), call) for place, call in enumerate(reading.calls)]
    return build(*reading.said(), calls, reading.defects, "\n\n".join(reading.thoughts))


def split_thinking(text: str) -> Parsed:
    """What was said in a text without calls, and what was thought."""
    if OPENING.search(text) is None:
        return Parsed(AssistantMessage(text))
    reading = Reading(text, NO_TOOLS, frozenset(), thoughts_only=True)
    _read(reading)
    return build(*reading.said(), [], reading.defects, "\n\n".join(reading.thoughts))


def _read_harmony(text: str, turn: int, tools: KnownTools, own: frozenset[Form]) -> Parsed:
    defects: list[Defect] = []
    parts = split_harmony(text, tools, defects)
    if parts.calls and "harmony" not in own:
        defects.append(Defect.OTHER_FORM)
    calls = [ToolCall(call_id(turn, place), call) for place, call in enumerate(parts.calls)]
    return build("\n".join(parts.before), parts.after, calls, defects, "\n\n".join(parts.thoughts))


def _read(reading: Reading) -> None:
    """Fill the lists."""
    text = reading.text
    start = position = _take_unopened_thought(reading)
    while (mark := OPENING.search(text, position)) is not None:
        position = mark.start()
        found = OPENER.match(text, position)
        if found is None:
            position += 1
            continue
        kind = found.lastgroup or ""
        if reading.thoughts_only and kind != "think":
            position = found.end()
            continue
        calls = len(reading.calls)
        stop = _READERS[kind](reading, found)
        if stop is None:
            position = found.end()
            continue
        reading.say(text[start : found.start()], calls, kind)
        start = position = stop
    reading.say(text[start:], len(reading.calls), "")
    reading.note()


def _take_unopened_thought(reading: Reading) -> int:
    """Where the rest begins after a thought whose opening tag stood in the prompt, as some templates have it.

    A closing tag counts so only before the first call, whose arguments may hold anything.
    """
    text = reading.text
    close = text.find(THINK_CLOSE)
    if close < 0 or THINK_OPEN in text[:close]:
        return 0
    for found in OPENER.finditer(text, 0, close):
        if found.lastgroup in ("think", "fence", "frame", "mistral", "pythonic"):
            continue
        if found.lastgroup != "bare" or (scan_json(text, found.start()) or 0) > close:
            return 0
    if thought := text[:close].strip():
        reading.thoughts.append(thought)
    return _skip_breaks(reading, close + len(THINK_CLOSE))


def _read_thought(reading: Reading, found: re.Match[str]) -> int | None:
    """A block of reasoning. One without an end counts where nothing stands before it on its line."""
    text = reading.text
    before = text[: found.start()]
    close = text.find(THINK_CLOSE, found.end())
    opening = not before.strip()
    if close < 0 and not opening and not before.rstrip(" \t").endswith("\n"):
        return None
    if not opening:
        reading.defects.append(Defect.SEVERAL_THOUGHTS)
    if close < 0:
        reading.defects.append(Defect.UNCLOSED_REASONING)
        close = len(text)
    if thought := text[found.end() : close].strip():
        reading.thoughts.append(thought)
    return _skip_breaks(reading, min(len(text), close + len(THINK_CLOSE)))


def _leave(reading: Reading, found: re.Match[str]) -> int | None:
    return None


def _pass_frame(reading: Reading, found: re.Match[str]) -> int | None:
    """A tag around calls, which says nothing itself."""
    return found.end()


def _skip_breaks(reading: Reading, position: int) -> int:
    while position < len(reading.text) and reading.text[position] in "\r\n":
        position += 1
    return position


_READERS: Mapping[str, Callable[[Reading, re.Match[str]], int | None]] = {
    "think": _read_thought,
    "stray": _leave,
    "frame": _pass_frame,
    "tags": read_tool_call_tag,
    "function": read_bare_function_tag,
    "invoke": read_invoke,
    "deepseek": read_deepseek,
    "kimi": read_kimi,
    "mistral": read_mistral,
    "python": read_python_tag,
    "pythonic": read_python_list,
    "fence": read_fence,
    "bare": read_bare_json,
}
