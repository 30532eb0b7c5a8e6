"""Exports of a run for trainers and analysts. The same run gives the same rows in the same order, whatever ended first.

A file is written whole or not at all. `FORMATS` lists what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol

import msgspec

from writ_async.data.manifest import Prompt
from writ_async.data.run_view import RunView, prompt_for
from writ_async.data.writing import replacing, storage_error
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    call_arguments,
)
from writ_async.task import Task
from writ_async.trajectory import Trajectory, Usage

CLOSING_TOKENS = ("###STOP###", "###TRANSFER###", "###OUT-OF-SCOPE###")
MALFORMED = "malformed_arguments"

_BATCH = 2000

SystemText = Callable[[Trajectory, Prompt], str]


class Exported(msgspec.Struct, frozen=True):
    """How many rows were written, and how many were left out: rejected by the verdict, or with nothing to train on."""

    rows: int
    rejected: int
    unfit: int


class Exporter(Protocol):
    """Writes a run to a file, by default only the kept rows."""

    def __call__(self, run: RunView, out: PathLike, *, include_rejected: bool = False) -> Exported:
        """Write `out` whole or not at all. Raises `InputError` and `StorageError`."""


class Format(msgspec.Struct, frozen=True):
    """One format: a line of help, the usual suffix of its files, and its writer."""

    help: str
    suffix: str
    write: Exporter


def export_openai(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    system: SystemText | None = None,
    closing_tokens: tuple[str, ...] = CLOSING_TOKENS,
) -> Exported:
    """Write the rows in the format of OpenAI's fine-tuning files; see `openai_row`.

    The system message is `system(trajectory, prompt)`, else what `prompts.json` says that the agent was given.
    """
    source = _Source(run, include_rejected)
    encode = msgspec.json.Encoder().encode
    rows = unfit = 0
    with replacing(out) as file:
        for trajectory, prompt, _ in source:
            text = (prompt.system or prompt.policy) if system is None else system(trajectory, prompt)
            row = openai_row(trajectory, text, prompt.tools, closing_tokens)
            if row is None:
                unfit += 1
                continue
            file.write(encode(row) + b"\n")
            rows += 1
    return Exported(rows, source.rejected, unfit)


def openai_row(
    trajectory: Trajectory,
    system: str,
    tools: tuple[dict[str, Any], ...],
    closing_tokens: tuple[str, ...] = CLOSING_TOKENS,
) -> dict[str, Any] | None:
    """One conversation as `messages`, `tools` and `parallel_tool_calls`, seen from the agent's seat.

    It ends on the agent's last words: what follows them is left out, as are closing tokens and the user's own tool
    calls. An assistant message has `weight` 0 when one of its calls was malformed or refused, so that nobody learns
    from it. Arguments that are no JSON object are wrapped in one, under the key `malformed_arguments`, because trainers
    parse them. None when the agent says nothing, or when a call has no answer.
    """
    seen = [shown for message in trajectory.messages if (shown := _seen_by_agent(message, closing_tokens)) is not None]
    while seen and not (isinstance(seen[-1], AssistantMessage) and seen[-1].content and not seen[-1].tool_calls):
        seen.pop()
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}]
    index = 0
    while index < len(seen):
        message = seen[index]
        index += 1
        calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
        answers = [answer for answer in seen[index : index + len(calls)] if isinstance(answer, ToolMessage)]
        if isinstance(message, ToolMessage) or [a.tool_call_id for a in answers] != [call.id for call in calls]:
            return None
        index += len(answers)
        messages.append(_openai_message(message, answers))
        messages += ({"role": "tool", "tool_call_id": a.tool_call_id, "content": a.content} for a in answers)
    if len(messages) == 1:
        return None
    parallel = any(isinstance(message, AssistantMessage) and len(message.tool_calls) > 1 for message in seen)
    return {"messages": messages, "tools": tools, "parallel_tool_calls": parallel}


def export_parquet(run: RunView, out: PathLike, *, include_rejected: bool = False) -> Exported:
    """Write the rows as a table: ids, verdict, counts, usage, and the whole messages and tools as JSON text."""
    import polars as pl

    types = {"str": pl.String, "int": pl.Int64, "float | None": pl.Float64, "bool | None": pl.Boolean}
    schema = {name: types.get(kind, pl.List(pl.String)) for name, kind in _Row.__annotations__.items()}
    source = _Source(run, include_rejected)
    frames = [pl.DataFrame([], schema=schema)]
    tools: dict[str, int] = {}
    places: list[int] = []
    rows = map(_table_row, source)
    while batch := list(islice(rows, _BATCH)):
        frames.append(pl.DataFrame([msgspec.structs.astuple(row) for row, _ in batch], schema=schema, orient="row"))
        places += (tools.setdefault(text, len(tools)) for _, text in batch)
    frame = pl.concat(frames, rechunk=False)
    # Gathered, so that the rows share the few long texts.
    frame = frame.with_columns(pl.Series("tools", list(tools), dtype=pl.String).gather(places))
    with replacing(out) as file:
        try:
            frame.write_parquet(file, compression="zstd")
        except pl.exceptions.PolarsError as exc:
            raise storage_error(out, OSError(str(exc).splitlines()[0])) from exc
    return Exported(frame.height, source.rejected, 0)


FORMATS: dict[str, Format] = {
    "openai": Format("JSON Lines of OpenAI's fine-tuning: messages, tools, weights", ".jsonl", export_openai),
    "parquet": Format(
        "one table of rows, verdicts, counts and messages, for polars, pandas or DuckDB", ".parquet", export_parquet
    ),
}


def format_named(name: str) -> Format:
    """The format of a name. Raises `InputError` when there is none."""
    found = FORMATS.get(name)
    if found is None:
        raise InputError(f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    return found


class _Source:
    """The rows of a run to export, each with its prompt and task; counts those that it leaves out."""

    def __init__(self, run: RunView, include_rejected: bool) -> None:
        self.rejected = 0
        self._run = run
        self._all = include_rejected
        self._prompts = run.prompts()
        self._tasks = {task.id: task for task in run.tasks()}

    def __iter__(self) -> Iterator[tuple[Trajectory, Prompt, Task | None]]:
        for trajectory in self._run.ordered():
            if not self._all and not (trajectory.verdict is not None and trajectory.verdict.kept):
                self.rejected += 1
                continue
            task = self._tasks.get(trajectory.task_id)
            yield trajectory, prompt_for(self._prompts, task, trajectory.domain), task


def _seen_by_agent(message: Message, closing_tokens: tuple[str, ...]) -> Message | None:
    """The message without closing tokens, or None when the agent does not see it or nothing is left of it."""
    if isinstance(message, ToolMessage):
        return message if message.requestor == "assistant" else None
    if not isinstance(message, UserMessage | AssistantMessage):
        return None
    content = message.content or ""
    for token in closing_tokens:
        if token in content:
            content = content.replace(token, "").strip()
    if isinstance(message, UserMessage):
        return UserMessage(content) if content.strip() else None
    if not content.strip() and not message.tool_calls:
        return None
    return AssistantMessage(content if content.strip() else None, message.tool_calls)


def _openai_message(message: Message, answers: list[ToolMessage]) -> dict[str, Any]:
    if not isinstance(message, AssistantMessage):
        return {"role": "user", "content": message.content}
    shown: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        calls = [_openai_call(call) for call in message.tool_calls]
        shown["tool_calls"] = [call for call, _ in calls]
        if any(malformed for _, malformed in calls) or any(answer.error for answer in answers):
            shown["weight"] = 0
    return shown


def _openai_call(call: ToolCall) -> tuple[dict[str, Any], bool]:
    """The call in OpenAI's shape, and whether its arguments were malformed."""
    text = call.function.arguments
    malformed = False
    try:
        call_arguments(call)
    except MalformedArgumentsError:
        malformed = True
        text = msgspec.json.encode({MALFORMED: text}).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": text}}, malformed


class _Row(msgspec.Struct):
    """The columns of the table, in order; `tools` comes last. Token counts are 0 where the engine gave none."""

    id: str
    task_id: str
    domain: str
    kind: str
    trial: int
    seed: int
    reward: float | None
    kept: bool | None
    findings: list[str]
    termination: str
    steps: int
    n_tool_calls: int
    n_tool_errors: int
    n_writes: int
    gold_writes: int
    evidence_burden: int
    agent_prompt_tokens: int
    agent_completion_tokens: int
    user_prompt_tokens: int
    user_completion_tokens: int
    digest: str
    error: str
    messages: str


def _table_row(item: tuple[Trajectory, Prompt, Task | None]) -> tuple[_Row, str]:
    """The columns of one row, and its tools as JSON text. `n_writes` are the write calls that were not refused."""
    trajectory, prompt, task = item
    refused = [m.error for m in trajectory.messages if isinstance(m, ToolMessage) and m.requestor == "assistant"]
    agent, user = (trajectory.usage.get(seat, Usage()) for seat in ("agent", "user"))
    verdict = trajectory.verdict
    row = _Row(
        id=trajectory.id,
        task_id=trajectory.task_id,
        domain=trajectory.domain,
        kind=trajectory.kind,
        trial=trajectory.trial,
        seed=trajectory.seed,
        reward=verdict.reward.reward if verdict else None,
        kept=verdict.kept if verdict else None,
        findings=[finding.reason for finding in verdict.findings] if verdict else [],
        termination=trajectory.termination.value,
        steps=trajectory.steps,
        n_tool_calls=sum(len(m.tool_calls) for m in trajectory.messages if isinstance(m, AssistantMessage)),
        n_tool_errors=sum(refused),
        n_writes=_writes(trajectory, prompt),
        gold_writes=sum(action.name in prompt.writes for action in (task.actions or ())) if task else 0,
        evidence_burden=max((len(proof.cells) for proof in task.certificates), default=0) if task else 0,
        agent_prompt_tokens=agent.prompt_tokens,
        agent_completion_tokens=agent.completion_tokens,
        user_prompt_tokens=user.prompt_tokens,
        user_completion_tokens=user.completion_tokens,
        digest=trajectory.digest,
        error=trajectory.error,
        messages=msgspec.json.encode(trajectory.messages).decode(),
    )
    return row, msgspec.json.encode(prompt.tools).decode()


def _writes(trajectory: Trajectory, prompt: Prompt) -> int:
    """The agent's write calls that were not refused. Where ids are not unique, an answer is the last such call's."""
    called: dict[str, str] = {}
    count = 0
    for message in trajectory.messages:
        if isinstance(message, AssistantMessage):
            called.update((call.id, call.function.name) for call in message.tool_calls)
        elif isinstance(message, ToolMessage) and message.requestor == "assistant" and not message.error:
            count += called.get(message.tool_call_id, "") in prompt.writes
    return count
