"""Readers of the forms that write a call between tags or marks: each from where its opening was found.

They say where the text behind the call begins, or None where it is no call.
"""

from __future__ import annotations

import re

from writ_async.chat.json_calls import read_calls, scan_json
from writ_async.chat.parsed import Defect
from writ_async.chat.reading import CALL_CLOSE, CALL_OPEN, OPENER, Form, Reading
from writ_async.chat.tagged_calls import read_function_tag, read_invoke_tag, read_keys_and_values, read_named_json
from writ_async.core.message import FunctionCall

_MISTRAL = re.compile(r"\s*([A-Za-z_][\w.\-]{0,63})(?:\[CALL_ID\][^\[\s]*)?(?:\[ARGS\]|\s*(?=\{))")
_KIMI = re.compile(r"\s*(?:functions\.)?([A-Za-z0-9_.\-]{1,64}?)(?::\d+)?\s*<\|tool_call_argument_begin\|>")
_DEEPSEEK = re.compile(r"\s*(?:function<｜tool▁sep｜>)?([A-Za-z0-9_.\-]{1,64})\s*(?:<｜tool▁sep｜>|\n)")
_NAME_BEFORE_JSON = re.compile(r"([A-Za-z_][\w.\-]{0,63})\s*(?=```|\{)")


def read_tool_call_tag(reading: Reading, found: re.Match[str]) -> int | None:
    """`<tool_call>`, whose inside is JSON, function tags, or a name with keys and values."""
    start = found.end()
    body = reading.skip_space(start)
    if reading.text.startswith("<function=", body):
        return _read_functions(reading, body)
    defects: list[Defect] = []
    keys = read_keys_and_values(reading.text, start, reading.tools, "keys" in reading.own, defects)
    if keys is not None:
        reading.defects += defects
        reading.add([keys[0]], "keys")
        return _end_of_tag(reading, keys[1])
    name = _NAME_BEFORE_JSON.match(reading.text, body)
    if name is not None and scan_json(reading.text, reading.text.find("{", name.end())) is not None:
        call, stop = read_named_json(reading.text, name[1], name.end(), (CALL_CLOSE,), reading.defects)
        reading.add([call], "keys")
        return _end_of_tag(reading, stop)
    return _read_json_tag(reading, start)


def _end_of_tag(reading: Reading, position: int) -> int:
    """Where the text behind a tag's end begins, if the tag ends here."""
    position = reading.skip_space(position)
    if reading.text.startswith(CALL_CLOSE, position):
        return position + len(CALL_CLOSE)
    reading.defects.append(Defect.UNCLOSED_CALL)
    return position


def _read_functions(reading: Reading, start: int) -> int:
    """The calls between tags of their own that stand in one `<tool_call>`."""
    position, count = start, 0
    while (found := OPENER.match(reading.text, position)) is not None and found["function"]:
        call, stop = read_function_tag(reading.text, found["name"], found.end(), reading.tools, reading.defects)
        reading.add([call], "function")
        count += 1
        position = reading.skip_space(stop)
    if count > 1:
        reading.defects.append(Defect.SHARED_TAG)
    if Defect.BROKEN_JSON in reading.defects and not reading.text.startswith(CALL_CLOSE, position):
        return position
    return _end_of_tag(reading, position)


def _read_json_tag(reading: Reading, start: int) -> int | None:
    """The calls of one tag that holds JSON.

    The end is looked for behind whole JSON values, because a string in them may hold the tag.
    """
    text = reading.text
    position = reading.skip_space(start)
    calls: list[FunctionCall] = []
    values = 0
    while (stop := scan_json(text, position)) is not None:
        behind = reading.skip_space(stop)
        if behind < len(text) and not text.startswith((CALL_CLOSE, CALL_OPEN, "{"), behind):
            break
        calls += read_calls(text[position:stop], reading.defects, reading.tools)
        values += 1
        position = behind
        if not text.startswith("{", position):
            break
    if values > 1:
        reading.defects.append(Defect.SHARED_TAG)
    if values:
        reading.add(calls, "tags")
        if text.startswith(CALL_CLOSE, position):
            return position + len(CALL_CLOSE)
        if position == len(text) or text.startswith(CALL_OPEN, position):
            reading.defects.append(Defect.UNCLOSED_CALL)
            return position
    return _read_broken_tag(reading, position)


def _read_broken_tag(reading: Reading, start: int) -> int:
    """Take all up to the tag's end, the next tag or the end of the text for one malformed call."""
    text = reading.text
    stop = text.find(CALL_CLOSE, start)
    following = text.find(CALL_OPEN, start)
    if stop < 0 or 0 <= following < stop:
        reading.defects.append(Defect.UNCLOSED_CALL)
        stop = end = following if following >= 0 else len(text)
    else:
        end = stop + len(CALL_CLOSE)
    reading.add(read_calls(text[start:stop], reading.defects, reading.tools), "tags")
    return end


def read_bare_function_tag(reading: Reading, found: re.Match[str]) -> int | None:
    """`<function=name>` without a `<tool_call>` around it."""
    call, stop = read_function_tag(reading.text, found["name"], found.end(), reading.tools, reading.defects)
    reading.add([call], "function")
    behind = reading.skip_space(stop)
    if reading.text.startswith(CALL_CLOSE, behind):  # the opening tag was forgotten
        reading.defects.append(Defect.STRAY_TAG)
        return behind + len(CALL_CLOSE)
    return stop


def read_invoke(reading: Reading, found: re.Match[str]) -> int | None:
    """`<invoke name="...">`, as MiniMax and DeepSeek-V3.2 write it."""
    call, stop = read_invoke_tag(reading.text, found["invoked"], found.end(), reading.tools, reading.defects)
    reading.add([call], "invoke")
    return stop


def read_deepseek(reading: Reading, found: re.Match[str]) -> int | None:
    """A call between DeepSeek's marks."""
    return _read_named(reading, _DEEPSEEK, found.end(), "<｜tool▁call▁end｜>", "deepseek")


def read_kimi(reading: Reading, found: re.Match[str]) -> int | None:
    """A call between Kimi's marks."""
    return _read_named(reading, _KIMI, found.end(), "<|tool_call_end|>", "kimi")


def _read_named(reading: Reading, head: re.Pattern[str], start: int, closing: str, form: Form) -> int:
    """A call between marks: a name and JSON."""
    text = reading.text
    name = head.match(text, start)
    if name is None:
        stop = text.find(closing, start)
        end = len(text) if stop < 0 else stop
        reading.add(read_calls(text[start:end], reading.defects, reading.tools), form)
    else:
        call, end = read_named_json(text, name[1], name.end(), (closing,), reading.defects)
        reading.add([call], form)
    end = reading.skip_space(end)
    if text.startswith(closing, end):
        return end + len(closing)
    reading.defects.append(Defect.UNCLOSED_CALL)
    return end


def read_mistral(reading: Reading, found: re.Match[str]) -> int | None:
    """What follows `[TOOL_CALLS]`: a JSON list, or names with JSON."""
    position = reading.skip_space(found.end())
    if reading.text.startswith(("[", "{"), position):
        stop = scan_json(reading.text, position)
        end = len(reading.text) if stop is None else stop
        noted: list[Defect] = []
        calls = read_calls(reading.text[position:end], noted, reading.tools)
        lists = {Defect.WRAPPED_CALL, Defect.SHARED_TAG} if "mistral" in reading.own else set()
        reading.defects += (defect for defect in noted if defect not in lists)
        reading.add(calls, "mistral")
        return end
    name = _MISTRAL.match(reading.text, position)
    if name is None:
        return None
    call, end = read_named_json(reading.text, name[1], name.end(), ("[TOOL_CALLS]",), reading.defects)
    reading.add([call], "mistral")
    return end
