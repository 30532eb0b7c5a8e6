"""A drafted task is sound when its gold calls, executed in its world, are a conversation that every verifier keeps."""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.core.acting import act
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.state import State
from writ_async.core.task import Action, Task
from writ_async.core.tool import ToolResult
from writ_async.core.user_actions import plain_report
from writ_async.verify.verdict import write_findings


def everything_said(task: Task) -> str:
    """All that the user says of a request."""
    return task.scenario.said


def gold_messages(task: Task, domain: Domain, state: State) -> list[Message]:
    """The shortest conversation that solves a task: the user says all, the gold calls are made on `state`.

    What the user's own tools show, the user tells.
    """
    messages: list[Message] = [UserMessage(everything_said(task))]
    for number, action in enumerate(task.actions or ()):
        result = act(domain, state, action.name, action.arguments, action.requestor)
        messages += gold_exchange(number, action, result, domain)
    return messages


def gold_exchange(number: int, action: Action, result: ToolResult, domain: Domain) -> list[Message]:
    """The messages of one gold call, the user's with what is told of it."""
    call = make_call(f"gold_{number}", action.name, action.arguments)
    answer = ToolMessage(call.id, result.content, result.error, action.requestor)
    if action.requestor == "assistant":
        return [AssistantMessage(None, (call,)), answer]
    in_words = next((one for one in domain.user_actions if one.tool == action.name), None)
    told = result.content if in_words is None else plain_report(in_words, result.content)
    return [UserMessage(None, (call,)), answer, UserMessage(told)]


def why_unsound(task: Task, domain: Domain, state: State) -> str:
    """Why a task may not be used, or an empty string. `state` is a fresh one; the gold calls are made on it."""
    before = state.digest()
    messages = gold_messages(task, domain, state)
    return why_gold_unsound(task, domain, messages, state.digest() != before)


def why_gold_unsound(task: Task, domain: Domain, messages: Sequence[Message], changed: bool) -> str:
    """The same for a gold conversation that was had already; `changed` tells whether it changed the state."""
    for message in messages:
        if isinstance(message, ToolMessage) and message.error:
            return f"gold call {message.tool_call_id} failed: {message.content}"
    due = any(goal.writes for goal in task.goals) or not task.goals
    if changed != due:
        return "the gold calls change nothing" if due else "the gold calls change something"
    covered = {certificate.write for certificate in task.certificates}
    for index, action in enumerate(task.actions or ()):
        if domain.writes(action) and index not in covered:
            return f"gold call {index} ({action.name}) has no certificate"
    findings = write_findings(task, messages, domain)
    return findings[0].detail if findings else ""
