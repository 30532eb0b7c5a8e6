"""The user's side of a conversation, turn by turn, and the signs that are read off it.

The signs know nothing of who played the user. They are made of everyday markers and of the order in which the pieces of
the scenario were told, so that a model's rendering is recognised as well as a script's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from writ_async.behaviour.pieces import Piece, is_heard, pieces_of, words_of
from writ_async.core.behaviour import Axis
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task
from writ_async.language.hearing import hear

_CLOSING: Final = re.compile(r"###[A-Z-]+###")


class UserTurn(msgspec.Struct, frozen=True):
    """One message of the user.

    heard: what the agent had said. told: the pieces first told in it. calls: tool calls made before it.
    """

    text: str
    heard: str
    told: tuple[Piece, ...]
    calls: int

    @property
    def is_asked(self) -> bool:
        """Whether the agent had asked for something, as a question or not."""
        return "?" in self.heard or hear(self.heard).does("ask", "hint", "confirm")

    @property
    def is_asked_for_yes(self) -> bool:
        """Whether the agent had asked for a yes."""
        return hear(self.heard).does("confirm")


class Talk(msgspec.Struct, frozen=True):
    """The user's side of a conversation on a task. Closing tokens are no turns, greetings no pieces."""

    task: Task
    pieces: tuple[Piece, ...]
    turns: tuple[UserTurn, ...]

    @property
    def text(self) -> str:
        """All that the user said, in lower case."""
        return "\n".join(turn.text for turn in self.turns).casefold()

    @property
    def opening(self) -> tuple[Piece, ...]:
        """The pieces told in the first turn."""
        return self.turns[0].told if self.turns else ()

    @property
    def goals(self) -> list[Piece]:
        """The pieces that say a wish."""
        return [piece for piece in self.pieces if piece.part == "goal"]

    def detail(self, axis: Axis) -> str:
        """The detail of the behaviour's trait on an axis, or an empty string."""
        trait = self.task.behaviour.trait(axis) if self.task.behaviour is not None else None
        return "" if trait is None else trait.detail


def talk_of(task: Task, messages: Sequence[Message]) -> Talk:
    """The user's turns, each with the pieces of the scenario that were first told in it; O(words)."""
    pieces = tuple(piece for piece in pieces_of(task) if piece.part != "greeting")
    untold = list(pieces)
    words: set[str] = set()
    turns: list[UserTurn] = []
    heard, calls = "", 0
    for message in messages:
        if isinstance(message, AssistantMessage):
            heard = message.content or heard
            calls += len(message.tool_calls)
        elif (
            isinstance(message, UserMessage)
            and not message.tool_calls
            and (text := _CLOSING.sub("", message.content or "").strip())
        ):
            words |= words_of(text)
            told = tuple(piece for piece in untold if is_heard(piece, words))
            untold = [piece for piece in untold if piece not in told]
            turns.append(UserTurn(text, heard, told, calls))
    return Talk(task, pieces, tuple(turns))


def says(pattern: str) -> Callable[[Talk], bool]:
    """A sign that is there where the user says something like a pattern, in lower case."""
    found = re.compile(pattern)
    return lambda talk: found.search(talk.text) is not None


def says_none_of(*signs: Callable[[Talk], bool]) -> Callable[[Talk], bool]:
    """A sign that is there where none of some others is."""
    return lambda talk: not any(sign(talk) for sign in signs)


def asks_then_tells(pattern: str) -> Callable[[Talk], bool]:
    """A question or refusal of that kind in answer to the agent's question, and a fact told later."""
    found = re.compile(pattern)

    def sign(talk: Talk) -> bool:
        for index, turn in enumerate(talk.turns):
            if index and found.search(turn.text.casefold()) and turn.is_asked:
                return any(piece.part == "fact" for later in talk.turns[index + 1 :] for piece in later.told)
        return False

    return sign


def mentions(text: str, phrase: str) -> bool:
    """Whether most of the telling words of a phrase occur in a text."""
    wanted = {word for word in words_of(phrase) if len(word) >= 4}
    return len(wanted & words_of(text)) >= 0.6 * len(wanted)
