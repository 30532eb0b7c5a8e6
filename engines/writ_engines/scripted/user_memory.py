"""What the scripted user keeps in mind of an agent's work: how many wishes were dealt with, how long it has waited."""

from __future__ import annotations

from collections.abc import Iterable

from writ_async.core.task import Task
from writ_async.language.hearing import Heard, Reaction
from writ_async.language.said_values import says

_PATIENCE = 8
"""Messages in a row that the user waits through."""


class Progress:
    """How far an agent has come with what one user wants."""

    __slots__ = ("_answers", "_ends", "_waits", "_wishes")

    def __init__(self, wishes: int, answers: Iterable[str] = ()) -> None:
        self._wishes = max(1, wishes)
        self._answers = set(answers)
        self._ends = 0
        self._waits = 0

    @staticmethod
    def of(task: Task, *, fallback: bool = False) -> Progress:
        """Nothing done yet. `fallback`: the request names a wish beside it that may be refused."""
        return Progress(len(task.certified_writes) + fallback, task.communicate or ())

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to hope for: every wish had its report or refusal."""
        return self._ends >= self._wishes

    @property
    def waits_in_vain(self) -> bool:
        """Whether the user has waited long enough."""
        return self._waits > _PATIENCE

    def hear(self, heard: Heard) -> Reaction:
        """What a message calls for, taken to mind."""
        reaction = heard.calls_for
        left = {value for value in self._answers if not says(value, heard.text)}
        answered, self._answers = bool(self._answers) and not left, left
        self._ends += answered or heard.does("report", "refuse")
        self._waits = self._waits + 1 if reaction in ("wait", "nothing") else 0
        return reaction
