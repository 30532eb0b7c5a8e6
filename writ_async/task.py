"""Tasks: what a user wants, what the right outcome is, and which evidence its writes rest on."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from writ_async.message import Message, Requestor

Kind = Literal["normal", "write-intensive", "read-heavy", "benchmark"]
KINDS: tuple[Kind, ...] = ("normal", "write-intensive", "read-heavy")
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

    `write` is the index of the write in `Task.actions`.
    """

    write: int
    cells: tuple[Cell, ...]


class Fact(msgspec.Struct, frozen=True):
    """Something the user knows: a slot, its value, and how the user says it in the first person."""

    slot: str
    value: str
    text: str


class Scenario(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the simulated user is told. The second-person fields go to a model, `request` and `facts` to a script.

    `request` is the whole request in the user's own words; every fact is said when asked for, or at once.
    """

    reason_for_call: str
    known_info: str = ""
    unknown_info: str = ""
    task_instructions: str = ""
    persona: str = ""
    request: str = ""
    facts: tuple[Fact, ...] = ()
    text: str = ""


class EnvCall(msgspec.Struct, frozen=True):
    """A call made on the environment before the conversation starts (`initial_state`)."""

    env_type: str
    func_name: str
    arguments: dict[str, Any]


class EnvAssertion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function of the environment that must answer `assert_value` at the end."""

    env_type: str
    func_name: str
    arguments: dict[str, Any]
    assert_value: bool = True
    message: str | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task of one world. Unknown fields of a newer version are ignored when it is read."""

    id: str
    domain: str
    kind: Kind
    world: WorldRef
    scenario: Scenario
    actions: tuple[Action, ...] | None = ()
    certificates: tuple[Certificate, ...] = ()
    communicate: tuple[str, ...] | None = ()
    nl_assertions: tuple[str, ...] | None = ()
    env_assertions: tuple[EnvAssertion, ...] | None = None
    reward_basis: tuple[RewardType, ...] = ("DB", "COMMUNICATE")
    evaluated: bool = True
    message_history: tuple[Message, ...] = ()
    recipe: str = ""
    seed: int = 0
    gold_digest: str = ""
    version: int = 1
