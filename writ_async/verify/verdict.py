"""The verdict on a trajectory: the benchmark's reward, and our own strict findings."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from writ_async.conversation.calls import ExecutedCall, as_the_agent_hears, executed_calls, last_agent_text, walk_calls
from writ_async.core.domain import Domain
from writ_async.core.message import Message, ToolMessage
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.core.trajectory import (
    COMPLETE,
    Finding,
    Reward,
    Signal,
    Termination,
    Trajectory,
    Verdict,
    WriteEvidence,
)
from writ_async.verify.agent_words import word_findings
from writ_async.verify.asked_which import unasked_findings
from writ_async.verify.asked_writes import asked_write_evidence
from writ_async.verify.benchmark_slips import benchmark_slips, role_slips
from writ_async.verify.claims import claim_findings
from writ_async.verify.evidence import row_label, write_evidence
from writ_async.verify.hand_over import hand_over_findings
from writ_async.verify.judge import AssumeMet, Judge
from writ_async.verify.outcome import States, compute_reward
from writ_async.verify.reasons import Reason as Reason
from writ_async.verify.several_calls import several_calls_findings
from writ_async.verify.user_slips import audit_user
from writ_async.verify.user_steps import audit_user_steps
from writ_async.verify.wishes import wish_findings


def judge_trajectory(
    task: Task, trajectory: Trajectory, domain: Domain, world: World, judge: Judge | None = None
) -> Verdict:
    """All that can be said of a finished trajectory. Pure: the same trajectory gets the same verdict."""
    slices = judge_in_slices(task, trajectory, domain, world, judge)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            verdict: Verdict = done.value
            return verdict


def judge_in_slices(
    task: Task, trajectory: Trajectory, domain: Domain, world: World, judge: Judge | None = None
) -> Generator[None, None, Verdict]:
    """`judge_trajectory` with pauses, after each part of the work and each write, in which others may have their turn.

    A generator that yields nothing and returns the verdict. Nothing that it reads may change meanwhile.
    """
    before: States = {}
    messages, judge = trajectory.messages, judge if judge is not None else AssumeMet()
    steps = walk_calls(messages)
    calls = executed_calls(messages, domain.tools, steps)
    reward = compute_reward(
        task, domain, world, messages, trajectory.termination, judge, before=before, steps=steps, calls=calls
    )
    yield
    writes: list[WriteEvidence] = []
    for write in write_evidence(task, messages, domain, world, calls, before=before):
        writes.append(write)
        yield
    writes = in_order([*writes, *asked_write_evidence(task, messages, domain, calls)])
    heard = as_the_agent_hears(messages)
    if trajectory.termination not in COMPLETE:
        # Who did not come to the end has not refused anything yet.
        writes = [write for write in writes if write.name]
    findings = [
        *ending_findings(task, heard, trajectory.termination, trajectory.signal, domain),
        *reward_findings(reward),
        *write_findings(task, heard, domain, writes, calls),
        *hand_over_findings(task, heard, domain, calls),
        *wish_findings(task, heard, domain, world, reward, calls),
        *unasked_findings(task, heard, domain, calls),
        *several_calls_findings(heard, domain),
    ]
    yield
    findings += word_findings(trajectory, task, domain)
    yield
    findings += claim_findings(heard, domain, steps)
    yield
    # A benchmark's scenarios do not tell facts apart from wishes.
    if task.kind == "benchmark":
        findings += benchmark_slips(task, messages, trajectory.signal, domain, world)
    else:
        findings += audit_user(task, as_the_agent_hears(messages, results=True), domain.user_argument)
        findings += role_slips(heard)
        findings += audit_user_steps(task, messages, domain)
    return Verdict(
        reward=reward,
        kept=all(finding.severity == "remark" for finding in findings),
        findings=tuple(findings),
        evidence=row_label(writes) or "",
        writes=tuple(writes),
    )


def in_order(writes: Sequence[WriteEvidence]) -> list[WriteEvidence]:
    """What writes of both seats rested on, by their places; what was rightly not written comes last."""
    return sorted(writes, key=lambda write: (not write.name, write.message, write.call))


def ending_findings(
    task: Task, messages: Sequence[Message], termination: Termination, signal: Signal | None, domain: Domain
) -> list[Finding]:
    """What is wrong with the way a conversation ended."""
    if termination not in COMPLETE:
        return [Finding(Reason.INCOMPLETE, f"ended by {termination.value}")]
    handed_over = any(action.name == domain.hand_over_tool for action in task.actions or ())
    if signal not in (Signal.STOP, None) and not (handed_over and signal is Signal.TRANSFER):
        return [Finding(Reason.INCOMPLETE, f"the user ended with {signal.value}")]
    closing = last_agent_text(messages)
    if closing < 0 or any(
        type(message) is ToolMessage and message.requestor == "assistant" for message in messages[closing:]
    ):
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


def write_findings(
    task: Task,
    messages: Sequence[Message],
    domain: Domain,
    writes: Sequence[WriteEvidence] | None = None,
    calls: Sequence[ExecutedCall] | None = None,
) -> list[Finding]:
    """What is wrong with the writes: refused, too many, or resting on too little.

    `writes` is what `write_evidence` says of them; without it provenance and coverage alone are judged, which need
    neither a world nor a user's yes. `calls` are those of the messages, where they are known.
    """
    calls = executed_calls(messages, domain.tools) if calls is None else calls
    calls = [call for call in calls if call.kind == "write"]
    findings = [
        Finding(Reason.FAILED_WRITE, f"{call.call.function.name}: {call.result.content}", call.message, call.number)
        for call in calls
        if not call.succeeded
    ]
    wanted = [action for action in task.actions or () if action.requestor == "assistant" and domain.writes(action)]
    findings += [
        Finding(
            Reason.SURPLUS_WRITE,
            f"{call.call.function.name} is write {number} of {len(wanted)}",
            call.message,
            call.number,
        )
        for number, call in enumerate((call for call in calls if call.succeeded), start=1)
        if number > len(wanted)
    ]
    if writes is None:
        writes = list(write_evidence(task, messages, domain, confirmed=False))
    for write in writes:
        findings += evidence_findings(write)
    return findings


def evidence_findings(write: WriteEvidence) -> list[Finding]:
    """What is wanting in the evidence of one write."""
    name = write.name or "the last answer"
    said = [(Reason.UNSEEN_ARGUMENT, f"{name}: {unseen}") for unseen in write.unseen]
    said += [(Reason.MISSING_EVIDENCE, f"{name} came before {cell}") for cell in write.missing]
    said += [(Reason.STALE_EVIDENCE, f"{name}: a write had changed {cell}") for cell in write.stale]
    if write.unconfirmed:
        said.append((Reason.UNCONFIRMED_WRITE, f"{name}: {write.unconfirmed}"))
    said += [(Reason.UNCHOSEN_ARGUMENT, f"{name}: {unchosen}") for unchosen in write.unchosen]
    if write.breach:
        said.append((Reason.POLICY_BREACH, f"{name}: {write.breach}"))
    call = write.call if write.name else -1
    return [Finding(reason, detail, write.message, call) for reason, detail in said]
