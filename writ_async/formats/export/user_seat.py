"""Rows turned round, for training a model that plays the user: its words are learnt, and the agent's are what it hears.

The filters are turned round as well: a row stays where the user did nothing wrong and came to the end of the
conversation, whatever the agent did, for a user has to bear with bad agents, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from writ_async.conversation.prompts import user_system_prompt
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.rules import Action, FilterRules
from writ_async.runs.manifest import Prompt
from writ_async.verify.reasons import Reason
from writ_async.verify.user_slips import UserReason


def user_seat_rules(given: FilterRules) -> FilterRules:
    """The rules for rows of the user's seat; what is `given` for a reason of the user's goes before them."""
    reasons: dict[str, Action] = {str(reason): "allow" for reason in Reason}
    reasons[str(Reason.INCOMPLETE)] = "drop"
    reasons |= {str(reason): "drop" for reason in UserReason}
    return FilterRules(reasons=reasons | {name: act for name, act in given.reasons.items() if name in set(UserReason)})


def turn_round(trajectory: Trajectory, prompt: Prompt, task: Task, template: str) -> tuple[Trajectory, Prompt] | None:
    """A conversation as the user had it, with what the user was told, in the shape of an agent's row.

    The user's words are the assistant's, the token that ends the conversation among them; what the agent said is what
    comes in, and its tool calls are not seen. `template` is the run's, empty for ours. None where the user had the
    first word: no format can say what that answers.
    """
    messages = [heard for message in trajectory.messages if (heard := _turned(message)) is not None]
    if not messages or not isinstance(messages[0], UserMessage):
        return None
    with_tools = bool(prompt.user_tools)
    told = user_system_prompt(task.scenario, task.behaviour, template, with_tools=with_tools).content
    tokens = {"agent": trajectory.tokens["user"]} if "user" in trajectory.tokens else {}
    turned = msgspec.structs.replace(trajectory, messages=tuple(messages), tokens=tokens)
    return turned, Prompt(policy=told, tools=prompt.user_tools, system=told)


def template_of(config: Mapping[str, object]) -> str:
    """The template of the users' prompts that a run's settings name; empty for ours."""
    rules = config.get("rules")
    return str(rules.get("user_prompt", "")) if isinstance(rules, dict) else ""


def _turned(message: Message) -> Message | None:
    if isinstance(message, UserMessage):
        return AssistantMessage(message.content, message.tool_calls)
    if isinstance(message, AssistantMessage):
        return None if message.tool_calls or not message.content else UserMessage(message.content)
    if isinstance(message, ToolMessage) and message.requestor == "user":
        return msgspec.structs.replace(message, requestor="assistant")
    return None
