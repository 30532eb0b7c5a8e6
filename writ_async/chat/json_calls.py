"""Calls that are written as JSON, in all the shapes that models give them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

from writ_async.chat.parsed import MALFORMED, Defect, KnownTools
from writ_async.core.message import FunctionCall

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode
_scan = json.JSONDecoder().raw_decode
_NAME = re.compile(r'"name"\s*:\s*"([A-Za-z0-9_.\-]{1,64})"')
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_HINT = re.compile(r'"(?:name|function|tool|tool_name|function_name|tool_calls?|function_call)"\s*:')
BAD_JSON = (msgspec.DecodeError, RecursionError, UnicodeError)

OWN_KEYS = ("arguments", "parameters")
_AS_ASKED = {"name", "arguments"}  # as nearly every call is written
_OTHER_KEYS = (
    "args",
    "argument",
    "params",
    "parameter",
    "input",
    "inputs",
    "kwargs",
    "tool_input",
    "function_arguments",
)
_NAME_KEYS = ("function", "tool_name", "function_name", "tool")
_WRAPPERS = ("function", "function_call", "tool_call", "tool_calls", "calls")
_LABELS = frozenset({"id", "type", "index", "call_id", "tool_call_id"})
_DEEPEST = 4


def scan_json(text: str, start: int) -> int | None:
    """Where the JSON value that begins at `start` ends; None when there is none."""
    try:
        return _scan(text, start)[1]
    except (ValueError, RecursionError):
        return None


def plain_call(body: str) -> FunctionCall | None:
    """The call of a text that is a JSON object of a name and an object of arguments, and nothing else; None for others.

    Whatever may hold a tag is left to those who look for one.
    """
    if "<" in body:
        return None
    try:
        fields = _decode_object(body)
        if fields.keys() != _AS_ASKED:
            return None
        name, arguments = bytes(fields["name"]), bytes(fields["arguments"])
        if not name.startswith(b'"') or not arguments.startswith(b"{"):
            return None
        return FunctionCall(_decode_text(name), arguments.decode())
    except BAD_JSON:
        return None


def read_calls(body: str, defects: list[Defect], tools: KnownTools) -> list[FunctionCall]:
    """The calls of a text that should be one call's JSON object; what is wrong with it is added to `defects`.

    What is no call is one malformed call, with the whole text as its arguments.
    """
    body = body.strip()
    try:
        found = _calls_of(body, defects, tools, 0)
    except msgspec.ValidationError:
        found = []
    except BAD_JSON:
        defects.append(Defect.BROKEN_JSON)
        return [FunctionCall(_name_in(body), body)]
    if not found:
        defects.append(Defect.WRONG_SHAPE)
        return [FunctionCall(_name_in(body), body)]
    return found


def find_calls(body: str, defects: list[Defect], tools: KnownTools, own: bool, alone: bool) -> list[FunctionCall]:
    """The calls of a JSON value that stands in a text without any tag; none where it may be something said.

    A call has a name and arguments. Where it is not the family's `own` way to write calls, the name must be a known
    tool's; a known tool's name is also enough for arguments in another shape. `alone` says that the text holds nothing
    else.
    """
    if _HINT.search(body) is None:
        return []
    noted: list[Defect] = []
    try:
        found = _calls_of(body, noted, tools, 0)
    except BAD_JSON:
        return []
    loose = Defect.FLAT_ARGUMENTS in noted
    keyed = any(f'"{key}"' in body for key in OWN_KEYS)
    for call in found:
        known = call.name in tools
        if not known and (not _IDENTIFIER.fullmatch(call.name) or loose or (tools and not (own and keyed))):
            break
        if not known and not (own and (keyed or Defect.OTHER_KEY in noted or (alone and call.arguments == "{}"))):
            break
    else:
        defects += noted
        return found
    if tools and keyed and not loose and all(_IDENTIFIER.fullmatch(call.name) for call in found):
        defects.append(Defect.CALL_AS_TEXT)
    return []


def read_function(
    fields: Mapping[str, msgspec.Raw], tools: KnownTools, unnamed: str, defects: list[Defect]
) -> FunctionCall:
    """The call that the object `function` of a chat completion's tool call is.

    Its arguments are the text that a server passed on, which need not be JSON; none at all is how servers often send a
    call without any.
    """
    texts = {key: bytes(raw).decode() for key, raw in fields.items()}
    name = _decode_text(texts["name"]) if texts.get("name", "").startswith('"') else ""
    given = texts.get("arguments", "")
    if not given:
        found = _call_of({**texts, "name": _encode(name).decode()}, defects, tools)[0]
        return FunctionCall(name or unnamed, found.arguments)
    text = _decode_text(given) if given.startswith('"') else given
    if text.lstrip().startswith('"'):
        text = arguments_text(text.strip(), defects)
    if text.strip() in ("", "null"):
        defects.append(Defect.EMPTY_ARGUMENTS)
        text = "{}"
    return FunctionCall(name or unnamed, text)


def _calls_of(body: str, defects: list[Defect], tools: KnownTools, depth: int) -> list[FunctionCall]:
    """The calls in a JSON value, taken out of whatever they are wrapped in. Raises what decoding raises."""
    if depth > _DEEPEST:
        return []
    if body.startswith("["):
        found = [_calls_of(bytes(raw).decode(), defects, tools, depth + 1) for raw in _decode_list(body)]
        if not all(found):
            return []
        if len(found) > 1:
            defects.append(Defect.SHARED_TAG)
        return _wrapped([call for calls in found for call in calls], defects)
    if body.startswith('"'):
        inner = _decode_text(body).strip()
        return _wrapped(_calls_of(inner, defects, tools, depth + 1), defects) if inner[:1] in ("{", "[") else []
    fields = {key: bytes(raw).decode() for key, raw in _decode_object(body).items()}
    if not fields.get("name", "").startswith('"'):
        for key in _WRAPPERS:
            if fields.get(key, "")[:1] in ("{", "["):
                return _wrapped(_calls_of(fields[key], defects, tools, depth + 1), defects)
    return _call_of(fields, defects, tools)


def _wrapped(calls: list[FunctionCall], defects: list[Defect]) -> list[FunctionCall]:
    if calls:
        defects.append(Defect.WRAPPED_CALL)
    return calls


def _call_of(fields: dict[str, str], defects: list[Defect], tools: KnownTools) -> list[FunctionCall]:
    """The call that an object's fields, each as JSON text, are."""
    if fields.keys() == _AS_ASKED and fields["name"].startswith('"') and fields["arguments"].startswith("{"):
        return [FunctionCall(_decode_text(fields["name"]), fields["arguments"])]
    name_key = "name" if fields.get("name", "").startswith('"') else ""
    if not name_key and "name" not in fields and any(key in fields for key in (*OWN_KEYS, *_OTHER_KEYS)):
        name_key = next((key for key in _NAME_KEYS if fields.get(key, "").startswith('"')), "")
        if name_key:
            defects.append(Defect.OTHER_KEY)
    if not name_key:
        return []
    name = _decode_text(fields[name_key])
    rest = {key: raw for key, raw in fields.items() if key != name_key}
    properties = tools.get(name, {})
    key = next((key for key in OWN_KEYS if key in rest and rest[key] not in ("null", '""')), None)
    key = key or next((key for key in OWN_KEYS if key in rest), None)
    if key is None:
        key = next((key for key in _OTHER_KEYS if key not in properties and _holds_object(rest.get(key, ""))), None)
        if key is not None:
            defects.append(Defect.OTHER_KEY)
    if key is None:
        flat = {key: raw for key, raw in rest.items() if key not in _LABELS or key in properties}
        if flat:
            defects.append(Defect.FLAT_ARGUMENTS)
        return [FunctionCall(name, _join(flat))]  # a tool without parameters is often called without any
    arguments = arguments_text(rest[key], defects)
    others = {other: raw for other, raw in rest.items() if other != key and other not in _LABELS}
    if any(other not in OWN_KEYS for other in others):
        defects.append(Defect.EXTRA_KEYS)
    return [FunctionCall(name, arguments)]


def _holds_object(raw: str) -> bool:
    """Whether arguments may stand under this value's key: an object, one in a string, or nothing."""
    return raw != "" and arguments_text(raw, []).startswith("{")


def arguments_text(text: str, defects: list[Defect]) -> str:
    """The arguments as text, from the JSON text that stands for them.

    A string that holds a JSON object is taken for the object, and null or an empty string for no arguments: they can
    mean nothing else.
    """
    if text.startswith("{"):
        return text
    inner = text
    for _ in range(_DEEPEST):
        if not inner.startswith('"'):
            break
        try:
            inner = _decode_text(inner).strip()
        except BAD_JSON:
            break
    if inner in ("", "null"):
        defects.append(Defect.EMPTY_ARGUMENTS)
        return "{}"
    if inner is not text and inner.startswith("{"):
        try:
            _decode_object(inner)
        except BAD_JSON:
            pass
        else:
            defects.append(Defect.STRING_ARGUMENTS)
            return inner
    defects.append(Defect.ARGUMENTS_NOT_OBJECT)
    return text


def _join(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_encode(key).decode()}: {raw}" for key, raw in fields.items()) + "}"


def _name_in(body: str) -> str:
    found = _NAME.search(body)
    return found.group(1) if found else MALFORMED
