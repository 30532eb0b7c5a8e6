"""Judges: who decides whether an assertion in plain language holds of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from writ_async.core.message import Message
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError


class Ruling(msgspec.Struct, frozen=True):
    """What a judge says of one assertion, and why."""

    met: bool
    why: str = ""


class Judge(Protocol):
    """Decides assertions in plain language."""

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool | Ruling]:
        """Whether each assertion holds of the conversation: one answer per assertion, in order."""


class AssumeMet:
    """Holds every assertion to be met, without reading the conversation.

    The reward is then an upper bound: what is left of it once the free text is granted.
    """

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool | Ruling]:
        """True for each assertion."""
        return [True] * len(assertions)


class AssumeUnmet:
    """Holds every assertion to be unmet, without reading the conversation; the reward is then a lower bound."""

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool | Ruling]:
        """False for each assertion."""
        return [False] * len(assertions)


class StoredRulings:
    """What was said of one row's assertions before, so that its verdict can be made again without asking anybody."""

    def __init__(self, row: str, rulings: dict[str, Ruling]) -> None:
        self._row = row
        self._rulings = rulings

    def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool | Ruling]:
        """The answers as they were given. Raises `InputError` for an assertion of which none is stored."""
        for assertion in assertions:
            if assertion not in self._rulings:
                raise InputError(f"row {self._row}: its judge has said nothing of the assertion {assertion!r}")
        return [self._rulings[assertion] for assertion in assertions]


_JUDGES: dict[str, type[AssumeMet] | type[AssumeUnmet]] = {"assume-met": AssumeMet, "assume-unmet": AssumeUnmet}

JUDGES: tuple[str, ...] = tuple(_JUDGES)
"""The judges that read nothing, by the names that `load_judge` knows."""


def load_judge(name: str) -> Judge:
    """A judge by name. Raises `InputError` when there is none of that name."""
    if name not in _JUDGES:
        raise InputError(f"unknown judge {name!r}; known: {', '.join(JUDGES)}, or a model as ENGINE:MODEL")
    return _JUDGES[name]()


def judge_of_row(name: str, row: Trajectory) -> Judge:
    """The judge of a run as it judged one row: a model that was asked then answers from what the row has of it."""
    if name in _JUDGES:
        return load_judge(name)
    checks = (row.verdict.reward.nl_assertions if row.verdict is not None else None) or ()
    return StoredRulings(row.id, {check.info: Ruling(check.met, check.why) for check in checks})
