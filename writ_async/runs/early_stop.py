"""When the rest of a conversation can change nothing: rules for `run_rollouts(stop=...)`, and what they have saved.

Conversations that are ended so give their room in the server's cache back. There are two kinds:

`failed`   the strict verdict will not forgive a write, so the row will not be kept whatever follows. This depends on
           the conversation alone: it leaves a row with its verdict, the same at any concurrency.
`settled`  so many trials of the task have failed that pass^k is 0 whatever this one does. This depends on the order in
           which trials finish: it leaves no row, for what was not played to its end is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from writ_async.conversation import Conversation
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message
from writ_async.core.task import Task
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Finding, Termination, Trajectory, Usage
from writ_async.errors import InputError
from writ_async.runs.summary import Saved
from writ_async.scheduler import Job, Stop
from writ_async.verify.evidence import write_evidence
from writ_async.verify.pass_k import is_success
from writ_async.verify.verdict import write_findings


class EarlyStop(msgspec.Struct, frozen=True):
    """Which conversations are stopped early: those that have `failed`, and those of tasks whose pass^`settled` is 0.

    `settled` is 0 where no trial is stopped for others' sake.
    """

    failed: bool = False
    settled: int = 0

    def __bool__(self) -> bool:
        return self.failed or bool(self.settled)


def parse_stop_early(rules: Sequence[str], trials: int) -> EarlyStop:
    """The rules from `failed`, `settled` (pass^k with k as the number of trials) and `settled=K`.

    Raises `InputError` for another rule, a k that is not from 1 to `trials`, and where there is but one trial.
    """
    failed, settled = False, 0
    for rule in rules:
        name, equals, value = rule.partition("=")
        if name == "failed" and not equals:
            failed = True
        elif name == "settled":
            if trials < 2:
                raise InputError("--stop-early settled needs several trials of each task: writ eval with --trials")
            settled = int(value) if value.isascii() and value.isdigit() else 0 if equals else trials
            if not 1 <= settled <= trials:
                raise InputError(f"--stop-early {rule}: K must be 1 to {trials}, the number of trials")
        else:
            raise InputError(f"--stop-early: unknown rule {rule!r}; known: failed, settled, settled=K")
    return EarlyStop(failed, settled)


def failed_writes(task: Task, messages: Sequence[Message], domain: Domain) -> list[Finding]:
    """What the strict verdict holds against the writes made so far, and will hold against them whatever follows."""
    # What was rightly not written may still be read up, and a yes is judged when the whole conversation is there.
    made = [write for write in write_evidence(task, messages, domain, confirmed=False) if write.name]
    return write_findings(task, messages, domain, made)


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
    findings = failed_writes(job.task, messages, job.domain)
    return f"{findings[0].reason}: {findings[0].detail}" if findings else ""


class StopSettled:
    """Ends trials of a task once more of its `trials` have failed than pass^k can bear: it is 0 whatever they do.

    Tell it of every finished trajectory with `add`, after its verdict. `failed` counts those that failed before.
    """

    def __init__(self, trials: int, k: int, failed: Mapping[str, int] | None = None) -> None:
        self._bearable = trials - k
        self.failed = dict(failed or {})

    def add(self, trajectory: Trajectory) -> None:
        """Count a finished trial."""
        if trajectory.termination not in ENDED_FROM_OUTSIDE and trajectory.verdict is not None:
            self.failed[trajectory.task_id] = self.failed.get(trajectory.task_id, 0) + (
                not is_success(trajectory.verdict.reward.reward)
            )

    def settles(self, task_id: str) -> bool:
        """Whether pass^k of a task is 0 by now."""
        return self.failed.get(task_id, 0) > self._bearable

    def __call__(self, job: Job, conversation: Conversation) -> str:
        """A reason when the job's task is settled."""
        return f"failed trials of the task: {self.failed[job.task.id]}" if self.settles(job.task.id) else ""


def any_of(*rules: Stop | None) -> Stop:
    """The first reason that one of some rules gives; those that are None give none."""
    given = [rule for rule in rules if rule is not None]

    def stop(job: Job, conversation: Conversation) -> str:
        for rule in given:
            if reason := rule(job, conversation):
                return reason
        return ""

    return stop


def settled_of(early: EarlyStop, trials: int, failed: Mapping[str, int] | None = None) -> StopSettled | None:
    """The rule over trials, where it is asked for."""
    return StopSettled(trials, early.settled, failed) if early.settled else None


def stop_of(early: EarlyStop, settled: StopSettled | None, further: Stop | None = None) -> Stop | None:
    """The rules as one; that which depends on the conversation alone comes first."""
    rules = (stop_failed if early.failed else None, settled, further)
    return any_of(*rules) if any(rule is not None for rule in rules) else None


class SavedCount:
    """Adds up what stopping early has saved, from the rows of a run and its failures alone.

    What a stopped conversation would still have cost is taken from the mean of the finished ones of its domain and
    kind, less what it had cost already.
    """

    def __init__(self) -> None:
        self._finished: dict[tuple[str, str], list[int]] = {}
        self._stopped: dict[tuple[str, str], list[int]] = {}
        self._rows: dict[str, int] = {}
        self._ids: set[str] = set()

    def add(self, row: Trajectory) -> None:
        """Count a row."""
        stopped = row.termination is Termination.STOPPED_EARLY
        _add_usage(self._stopped if stopped else self._finished, (row.domain, row.kind), 1, row.usage.values())
        self._rows[row.task_id] = self._rows.get(row.task_id, 0) + 1
        self._ids.add(row.id)

    def result(
        self, tasks: Iterable[Task], trials: int, settled: StopSettled | None, failures: Iterable[Trajectory]
    ) -> Saved:
        """What was saved, once all rows are added; trials of settled tasks that have no row were stopped."""
        if settled is not None:
            for task in tasks:
                missing = trials - self._rows.get(task.id, 0)
                if missing and settled.settles(task.id):
                    _add_usage(self._stopped, (task.domain, task.kind), missing, ())
            for row in failures:
                if row.termination is Termination.STOPPED_EARLY and row.id not in self._ids:
                    _add_usage(self._stopped, (row.domain, row.kind), 0, row.usage.values())
        saved = Saved()
        for group, (stopped, *used) in self._stopped.items():
            finished, *spent = self._finished.get(group, [0, 0, 0])
            calls, tokens = (
                max(0, whole * stopped // finished - part) if finished else 0
                for whole, part in zip(spent, used, strict=True)
            )
            saved.conversations += stopped
            saved.calls += calls
            saved.tokens += tokens
        return saved


def _add_usage(
    counts: dict[tuple[str, str], list[int]], group: tuple[str, str], number: int, usage: Iterable[Usage]
) -> None:
    count = counts.setdefault(group, [0, 0, 0])
    count[0] += number
    for used in usage:
        count[1] += used.requests
        count[2] += used.prompt_tokens + used.completion_tokens
