"""Formats in the shape of chat completions: OpenAI's fine-tuning files, TRL, Axolotl, and the columns of WRIT-2K."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from writ_async.behaviour.axes import shown_traits
from writ_async.core.trajectory import Seat, Trajectory
from writ_async.curation.rules import STRICT, FilterRules
from writ_async.files import PathLike
from writ_async.formats.export.lines import (
    ALL_CLOSING_TOKENS,
    Line,
    agent_lines,
    chat_messages,
    one_call_a_turn,
    without_bad_calls,
    without_greeting,
)
from writ_async.formats.export.source import Exported, Item, Source, write_json, write_rows
from writ_async.runs.manifest import Prompt
from writ_async.runs.view import RunView
from writ_async.runs.writing import replacing

SystemText = Callable[[Trajectory, Prompt], str]


def export_openai(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
    system: SystemText | None = None,
    closing_tokens: tuple[str, ...] = ALL_CLOSING_TOKENS,
) -> Exported:
    """Write the rows in the format of OpenAI's fine-tuning files; see `openai_row`.

    The system message is `system(trajectory, prompt)`, else what `prompts.json` says that the agent was given.
    """
    source = Source(run, include_rejected, leave_out, rules, masks=True, seat=seat)
    rows = unfit = 0
    with replacing(out) as file:
        for item in source:
            text = item.system if system is None else system(item.trajectory, item.prompt)
            row = openai_row(
                item.trajectory,
                text,
                item.prompt.tools,
                closing_tokens if seat == "agent" else (),
                greeting=greeting is not False,
                masked=item.masked,
            )
            if row is None:
                unfit += 1
                continue
            write_json(file, [row], array=False)
            rows += 1
    return source.exported(rows, unfit)


def openai_row(
    trajectory: Trajectory,
    system: str,
    tools: tuple[dict[str, Any], ...],
    closing_tokens: tuple[str, ...] = ALL_CLOSING_TOKENS,
    *,
    greeting: bool = True,
    masked: Collection[int] = (),
) -> dict[str, Any] | None:
    """One conversation as `messages`, `tools` and `parallel_tool_calls`; see `agent_lines` for what is in it.

    An assistant message that nobody should learn from has `weight` 0, those at the places `masked` among them.
    None where there is nothing to train on.
    """
    lines = agent_lines(trajectory, closing_tokens, masked)
    if lines is None or (masked and not any(line.train for line in lines if line.role == "assistant")):
        return None
    if not greeting:
        lines = without_greeting(lines)
    messages = chat_messages(lines, system, "text")
    flag(messages, lines, lambda message: message.update(weight=0))
    parallel = any(len(line.calls) > 1 for line in lines)
    return {"messages": messages, "tools": tools, "parallel_tool_calls": parallel}


def export_trl(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write JSON Lines for TRL's `SFTTrainer`: `messages`, and `tools` as JSON text, which it decodes.

    Arguments are objects, one call a turn. TRL cannot leave single messages out of the loss, so bad calls are left out,
    and the greeting with them. What was thought stands under `reasoning_content`.
    """

    def make(item: Item, lines: list[Line]) -> dict[str, Any] | None:
        lines = plain_lines(lines, greeting is True)
        messages = chat_messages(lines, item.system, "object", ids=False, empty="", reasoning=True)
        return {"messages": messages, "tools": json_text(item.prompt.tools)} if trains(lines) else None

    return write_rows(
        run, out, make, include_rejected=include_rejected, leave_out=leave_out, rules=rules, array=False, seat=seat
    )


def export_axolotl(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write JSON Lines for Axolotl's `type: chat_template` with `message_field_training: train`.

    Arguments, and the parameters of tools, are JSON text, which Axolotl decodes: as objects, a table of rows would give
    every call the keys of all others. Each assistant message has its `train` flag.
    """

    def make(item: Item, lines: list[Line]) -> dict[str, Any] | None:
        lines = one_call_a_turn(lines if greeting is True else without_greeting(lines))
        messages = chat_messages(lines, item.system, "text", empty="", reasoning=True)
        for message, line in zip(messages[1:], lines, strict=True):
            if line.role == "assistant":
                message["train"] = line.train
        tools = [{**tool, "function": _with_text_parameters(tool["function"])} for tool in item.prompt.tools]
        taught = any(line.train for line in lines if line.role == "assistant")
        return {"messages": messages, "tools": tools} if trains(lines) and (taught or not item.masked) else None

    return write_rows(
        run,
        out,
        make,
        include_rejected=include_rejected,
        leave_out=leave_out,
        rules=rules,
        array=False,
        masks=True,
        seat=seat,
    )


def export_writ2k(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write JSON Lines with the columns of WRIT-2K: domain, trajectory_type, has_user_script, messages, tools.

    `has_user_script` tells whether the user showed anything of a behaviour. The columns have no place for flags, so
    bad calls are left out, and the greeting with them.
    """

    def make(item: Item, lines: list[Line]) -> dict[str, Any] | None:
        lines = without_bad_calls(lines if greeting is True else without_greeting(lines))
        shown = shown_traits(item.task, item.trajectory.messages) if item.task is not None else []
        row = {
            "domain": item.trajectory.domain,
            "trajectory_type": item.trajectory.kind,
            "has_user_script": bool(shown),
            "messages": chat_messages(lines, item.system, "text", empty=""),
            "tools": item.prompt.tools,
        }
        return row if trains(lines) else None

    return write_rows(
        run, out, make, include_rejected=include_rejected, leave_out=leave_out, rules=rules, array=False, seat=seat
    )


def plain_lines(lines: Sequence[Line], greeting: bool) -> list[Line]:
    """For trainers that learn from all that the agent says: without bad calls, one call a turn."""
    return one_call_a_turn(without_bad_calls(lines if greeting else without_greeting(lines)))


def trains(lines: Sequence[Line]) -> bool:
    """Whether there is anything to learn, and the last message is one that teaches how to end."""
    return any(line.role == "user" for line in lines) and lines[-1].role == "assistant" and not lines[-1].calls


def flag(messages: list[dict[str, Any]], lines: Sequence[Line], mark: Callable[[dict[str, Any]], None]) -> None:
    """Mark the messages that nobody should learn from; `messages` has the system message before the lines."""
    for message, line in zip(messages[1:], lines, strict=True):
        if line.role == "assistant" and not line.train:
            mark(message)


def json_text(value: Any) -> str:
    """JSON as chat templates write it: spaces after separators, no escapes, keys in their order."""
    return json.dumps(value, ensure_ascii=False)


def _with_text_parameters(function: dict[str, Any]) -> dict[str, Any]:
    return {**function, "parameters": json_text(function.get("parameters", {}))}
