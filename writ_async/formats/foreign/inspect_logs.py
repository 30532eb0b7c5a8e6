"""Logs of inspect_ai written as JSON: one conversation a sample, with its scores, limits and errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from writ_async.core.trajectory import Termination
from writ_async.formats.foreign.chat import chat_turns
from writ_async.formats.foreign.contents import plain_text
from writ_async.formats.foreign.conversation import INSPECT, Foreign, plain_conversation, read_number
from writ_async.formats.foreign.turns import UnreadableRowError, join_turns

_ATTACHED = "attachment://"
_LIMITS = {
    "time": Termination.TIMEOUT,
    "working": Termination.TIMEOUT,
    "context": Termination.CONTEXT_WINDOW_EXCEEDED,
    "token": Termination.CONTEXT_WINDOW_EXCEEDED,
    "operator": Termination.CANCELLED,
}
_GRADES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


def log_rows(log: Mapping[str, Any]) -> Iterator[Any]:
    """The samples of a log, each with the name of the model put to it."""
    about = log.get("eval")
    model = plain_text(about.get("model")) if isinstance(about, dict) else ""
    for sample in log["samples"]:
        yield {**sample, "model": model} if isinstance(sample, dict) else sample


def read_sample(sample: Mapping[str, Any], row_id: str) -> Foreign:
    """The conversation of one sample. Raises `UnreadableRowError`."""
    messages = sample.get("messages")
    if not isinstance(messages, list):
        raise UnreadableRowError("the sample has no list of `messages`")
    attached = sample.get("attachments")
    if isinstance(attached, dict) and attached:
        messages = [_with_attachments(message, attached) for message in messages]
    row = plain_conversation(sample, row_id, INSPECT, join_turns(chat_turns(messages)))
    given = sample.get("id")
    name = str(given) if isinstance(given, str | int) else row_id
    return msgspec.structs.replace(
        row,
        id=f"{name}#{sample.get('epoch') or 1}",
        task_id=name,
        termination=_termination(sample, row.termination),
        reward=_reward(sample.get("scores")),
    )


def _termination(sample: Mapping[str, Any], seen: Termination) -> Termination:
    if sample.get("error"):
        return Termination.UNEXPECTED_ERROR
    limit = sample.get("limit")
    if isinstance(limit, dict):
        return _LIMITS.get(str(limit.get("type")), Termination.MAX_STEPS)
    return seen


def _reward(scores: Any) -> float | None:
    """The value of a sample's only score; of several, none is the reward."""
    only = next(iter(scores.values())) if isinstance(scores, dict) and len(scores) == 1 else None
    value = only.get("value") if isinstance(only, dict) else None
    if isinstance(value, str):
        return _GRADES.get(value)
    return float(value) if isinstance(value, bool) else read_number(value)


def _with_attachments(message: Any, attached: Mapping[str, Any]) -> Any:
    """A message with the long texts that the log keeps apart; only in its content, where texts are said."""
    if not isinstance(message, dict):
        return message
    content = message.get("content")
    if isinstance(content, list):
        parts = [
            {**part, "text": _attachment(part["text"], attached)} if isinstance(part, dict) and "text" in part else part
            for part in content
        ]
        return {**message, "content": parts}
    return {**message, "content": _attachment(content, attached)}


def _attachment(text: Any, attached: Mapping[str, Any]) -> Any:
    if isinstance(text, str) and text.startswith(_ATTACHED):
        return attached.get(text.removeprefix(_ATTACHED), text)
    return text
