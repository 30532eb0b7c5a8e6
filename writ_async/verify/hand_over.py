"""Whether a person took over where the policy wants one, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.conversation.calls import ExecutedCall, executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import Message
from writ_async.core.task import Task
from writ_async.core.trajectory import Finding
from writ_async.verify.reasons import Reason


def hand_over_findings(
    task: Task, messages: Sequence[Message], domain: Domain, calls: Sequence[ExecutedCall] | None = None
) -> list[Finding]:
    """The hand-over that the gold calls have and the conversation lacks, or that it has without need.

    A benchmark's tasks leave the end to their own reward. `calls` are those of the messages, where they are known.
    """
    tool = domain.hand_over_tool
    if not tool or task.kind == "benchmark":
        return []
    wanted = any(action.name == tool for action in task.actions or ())
    calls = executed_calls(messages, domain.tools) if calls is None else calls
    made = [call for call in calls if call.call.function.name == tool]
    if wanted and not made:
        return [Finding(Reason.NOT_HANDED_OVER, f"{tool} was not called, though a person has to deal with it")]
    if made and not wanted:
        first = made[0]
        detail = f"{tool} was called, though the policy does not ask for a person here"
        return [Finding(Reason.NEEDLESS_HAND_OVER, detail, first.message, first.number)]
    return []
