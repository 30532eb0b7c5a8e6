"""Tables in parquet: one for analysts, one for verl."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.trajectory import Seat, Trajectory, Usage
from writ_async.curation.rules import STRICT, FilterRules
from writ_async.files import PathLike
from writ_async.formats.export.chat import json_text, plain_lines, trains
from writ_async.formats.export.lines import Line, thought_before
from writ_async.formats.export.source import Exported, Item, Source, rows_of
from writ_async.runs.manifest import Prompt
from writ_async.runs.view import RunView
from writ_async.runs.writing import replacing, storage_error

if TYPE_CHECKING:
    import polars as pl

_BATCH = 2000


def export_parquet(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write the rows as a table: ids, verdict, evidence, counts, usage, and the messages and tools as JSON text."""
    import polars as pl

    types = {"str": pl.String, "int": pl.Int64, "float | None": pl.Float64, "bool | None": pl.Boolean}
    schema = {name: types.get(kind, pl.List(pl.String)) for name, kind in _Row.__annotations__.items()}
    source = Source(run, include_rejected, leave_out, rules, masks=True, seat=seat)
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
    write_parquet(frame, out)
    return source.exported(frame.height, 0)


def export_verl(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write a parquet table for verl's `MultiTurnSFTDataset`: `messages` and `enable_thinking`. For Qwen's templates.

    verl reads messages and tools as structs, and a table gives each struct the fields of all others, as nulls that its
    template would print. So tools stand in the system message and calls in the content, in the very text that Qwen's
    templates write for them. One call a turn, because verl renders each message alone; no bad calls, because it learns
    from all that the agent says. What was thought stands in the content, as Qwen's reasoning models write it.
    """
    import polars as pl

    message = pl.Struct({"role": pl.String, "content": pl.String})
    schema = pl.Schema({"id": pl.String(), "messages": pl.List(message), "enable_thinking": pl.Boolean()})
    source = Source(run, include_rejected, leave_out, rules, seat=seat)
    counts = [0, 0]
    rows = rows_of(source, _VerlRows(greeting is True), counts)
    frames = [pl.DataFrame([], schema=schema)]
    while batch := list(islice(rows, _BATCH)):
        frames.append(pl.DataFrame(batch, schema=schema))
    write_parquet(pl.concat(frames, rechunk=False), out)
    return source.exported(counts[0], counts[1])


class _VerlRows:
    """Makes the rows for verl; the system message of a prompt is rendered once."""

    def __init__(self, greeting: bool) -> None:
        from writ_async.chat import qwen

        self._family = qwen.QWEN3
        self._with_tools = qwen.text_with_tools
        self._systems: dict[int, tuple[Prompt, str]] = {}
        self._greeting = greeting

    def __call__(self, item: Item, lines: list[Line]) -> dict[str, Any] | None:
        """One row, or None when there is nothing in it to train on."""
        lines = plain_lines(lines, self._greeting)
        if not trains(lines):
            return None
        messages = [{"role": "system", "content": self._system(item)}]
        messages += ({"role": line.role, "content": self._content(line)} for line in lines)
        return {
            "id": item.trajectory.id,
            "messages": messages,
            "enable_thinking": any(line.reasoning for line in lines),
        }

    def _system(self, item: Item) -> str:
        """The content of the system message as the template writes it when it is given tools."""
        found = self._systems.get(id(item.prompt))
        if found is None:
            found = (item.prompt, self._with_tools(self._family, item.system, item.prompt.tools))
            self._systems[id(item.prompt)] = found
        return found[1]

    def _content(self, line: Line) -> str:
        if not line.calls:
            return thought_before(line) + line.content
        calls = tuple(make_call(call.id, call.name, call.arguments) for call in line.calls)
        return thought_before(line) + str(self._family.write(AssistantMessage(line.content or None, calls)))


def write_parquet(frame: pl.DataFrame, out: PathLike) -> None:
    """Write a table whole or not at all. Raises `StorageError`."""
    import polars as pl

    with replacing(out) as file:
        try:
            frame.write_parquet(file, compression="zstd")
        except pl.exceptions.PolarsError as exc:
            raise storage_error(out, OSError(str(exc).splitlines()[0])) from exc


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
    evidence: str
    agent_prompt_tokens: int
    agent_completion_tokens: int
    user_prompt_tokens: int
    user_completion_tokens: int
    digest: str
    error: str
    messages: str


def _table_row(item: Item) -> tuple[_Row, str]:
    """The columns of one row, and its tools as JSON text. `n_writes` are the write calls that were not refused."""
    trajectory, prompt, task = item.trajectory, item.prompt, item.task
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
        evidence=verdict.evidence if verdict else "",
        agent_prompt_tokens=agent.prompt_tokens,
        agent_completion_tokens=agent.completion_tokens,
        user_prompt_tokens=user.prompt_tokens,
        user_completion_tokens=user.completion_tokens,
        digest=trajectory.digest,
        error=trajectory.error,
        messages=msgspec.json.encode([m for m in trajectory.messages if not _is_users_alone(m)]).decode(),
    )
    return row, json_text(prompt.tools)


def _is_users_alone(message: Message) -> bool:
    """Whether a message is a call of the user's own tools or its result, which the agent never sees."""
    if isinstance(message, ToolMessage):
        return message.requestor == "user"
    return isinstance(message, UserMessage) and bool(message.tool_calls)


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
