"""The shapes of τ²-bench's own files. Fields that say nothing to an agent, a user or an evaluator are ignored."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import msgspec

from writ_async.core.message import (
    AssistantMessage,
    Message,
    Requestor,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.task import Action, EnvAssertion, EnvCall, RewardType, Scenario, Task, WorldRef
from writ_async.core.task import InitialState as FirstState


class Call(msgspec.Struct, frozen=True):
    """A tool call inside a message; its arguments are an object, not JSON text."""

    name: str
    arguments: dict[str, Any]
    id: str = ""
    requestor: Requestor = "assistant"


class SystemRecord(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """A system message."""

    content: str | None = None


class AssistantRecord(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """An agent's message."""

    content: str | None = None
    tool_calls: tuple[Call, ...] | None = None


class UserRecord(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """A user's message."""

    content: str | None = None
    tool_calls: tuple[Call, ...] | None = None


class ToolRecord(msgspec.Struct, frozen=True, tag_field="role", tag="tool"):
    """A tool's result."""

    id: str
    content: str | None = None
    requestor: Requestor = "assistant"
    error: bool = False


MessageRecord = SystemRecord | AssistantRecord | UserRecord | ToolRecord


class Instructions(msgspec.Struct, frozen=True):
    """A user's instructions in parts."""

    reason_for_call: str
    task_instructions: str
    domain: str = ""
    known_info: str | None = None
    unknown_info: str | None = None


class UserScenario(msgspec.Struct, frozen=True):
    """What the simulated user is told; plain text or parts."""

    instructions: str | Instructions
    persona: str | None = None


class InitialData(msgspec.Struct, frozen=True):
    """Values that are put over those of the two databases."""

    agent_data: dict[str, Any] | None = None
    user_data: dict[str, Any] | None = None


class InitialState(msgspec.Struct, frozen=True):
    """What happens before a conversation starts."""

    initialization_data: InitialData | None = None
    initialization_actions: tuple[EnvCall, ...] | None = None
    message_history: tuple[MessageRecord, ...] | None = None


class GoldAction(msgspec.Struct, frozen=True):
    """One call of the gold solution."""

    name: str
    arguments: dict[str, Any]
    requestor: Requestor = "assistant"
    compare_args: tuple[str, ...] | None = None


class Criteria(msgspec.Struct, frozen=True):
    """What a conversation is judged by. A null list is not the same as an empty one."""

    actions: tuple[GoldAction, ...] | None = None
    env_assertions: tuple[EnvAssertion, ...] | None = None
    communicate_info: tuple[str, ...] | None = None
    nl_assertions: tuple[str, ...] | None = None
    reward_basis: tuple[RewardType, ...] = ("DB", "COMMUNICATE")


class TaskRecord(msgspec.Struct, frozen=True):
    """One task of `tasks.json`."""

    id: str
    user_scenario: UserScenario
    initial_state: InitialState | None = None
    evaluation_criteria: Criteria | None = None


class FirstVersionAction(msgspec.Struct, frozen=True):
    """One call of a gold solution of τ-bench."""

    name: str
    kwargs: dict[str, Any]


class FirstVersionTask(msgspec.Struct, frozen=True):
    """One task of τ-bench: what the user is told, the gold solution, and what the agent has to say."""

    actions: tuple[FirstVersionAction, ...]
    user_id: str = ""
    instruction: str = ""
    outputs: tuple[str, ...] = ()


def to_message(record: MessageRecord) -> Message:
    """A message of the benchmark as one of ours."""
    if isinstance(record, SystemRecord):
        return SystemMessage(record.content or "")
    if isinstance(record, ToolRecord):
        return ToolMessage(record.id, record.content or "", record.error, record.requestor)
    calls: tuple[ToolCall, ...] = tuple(make_call(c.id, c.name, c.arguments) for c in record.tool_calls or ())
    if isinstance(record, AssistantRecord):
        return AssistantMessage(record.content, calls)
    return UserMessage(record.content, calls)


def to_scenario(record: UserScenario, domain: str = "") -> Scenario:
    """A user scenario as one of ours; instructions in plain text become its `text`.

    `domain` is the one that the layout names, where the record does not.
    """
    persona = record.persona or ""
    instructions = record.instructions
    layout = _lay_out(record, domain)
    if isinstance(instructions, str):
        return Scenario(reason_for_call="", persona=persona, text=instructions, layout=layout)
    return Scenario(
        layout=layout,
        reason_for_call=instructions.reason_for_call,
        known_info=instructions.known_info or "",
        unknown_info=instructions.unknown_info or "",
        task_instructions=instructions.task_instructions,
        persona=persona,
    )


def _lay_out(record: UserScenario, domain: str) -> str:
    """A scenario as the benchmark puts it into its users' prompt: parts with their titles, each indented by a tab."""
    told = record.instructions
    if not isinstance(told, str):
        parts = (
            ("Reason for call", told.reason_for_call),
            ("Known info", told.known_info),
            ("Unknown info", told.unknown_info),
            ("Task instructions", told.task_instructions),
        )
        lines = [f"{title}:\n{_in(body)}" for title, body in parts if body is not None]
        told = "\n".join([f"Domain: {told.domain or domain}", *lines])
    persona = "" if record.persona is None else f"Persona:\n{_in(record.persona)}\n"
    return f"{persona}Instructions:\n{_in(told)}"


def _in(text: str) -> str:
    return indent(text, "\t")


def to_task(record: TaskRecord, domain: str, world: WorldRef) -> Task:
    """A task of the benchmark as one of ours."""
    criteria = record.evaluation_criteria
    found = criteria or Criteria()
    actions = found.actions
    history = record.initial_state.message_history if record.initial_state else None
    return Task(
        id=record.id,
        domain=domain,
        kind="benchmark",
        world=world,
        scenario=to_scenario(record.user_scenario, domain),
        actions=None
        if actions is None
        else tuple(Action(a.name, a.arguments, a.requestor, a.compare_args) for a in actions),
        communicate=found.communicate_info,
        nl_assertions=found.nl_assertions,
        env_assertions=found.env_assertions,
        reward_basis=found.reward_basis,
        evaluated=criteria is not None,
        initial=_first_state(record.initial_state),
        message_history=tuple(map(to_message, history or ())),
    )


def _first_state(record: InitialState | None) -> FirstState | None:
    """What is done to the databases before a task starts; None for nothing."""
    if record is None:
        return None
    data, calls = record.initialization_data or InitialData(), record.initialization_actions or ()
    first = FirstState(data.agent_data or None, data.user_data or None, calls)
    return first if first != FirstState() else None


def first_version_task(record: FirstVersionTask, domain: str) -> Task:
    """A task of τ-bench as one of ours: the database and what was said decide."""
    return Task(
        id=record.user_id,
        domain=domain,
        kind="benchmark",
        world=WorldRef(domain, source="tau2"),
        scenario=Scenario(reason_for_call="", text=record.instruction),
        actions=tuple(Action(one.name, one.kwargs) for one in record.actions),
        communicate=record.outputs,
    )
