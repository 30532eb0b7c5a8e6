"""What is wrong with an answer of the user that was not taken yet, for whoever asks for another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from writ_async.conversation.calls import as_the_agent_hears
from writ_async.conversation.rules import find_signal
from writ_async.core.domain import Domain
from writ_async.core.message import Message, UserMessage
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.verify.benchmark_slips import benchmark_slips, role_slips
from writ_async.verify.user_slips import UserReason, audit_user
from writ_async.verify.user_steps import audit_user_steps

_MAY_BE_PUT_RIGHT: Final = frozenset({UserReason.INCONSISTENT})
"""A fact told wrongly is no slip yet: some users are asked to correct themselves in their next message."""


def slip_in_answer(task: Task, messages: Sequence[Message], said: str, domain: Domain, world: World | None) -> str:
    """The slip in the user's next message, as `REASON: detail`; empty where it is fit to be said. Costs O(words).

    Looked at are slips that make a row unfit and are in this message: values that nobody told it, what had to be read,
    an end that comes too early, a no to what was asked for, words of the agent, no words at all.
    """
    if not said.strip():
        return "an empty message"
    whole = (*messages, UserMessage(said))
    if task.scenario.request:
        findings = [
            *audit_user(task, as_the_agent_hears(whole, results=True), domain.user_argument),
            *role_slips(whole[-1:], len(messages)),
            *audit_user_steps(task, whole, domain),
        ]
    else:
        findings = benchmark_slips(task, whole, find_signal(said), domain, world)
    found = (
        one for one in findings if one.message == len(messages) and one.reason not in _MAY_BE_PUT_RIGHT
    )  # fmt: skip
    return next((f"{one.reason}: {one.detail}" for one in found), "")
