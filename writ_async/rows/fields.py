"""The fields of a row by which a list of rows is filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.trajectory import Trajectory

FieldKind = Literal["text", "texts", "number", "flag", "words"]
"""One text; several of them; a number; yes or no; words that are only ever searched."""


class Field(msgspec.Struct, frozen=True):
    """What a field of a row is, in a few words for people."""

    kind: FieldKind
    about: str


FIELDS: Mapping[str, Field] = {
    "id": Field("text", "the row's id"),
    "run": Field("text", "the run or file that it is from"),
    "task": Field("text", "the id of its task"),
    "trial": Field("number", "which trial of the task, from 0"),
    "domain": Field("text", "what the agent serves"),
    "kind": Field("text", "of the task: normal, read-heavy, refusal, ..."),
    "recipe": Field("text", "what the task was drawn by"),
    "level": Field("text", "writes and burden, such as W1R3"),
    "w": Field("number", "the level of writes, 0 to 4"),
    "r": Field("number", "the level of the burden, 0 to 4"),
    "burden": Field("number", "cells in the largest certificate"),
    "reward": Field("number", "the benchmark's reward; a file's own where ours is not known"),
    "kept": Field("flag", "whether the run's filters keep the row"),
    "strict": Field("flag", "whether no verifier found anything against it"),
    "evidence": Field("text", "the worst label of its writes, such as evidence_complete"),
    "reason": Field("texts", "the reasons of its findings"),
    "behaviour": Field("texts", "the traits of its user, such as tone=angry"),
    "engine": Field("text", "who played the agent"),
    "end": Field("text", "why it ended, such as user_stop"),
    "tokens": Field("number", "of all requests of both seats, prompts included"),
    "dollars": Field("number", "what the requests cost, where prices are known"),
    "seconds": Field("number", "from its start to its end, where that was timed"),
    "turns": Field("number", "messages of the user"),
    "calls": Field("number", "tool calls of the agent"),
    "errors": Field("number", "tool calls of the agent that were refused"),
    "tool": Field("texts", "the tools that the agent called"),
    "user_tool": Field("texts", "the tools of their own that the user called"),
    "tag": Field("texts", "the tags of the note on it"),
    "comment": Field("text", "the comment of the note on it"),
    "messages": Field("words", "what agent and user said"),
}
"""Every field by its name, in the order in which they are told to people."""


class RowFields(msgspec.Struct, kw_only=True):
    """The values of one row's fields; None where a number or a flag is not known. `messages` is in lower case."""

    id: str
    run: str = ""
    task: str = ""
    trial: float | None = None
    domain: str = ""
    kind: str = ""
    recipe: str = ""
    level: str = ""
    w: float | None = None
    r: float | None = None
    burden: float | None = None
    reward: float | None = None
    kept: bool | None = None
    strict: bool | None = None
    evidence: str = ""
    reason: tuple[str, ...] = ()
    behaviour: tuple[str, ...] = ()
    engine: str = ""
    end: str = ""
    tokens: float | None = None
    dollars: float | None = None
    seconds: float | None = None
    turns: float | None = None
    calls: float | None = None
    errors: float | None = None
    tool: tuple[str, ...] = ()
    user_tool: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    comment: str = ""
    messages: str = ""


class AboutTask(msgspec.Struct, frozen=True):
    """What a list needs to know of a task."""

    recipe: str = ""
    level: str = ""
    burden: int | None = None
    behaviour: tuple[str, ...] = ()


def row_fields(row: Trajectory, task: AboutTask | None, **further: Any) -> RowFields:
    """The fields of a row; `further` ones are those that neither the row nor its task tells. Costs O(its messages)."""
    about = task or AboutTask()
    verdict = row.verdict
    written, burden = levels_of(about.level)
    names = [call.function.name for message in row.messages for call in _calls_of(message)]
    used = row.usage.values()
    fields = RowFields(
        id=row.id,
        task=row.task_id,
        trial=row.trial,
        domain=row.domain,
        kind=row.kind,
        recipe=about.recipe,
        level=about.level,
        w=written,
        r=burden,
        burden=about.burden,
        behaviour=about.behaviour,
        end=row.termination.value,
        tokens=sum(one.prompt_tokens + one.completion_tokens for one in used) or None,
        dollars=sum(one.nano_dollars for one in used) / 1e9 or None,
        turns=sum(isinstance(message, UserMessage) and not message.tool_calls for message in row.messages),
        calls=len(names),
        errors=sum(
            isinstance(message, ToolMessage) and message.error and message.requestor == "assistant"
            for message in row.messages
        ),
        tool=tuple(dict.fromkeys(names)),
        user_tool=tuple(
            dict.fromkeys(
                call.function.name
                for message in row.messages
                if isinstance(message, UserMessage)
                for call in message.tool_calls
            )
        ),
        messages="\n".join(_said(row.messages)).lower(),
    )
    if verdict is not None:
        fields.reward = verdict.reward.reward
        fields.strict = verdict.kept
        fields.evidence = verdict.evidence
        fields.reason = tuple(dict.fromkeys(finding.reason for finding in verdict.findings))
    for name, value in further.items():
        setattr(fields, name, value)
    return fields


def levels_of(level: str) -> tuple[int | None, int | None]:
    """The two numbers of a level, None where it is not one.

    >>> levels_of("W2R3"), levels_of("")
    ((2, 3), (None, None))
    """
    if len(level) == 4 and level[0] == "W" and level[2] == "R":
        return int(level[1]), int(level[3])
    return None, None


def _calls_of(message: Message) -> Sequence[Any]:
    return message.tool_calls if isinstance(message, AssistantMessage) else ()


def _said(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        if isinstance(message, AssistantMessage | UserMessage) and message.content:
            yield message.content
