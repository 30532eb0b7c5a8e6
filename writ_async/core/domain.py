"""Domains: tools over a state, a policy, a way to draw worlds and tasks. Registered as entry points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec

from writ_async.core.evidence_rules import EvidenceRules
from writ_async.core.goal import GoalRules
from writ_async.core.level import ANY_EXTENT, Extent
from writ_async.core.message import Requestor
from writ_async.core.record_facts import RecordFacts
from writ_async.core.settlement import SettlementRule
from writ_async.core.state import State, World
from writ_async.core.task import Action, Certificate, FirstWish, Goal, InitialState, Kind, Pin, Scenario
from writ_async.core.telling import Telling
from writ_async.core.tool import Tool
from writ_async.core.user_actions import UserAction

PolicyCheck = Callable[[State, str, Mapping[str, Any], Mapping[str, Any]], str]
"""Says why the policy forbids a write in a state, or an empty text.

Gets the state before the write, the tool's name and arguments, and what the user has said as in `Goal.params`; what
only the user could say and did not is granted. What the tool itself refuses need not be said.
"""


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
