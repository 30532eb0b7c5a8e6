"""Verdicts on conversations that others made: what each write rested on, without our run folder.

Where the tools are those of a registered domain, its kinds of tools, schemas and policy are used; else names tell what
writes. With a world, every result is compared with what the tools give; with a task as well, the outcome is judged.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import ExecutedCall, call_key, executed_calls, last_agent_text
from writ_async.core.domain import Domain, Tool, ToolKind, call_tool
from writ_async.core.message import AssistantMessage, Message, ToolMessage
from writ_async.core.state import State, World
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.core.trajectory import COMPLETE, Finding, Reward, Signal, WriteEvidence
from writ_async.formats.foreign import Foreign
from writ_async.verify.evidence import row_label, write_evidence
from writ_async.verify.judge import AssumeMet, Judge
from writ_async.verify.outcome import ReplayMismatchError, compute_reward
from writ_async.verify.several_calls import several_calls_findings
from writ_async.verify.verdict import Reason, evidence_findings, reward_findings

MALFORMED_CALL = "malformed_call"
UNKNOWN_TOOL = "unknown_tool"
UNANSWERED_CALL = "unanswered_call"
REPEATED_WRITE = "repeated_write"
RESULT_DIFFERS = "result_differs"
NO_REPLAY = "no_replay"

_READS = re.compile(
    r"^(get|find|search|list|look|lookup|show|read|check|fetch|query|view|describe|count|verify|validate|is|has|can|"
    r"calculate|compute|convert)(_|$|[A-Z])"
)
_GENERIC = re.compile(r"^(think|calculate|transfer|handoff|escalate)")


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


def check_row(
    row: Foreign,
    domain: Domain,
    kinds: str,
    world: World | None = None,
    task: Task | None = None,
    judge: Judge | None = None,
) -> Checked:
    """All that can be said of one conversation. Pure."""
    held = task or unknown_task(row, domain)
    calls = executed_calls(row.messages, domain.tools)
    replayed, differing = (0, []) if world is None else replay_all(domain, world, calls)
    trusted = world if not differing else None
    writes = write_evidence(held, row.messages, domain, trusted)
    findings = [
        *_ending(row),
        *_call_findings(row.messages, calls, domain),
        *_repeated(calls),
        *several_calls_findings(row.messages, domain),
        *(finding for write in writes for finding in evidence_findings(write)),
        *differing,
    ]
    reward: Reward | None = None
    if task is not None and world is not None:
        try:
            reward = compute_reward(task, domain, world, row.messages, row.termination, judge or AssumeMet())
        except ReplayMismatchError as exc:
            findings.append(Finding(NO_REPLAY, str(exc), exc.message))
        else:
            findings += reward_findings(reward)
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


def replay_all(domain: Domain, world: World, calls: Sequence[ExecutedCall]) -> tuple[int, list[Finding]]:
    """Make all calls again on a world: how many were made, and where a result is another one.

    The text of an error is not compared: it may stem from another program. Calls of unknown tools are passed over.
    """
    state = State(world)
    found: list[Finding] = []
    made = 0
    for call in calls:
        name = call.call.function.name
        if name not in domain.tools or call.arguments is None or call.kind == "generic":
            continue
        made += 1
        result = call_tool(domain.tools, state, name, call.arguments)
        if result.error != (not call.succeeded) or (call.succeeded and result.content != call.result.content):
            found.append(Finding(RESULT_DIFFERS, f"{name} gives another result in this world", call.message))
    return made, found


def guess_domain(row: Foreign, domains: Iterable[Domain]) -> Domain | None:
    """The domain whose tools the row names, in its schemas or its calls; None when less than four in five fit."""
    names = tool_names(row)
    best = max(domains, key=lambda domain: len(names & domain.tools.keys()), default=None)
    if best is None or not names or len(names & best.tools.keys()) < 0.8 * len(names):
        return None
    return best


def tool_names(row: Foreign) -> set[str]:
    """The names of all tools that a row declares, else of those that it calls."""
    declared = {tool["function"]["name"] for tool in row.tools}
    called = {
        call.function.name
        for message in row.messages
        if isinstance(message, AssistantMessage)
        for call in message.tool_calls
    }
    return declared or called


def domain_for(row: Foreign, known: Domain | None, writes: Collection[str]) -> tuple[Domain, str]:
    """A domain to judge a row by, and where its kinds of tools come from.

    A known one is given the tools that the row has beside its own. Otherwise the tools are those that the row declares
    or calls, and `writes`, or their names, say which of them write.
    """
    schemas = {tool["function"]["name"]: tool for tool in row.tools}
    names = sorted(tool_names(row) | schemas.keys())
    if known is not None:
        extra = {name: _tool(name, schemas.get(name), kind_by_name(name)) for name in names if name not in known.tools}
        return (msgspec.structs.replace(known, tools={**known.tools, **extra}) if extra else known), "domain"
    if writes:
        tools = {
            name: _tool(name, schemas.get(name), "write" if name in writes else _reading_kind(name)) for name in names
        }
        return _bare_domain(row.domain, tools), "flags"
    return _bare_domain(row.domain, {n: _tool(n, schemas.get(n), kind_by_name(n)) for n in names}), "names"


def kind_by_name(name: str) -> ToolKind:
    """What a tool does by its name: those that get, find or list read, those that think or hand over do neither."""
    if _GENERIC.match(name):
        return "generic"
    return "read" if _READS.match(name) else "write"


def _reading_kind(name: str) -> ToolKind:
    return "generic" if _GENERIC.match(name) else "read"


def _tool(name: str, schema: Mapping[str, Any] | None, kind: ToolKind) -> Tool:
    bare = {"type": "function", "function": {"name": name, "parameters": {}}}
    return Tool(name, kind, dict(schema or bare), _never, frozenset(), frozenset())


def _bare_domain(name: str, tools: Mapping[str, Tool]) -> Domain:
    return Domain(name=name or "unknown", policy="", tools=tools, generate=_never, load=_never, dump=_never)


def _never(*_: Any) -> Any:
    raise RuntimeError("a conversation of an unknown domain has no world")


def _ending(row: Foreign) -> list[Finding]:
    if row.termination not in COMPLETE:
        return [Finding(Reason.INCOMPLETE, f"ended by {row.termination.value}")]
    closing = last_agent_text(row.messages)
    if closing < 0 or any(isinstance(message, ToolMessage) for message in row.messages[closing:]):
        if row.signal is Signal.TRANSFER:
            return []
        return [Finding(Reason.INCOMPLETE, "the agent did not answer after its last tool call")]
    return []


def _call_findings(messages: Sequence[Message], calls: Sequence[ExecutedCall], domain: Domain) -> list[Finding]:
    found: list[Finding] = []
    for call in calls:
        name = call.call.function.name
        if call.arguments is None:
            found.append(Finding(MALFORMED_CALL, f"{name}: the arguments are no JSON object", call.message))
        elif name not in domain.tools:
            found.append(Finding(UNKNOWN_TOOL, name, call.message))
        if call.kind == "write" and not call.succeeded:
            found.append(Finding(Reason.FAILED_WRITE, f"{name}: {call.result.content[:200]}", call.message))
    asked = sum(len(message.tool_calls) for message in messages if isinstance(message, AssistantMessage))
    if asked > len(calls):
        found.append(Finding(UNANSWERED_CALL, f"{asked - len(calls)} calls have no result"))
    return found


def _repeated(calls: Sequence[ExecutedCall]) -> list[Finding]:
    """Writes that were made once more with the same arguments: surplus whatever the task was."""
    seen: set[bytes] = set()
    found: list[Finding] = []
    for call in calls:
        if call.kind == "write" and call.succeeded and call.arguments is not None:
            key = call_key(call.call.function.name, call.arguments)
            if key in seen:
                found.append(Finding(REPEATED_WRITE, f"{call.call.function.name} was made before", call.message))
            seen.add(key)
    return found
