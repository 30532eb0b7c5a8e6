"""Notes of engines that matter, as findings: whichever engine wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from writ_async.chat.notes import CUT, FORMAT_TOKEN
from writ_async.chat.parsed import Defect
from writ_async.conversation.answers import left_out_last
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Note, Trajectory
from writ_async.verify.reasons import Reason

_REASONS: Final = {
    CUT: Reason.CUT_AT_LENGTH,
    FORMAT_TOKEN: Reason.SPECIAL_TOKEN,
    str(Defect.CALL_AS_TEXT): Reason.LEAKED_CALL,
}


def noted_findings(notes: Sequence[Note], places: Sequence[int]) -> list[tuple[Reason, str, int]]:
    """Reason, detail and message of each note that matters; `places` are the messages of the agent's completions.

    What a script notes of the mistakes that it was told to make is nothing that an engine saw: verdicts have to find
    those by themselves.
    """
    found: list[tuple[Reason, str, int]] = []
    for note in notes:
        if note.matters and not note.planted:
            reason = _REASONS.get(note.kind, Reason.DEFECTIVE_COMPLETION)
            place = places[note.turn] if 0 <= note.turn < len(places) else -1
            detail = note.detail if reason is not Reason.DEFECTIVE_COMPLETION else f"{note.kind} {note.detail}".strip()
            found.append((reason, detail, place))
    return found


def completion_places(trajectory: Trajectory, task: Task | None) -> list[int]:
    """Where the agent's completions stand in a conversation, in order; a greeting and a history are none."""
    messages = trajectory.messages
    places = [place for place, message in enumerate(messages) if type(message) is AssistantMessage]
    return places[_given(trajectory, task, messages) :]


def _given(trajectory: Trajectory, task: Task | None, messages: Sequence[Message]) -> int:
    """How many of the agent's messages no model wrote.

    Steps are completions and rounds of tools, so what is left of the messages was there before the first step.
    """
    if task is not None and task.message_history:
        return sum(type(message) is AssistantMessage for message in task.message_history)
    first = messages[0] if messages else None
    if type(first) is not AssistantMessage or first.tool_calls:
        return 0
    if not trajectory.steps:
        return 1
    spoken = [message for message in messages if (type(message) is AssistantMessage or type(message) is UserMessage)]
    completions = trajectory.steps - sum([bool(message.tool_calls) for message in spoken])
    return int(len(spoken) > completions - left_out_last(trajectory.error))
