"""Readers of the forms that write a call without an end of its own: JSON in the text, fenced or not, and Python.

They say where the text behind the call begins, or None where it is something said.
"""

from __future__ import annotations

import re

from writ_async.chat.json_calls import find_calls, read_calls, scan_json
from writ_async.chat.parsed import Defect
from writ_async.chat.reading import CALL_OPEN, MOST_SCANS, PYTHON, SEPARATORS, Reading
from writ_async.chat.tagged_calls import read_python_call
from writ_async.core.message import FunctionCall

ATTEMPT = re.compile(
    r'\{\s*"(?:type"\s*:\s*"function"\s*,\s*")?name"\s*:\s*"([A-Za-z0-9_.\-]{1,64})"\s*'
    r'(,\s*"(?:parameters|arguments)"\s*(?::\s*(?:[{"\[]|\Z)|\Z))?'
)


def read_python_tag(reading: Reading, found: re.Match[str]) -> int | None:
    """What follows Llama's tag is a call whatever it looks like."""
    text = reading.text
    position = found.end()
    while position < len(text) and text[position] in SEPARATORS:
        position += 1
    if text.startswith(("{", "["), position):
        stop = scan_json(text, position)
        if stop is not None:
            reading.add(read_calls(text[position:stop], reading.defects, reading.tools), "python")
            return _behind_call(reading, stop)
    elif (call := _python_call(reading, position, reading.defects)) is not None:
        reading.add([call[0]], "python")
        return _behind_call(reading, call[1])
    stop = _next_attempt(reading, position)
    reading.add(read_calls(text[position:stop], reading.defects, reading.tools), "python")
    return stop


def _python_call(reading: Reading, position: int, defects: list[Defect]) -> tuple[FunctionCall, int] | None:
    """The Python call that begins here; None when there is none, or too many were none."""
    call = read_python_call(reading.text, position, reading.tools, defects) if reading.scans <= MOST_SCANS else None
    reading.scans += call is None or call[0].name not in reading.tools
    return call


def _behind_call(reading: Reading, position: int) -> int:
    """Behind a call: separators are left out where another call follows them."""
    behind = position
    while behind < len(reading.text) and reading.text[behind] in SEPARATORS:
        behind += 1
    return behind if behind == len(reading.text) or ATTEMPT.match(reading.text, behind) else position


def _next_attempt(reading: Reading, position: int) -> int:
    """Where the next call may begin behind one that is broken; what stands before it belongs to that."""
    places = [place for mark in (PYTHON, CALL_OPEN) if (place := reading.text.find(mark, position)) >= 0]
    attempt = next((found for found in ATTEMPT.finditer(reading.text, position + 1) if _counts(reading, found)), None)
    return min([*places, attempt.start()] if attempt else places, default=len(reading.text))


def _counts(reading: Reading, attempt: re.Match[str]) -> bool:
    return attempt[1] in reading.tools or ("bare" in reading.own and attempt[2] is not None)


def read_bare_json(reading: Reading, found: re.Match[str]) -> int | None:
    """JSON in the text: a call where it has a name and arguments (`find_calls`); broken, where it begins like one."""
    text, start = reading.text, found.start()
    stop = reading.scan(start)
    if stop is None:
        attempt = ATTEMPT.match(text, start)
        if attempt is None or not _counts(reading, attempt) or reading.scans > MOST_SCANS:
            return None
        stop = _next_attempt(reading, start)
        reading.add(read_calls(text[start:stop], reading.defects, reading.tools), "bare")
        return stop
    alone = not text[:start].strip() and not text[stop:].strip()
    noted: list[Defect] = []
    calls = find_calls(text[start:stop], noted, reading.tools, "bare" in reading.own, alone)
    if calls and _is_leaked(reading, stop):
        return None
    reading.defects += noted
    if not calls:
        return None
    reading.add(calls, "bare")
    return _behind_call(reading, stop)


def _is_leaked(reading: Reading, stop: int) -> bool:
    """Whether calls in a form that is not the family's own are followed by words: then all of it is said, and noted.

    A model that calls stops behind its call; what goes on was meant for the reader.
    """
    if "bare" in reading.own:
        return False
    text = reading.text
    while stop < len(text):
        while stop < len(text) and text[stop] in SEPARATORS:
            stop += 1
        end = reading.scan(stop) if text.startswith(("{", "["), stop) else None
        if end is None or not find_calls(text[stop:end], [], reading.tools, False, False):
            break
        stop = end
    if text[stop:].strip():
        reading.defects.append(Defect.CALL_AS_TEXT)
        return True
    return False


def read_fence(reading: Reading, found: re.Match[str]) -> int | None:
    """A fenced block of JSON that is calls and nothing else."""
    position = found.end()
    calls: list[FunctionCall] = []
    noted: list[Defect] = []
    while (stop := reading.scan(position)) is not None:
        made = find_calls(reading.text[position:stop], noted, reading.tools, "bare" in reading.own, False)
        if not made:
            return None
        calls += made
        position = reading.skip_space(stop)
        if not reading.text.startswith("{", position):
            break
    closed = reading.text.startswith("```", position)
    if not calls or (not closed and position < len(reading.text)):
        return None
    if _is_leaked(reading, position + 3 if closed else position):
        return None
    reading.defects += noted
    reading.add(calls, "bare")
    if "bare" in reading.own:
        reading.defects.append(Defect.OTHER_FORM)
    return position + 3 if closed else position


def read_python_list(reading: Reading, found: re.Match[str]) -> int | None:
    """A list of Python calls, as Llama 3.2 and 4 write them; only of known tools."""
    position = reading.skip_space(found.end())
    calls: list[FunctionCall] = []
    noted: list[Defect] = []
    while (call := _python_call(reading, position, noted)) is not None:
        if call[0].name not in reading.tools:
            return None
        calls.append(call[0])
        position = reading.skip_space(call[1])
        if not reading.text.startswith(",", position):
            break
        position = reading.skip_space(position + 1)
    if not calls or not reading.text.startswith("]", position):
        return None
    if _is_leaked(reading, position + 1):
        return None
    reading.defects += noted
    reading.add(calls, "python")
    return position + 1
