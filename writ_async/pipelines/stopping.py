"""When the rest of a conversation can change nothing: rules for `run_rollouts(stop=...)`.

Conversations that are ended so give their room in the server's cache back. They leave no row: what has not been played
to its end is not evidence, and which trials come too late depends on the order in which others finish.
"""

from __future__ import annotations

from writ_async.conversation import Conversation
from writ_async.message import AssistantMessage
from writ_async.scheduler import Job, Stop
from writ_async.trajectory import OUTSIDE, Trajectory
from writ_async.verify.verdict import write_findings


def stop_failed(job: Job, conversation: Conversation) -> str:
    """A reason when the strict verdict will not forgive a write; it looks only after a round of writes."""
    messages = conversation.messages
    place = len(messages) - 1
    while place >= 0 and not isinstance(messages[place], AssistantMessage):
        place -= 1
    last = messages[place] if place >= 0 else None
    if not isinstance(last, AssistantMessage) or place == len(messages) - 1:
        return ""
    tools = job.domain.tools
    if not any(
        (tool := tools.get(call.function.name)) is not None and tool.kind == "write" for call in last.tool_calls
    ):
        return ""
    findings = write_findings(job.task, messages, job.domain)
    return f"{findings[0].reason}: {findings[0].detail}" if findings else ""


class StopSettled:
    """Ends trials of a task once more of its `trials` have failed than pass^k can bear: it is 0 whatever they do.

    Tell it of every finished trajectory with `add`, after its verdict.
    """

    def __init__(self, trials: int, k: int) -> None:
        self._bearable = trials - k
        self._failed: dict[str, int] = {}

    def add(self, trajectory: Trajectory) -> None:
        """Count a finished trial."""
        if trajectory.termination not in OUTSIDE and trajectory.verdict is not None:
            self._failed[trajectory.task_id] = self._failed.get(trajectory.task_id, 0) + (
                trajectory.verdict.reward.reward < 1.0
            )

    def __call__(self, job: Job, conversation: Conversation) -> str:
        """A reason when the job's task is settled."""
        failed = self._failed.get(job.task.id, 0)
        return f"{failed} trials of the task have failed" if failed > self._bearable else ""


def any_of(*rules: Stop) -> Stop:
    """The first reason that one of some rules gives."""

    def stop(job: Job, conversation: Conversation) -> str:
        for rule in rules:
            if reason := rule(job, conversation):
                return reason
        return ""

    return stop
