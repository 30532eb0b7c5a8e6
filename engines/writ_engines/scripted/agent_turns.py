"""One turn of the scripted agent, and how it becomes a completion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any, Literal

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, FunctionCall, Message, ToolCall, ToolMessage
from writ_async.core.task import Action
from writ_async.core.trajectory import Note
from writ_engines.scripted import agent_lines as lines
from writ_engines.scripted.agent_money import say_settlement

TurnKind = Literal["say", "call", "apologise", "endless"]
SAY: TurnKind = "say"
CALL: TurnKind = "call"
APOLOGISE: TurnKind = "apologise"
ENDLESS: TurnKind = "endless"

SETTLED = "<settled>"
"""Stands in a text for what a write comes to in money."""
_RECKONED = 20  # counts up to here are worked out, not read
_TOKEN = re.compile(r"[#A-Za-z0-9_.@-]+")


class PlannedCall(msgspec.Struct, frozen=True):
    """A tool call of the plan. `wrong`: one argument is changed. `broken`: the JSON is cut short."""

    name: str
    arguments: dict[str, Any]
    wrong: bool = False
    write: bool = False
    broken: bool = False


class Turn(msgspec.Struct, frozen=True):
    """Something to say, or calls to make; `note` is what is wrong with it.

    In the text of one that `settles` a write, `SETTLED` stands where it is said what that comes to, by what was
    shown by then; `draw` decides in which words.

    `wish` is the index of the gold write that it leads to: nothing of it is due before that wish was told. `confirms`
    marks the question that has to be answered with yes before the next turn, `asks_which` the one that has to be
    answered with what the user says when asked which of several things is meant. `asks_steps` are calls of the user's
    tools that it asks for, of which the user has to tell.
    """

    kind: TurnKind
    text: str = ""
    calls: tuple[PlannedCall, ...] = ()
    note: Note | None = None
    wish: int = 0
    confirms: bool = False
    settles: Action | None = None
    draw: int = 0
    asks_which: bool = False
    asks_steps: tuple[Action, ...] = ()

    @staticmethod
    def closing(rng: Random) -> Turn:
        """What is said when the plan is over and the user goes on: it tells of nothing that was done."""
        return Turn(SAY, text=lines.MORE.draw(rng))


def play_turn(turn: Turn, request: Request, domain: Domain) -> Completion:
    """The completion of one turn. The domain's `user_argument` says who the user is, and is never made wrong."""
    user_argument = domain.user_argument
    notes = () if turn.note is None else (msgspec.structs.replace(turn.note, turn=request.turn),)
    if notes and any(
        call.wrong and not _has_other(call.arguments, request.messages, user_argument) for call in turn.calls
    ):
        notes = (msgspec.structs.replace(notes[0], detail=f"{notes[0].detail} (made up)"),)
    if turn.kind != CALL:
        # An agent that talks on is noted once, not in every turn.
        once = turn.kind != ENDLESS or (turn.note is not None and turn.note.turn == request.turn)
        return Completion(message=AssistantMessage(_settled_text(turn, request, domain)), notes=notes if once else ())
    calls = tuple(
        ToolCall(f"call_{request.turn}_{index}", FunctionCall(call.name, _arguments_text(call, request, user_argument)))
        for index, call in enumerate(turn.calls)
    )
    return Completion(message=AssistantMessage(None, calls), finish_reason="tool_calls", notes=notes)


def _settled_text(turn: Turn, request: Request, domain: Domain) -> str:
    if turn.settles is None:
        return turn.text
    said = say_settlement(domain, turn.settles, request.messages, Random(turn.draw))
    return turn.text.replace(f" {SETTLED}", f" {said}" if said else "")


def _arguments_text(call: PlannedCall, request: Request, user_argument: str) -> str:
    arguments = with_wrong_leaf(call.arguments, request.messages, user_argument) if call.wrong else call.arguments
    text = msgspec.json.encode(arguments).decode()
    return text[:-2] if call.broken else text


def with_wrong_leaf(arguments: dict[str, Any], messages: Any, user_argument: str) -> dict[str, Any]:
    """The arguments with one leaf changed: to another value of the same shape that was read, else to a made-up one.

    The leaf is the last one that has such a value. The id of the user is left alone, since another's would not be
    plausible, and so are means of payment, since nothing may be due.
    """
    leaves = _open_leaves(arguments, user_argument)
    for path, token in _other_values(leaves, messages):
        return _with_leaf(arguments, path, token)
    path, value = leaves[-1] if leaves else ((user_argument,), "")
    return _with_leaf(arguments, path, value + 1 if isinstance(value, int | float) else f"{value}0")


def _has_other(arguments: dict[str, Any], messages: Any, user_argument: str) -> bool:
    """Whether the changed leaf of a wrong call is one that was read, or a count that nobody needs to read."""
    leaves = _open_leaves(arguments, user_argument)
    if next(_other_values(leaves, messages), None) is not None:
        return True
    return bool(leaves) and isinstance(leaves[-1][1], int | float) and leaves[-1][1] < _RECKONED


def _open_leaves(arguments: dict[str, Any], user_argument: str) -> list[tuple[tuple[str | int, ...], Any]]:
    """The leaves that may be changed."""
    return [
        leaf
        for leaf in _leaves_with_paths(arguments, ())
        if leaf[0] != (user_argument,) and "payment" not in str(leaf[0][-1])
    ]


def _other_values(
    leaves: list[tuple[tuple[str | int, ...], Any]], messages: Any
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Leaves from the last one on, each with values of the same shape that were read."""
    seen = _read_tokens(messages)
    taken = {str(value) for _, value in leaves}
    for path, value in reversed(leaves):
        if isinstance(value, str):
            shape = _id_shape(value)
            for token in seen:
                if token not in taken and _id_shape(token) == shape:
                    yield path, token


def _with_leaf(arguments: dict[str, Any], path: tuple[str | int, ...], leaf: Any) -> dict[str, Any]:
    return {key: _with_replaced(item, path[1:], leaf) if key == path[0] else item for key, item in arguments.items()}


def _leaves_with_paths(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves_with_paths(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _leaves_with_paths(item, (*path, index))
    else:
        yield path, value


def _with_replaced(value: Any, path: tuple[str | int, ...], leaf: Any) -> Any:
    if not path:
        return leaf
    if isinstance(value, dict):
        return {key: _with_replaced(item, path[1:], leaf) if key == path[0] else item for key, item in value.items()}
    return [_with_replaced(item, path[1:], leaf) if index == path[0] else item for index, item in enumerate(value)]


def _read_tokens(messages: list[Message]) -> list[str]:
    """Words of all tool results, in order of appearance, each once."""
    texts = [m.content for m in messages if isinstance(m, ToolMessage) and not m.error]
    return list(dict.fromkeys(token for text in texts for token in _TOKEN.findall(text)))


def _id_shape(text: str) -> str:
    """The form of an id: digits and letters alike, all else as it stands. Words without a digit have none of use."""
    if not any(char.isdigit() for char in text):
        return f"word:{text}"
    return re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", text))
