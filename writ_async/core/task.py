"""Tasks: what a user wants, what the right outcome is, and which evidence its writes rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from writ_async.core.behaviour import Behaviour
from writ_async.core.message import Message, Requestor

Kind = Literal["normal", "write-intensive", "read-heavy", "refusal", "information", "benchmark"]
KINDS: tuple[Kind, ...] = ("normal", "write-intensive", "read-heavy")
"""The kinds that end in a write."""
WITHOUT_WRITE: tuple[Kind, ...] = ("refusal", "information")
"""Kinds whose right outcome changes nothing: what is asked is forbidden, or is only a question."""
RewardType = Literal["DB", "ENV_ASSERTION", "COMMUNICATE", "ACTION", "NL_ASSERTION"]


class WorldRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a task's world comes from: drawn from a seed, or a benchmark's data folder.

    `digest` is that of the world the task was made in; opening another one is refused.
    """

    domain: str
    source: str = "generated"
    seed: int = 0
    size: int = 0
    digest: str = ""


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tool call of the gold solution. `compare_args` limits which arguments the action check compares."""

    name: str
    arguments: dict[str, Any]
    requestor: Requestor = "assistant"
    compare_args: tuple[str, ...] | None = None


class Cell(msgspec.Struct, frozen=True):
    """One distinct read call."""

    name: str
    arguments: dict[str, Any]


class Certificate(msgspec.Struct, frozen=True):
    """The read cells that together fix the arguments of one gold write.

    `write` is the index of the write in `Task.actions`. Without one the cells show that no write, or no further one, is
    due, and may be read at any time before the conversation ends. Rows of old runs have -1 there.
    """

    write: int | None
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        if self.write == -1:
            msgspec.structs.force_setattr(self, "write", None)


class Goal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the user wants, as a question that the domain's objective answers from the world.

    `params` holds what the user says, never what has to be read; under the key `which`, at any depth, what is said of a
    thing only when the user is asked which one is meant (`Task.open_choice`). `writes` are the indices in
    `Task.actions` of the gold writes that answer it, none when the policy forbids what is asked.
    """

    objective: str
    params: dict[str, Any]
    writes: tuple[int, ...] = ()


class Pin(msgspec.Struct, frozen=True):
    """A sentence of the request that settles what would otherwise be open: `kind` is the choice that it settles."""

    kind: str
    text: str


class Proof(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a task has one right outcome, in a form that can be checked from the world and the task alone.

    level: writes and burden, such as `W1R3`.
    burden: most cells of a certificate. path: most cells by which the same arguments could be met with luck.
    margins: for each goal the distance to the runner-up and the least that is asked for; empty if nothing was compared.
    counters: for each certificate, parallel to its cells, the ordinal of the domain's change to that cell after which
        the answer is another one; None for a cell that is a prerequisite of others (-1 in rows of old runs).
    plans: how many other encodings and orders were replayed, by kind. pins: what the request settles.
    refused: why the policy forbids what is asked. chain: hash over all gold calls, their results and the states.
    tool_tokens: estimate of the tokens in the results of the gold calls.
    """

    level: str
    burden: int
    path: int
    margins: tuple[tuple[float, ...], ...] = ()
    counters: tuple[tuple[int | None, ...], ...] = ()
    plans: dict[str, int] = {}
    pins: tuple[Pin, ...] = ()
    refused: str = ""
    chain: str = ""
    tool_tokens: int = 0

    def __post_init__(self) -> None:
        if any(-1 in ordinals for ordinals in self.counters):
            now = tuple(tuple(None if one == -1 else one for one in ordinals) for ordinals in self.counters)
            msgspec.structs.force_setattr(self, "counters", now)

    @property
    def guess_gap(self) -> int:
        """How many cells luck would spare."""
        return self.burden - self.path


class Fact(msgspec.Struct, frozen=True):
    """Something the user knows: a slot, its value, and how the user says it in the first person."""

    slot: str
    value: str
    text: str


class Scenario(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the simulated user is told. The second-person fields go to a model, `request` and `facts` to a script.

    `request` is the whole request in the user's own words; every fact is said when asked for, or at once. `change` is
    said in place of the first yes: another wish, which takes the place of the first (`Task.first_wish`). `choice` is
    said when asked which of several things is meant, and not before (`Task.open_choice`). `layout` is all of it as a
    benchmark lays it out for its own users.
    """

    reason_for_call: str
    known_info: str = ""
    unknown_info: str = ""
    task_instructions: str = ""
    persona: str = ""
    request: str = ""
    facts: tuple[Fact, ...] = ()
    text: str = ""
    change: str = ""
    choice: str = ""
    layout: str = ""

    @property
    def said(self) -> str:
        """All that the user says of the request."""
        return " ".join(filter(None, (self.request, self.change, self.choice, *(fact.text for fact in self.facts))))

    def texts(self) -> Iterator[str]:
        """Everything that a simulated user is told or says, but for the layout."""
        yield from (self.request, self.change, self.choice, self.reason_for_call, self.known_info, self.unknown_info)
        yield from (self.task_instructions, self.persona, self.text)
        for fact in self.facts:
            yield fact.text


class EnvCall(msgspec.Struct, frozen=True):
    """A call made on the environment before the conversation starts, on the records of one side."""

    env_type: Requestor
    func_name: str
    arguments: dict[str, Any]


class InitialState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done to a world before a conversation: data of either side is put over it, then calls are made.

    `data` and `user_data` are members of a database as `Domain.dump` gives it, objects in part, all else whole.
    """

    data: dict[str, Any] | None = None
    user_data: dict[str, Any] | None = None
    calls: tuple[EnvCall, ...] = ()


class EnvAssertion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function of the environment that must answer `assert_value` at the end, of the records of one side."""

    env_type: Requestor
    func_name: str
    arguments: dict[str, Any]
    assert_value: bool = True
    message: str | None = None


class FirstWish(msgspec.Struct, frozen=True):
    """What the user of a task wants until they change their mind: a write that is never made.

    `after` is how many gold calls come before the agent can lay it out.
    """

    action: Action
    after: int


class Candidate(msgspec.Struct, frozen=True):
    """One of several things that a request fits, and the writes that are due where it is meant.

    `label` is how an agent may name it that has looked it up, `marks` are values by which it alone of them is known.
    """

    label: str
    marks: tuple[str, ...]
    writes: tuple[Action, ...] = ()


class OpenChoice(msgspec.Struct, frozen=True):
    """What a request leaves open until the user is asked: it fits every one of the candidates.

    `nouns` are what they can all be called. `after` is how many gold calls come before an agent can lay them out.
    """

    nouns: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    after: int


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task of one world. Unknown fields of a newer version are ignored when it is read.

    `rephrased` says that a model wrote the request.
    """

    id: str
    domain: str
    kind: Kind
    world: WorldRef
    scenario: Scenario
    behaviour: Behaviour | None = None
    actions: tuple[Action, ...] | None = ()
    certificates: tuple[Certificate, ...] = ()
    communicate: tuple[str, ...] | None = ()
    nl_assertions: tuple[str, ...] | None = ()
    env_assertions: tuple[EnvAssertion, ...] | None = None
    reward_basis: tuple[RewardType, ...] = ("DB", "COMMUNICATE")
    evaluated: bool = True
    initial: InitialState | None = None
    message_history: tuple[Message, ...] = ()
    recipe: str = ""
    seed: int = 0
    gold_digest: str = ""
    goals: tuple[Goal, ...] = ()
    proof: Proof | None = None
    first_wish: FirstWish | None = None
    open_choice: OpenChoice | None = None
    rephrased: bool = False
    version: int = 1

    @property
    def own_id(self) -> str:
        """The id as the benchmark that the task is of has it, without the source (`BENCHMARK:SUBSET:`) in front.

        It may hold colons itself.
        """
        return self.id.split(":", 2)[-1] if self.kind == "benchmark" else self.id

    @property
    def certified_writes(self) -> tuple[int, ...]:
        """The indices in `actions` of the writes that have a certificate."""
        return tuple(sorted({one.write for one in self.certificates if one.write is not None}))
