"""Rules of filters: what becomes of a row because of its findings. The strict ones are those that hold if nobody asks.

A finding is acted upon in one of three ways: the row falls (`drop`), the message stays in it and nobody learns from it
(`mask`), or nothing (`allow`). By its severity an error drops, a remark allows, and a turn drops, or with `mask_turns`
masks. A rule for its reason goes before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from writ_async.core.trajectory import Finding, Verdict
from writ_async.errors import InputError

Action = Literal["drop", "mask", "allow"]
MASK_TURNS = "mask-turns"
"""The rule in a run's settings by which findings of the severity `turn` mask."""


class FilterRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of rows: `reasons` are the rules for findings of a reason."""

    mask_turns: bool = False
    reasons: Mapping[str, Action] = {}

    def action_on(self, finding: Finding) -> Action:
        """What a finding does. One that is about no message can mask none, so it drops."""
        given = self.reasons.get(finding.reason)
        if given is None:
            if finding.severity == "remark":
                return "allow"
            given = "mask" if finding.severity == "turn" and self.mask_turns else "drop"
        return "drop" if given == "mask" and finding.message < 0 else given

    def fatal(self, verdict: Verdict) -> list[Finding]:
        """The findings that a row falls for; none where it is kept."""
        return [finding for finding in verdict.findings if self.action_on(finding) == "drop"]

    def keeps(self, verdict: Verdict | None) -> bool:
        """Whether a row is kept for itself, perhaps with messages that nobody learns from. Unjudged rows are not."""
        if verdict is None:
            return False
        return verdict.kept if self == STRICT else not self.fatal(verdict)

    def masked(self, verdict: Verdict | None) -> frozenset[int]:
        """The messages of a row that nobody should learn from."""
        findings = () if verdict is None or self == STRICT else verdict.findings
        return frozenset(finding.message for finding in findings if self.action_on(finding) == "mask")


STRICT = FilterRules()
"""Every error and every marred turn drops its row."""


def parse_filter_rules(rules: Sequence[str], known: Iterable[str]) -> FilterRules:
    """The rules of a run's settings or of flags: `mask-turns`, and `REASON=drop|mask|allow` of a known reason.

    Raises `InputError` for any other.
    """
    mask = False
    reasons: dict[str, Action] = {}
    names = {str(name) for name in known}
    for rule in rules:
        if rule == MASK_TURNS:
            mask = True
            continue
        reason, _, action = rule.partition("=")
        if action not in get_args(Action):
            raise InputError(f"--filter: expected REASON=drop, REASON=mask or REASON=allow, not {rule!r}")
        if reason not in names:
            raise InputError(f"--filter: there is no reason {reason!r}; docs/verdicts.md lists all")
        reasons[reason] = msgspec.convert(action, Action)
    return FilterRules(mask, reasons)
