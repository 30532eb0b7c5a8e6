"""The verdict on a trajectory: the benchmark's reward, and our own strict findings."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from writ_async.domain import Domain
from writ_async.message import Message, ToolMessage
from writ_async.state import World
from writ_async.task import Action, Task
from writ_async.trajectory import COMPLETE, Finding, Reward, Signal, Termination, Trajectory, Verdict
from writ_async.verify.calls import ExecutedCall, call_key, executed_calls, last_agent_text, said_by_user
from writ_async.verify.judge import AssumeMet, Judge
from writ_async.verify.provenance import Seen, unseen_arguments
from writ_async.verify.reward import compute_reward


class Reason(StrEnum):
    """Why a trajectory is not kept."""

    WRONG_OUTCOME = "wrong_outcome"
    """The final database is not the one that the gold actions leave."""
    NOT_COMMUNICATED = "not_communicated"
    """Something that the user asked to be told was not said."""
    ACTION_MISSING = "action_missing"
    """A gold action that the reward asks for was not made."""
    ASSERTION_UNMET = "assertion_unmet"
    """An assertion about the conversation or the environment does not hold."""
    UNSEEN_ARGUMENT = "unseen_argument"
    """A write used a value that nobody had said or shown before."""
    MISSING_EVIDENCE = "missing_evidence"
    """A write was made before all reads of its certificate were."""
    FAILED_WRITE = "failed_write"
    """A write was refused, or its arguments were malformed."""
    SURPLUS_WRITE = "surplus_write"
    """More writes succeeded than the task needs."""
    INCOMPLETE = "incomplete"
    """The conversation did not come to its end."""


def judge_trajectory(
    task: Task, trajectory: Trajectory, domain: Domain, world: World, judge: Judge | None = None
) -> Verdict:
    """All that can be said of a finished trajectory. Pure: the same trajectory gets the same verdict."""
    reward = compute_reward(
        task, domain, world, trajectory.messages, trajectory.termination, judge if judge is not None else AssumeMet()
    )
    findings = [
        *ending_findings(task, trajectory.messages, trajectory.termination, trajectory.signal),
        *reward_findings(reward),
        *write_findings(task, trajectory.messages, domain),
    ]
    return Verdict(reward=reward, kept=not findings, findings=tuple(findings))


def ending_findings(
    task: Task, messages: Sequence[Message], termination: Termination, signal: Signal | None
) -> list[Finding]:
    """What is wrong with the way a conversation ended."""
    if termination not in COMPLETE:
        return [Finding(Reason.INCOMPLETE, f"ended by {termination.value}")]
    handed_over = any(action.name == "transfer_to_human_agents" for action in task.actions or ())
    if signal not in (Signal.STOP, None) and not (handed_over and signal is Signal.TRANSFER):
        return [Finding(Reason.INCOMPLETE, f"the user ended with {signal.value}")]
    closing = last_agent_text(messages)
    if closing < 0 or any(isinstance(message, ToolMessage) for message in messages[closing:]):
        return [Finding(Reason.INCOMPLETE, "the agent did not answer after its last tool call")]
    return []


def reward_findings(reward: Reward) -> list[Finding]:
    """Which components of the reward are not met; none for a conversation that was never evaluated."""
    reasons = {
        "DB": Reason.WRONG_OUTCOME,
        "COMMUNICATE": Reason.NOT_COMMUNICATED,
        "ACTION": Reason.ACTION_MISSING,
        "NL_ASSERTION": Reason.ASSERTION_UNMET,
        "ENV_ASSERTION": Reason.ASSERTION_UNMET,
    }
    return [
        Finding(reasons[name], f"{name} is {value:g}") for name, value in (reward.breakdown or {}).items() if value < 1
    ]


def write_findings(task: Task, messages: Sequence[Message], domain: Domain) -> list[Finding]:
    """What is wrong with the writes: refused, too many, with arguments nobody had seen, or before their evidence."""
    calls = executed_calls(messages, domain.tools)
    writes = [call for call in calls if call.kind == "write"]
    done = [call for call in writes if call.succeeded]
    findings = [
        Finding(Reason.FAILED_WRITE, f"{call.call.function.name}: {call.result.content}", call.message)
        for call in writes
        if not call.succeeded
    ]
    wanted = [action for action in task.actions or () if domain.tools[action.name].kind == "write"]
    findings += [
        Finding(Reason.SURPLUS_WRITE, f"{call.call.function.name} is write {number} of {len(wanted)}", call.message)
        for number, call in enumerate(done, start=1)
        if number > len(wanted)
    ]
    findings += _provenance(done, messages, domain)
    findings += _coverage(task, calls)
    return findings


def _provenance(writes: list[ExecutedCall], messages: Sequence[Message], domain: Domain) -> list[Finding]:
    findings: list[Finding] = []
    seen = Seen()
    position = 0
    for write in writes:
        for message in messages[position : write.message]:
            if isinstance(message, ToolMessage):
                if not message.error:
                    seen.add(message.content)
            elif text := said_by_user(message):
                seen.add(text)
        position = write.message
        name = write.call.function.name
        for unseen in unseen_arguments(domain.tools[name], write.arguments or {}, seen):
            findings.append(Finding(Reason.UNSEEN_ARGUMENT, f"{name}: {unseen}", write.message))
    return findings


def _coverage(task: Task, calls: list[ExecutedCall]) -> list[Finding]:
    """Each write that equals a gold one is held against that one's certificate."""
    first_read: dict[bytes, int] = {}
    for call in calls:
        if call.kind == "read" and call.succeeded and call.arguments is not None:
            first_read.setdefault(call_key(call.call.function.name, call.arguments), call.message)
    findings: list[Finding] = []
    for certificate in task.certificates:
        write = _find((task.actions or ())[certificate.write], calls)
        if write is None:
            continue
        for cell in certificate.cells:
            key = call_key(cell.name, cell.arguments)
            if key not in first_read or first_read[key] >= write.message:
                detail = f"{write.call.function.name} came before {key.decode()}"
                findings.append(Finding(Reason.MISSING_EVIDENCE, detail, write.message))
    return findings


def _find(action: Action, calls: list[ExecutedCall]) -> ExecutedCall | None:
    wanted = call_key(action.name, action.arguments)
    for call in calls:
        made = call.kind == "write" and call.succeeded and call.arguments is not None
        if made and call_key(call.call.function.name, call.arguments or {}) == wanted:
            return call
    return None
