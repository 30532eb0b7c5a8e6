"""Hand-made conversations in the worlds of the shared fixtures."""

from __future__ import annotations

from writ_async.conversation.machine import run_call
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from writ_async.core.state import State
from writ_async.core.task import Task
from writ_async.synthesis import gold_messages


def is_write(message: Message, domain: Domain) -> bool:
    """Whether a message makes a write."""
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    return any(domain.tools[c.function.name].kind == "write" for c in calls if c.function.name in domain.tools)


def confirmed(messages: list[Message], domain: Domain) -> list[Message]:
    """The messages with a question and a yes before every write."""
    out: list[Message] = []
    for message in messages:
        if isinstance(message, AssistantMessage) and is_write(message, domain):
            said = " ".join(f"{call.function.name} {call.function.arguments}" for call in message.tool_calls)
            out += [AssistantMessage(f"{said}: ok?"), UserMessage("Yes.")]
        out.append(message)
    return out


def replayed(messages: list[Message], retail_environment: Environment) -> list[Message]:
    """The messages with every result as the tools really give it, so that only the agent's part is made up."""
    state = State(retail_environment.world)
    asked: dict[str, ToolCall] = {}
    out: list[Message] = []
    for message in messages:
        if isinstance(message, AssistantMessage):
            asked.update((call.id, call) for call in message.tool_calls)
        out.append(
            run_call(retail_environment.domain, state, asked[message.tool_call_id])
            if isinstance(message, ToolMessage)
            else message
        )
    return out


def gold(task: Task, retail_environment: Environment) -> list[Message]:
    """The gold conversation of a task."""
    return gold_messages(task, retail_environment.domain, State(retail_environment.world))
