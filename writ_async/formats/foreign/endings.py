"""How a conversation ended where its file does not say it: told by its last messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

import msgspec

from writ_async.conversation.rules import find_signal
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.trajectory import Signal, Termination

_MOST_GOODBYES = 2
_LAST_SENTENCE, _LONGEST_GOODBYE = 240, 400
_HAND_OVER = re.compile(
    r"(?:hand_?off|hand_?over|escalate|transfer$|(?:transfer|forward|connect|route)\w*?"
    r"(?:human|agent|operator|person|support|specialist|representative))",
    re.IGNORECASE,
)


class _Words(msgspec.Struct, forbid_unknown_fields=True):
    """The lists of `endings.toml`."""

    goodbyes: list[str]
    wishes: list[str]
    offers: list[str]


_words = msgspec.toml.decode(files(__package__).joinpath("endings.toml").read_bytes(), type=_Words)


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?<![^\\W_])(?:{pattern})" for pattern in patterns))


_GOODBYE, _WISH, _OFFER = _any_of(_words.goodbyes), _any_of(_words.wishes), _any_of(_words.offers)


def read_ending(messages: Sequence[Message]) -> tuple[Termination, Signal | None]:
    """How a conversation ended, told by its last messages.

    A closing token, a hand-over, a goodbye of the user, the last word of the agent unless it asks for something that
    was not answered. Anything else broke off.
    """
    signal = find_last_signal(messages) or (Signal.TRANSFER if _was_handed_over(messages) else None)
    if signal is not None:
        return Termination.USER_STOP, signal
    last = _last_word(messages)
    if isinstance(last, UserMessage):
        return (Termination.USER_STOP if _is_goodbye(last.content) else Termination.UNEXPECTED_ERROR), None
    done = last is not None and not last.tool_calls and not _asks(last.content)
    return (Termination.AGENT_STOP if done else Termination.UNEXPECTED_ERROR), None


def find_last_signal(messages: Sequence[Message]) -> Signal | None:
    """What the user's last words say about the end: a goodbye after it takes nothing back, a call of the agent does."""
    goodbyes = 0
    for message in reversed(messages):
        if goodbyes > _MOST_GOODBYES or (isinstance(message, AssistantMessage) and message.tool_calls):
            return None
        if isinstance(message, UserMessage):
            signal = find_signal(message.content or "")
            if signal is not None:
                return signal
            goodbyes += 1
    return None


def hands_over(message: Message) -> bool:
    """Whether the agent calls a tool that hands the customer over to a human, by its name."""
    return isinstance(message, AssistantMessage) and any(_HAND_OVER.match(c.function.name) for c in message.tool_calls)


def last_act(messages: Sequence[Message]) -> AssistantMessage | None:
    """The last message of the agent that says or calls something."""
    for message in reversed(messages):
        if isinstance(message, AssistantMessage) and (message.tool_calls or (message.content or "").strip()):
            return message
    return None


def _was_handed_over(messages: Sequence[Message]) -> bool:
    """Whether the last thing done was to hand the customer over, and it worked."""
    last = messages[-1] if len(messages) > 1 else None
    return isinstance(last, ToolMessage) and not last.error and hands_over(messages[-2])


def _last_word(messages: Sequence[Message]) -> AssistantMessage | UserMessage | None:
    """Who spoke or called last, what the user looked up for itself aside; None where a result waits for the agent."""
    for message in reversed(messages):
        own = isinstance(message, ToolMessage) and message.requestor == "user"
        if not own and not (isinstance(message, UserMessage) and message.tool_calls):
            return message if isinstance(message, AssistantMessage | UserMessage) else None
    return None


def _is_goodbye(text: str | None) -> bool:
    """Whether a user's words close the conversation and want nothing any more."""
    said = (text or "").casefold().replace("’", "'")
    return len(said) <= _LONGEST_GOODBYE and bool(_GOODBYE.search(said)) and not _WISH.search(said)


def _asks(text: str | None) -> bool:
    """Whether an agent's last sentence is a question that is no offer of more."""
    said = (text or "").casefold().rstrip()
    if not said.endswith(("?", "?)", "?*", '?"')):
        return False
    start = max(said.rfind(mark, 0, len(said) - 3) for mark in (". ", "! ", "? ", "\n"))
    return not _OFFER.search(said[max(start + 1, len(said) - _LAST_SENTENCE) :])
