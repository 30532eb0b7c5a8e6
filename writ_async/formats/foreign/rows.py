"""One row of somebody else's file, by whatever format it shows, as a conversation of ours."""

from __future__ import annotations

from typing import Any

from writ_async.formats.foreign.benchmarks import read_simulation, read_trajectory
from writ_async.formats.foreign.chat import chat_turns, has_blocks
from writ_async.formats.foreign.contents import read_list
from writ_async.formats.foreign.conversation import (
    ANTHROPIC,
    CHAT,
    RESPONSES,
    SHAREGPT,
    TAU1,
    TAU2,
    TRL,
    WRIT2K,
    Foreign,
    plain_conversation,
)
from writ_async.formats.foreign.inspect_logs import read_sample
from writ_async.formats.foreign.responses import is_item, response_items, response_turns
from writ_async.formats.foreign.sharegpt import sharegpt_turns
from writ_async.formats.foreign.turns import UnreadableRowError, join_turns

__all__ = ["TAU1", "TAU2", "Foreign", "UnknownShapeError", "UnreadableRowError", "is_conversation", "read_row"]

FORMATS = (
    "τ²-bench results (`simulations`) or one simulation (`run_info`, `termination_reason`), τ-bench results (`traj`), "
    "chat messages of OpenAI or Anthropic (`messages`, or a bare list), Responses items (`input`, `output`, `items`), "
    "TRL (`prompt` with `completion`), ShareGPT (`conversations`), inspect_ai logs (`samples`)"
)


class UnknownShapeError(UnreadableRowError):
    """A row has the shape of no format that is read."""


def read_row(row: Any, row_id: str) -> Foreign:
    """The conversation of one row. Raises `UnreadableRowError` when there is none in it."""
    try:
        return _read(row, row_id)
    except RecursionError:
        raise UnreadableRowError("is nested too deeply") from None


def is_conversation(value: Any) -> bool:
    """Whether a list is one conversation, rather than a list of rows: its first item is a message."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and ("role" in first or is_item(first) or {"from", "value"} <= first.keys())


def _read(row: Any, row_id: str) -> Foreign:
    if is_conversation(row):
        return _read_messages({}, row, row_id)
    if not isinstance(row, dict):
        raise UnknownShapeError(f"expected a JSON object, got {type(row).__name__}")
    if isinstance(row.get("traj"), list):
        return read_trajectory(row, row_id)
    if isinstance(row.get("run_info"), dict) or "termination_reason" in row:
        return read_simulation(row, row_id)
    for key in ("conversations", "conversation", "messages"):
        messages = read_list(row[key], key) if row.get(key) is not None else None
        if messages is not None:
            return (
                read_sample(row, row_id)
                if key == "messages" and _is_sample(row)
                else _read_messages(row, messages, row_id)
            )
    prompt, completion = row.get("prompt"), row.get("completion")
    if prompt is not None and completion is not None:
        both = [*_said(prompt, "user", "prompt"), *_said(completion, "assistant", "completion")]
        return plain_conversation(row, row_id, TRL, join_turns(chat_turns(both)))
    items = response_items(row)
    if items is not None:
        return plain_conversation(row, row_id, RESPONSES, join_turns(response_turns(items)))
    keys = ", ".join(f"{key:.40}" for key in list(row)[:12])
    raise UnknownShapeError(f"has neither `messages` nor `conversations`; its keys are {keys or 'none'}")


def _read_messages(row: dict[str, Any], messages: list[Any], row_id: str) -> Foreign:
    if any(isinstance(turn, dict) and "from" in turn for turn in messages) or (
        "conversations" in row and not any(isinstance(turn, dict) and "role" in turn for turn in messages)
    ):
        return plain_conversation(row, row_id, SHAREGPT, join_turns(sharegpt_turns(messages)))
    if any(is_item(item) and "call" in item["type"] for item in messages) or any(
        is_item(item) and item["type"] == "message" for item in messages
    ):
        return plain_conversation(row, row_id, RESPONSES, join_turns(response_turns(messages)))
    form = WRIT2K if "trajectory_type" in row else ANTHROPIC if has_blocks(messages) else CHAT
    return plain_conversation(row, row_id, form, join_turns(chat_turns(messages)))


def _is_sample(row: dict[str, Any]) -> bool:
    return "epoch" in row and "target" in row and isinstance(row.get("messages"), list)


def _said(given: Any, role: str, key: str) -> list[Any]:
    """The messages of one half of a row; a plain text is one message, but not one that a template has rendered."""
    if isinstance(given, list):
        return given
    if not isinstance(given, str):
        raise UnreadableRowError(f"`{key}` is neither messages nor text")
    if any(mark in given for mark in ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|start|>", "[INST]")):
        raise UnreadableRowError(f"`{key}` is text that a chat template rendered, not messages")
    return [{"role": role, "content": given}]
