"""What a completion is taken to say.

A model's text becomes an `AssistantMessage` whatever it looks like. What cannot be understood as a call becomes a call
all the same, with the model's own text as its arguments: those are not a JSON object, so that the conversation answers
with an error and the model learns of it. Nothing is repaired in silence; `defects` lists all that was not as the family
writes it.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum

import msgspec

from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall

MALFORMED = "malformed_call"
"""The name of a call in which no name could be read."""


class Defect(StrEnum):
    """How a completion departs from its family's format."""

    BROKEN_JSON = "broken_json"
    """A call is not JSON; its whole text stands as its arguments."""
    WRONG_SHAPE = "wrong_shape"
    """A call is JSON but not an object with a name; its whole text stands as its arguments."""
    ARGUMENTS_NOT_OBJECT = "arguments_not_object"
    """The arguments are JSON but not an object."""
    STRING_ARGUMENTS = "string_arguments"
    """The arguments are a string that holds a JSON object; the object was taken."""
    UNCLOSED_CALL = "unclosed_call"
    """The tag that ends a call is missing."""
    STRAY_TAG = "stray_tag"
    """A tag that ends a call has no beginning; it stays in the text."""
    SHARED_TAG = "shared_tag"
    """Several calls stand between one pair of tags."""
    SEVERAL_CALLS = "several_calls"
    """More calls than the family's template can render in one turn."""
    TEXT_AFTER_CALL = "text_after_call"
    """Text between or after calls; it was put after the text before them."""
    UNCLOSED_REASONING = "unclosed_reasoning"
    """The turn was cut off inside its reasoning."""


class Parsed(msgspec.Struct, frozen=True):
    """A completion as a message. `reasoning` was thought aloud: it is no part of what is said."""

    message: AssistantMessage
    defects: tuple[Defect, ...] = ()
    reasoning: str = ""


class _Written(msgspec.Struct):
    """A call as models write it; `raw` keeps the arguments as they were typed."""

    name: str
    arguments: msgspec.Raw = msgspec.Raw()
    parameters: msgspec.Raw = msgspec.Raw()


_decode_written = msgspec.json.Decoder(_Written).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_scan = json.JSONDecoder().raw_decode
_NAME = re.compile(r'"name"\s*:\s*"([A-Za-z0-9_.\-]{1,64})"')
_BAD_JSON = (msgspec.DecodeError, RecursionError, UnicodeEncodeError)


def call_id(turn: int, index: int) -> str:
    """The id of the n-th call of a seat's n-th completion: the same in every run."""
    return f"call_{turn}_{index}"


def scan_json(text: str, start: int) -> int | None:
    """Where the JSON value that begins at `start` ends; None when there is none."""
    try:
        return _scan(text, start)[1]
    except (ValueError, RecursionError):
        return None


def read_call(body: str, identity: str, defects: list[Defect]) -> ToolCall:
    """One call from the text that should be its JSON object; what is wrong with it is added to `defects`."""
    body = body.strip()
    try:
        written = _decode_written(body)
    except msgspec.ValidationError:
        defects.append(Defect.WRONG_SHAPE)
        return ToolCall(identity, FunctionCall(_name_in(body), body))
    except _BAD_JSON:
        defects.append(Defect.BROKEN_JSON)
        return ToolCall(identity, FunctionCall(_name_in(body), body))
    raw = bytes(written.arguments) or bytes(written.parameters)
    if not raw:  # a tool without parameters is often called without any
        return ToolCall(identity, FunctionCall(written.name, "{}"))
    return ToolCall(identity, FunctionCall(written.name, _object_text(raw.decode(), defects)))


def _object_text(text: str, defects: list[Defect]) -> str:
    """The arguments as text. A string that holds a JSON object is taken for the object: it can mean nothing else."""
    if text.startswith("{"):
        return text
    if text.startswith('"'):
        inner: str = msgspec.json.decode(text)
        try:
            _decode_object(inner)
        except _BAD_JSON:
            pass
        else:
            defects.append(Defect.STRING_ARGUMENTS)
            return inner.strip()
    defects.append(Defect.ARGUMENTS_NOT_OBJECT)
    return text


def _name_in(body: str) -> str:
    found = _NAME.search(body)
    return found.group(1) if found else MALFORMED


def build(before: str, after: list[str], calls: list[ToolCall], defects: list[Defect], reasoning: str = "") -> Parsed:
    """A parsed completion of the text before the calls, the pieces of text among and after them, and the calls."""
    late = [piece.strip() for piece in after if piece.strip()]
    if late:
        defects.append(Defect.TEXT_AFTER_CALL)
    text = "\n".join([before, *late] if before.strip() else late)
    content = text if text.strip() or not calls else None
    return Parsed(AssistantMessage(content, tuple(calls)), tuple(dict.fromkeys(defects)), reasoning)
