"""Judges: who decides whether an assertion in plain language holds of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from writ_async.core.message import Message
from writ_async.errors import InputError


class Judge(Protocol):
    """Decides assertions in plain language."""

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool]:
        """Whether each assertion holds of the conversation: one answer per assertion, in order."""


class AssumeMet:
    """Holds every assertion to be met, without reading the conversation.

    The reward is then an upper bound: what is left of it once the free text is granted.
    """

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool]:
        """True for each assertion."""
        return [True] * len(assertions)


class AssumeUnmet:
    """Holds every assertion to be unmet, without reading the conversation; the reward is then a lower bound."""

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool]:
        """False for each assertion."""
        return [False] * len(assertions)


_JUDGES: dict[str, type[AssumeMet] | type[AssumeUnmet]] = {"assume-met": AssumeMet, "assume-unmet": AssumeUnmet}

JUDGES: tuple[str, ...] = tuple(_JUDGES)
"""The names that `load_judge` knows."""


def load_judge(name: str) -> Judge:
    """A judge by name. Raises `InputError` when there is none of that name."""
    if name not in _JUDGES:
        raise InputError(f"unknown judge {name!r}; known: {', '.join(JUDGES)}")
    return _JUDGES[name]()
