"""What became of texts that a phraser was asked for, and what of it is kept for whoever goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from writ_async.core.trajectory import Usage
from writ_async.errors import WritError
from writ_async.synthesis.phrase_questions import ENGINE_ERROR, CheckReport


class PhraserError(WritError):
    """Nothing that a model wrote could be used."""


class PhraseReport(msgspec.Struct):
    """What became of the rewriting: `written` texts are a model's, `kept` ones stayed as they were.

    `refused` counts the tries that were not believed by the kind of their problem, `last` says it of the last one.
    `calls` were made, which cost `usage`. `check` has what a second model made of what the rules accepted, its own cost
    too.
    """

    written: int = 0
    kept: int = 0
    calls: int = 0
    refused: dict[str, int] = {}
    last: str = ""
    usage: Usage = msgspec.field(default_factory=Usage)
    check: CheckReport = msgspec.field(default_factory=CheckReport)

    def add(self, other: PhraseReport) -> None:
        """Add what became of further texts."""
        self.written += other.written
        self.kept += other.kept
        self.calls += other.calls
        for kind, number in other.refused.items():
            self.refused[kind] = self.refused.get(kind, 0) + number
        self.last = other.last or self.last
        self.usage.add(other.usage)
        self.check.add(other.check)

    def require_some(self, least: int = 1) -> None:
        """Raise `PhraserError` where a model was asked for `least` texts and not one of its answers was of use.

        The same where a second model agreed with none of them, and not the phraser's own answers are to blame.
        """
        check = self.check
        if self.kept >= least <= check.asked and not check.agreed and (self.written or check.asked * 2 > self.calls):
            raise PhraserError(
                f"the phraser's check: it agreed with none of {check.asked:,} texts ({_counted(check.refused)}); the "
                f"last: {check.last}; use another model for one of the two, or leave --phraser-check out"
            )
        if not self.written and self.kept >= least:
            kinds = _counted(self.refused)
            raise PhraserError(
                f"the phraser: none of {self.calls:,} answers could be used ({kinds}); the last: {self.last}; "
                "use another model, or leave --phraser out"
            )

    @property
    def unanswered(self) -> bool:
        """Has an engine given no answer to a call, so that the same call may be answered another time?"""
        return ENGINE_ERROR in self.refused or ENGINE_ERROR in self.check.refused

    def refuse(self, problem: str) -> None:
        """Count a try that was not believed, by the kind of its problem."""
        kind = problem.partition(":")[0]
        self.refused[kind] = self.refused.get(kind, 0) + 1
        self.last = problem


class PhrasedText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text that is settled: in a model's words, or without a `request` to stay as it was; and what that took.

    `what` of a task it is ("request", "manner"), and `asked` the digest of what the phraser was asked for it.
    """

    task_id: str
    what: str
    asked: str
    report: PhraseReport
    request: str | None = None
    scenario: str = ""


class PhraseTrace(Protocol):
    """Texts that were settled before: what is there is taken up, what is new is kept."""

    def find(self, task_id: str, what: str, asked: str) -> PhrasedText | None:
        """The text that was settled for the same question about a task; None where there is none."""

    def keep(self, text: PhrasedText) -> None:
        """Keep what was settled now."""


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(kinds.items()))
