"""All that is shown of one row, as plain data: what was said and done, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import ExecutedCall, call_key, executed_calls, walk_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from writ_async.core.task import Cell, Task
from writ_async.core.trajectory import Finding, Note, Reward, Usage, WriteEvidence
from writ_async.rows.run_rows import Timing
from writ_async.verify.told_cells import ToldCells
from writ_async.viewer.sources import OpenedRow
from writ_async.viewer.supplied import Supplied, first_shown, read_at, supplied_arguments
from writ_async.viewer.token_page import TokenPage, token_page
from writ_async.viewer.world_changes import Change, WorldChanges, world_changes


class ShownCall(msgspec.Struct):
    """One tool call with its result, None where it was never answered.

    `changes` is what a write left in the world, `supplied` where its arguments came from.
    """

    number: int
    name: str
    arguments: str
    kind: str
    result: str | None = None
    error: bool = False
    changes: tuple[Change, ...] = ()
    supplied: tuple[Supplied, ...] = ()
    evidence: WriteEvidence | None = None


class ShownMessage(msgspec.Struct):
    """One message; results of tools stand with the calls that asked for them, and `role` is then never `tool`."""

    index: int
    role: str
    text: str = ""
    reasoning: str = ""
    calls: tuple[ShownCall, ...] = ()


class ShownCell(msgspec.Struct, frozen=True):
    """A read that a write rests on, and the message in which it was made first, -1 where it was not.

    One `by_user` is made with a tool of the user's, and counts from the message in which the user told what it showed.
    """

    name: str
    arguments: str
    read_at: int
    by_user: bool = False


class ShownCertificate(msgspec.Struct, frozen=True):
    """What a gold write rests on. `made_at` is the message that made the write, -1 where none did."""

    write: str
    arguments: str
    made_at: int
    cells: tuple[ShownCell, ...]


class ShownTask(msgspec.Struct, frozen=True):
    """What a task asks: what the user was told, and the calls that answer it, by whom they are to be made."""

    id: str
    recipe: str
    level: str
    reason_for_call: str
    known_info: str
    instructions: str
    text: str
    behaviour: str
    actions: tuple[tuple[str, str, str], ...]
    communicate: tuple[str, ...]
    assertions: tuple[str, ...]
    refused: str


class ConversationPage(msgspec.Struct, kw_only=True):
    """All that is shown of a row. `lacking` says why there are no changes of the world, empty where there are."""

    id: str
    domain: str
    kind: str
    termination: str
    signal: str
    error: str
    digest: str
    messages: list[ShownMessage]
    task: ShownTask | None
    certificates: list[ShownCertificate]
    reward: Reward | None
    kept: bool | None
    evidence: str
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    refrained: WriteEvidence | None
    against_gold: tuple[Change, ...] | None
    lacking: str
    usage: Mapping[str, Usage]
    timing: Timing | None
    tokens: dict[str, TokenPage]


def conversation_page(opened: OpenedRow, tokenizer: str = "") -> ConversationPage:
    """Gather what is shown of a row. `tokenizer` is a model's folder, of the row's own model if it is empty."""
    row, task, domain = opened.row, opened.task, opened.domain
    verdict = row.verdict if opened.judged else None
    writes = verdict.writes if verdict is not None else ()
    by_place = {(write.message, write.call): write for write in writes if write.name}
    calls = executed_calls(row.messages, domain.tools) if domain is not None else []
    changes = WorldChanges(calls={}, note=opened.lacking)
    if domain is not None and opened.world is not None:
        changes = world_changes(row.messages, domain, opened.world, task)
    return ConversationPage(
        id=row.id,
        domain=row.domain,
        kind=row.kind,
        termination=row.termination.value,
        signal=row.signal.value if row.signal is not None else "",
        error=row.error,
        digest=row.digest,
        messages=_messages(row.messages, domain, calls, changes, by_place),
        task=None if task is None else _task(task),
        certificates=[] if task is None else _certificates(task, calls, writes, _told(row.messages, domain)),
        reward=row.verdict.reward if row.verdict is not None and opened.rewarded else None,
        kept=None if verdict is None else verdict.kept,
        evidence="" if verdict is None else verdict.evidence,
        findings=() if verdict is None else verdict.findings,
        notes=row.notes,
        refrained=next((write for write in writes if not write.name), None),
        against_gold=changes.against_gold,
        lacking=changes.note,
        usage=row.usage,
        timing=opened.timing,
        tokens={seat: token_page(tokens, tokenizer or opened.model_folder) for seat, tokens in row.tokens.items()},
    )


def _messages(
    messages: Sequence[Message],
    domain: Domain | None,
    calls: Sequence[ExecutedCall],
    changes: WorldChanges,
    writes: Mapping[tuple[int, int], WriteEvidence],
) -> list[ShownMessage]:
    supplied = {
        (call.message, call.number): supplied_arguments(call, messages, shown)
        for call, shown in first_shown(calls)
        if call.kind == "write"
    }
    found: dict[int, list[ShownCall]] = {}
    strays: dict[int, ToolMessage] = {}
    for step in walk_calls(messages):
        if step.call is None:
            if step.result is not None:
                strays[step.place] = step.result
            continue
        place, name = (step.message, step.number), step.call.function.name
        tools = {} if domain is None else domain.user_tools if step.by_user else domain.tools
        found.setdefault(step.message, []).append(
            ShownCall(
                number=step.number,
                name=name,
                arguments=step.call.function.arguments,
                kind=tools[name].kind if name in tools else "unknown",
                result=None if step.result is None else step.result.content,
                error=step.result is not None and step.result.error,
                changes=changes.calls.get(place, ()),
                supplied=() if step.by_user else supplied.get(place, ()),
                evidence=writes.get(place),
            )
        )
    shown = []
    for index, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            if index in strays:
                shown.append(ShownMessage(index, "result", message.content))
            continue
        shown.append(
            ShownMessage(
                index,
                _role(message),
                message.content or "",
                message.reasoning if isinstance(message, AssistantMessage) else "",
                tuple(found.get(index, ())),
            )
        )
    return shown


def _role(message: Message) -> str:
    if isinstance(message, UserMessage):
        return "user"
    return "system" if isinstance(message, SystemMessage) else "agent"


def _told(messages: Sequence[Message], domain: Domain | None) -> dict[bytes, int]:
    """The cells that the user read, by their keys, each with the message in which the user told what it showed."""
    found: dict[bytes, int] = {}
    if domain is not None and domain.user_tools:
        told = ToldCells(messages, domain)
        for place in range(len(messages)):
            for key, _ in told.until(place + 1):
                found.setdefault(key, place)
    return found


def _certificates(
    task: Task, calls: Sequence[ExecutedCall], writes: Sequence[WriteEvidence], told: Mapping[bytes, int]
) -> list[ShownCertificate]:
    made = {write.gold: write.message for write in writes if write.gold >= 0}
    actions = task.actions or ()
    shown = []
    for certificate in task.certificates:
        action = actions[certificate.write] if certificate.write is not None else None
        cells = tuple(_cell(cell, calls, told) for cell in certificate.cells)
        shown.append(
            ShownCertificate(
                "" if action is None else action.name,
                "" if action is None else _json(action.arguments),
                -1 if certificate.write is None else made.get(certificate.write, -1),
                cells,
            )
        )
    return shown


def _cell(cell: Cell, calls: Sequence[ExecutedCall], told: Mapping[bytes, int]) -> ShownCell:
    place = told.get(call_key(cell.name, cell.arguments), -1)
    at = place if place >= 0 else read_at(cell, calls)
    return ShownCell(cell.name, _json(cell.arguments), at, by_user=place >= 0)


def _task(task: Task) -> ShownTask:
    scenario = task.scenario
    return ShownTask(
        id=task.id,
        recipe=task.recipe,
        level=task.proof.level if task.proof is not None else "",
        reason_for_call=scenario.reason_for_call,
        known_info=scenario.known_info,
        instructions=scenario.task_instructions,
        text="" if scenario.reason_for_call else scenario.text,
        behaviour=task.behaviour.label if task.behaviour is not None else "",
        actions=tuple((action.name, _json(action.arguments), action.requestor) for action in task.actions or ()),
        communicate=task.communicate or (),
        assertions=task.nl_assertions or (),
        refused=task.proof.refused if task.proof is not None else "",
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
