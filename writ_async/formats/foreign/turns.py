"""What every format is taken apart into, turns and results with their places in the file; joined to messages.

Results go to the calls that they name; without an id to the calls that still wait, in order.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from itertools import islice

import msgspec

from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    Requestor,
    ToolCall,
    ToolMessage,
    UserMessage,
)

_ERROR = re.compile(r"^\s*\{?\W{0,2}error\b", re.IGNORECASE)
_MOST_NAMES = 64


class UnreadableRowError(ValueError):
    """A row is not a conversation in any format that is known; the text says what is wrong."""


class Called(msgspec.Struct, frozen=True):
    """One call as a file has it: in message `place` the call `number`; `id` is empty where there is none."""

    id: str
    name: str
    arguments: str
    place: int
    number: int = 0


class Spoken(msgspec.Struct, frozen=True):
    """A turn of the agent or the user: text, calls, or both; `reasoning` is what a model thought before."""

    place: int
    role: Requestor
    text: str | None
    calls: tuple[Called, ...] = ()
    reasoning: str = ""


class Answered(msgspec.Struct, frozen=True):
    """A result. `failed` is None where the file does not say it, so that the text tells."""

    place: int
    id: str
    text: str
    failed: bool | None = None
    name: str = ""


Turn = Spoken | Answered


class Joined(msgspec.Struct, frozen=True):
    """Messages with their places in the file, and those of their calls: the message, and which call in it.

    `repaired` counts calls without an id, and results that had to be paired by order.
    """

    messages: tuple[Message, ...]
    places: tuple[int, ...]
    call_places: tuple[tuple[tuple[int, int], ...], ...]
    repaired: int


class _Waiting:
    """One call until its result has come."""

    __slots__ = ("answer", "call", "group", "made", "role")

    def __init__(self, call: Called, role: Requestor, group: int) -> None:
        self.call, self.role, self.group = call, role, group
        self.made = ToolCall(call.id or f"call_{call.place}_{call.number}", FunctionCall(call.name, call.arguments))
        self.answer: Answered | None = None


class _Pairing:
    """Which calls wait for a result. Calls with nothing said between them are one group, whose order counts."""

    def __init__(self) -> None:
        self._by_id: dict[str, deque[_Waiting]] = {}
        self._group: deque[_Waiting] = deque()
        self._number = 0
        self._closed = False
        self.repaired = 0

    def open(self, turn: Spoken) -> list[_Waiting]:
        """The calls of a turn, which wait from now on; those of an earlier group are only found by their ids."""
        if not turn.calls:
            self._closed = True
            return []
        if self._closed:
            self._group, self._closed, self._number = deque(), False, self._number + 1
        made = [_Waiting(call, turn.role, self._number) for call in turn.calls]
        self._group.extend(made)
        for waiting in made:
            if not waiting.call.id:
                self.repaired += 1
                continue
            same = self._by_id.get(waiting.call.id)
            if same is None or (same and same[0].group != self._number) or not same:
                self._by_id[waiting.call.id] = deque((waiting,))
            else:
                same.append(waiting)
        return made

    def answer(self, result: Answered) -> None:
        """Give a result to its call. Raises `UnreadableRowError` when no call waits for it."""
        self._closed = True
        named = self._by_id.get(result.id) if result.id else None
        if named is not None:
            waiting = _next(named)
            if waiting is None:
                raise UnreadableRowError(f"message {result.place} is one more result of a call that was answered")
        else:
            self.repaired += 1
            waiting = _next(self._group)
            if waiting is None:
                raise UnreadableRowError(f"message {result.place} is the result of no call")
            if result.name and waiting.call.name != result.name:
                fitting = islice(self._group, _MOST_NAMES)
                waiting = next((w for w in fitting if w.answer is None and w.call.name == result.name), waiting)
        waiting.answer = result


def _next(queue: deque[_Waiting]) -> _Waiting | None:
    """The first call of a queue that has no result yet."""
    while queue and queue[0].answer is not None:
        queue.popleft()
    return queue[0] if queue else None


def join_turns(turns: Iterable[Turn]) -> Joined:
    """Turns as messages, each result after the message of its call. Raises `UnreadableRowError`.

    Of several calls in a message those without a result come last: what follows a message belongs to its first calls.
    """
    pairing = _Pairing()
    spoken: list[tuple[Spoken, list[_Waiting]]] = []
    for turn in turns:
        if isinstance(turn, Spoken):
            spoken.append((turn, pairing.open(turn)))
        else:
            pairing.answer(turn)
    messages: list[Message] = []
    places: list[int] = []
    call_places: list[tuple[tuple[int, int], ...]] = []
    for turn, calls in spoken:
        calls.sort(key=lambda waiting: waiting.answer is None)
        made = tuple(waiting.made for waiting in calls)
        by_agent = turn.role == "assistant"
        messages.append(AssistantMessage(turn.text, made, turn.reasoning) if by_agent else UserMessage(turn.text, made))
        places.append(turn.place)
        call_places.append(tuple((waiting.call.place, waiting.call.number) for waiting in calls))
        for waiting in calls:
            if waiting.answer is not None:
                messages.append(_result(waiting.made.id, waiting.answer, waiting.role))
                places.append(waiting.answer.place)
                call_places.append(())
    return Joined(tuple(messages), tuple(places), tuple(call_places), pairing.repaired)


def _result(call_id: str, answer: Answered, role: Requestor) -> ToolMessage:
    failed = bool(_ERROR.match(answer.text)) if answer.failed is None else answer.failed
    return ToolMessage(call_id, answer.text, failed, role)
