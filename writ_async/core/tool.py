"""Tools: functions over a state that a model may call, what it is shown of them, and what comes of a call.

A tool is a plain function whose first parameter is the `State`. `read`, `write` and `generic` mark it; its JSON schema
is generated from its signature and docstring. It returns a Struct, a string, or JSON-like data, and refuses with
`ToolError`; any other exception is an error to the model too, for the arguments are whatever a model wrote.
"""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

import docstring_parser
import msgspec

from writ_async.core.result_text import encode_result
from writ_async.core.state import State
from writ_async.errors import describe_error, place_of

logger = logging.getLogger(__name__)

ToolKind = Literal["read", "write", "generic"]
F = TypeVar("F", bound=Callable[..., Any])


class ToolError(Exception):
    """A tool's refusal; its text is shown to the model."""


class Tool(msgspec.Struct, frozen=True):
    """One tool: its kind, the OpenAI function schema that a model is shown, and the function.

    `shape` is a type that arguments convert to where each has its declared type; None where nothing is declared.
    `words` are those that the schema enumerates, at any depth.
    """

    name: str
    kind: ToolKind
    schema: dict[str, Any]
    function: Callable[..., Any]
    required: frozenset[str]
    accepted: frozenset[str]
    shape: type[msgspec.Struct] | None = None
    words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "words", frozenset(_enumerated(self.schema)))

    def read_arguments(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """The arguments as plain data of their declared types (a number in text is one), or None if they do not fit."""
        if self.shape is None:
            return None
        try:
            read: dict[str, Any] = msgspec.to_builtins(msgspec.convert(arguments, self.shape, strict=False))
        except (msgspec.ValidationError, RecursionError):
            return None
        return read

    def name_arguments(self, values: Sequence[Any]) -> dict[str, Any]:
        """Values in the order of the tool's parameters as arguments by name; of fewer values the last are left out."""
        return dict(zip(self.schema["function"]["parameters"]["properties"], values, strict=False))


def _enumerated(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, item in schema.items():
            if key == "enum" and isinstance(item, list):
                yield from (word for word in item if isinstance(word, str))
            else:
                yield from _enumerated(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _enumerated(item)


class ToolResult(msgspec.Struct, frozen=True):
    """The exact text of a tool message, and whether it is an error."""

    content: str
    error: bool


_KIND = "__writ_kind__"  # the attribute by which a marked function is known


def read(function: F) -> F:
    """Mark a function as a tool that only looks."""
    setattr(function, _KIND, "read")
    return function


def write(function: F) -> F:
    """Mark a function as a tool that may change the state."""
    setattr(function, _KIND, "write")
    return function


def generic(function: F) -> F:
    """Mark a function as a tool that has nothing to do with the state."""
    setattr(function, _KIND, "generic")
    return function


def make_tool(function: Callable[..., Any]) -> Tool:
    """A tool from a marked function. Raises `TypeError` when a parameter has no description."""
    kind: ToolKind = getattr(function, _KIND)
    name = function.__name__
    doc = docstring_parser.parse(inspect.getdoc(function) or "", style=docstring_parser.DocstringStyle.GOOGLE)
    described = {param.arg_name: " ".join((param.description or "").split()) for param in doc.params}
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    schemas, definitions = msgspec.json.schema_components(
        [hints[p.name] for p in parameters], ref_template="#/$defs/{name}"
    )
    properties: dict[str, Any] = {}
    for parameter, schema in zip(parameters, schemas, strict=True):
        if not described.get(parameter.name):
            raise TypeError(f"tool {name}: parameter {parameter.name} has no description in the docstring")
        if "enum" in schema and all(isinstance(word, str) for word in schema["enum"]):
            schema = {"type": "string", **schema}  # msgspec leaves it out, grammars and templates want it
        properties[parameter.name] = {"description": described[parameter.name], **schema}
    required = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    # JSON has one kind of number: 2.0 is a whole one too.
    types = {p.name: int | float if hints[p.name] is int else hints[p.name] for p in parameters}
    shape = msgspec.defstruct(
        name,
        [(key, kind) if key in required else (key, kind, None) for key, kind in types.items()],
        kw_only=True,
        forbid_unknown_fields=True,
    )
    text = "\n\n".join(part for part in (doc.short_description, doc.long_description) if part)
    body: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    if definitions:
        body["$defs"] = definitions
    schema = {"type": "function", "function": {"name": name, "description": text, "parameters": body}}
    return Tool(name, kind, schema, function, frozenset(required), frozenset(properties), shape)


def make_tools(functions: Iterable[Callable[..., Any]]) -> dict[str, Tool]:
    """Tools by name, in the given order."""
    return {tool.name: tool for tool in map(make_tool, functions)}


def apply_tool(tools: Mapping[str, Tool], state: State, name: str, arguments: dict[str, Any]) -> None:
    """Run one tool on a state for nothing but what it leaves behind there: its result is not made a text."""
    call_tool(tools, state, name, arguments, _no_text)


def _no_text(_: Any) -> str:
    return ""


_HOLD_NO_NUMBER: Final = frozenset({str, bool, float, type(None)})


def _holds_huge_number(value: Any) -> bool:
    """Whether an argument holds an integer beyond 64 bits, which no file or database holds."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            if type(inner) is not str and _holds_huge_number(inner):  # Most are texts, and need no call of their own.
                return True
        return False
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 64


def call_tool(
    tools: Mapping[str, Tool],
    state: State,
    name: str,
    arguments: dict[str, Any],
    encode: Callable[[Any], str] = encode_result,
) -> ToolResult:
    """Run one tool on a state. Never raises for what a model wrote: a refusal is an error result.

    What a tool wrote before it refused stays written. `encode` makes its result a text.
    """
    tool = tools.get(name)
    if tool is None:
        return ToolResult(f"Error: Tool {name!r} not found.", True)  # as τ²-bench's environment says it
    given = arguments.keys()
    if not given >= tool.required:
        missing = tool.required - given
        return ToolResult(f"Error: {name} needs the argument {min(missing)!r}", True)
    if not tool.accepted.issuperset(given):
        unknown = given - tool.accepted
        return ToolResult(f"Error: {name} takes no argument {min(unknown)!r}", True)
    try:
        if not _HOLD_NO_NUMBER.issuperset(map(type, arguments.values())) and _holds_huge_number(arguments):
            return ToolResult(f"Error: {name} could not use an argument (a number beyond 64 bits)", True)
        return ToolResult(encode(tool.function(state, **arguments)), False)
    except ToolError as exc:
        return ToolResult(f"Error: {exc}", True)
    except RecursionError:
        return ToolResult(f"Error: {name} could not follow an argument nested so deeply", True)
    except Exception as exc:
        if tool.read_arguments(arguments) == arguments:  # as they are, not as they could be read
            _tell_author(tool, exc)
        return ToolResult(f"Error: {name} could not use an argument ({type(exc).__name__})", True)


_told: set[tuple[str, str, str]] = set()
_MOST_TOLD = 100


def _tell_author(tool: Tool, exc: Exception) -> None:
    """Log, once for each place, that a tool fails on arguments of the types that it declares: no model is to blame."""
    kind = (tool.name, type(exc).__name__, place_of(exc))
    if kind not in _told and len(_told) < _MOST_TOLD:
        _told.add(kind)
        logger.warning(
            "tool %r fails on arguments of its declared types: %s (%s); the model is told that it could not use one",
            tool.name, describe_error(exc), kind[2], exc_info=exc,
        )  # fmt: skip
