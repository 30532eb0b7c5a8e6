"""Verdicts on conversations that others made: what each write rested on, without our run folder.

Where the tools are those of a registered domain, its kinds of tools, schemas and policy are used; else names tell what
writes. With a world, every result is compared with what the tools give; with a task as well, the outcome is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import ExecutedCall, as_the_agent_hears, call_key, executed_calls, walk_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message
from writ_async.core.state import World
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.core.trajectory import COMPLETE, Finding, Reward, Termination, WriteEvidence
from writ_async.formats.foreign.conversation import TAU1, Foreign
from writ_async.formats.foreign.endings import hands_over, last_act
from writ_async.formats.foreign.replaying import RESULT_DIFFERS, replay_all
from writ_async.formats.foreign.tools import without_bare_tools
from writ_async.verify.agent_words import agent_word_findings
from writ_async.verify.benchmark_slips import benchmark_slips, step_remarks
from writ_async.verify.claims import claim_findings
from writ_async.verify.evidence import match_gold, row_label, write_evidence
from writ_async.verify.judge import AssumeMet, Judge
from writ_async.verify.outcome import ReplayMismatchError, compute_reward
from writ_async.verify.provenance import atoms
from writ_async.verify.reasons import Reason
from writ_async.verify.several_calls import several_calls_findings
from writ_async.verify.verdict import evidence_findings, reward_findings

MALFORMED_CALL = "malformed_call"
UNKNOWN_TOOL = "unknown_tool"
UNANSWERED_CALL = "unanswered_call"
REPEATED_WRITE = "repeated_write"
NO_REPLAY = "no_replay"
OTHER_TASK_VERSION = "other_task_version"
FOREIGN_REASONS = (
    *(MALFORMED_CALL, UNKNOWN_TOOL, UNANSWERED_CALL, REPEATED_WRITE, RESULT_DIFFERS, NO_REPLAY, OTHER_TASK_VERSION),
)
"""The reasons that only conversations of others are given."""


class Checked(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The verdict on one conversation.

    `kinds` says where the kinds of tools came from: the domain, flags, or names. `replayed` results were compared with
    the world's. `reward` is ours, where task and world are known, `stated_reward` the file's.
    """

    id: str
    format: str
    domain: str = ""
    kinds: str = ""
    messages: int = 0
    calls: int = 0
    evidence: str = ""
    findings: tuple[Finding, ...] = ()
    writes: tuple[WriteEvidence, ...] = ()
    replayed: int = 0
    reward: Reward | None = None
    stated_reward: float | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing but remarks speaks against the conversation."""
        return all(finding.severity == "remark" for finding in self.findings)


def check_row(
    row: Foreign,
    domain: Domain,
    kinds: str,
    world: World | None = None,
    task: Task | None = None,
    judge: Judge | None = None,
) -> Checked:
    """All that can be said of one conversation. Pure.

    A task whose actions are not those that the row's own checks name is another version: it is told, and nothing is
    judged by it.
    """
    heard = as_the_agent_hears(row.messages)
    findings = ending_findings(row)
    if task is not None and not is_same_version(row, task):
        detail = f"the row was judged by other actions than those of task {row.task_id!r} here"
        findings.append(Finding(OTHER_TASK_VERSION, detail, severity="remark"))
        task = None
    held = task or unknown_task(row, domain)
    steps = walk_calls(row.messages)
    calls = executed_calls(row.messages, domain.tools, steps)
    playable = without_bare_tools(domain)
    same_program = row.format != TAU1
    by_user = executed_calls(row.messages, domain.user_tools, by_user=True)
    replayed = 0
    differing: list[Finding] = []
    if world is not None:
        replayed, differing = replay_all(
            playable, world, calls, by_user, same_program=same_program, initial=held.initial
        )
    trusted = world if not differing else None
    writes = list(write_evidence(held, row.messages, domain, trusted, calls))
    findings += [
        *_call_findings(row.messages, calls, domain),
        *_repeated(calls, domain),
        *several_calls_findings(heard, domain),
        *agent_word_findings(heard, domain, may_stop=row.termination is Termination.AGENT_STOP),
        *claim_findings(heard, domain, steps),
        *(finding for write in writes for finding in evidence_findings(write)),
        *differing,
    ]
    reward: Reward | None = None
    if task is not None and world is not None:
        try:
            reward = compute_reward(
                task,
                playable,
                world,
                row.messages,
                row.termination,
                judge or AssumeMet(),
                texts=same_program,
                steps=steps,
                calls=calls,
            )
        except ReplayMismatchError as exc:
            findings.append(Finding(NO_REPLAY, str(exc), exc.message))
        else:
            findings += reward_findings(reward)
    if task is not None and task.actions is not None and (reward is None or reward.reward != 1):
        findings += _surplus(task, calls, domain)
    if task is not None:
        findings += benchmark_slips(task, row.messages, row.signal, playable, world)
    elif by_user:  # else the file may be one seat's, from which nothing of the other's tools can be told
        findings += step_remarks(held, row.messages, playable)
    return Checked(
        id=row.id,
        format=row.format,
        domain=domain.name,
        kinds=kinds,
        messages=len(row.messages),
        calls=len(calls),
        evidence=row_label(writes) or "",
        findings=tuple(findings),
        writes=tuple(writes),
        replayed=replayed,
        reward=reward,
        stated_reward=row.reward,
    )


def at_places_of(row: Foreign, checked: Checked) -> Checked:
    """The verdict with findings and writes at the places that the file has: system messages and moved results count."""
    findings = []
    for finding in checked.findings:
        message, call = row.place_of(finding.message, max(finding.call, 0)) if finding.message >= 0 else (-1, -1)
        findings.append(msgspec.structs.replace(finding, message=message, call=call if finding.call >= 0 else -1))
    writes = []
    for write in checked.writes:
        message, call = row.place_of(write.message, write.call) if write.message >= 0 else (write.message, write.call)
        writes.append(msgspec.structs.replace(write, message=message, call=call))
    return msgspec.structs.replace(checked, findings=tuple(findings), writes=tuple(writes))


def is_same_version(row: Foreign, task: Task) -> bool:
    """Whether a task has the actions that a row's own checks name; true where the row has no checks."""
    if row.gold is None:
        return True
    actions = [call_key(action.name, action.arguments) for action in task.actions or ()]
    return actions == [
        call_key(str(name), arguments if isinstance(arguments, Mapping) else {}) for name, arguments in row.gold
    ]


def unknown_task(row: Foreign, domain: Domain) -> Task:
    """Stands for the task of a conversation whose task is not known: it has no criteria and no certificates."""
    return Task(
        id=row.task_id or row.id,
        domain=domain.name,
        kind="benchmark",
        world=WorldRef(domain.name),
        scenario=Scenario(""),
        actions=None,
        evaluated=False,
    )


def ending_findings(row: Foreign) -> list[Finding]:
    """What is wrong with the way a conversation ended: at most one finding, about the conversation as a whole.

    Complete are a last word of the agent, and a hand-over by tool as the last act, whatever the user's side still does
    after it: its own tools, a goodbye.
    """
    if row.termination not in COMPLETE:
        return [Finding(Reason.INCOMPLETE, f"ended by {row.termination.value}")]
    act = last_act(row.messages)
    if act is None:
        return [Finding(Reason.INCOMPLETE, "the agent never answered")]
    if act.tool_calls and not hands_over(act):
        return [Finding(Reason.INCOMPLETE, "the agent did not answer after its last tool call")]
    return []


def _call_findings(messages: Sequence[Message], calls: Sequence[ExecutedCall], domain: Domain) -> list[Finding]:
    found: list[Finding] = []
    for call in calls:
        name, place = call.call.function.name, (call.message, call.number)
        if call.arguments is None:
            found.append(Finding(MALFORMED_CALL, f"{name}: the arguments are no JSON object", *place))
        elif name not in domain.tools:
            found.append(Finding(UNKNOWN_TOOL, name, *place))
        if call.kind == "write" and not call.succeeded:
            found.append(Finding(Reason.FAILED_WRITE, f"{name}: {call.result.content[:200]}", *place))
    asked = sum(len(message.tool_calls) for message in messages if isinstance(message, AssistantMessage))
    if asked > len(calls):
        found.append(Finding(UNANSWERED_CALL, f"{asked - len(calls)} calls have no result"))
    return found


def _repeated(calls: Sequence[ExecutedCall], domain: Domain) -> list[Finding]:
    """Writes that were made once more with the same arguments: surplus whatever the task was.

    One that comes after another write to the same thing takes that one back, and repeats nothing. The thing is told by
    an id in both; who the user is tells it only between calls of one tool.
    """
    seen: set[bytes] = set()
    touched: dict[tuple[str, str], set[bytes]] = {}
    found: list[Finding] = []
    for call in calls:
        if call.kind != "write" or not call.succeeded or call.arguments is None:
            continue
        name = call.call.function.name
        key = call_key(name, call.arguments)
        if key in seen:
            detail = f"{name} was made before with the same arguments"
            found.append(Finding(REPEATED_WRITE, detail, call.message, call.number))
        for thing in _things(call.arguments, name, domain.user_argument):
            seen -= touched.get(thing, set())
            touched[thing] = {key}
        seen.add(key)
    return found


def _things(arguments: Mapping[str, Any], name: str, user_argument: str) -> set[tuple[str, str]]:
    """The ids in the arguments of a call; that of the user together with the tool's name."""
    return {
        (name if path == user_argument else "", value)
        for path, value in atoms(dict(arguments))
        if isinstance(value, str) and len(value) > 2 and any(map(str.isdigit, value))
    }


def _surplus(task: Task, calls: Sequence[ExecutedCall], domain: Domain) -> list[Finding]:
    """The writes beyond those of the gold solution, where there are more: those that stand for none of it."""
    made = [call for call in calls if call.kind == "write" and call.succeeded]
    actions = [action for action in task.actions or () if action.requestor == "assistant"]
    wanted = sum(map(domain.writes, actions))
    if len(made) <= wanted:
        return []
    matched = match_gold(actions, made, domain)
    return [
        Finding(
            Reason.SURPLUS_WRITE,
            f"{call.call.function.name} is none of the {wanted} writes of the task",
            call.message,
            call.number,
        )
        for call in made
        if (call.message, call.number) not in matched
    ]
