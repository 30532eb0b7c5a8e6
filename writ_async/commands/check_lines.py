"""What `writ check --out` writes: one JSON line a conversation, in the order of the files. Others script against it."""

from __future__ import annotations

import msgspec

from writ_async.core.trajectory import Finding, Reward, Severity, WriteEvidence
from writ_async.formats.foreign import BadRow
from writ_async.formats.foreign.verdicts import Checked

UNREADABLE = "unreadable"


class FoundLine(msgspec.Struct, frozen=True):
    """One finding, every field written out.

    `message` is the place in the conversation as the file has it, from 0, a system message counted where there is one;
    `call` the place of the call in that message. -1: about the conversation, or the message, as a whole.
    """

    reason: str
    severity: Severity
    detail: str
    message: int
    call: int


class CheckedLine(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one conversation; `reward` and `stated_reward` are null where there is none.

    `outcome` is the reward with its components. A row that cannot be read has the format "" and says why in a finding,
    so that lines and rows stay side by side. `file` is where the row came from.
    """

    id: str
    format: str
    reward: float | None
    stated_reward: float | None
    findings: tuple[FoundLine, ...]
    file: str = ""
    domain: str = ""
    kinds: str = ""
    messages: int = 0
    calls: int = 0
    replayed: int = 0
    evidence: str = ""
    writes: tuple[WriteEvidence, ...] = ()
    outcome: Reward | None = None


def line_of(row: Checked, file: str) -> CheckedLine:
    """The line of a verdict."""
    return CheckedLine(
        id=row.id,
        format=row.format,
        reward=None if row.reward is None else row.reward.reward,
        stated_reward=row.stated_reward,
        findings=tuple(map(_found, row.findings)),
        file=file,
        domain=row.domain,
        kinds=row.kinds,
        messages=row.messages,
        calls=row.calls,
        replayed=row.replayed,
        evidence=row.evidence,
        writes=row.writes,
        outcome=row.reward,
    )


def line_of_unreadable(row: BadRow, file: str) -> CheckedLine:
    """The line of a row that cannot be read."""
    finding = FoundLine(UNREADABLE, "error", row.reason, -1, -1)
    return CheckedLine(id=row.place, format="", reward=None, stated_reward=None, findings=(finding,), file=file)


def _found(finding: Finding) -> FoundLine:
    return FoundLine(str(finding.reason), finding.severity, finding.detail, finding.message, finding.call)
