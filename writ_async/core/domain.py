"""Domains: tools over a state, a policy, a way to draw worlds and tasks. Registered as entry points.

A tool is a plain function whose first parameter is the `State`. `read`, `write` and `generic` mark it; its JSON schema
is generated from its signature and docstring. It returns a Struct, a string, or JSON-like data, and refuses with
`ToolError`; any other exception is an error to the model too, for the arguments are whatever a model wrote.
"""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final, Literal, TypeVar

import docstring_parser
import msgspec

from writ_async.core.evidence_rules import EvidenceRules
from writ_async.core.goal import GoalRules
from writ_async.core.level import ANY_EXTENT, Extent
from writ_async.core.message import Requestor
from writ_async.core.record_facts import RecordFacts
from writ_async.core.result_text import encode_result as encode_result
from writ_async.core.settlement import SettlementRule
from writ_async.core.state import State, World
from writ_async.core.task import Action, Certificate, FirstWish, Goal, InitialState, Kind, Pin, Scenario
from writ_async.core.telling import Telling
from writ_async.core.user_actions import UserAction
from writ_async.errors import describe_error, place_of

logger = logging.getLogger(__name__)

ToolKind = Literal["read", "write", "generic"]
PolicyCheck = Callable[[State, str, Mapping[str, Any], Mapping[str, Any]], str]
"""Says why the policy forbids a write in a state, or an empty text.

Gets the state before the write, the tool's name and arguments, and what the user has said as in `Goal.params`; what
only the user could say and did not is granted. What the tool itself refuses need not be said.
"""
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


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipe proposes: a scenario, the gold calls in order, and what the user must be told.

    With `goals`, one for each gold write or group of them, the certificates are the solver's to find. `first_wish` is
    what the user wants until they change their mind, `initial` what is done to the world before the conversation.
    """

    scenario: Scenario
    actions: tuple[Action, ...]
    certificates: tuple[Certificate, ...] = ()
    communicate: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()
    pins: tuple[Pin, ...] = ()
    first_wish: FirstWish | None = None
    initial: InitialState | None = None


class Reach(msgspec.Struct, frozen=True):
    """What the draws of a recipe can come to, and, in a word or two, what there is more of where they come to more."""

    extent: Extent
    by: str


class Recipe(msgspec.Struct, frozen=True):
    """A way to draw one kind of task from a world. `make` gives None where the draw found nothing fit.

    With a `reach`, `make` takes as a third argument the extent that the draw is to come to, if it can be had.
    """

    name: str
    kind: Kind
    make: Callable[..., Draft | None]
    reach: Reach | None = None

    def draw(self, world: World, rng: Random, extent: Extent = ANY_EXTENT) -> Draft | None:
        """A draft from a world, or None; where the recipe can be aimed, within an extent or near to it."""
        return self.make(world, rng) if self.reach is None else self.make(world, rng, extent)

    def can_reach(self, extent: Extent) -> bool:
        """Whether a draw may come to an extent; of a recipe that cannot be aimed nothing is known."""
        return self.reach is None or self.reach.extent.meets(extent)


class Slot(msgspec.Struct, frozen=True):
    """A thing that a user can be asked for, by the name that it has in `Fact.slot`.

    words: how an agent asks for it; the name with blanks where it is empty.
    other_words: what others call it, in lower case; by these a question for it is recognised as well.
    mistyped: it tells who the user is, and a slip of the pen leaves something of the same form (an id, a number).
    spelled: it tells who the user is, and may be spelled out character by character.
    """

    name: str
    words: str = ""
    mistyped: bool = False
    spelled: bool = False
    other_words: tuple[str, ...] = ()


class UnavailableWish(msgspec.Struct, frozen=True):
    """A wish that no tool fulfils: a first-person phrase to follow "to", and the word that no tool must know."""

    phrase: str
    word: str


class Deed(msgspec.Struct, frozen=True):
    """Something that an agent may say it has done, and what does it.

    words: stems of the verbs and nouns that tell of it, in lower case.
    tools: the tools of which one must have succeeded before it is said to be done.
    shown: words of a result that show that it was done, by whomever.
    """

    words: tuple[str, ...]
    tools: tuple[str, ...]
    shown: tuple[str, ...] = ()


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a conversation of one domain needs.

    `generate(seed, size)` draws a world of about `size` users. `load(data)` reads a database in the shape of
    τ²-bench's `db.json` and raises `msgspec.ValidationError` where it does not fit; `dump(state)` gives that shape
    back, every field of every record included (null where unset). Without `why_forbidden` no write is held against
    the policy. `schemas` and `user_schemas` follow from the tools.

    Where users have tools, too, one state holds the records of both sides. `after_call` is what a call that succeeded
    brings about in those of the other side. `setups` are the functions that a task's initial state may name beside the
    tools, `assertions` those that it may name for its end, both by side and by name.

    What follows names the domain's things for those who know none of them:

    slots: what users are asked for.
    user_argument: the tools' argument that says who the user is; nobody has to list or confirm it.
    user_ids, record_ids: patterns (regular expressions) of the ids of users, and of other records in texts.
    describing_fields: fields of a record by which people call it in words, such as a name.
    telling: what the customer has to know of a write before it is made, and by which words.
    hand_over_tool: the tool that hands the conversation over to a human, if there is one.
    hand_over_text: what the policy has the agent say after that.
    one_call_a_message: the policy lets an agent make one tool call in a message at most.
    deeds: what an agent may say it has done, by its words; the names of the tools tell it where this is empty.
    unavailable_wishes: wishes to open with, or to fall back from, that no tool fulfils.
    evidence: what the policy asks an agent to know before it writes.
    facts: what of its records agents put into words, so that it can be held against them.
    settlement: what a write comes to in money, by what was shown.
    user_actions: the users' tools in words: how an agent asks for one, and how a user tells what it showed.
    """

    name: str
    policy: str
    tools: Mapping[str, Tool]
    generate: Callable[[int, int], World]
    load: Callable[[bytes], World]
    dump: Callable[[State], dict[str, Any]]
    recipes: tuple[Recipe, ...] = ()
    goals: GoalRules | None = None
    why_forbidden: PolicyCheck | None = None
    user_tools: Mapping[str, Tool] = {}
    after_call: Callable[[State], None] | None = None
    setups: Mapping[Requestor, Mapping[str, Callable[..., Any]]] = {}
    assertions: Mapping[Requestor, Mapping[str, Callable[..., Any]]] = {}
    slots: tuple[Slot, ...] = ()
    user_argument: str = ""
    user_ids: str = ""
    record_ids: str = ""
    describing_fields: frozenset[str] = frozenset({"name"})
    telling: Telling = Telling()
    hand_over_tool: str = ""
    hand_over_text: str = ""
    one_call_a_message: bool = False
    deeds: tuple[Deed, ...] = ()
    unavailable_wishes: tuple[UnavailableWish, ...] = ()
    evidence: EvidenceRules = EvidenceRules()
    facts: RecordFacts = RecordFacts()
    settlement: SettlementRule | None = None
    user_actions: tuple[UserAction, ...] = ()
    schemas: tuple[dict[str, Any], ...] = ()
    user_schemas: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "schemas", tuple(tool.schema for tool in self.tools.values()))
        msgspec.structs.force_setattr(self, "user_schemas", tuple(tool.schema for tool in self.user_tools.values()))

    def tools_of(self, requestor: Requestor) -> Mapping[str, Tool]:
        """The tools of a seat, by name."""
        return self.tools if requestor == "assistant" else self.user_tools

    def tool_for(self, action: Action) -> Tool | None:
        """The tool that an action calls, of the seat that is to call it."""
        return self.tools_of(action.requestor).get(action.name)

    def writes(self, action: Action) -> bool:
        """Whether an action calls a tool that writes, of whichever seat."""
        tool = self.tools_of(action.requestor).get(action.name)
        return tool is not None and tool.kind == "write"

    def tools_for_cell(self, name: str) -> Mapping[str, Tool]:
        """The tools by which a cell is read: the agent's, or the user's where the agent has none of that name."""
        return self.user_tools if name in self.user_tools and name not in self.tools else self.tools


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


def why_forbidden(
    domain: Domain, state: State, name: str, arguments: Mapping[str, Any], said: Mapping[str, Any] | None = None
) -> str:
    """Why a domain's policy forbids a write in a state, or an empty text.

    Arguments that are not of their declared types are left to the tool, and nothing is said of them: whatever a rule
    raises is a bug of the rule.
    """
    if domain.why_forbidden is None or name not in domain.tools:
        return ""
    read = domain.tools[name].read_arguments(arguments)
    return "" if read is None else domain.why_forbidden(state, name, read, said or {})


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
