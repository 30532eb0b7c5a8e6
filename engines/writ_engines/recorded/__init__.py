"""An engine that answers from a file of trajectories: every completion as it was, without a model.

What was recorded is played again through the whole engine: conversations, tools and verifiers run anew.
"""

from __future__ import annotations

from pathlib import Path

import anyio.lowlevel
import msgspec

from writ_async.core.engine import Completion, EngineFactory, Request, Setting
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.core.trajectory import Seat, Trajectory, Usage, trajectory_id
from writ_async.errors import EngineError, EngineErrorKind, InputError
from writ_async.files import read_jsonl


class RecordedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of the recorded engine: answers as the rows of a run say, to the same requests.

    file: a trajectories.jsonl, or the run folder that holds one
    """

    file: str


class RecordedEngine:
    """Answers with the recorded completions of the conversation of the same task and trial, turn by turn."""

    def __init__(self, completions: dict[str, list[Completion]]) -> None:
        self._completions = completions

    async def complete(self, request: Request) -> Completion:
        """The recorded completion. Raises `EngineError` where the recording has none for this turn."""
        await anyio.lowlevel.checkpoint()
        recorded = self._completions.get(f"{trajectory_id(request.task_id, request.trial)}/{request.seat}", [])
        if request.turn >= len(recorded):
            raise EngineError(f"nothing is recorded for {request.id}", kind=EngineErrorKind.NOT_RECORDED)
        return recorded[request.turn]

    def end_session(self, session: str) -> None:
        """Recordings stay, so that a conversation can be played more than once."""

    async def aclose(self) -> None:
        """Nothing to close."""


def completions_of(trajectory: Trajectory, seat: Seat) -> list[Completion]:
    """The completions of one seat. Messages that no engine made (a greeting, a history) come first and are left out.

    A trajectory counts tokens per seat, so the tokens of all completions stand at the last one.
    """
    kind = AssistantMessage if seat == "agent" else UserMessage
    spoken = [message for message in trajectory.messages if isinstance(message, kind)]
    usage = trajectory.usage.get(seat, Usage())
    spoken = spoken[len(spoken) - usage.requests :] if usage.requests <= len(spoken) else spoken
    completions: list[Completion] = []
    for turn, message in enumerate(spoken):
        last = turn == len(spoken) - 1
        completions.append(
            Completion(
                message=AssistantMessage(message.content, message.tool_calls, getattr(message, "reasoning", "")),
                finish_reason="tool_calls" if message.tool_calls else "stop",
                usage=msgspec.structs.replace(usage, requests=1) if last else Usage(requests=1),
                notes=tuple(note for note in trajectory.notes if note.turn == turn) if seat == "agent" else (),
            )
        )
    return completions


def _make(options: RecordedOptions, setting: Setting) -> RecordedEngine:
    path = Path(options.file)
    if path.is_dir():
        path = path / "trajectories.jsonl"
    completions: dict[str, list[Completion]] = {}
    seats: tuple[Seat, ...] = ("agent", "user")
    for trajectory in read_jsonl(path, Trajectory):
        for seat in seats:
            completions[f"{trajectory.id}/{seat}"] = completions_of(trajectory, seat)
    if not completions:
        raise InputError(f"{path}: holds no trajectory; give a file that a run has written")
    return RecordedEngine(completions)


ENGINE = EngineFactory(name="recorded", options=RecordedOptions, make=_make)
