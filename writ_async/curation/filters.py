"""Filters: which rows are trained on. A filter is a rule over verdicts with a name, or one over all rows of a run.

A row falls at the first filter that speaks against it. Those over all rows come last, in the order of tasks and trials,
so that the same rows give the same choice whatever ended first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, Verdict
from writ_async.curation.near_duplicates import ALIKE, NearDuplicates, gold_key
from writ_async.curation.quota import Quota
from writ_async.curation.rules import STRICT, FilterRules
from writ_async.curation.selection import Drop, Funnel, Selection
from writ_async.verify.reasons import Reason
from writ_async.verify.user_slips import UserReason

CAP = 4
"""Most rows of one task: more teach little, and drown harder tasks."""


class Filter(msgspec.Struct, frozen=True):
    """A rule over verdicts: a row with a finding of any of these reasons falls."""

    name: str
    help: str
    reasons: frozenset[str]


def _reason_names(*reasons: Reason) -> frozenset[str]:
    return frozenset(map(str, reasons))


FILTERS: tuple[Filter, ...] = (
    Filter("ending", "the conversation came to its end", _reason_names(Reason.INCOMPLETE)),
    Filter(
        "outcome",
        "the final state is right, and what had to be said was",
        _reason_names(
            Reason.WRONG_OUTCOME,
            Reason.NOT_COMMUNICATED,
            Reason.ACTION_MISSING,
            Reason.ASSERTION_UNMET,
            Reason.NOT_HANDED_OVER,
            Reason.NEEDLESS_HAND_OVER,
            Reason.CONDITION_IGNORED,
            Reason.GAVE_IN,
            Reason.WRONG_REFUSAL,
            Reason.FIRST_WISH_WRITTEN,
        ),
    ),
    Filter("writes", "no write failed, none was surplus", _reason_names(Reason.FAILED_WRITE, Reason.SURPLUS_WRITE)),
    Filter(
        "evidence",
        "every write rested on its whole evidence, up to date",
        _reason_names(Reason.UNSEEN_ARGUMENT, Reason.MISSING_EVIDENCE, Reason.STALE_EVIDENCE),
    ),
    Filter(
        "asked",
        "the user said yes to what was laid out",
        _reason_names(Reason.UNCONFIRMED_WRITE, Reason.UNCHOSEN_ARGUMENT, Reason.DID_NOT_ASK),
    ),
    Filter("policy", "the policy allowed every write", _reason_names(Reason.POLICY_BREACH)),
    Filter(
        "words",
        "the agent's own words are fit to be learnt",
        _reason_names(
            Reason.SPECIAL_TOKEN,
            Reason.FOREIGN_ROLE,
            Reason.INVENTED_RESULT,
            Reason.LEAKED_CALL,
            Reason.LEAKED_THINKING,
            Reason.EARLY_CLAIM,
            Reason.CUT_AT_LENGTH,
            Reason.EMPTY_MESSAGE,
            Reason.REPEATED_MESSAGE,
            Reason.OTHER_LANGUAGE,
            Reason.DEFECTIVE_COMPLETION,
            Reason.SEVERAL_CALLS,
            Reason.UNFOUNDED_CLAIM,
        ),
    ),
)
USER = "user"
"""The filter of all other findings: slips of the simulated user, which make a row too easy or teach what is untrue."""
TWINS = "twins"
OVER_CAP = "cap"
DIFFICULTY = "difficulty"
"""The filter of rows whose task passes too often or too seldom, where a run says how often it should."""
SURPLUS = "surplus"
"""The filter of rows beyond what a run shall keep of their cell."""
NAMES: tuple[str, ...] = (*(item.name for item in FILTERS), USER, TWINS, OVER_CAP, DIFFICULTY, SURPLUS)
UNJUDGED = "unjudged"

_RANGES = ((2, "R0"), (4, "R1"), (7, "R2"), (12, "R3"))


def reason_names() -> list[str]:
    """The reasons of all findings that a verdict may have."""
    return [*map(str, Reason), *map(str, UserReason)]


def failed_filter(verdict: Verdict | None, rules: FilterRules = STRICT) -> str:
    """The name of the first filter that a row falls at by its verdict, or an empty text."""
    if verdict is None:
        return UNJUDGED
    if rules.keeps(verdict):
        return ""
    reasons = {finding.reason for finding in rules.fatal(verdict)}
    return next((item.name for item in FILTERS if item.reasons & reasons), USER)


def pass_filters(
    rows: Iterable[Trajectory],
    tasks: Mapping[str, Task],
    domains: Mapping[str, Domain],
    *,
    cap: int = CAP,
    alike: float = ALIKE,
    rules: FilterRules = STRICT,
    quota: Quota | None = None,
) -> Selection:
    """Pass rows, in their run's order, through all filters. `domains` is by name, `quota` bounds what is kept.

    Costs O(words) for a row whose verdict keeps it, and O(1) for any other.
    """
    twins = NearDuplicates(alike)
    taken: dict[str, int] = {}
    selection = Selection(cap=cap, alike=alike, rules=rules)
    for row in rows:
        task = tasks.get(row.task_id)
        selection.rows += 1
        where = failed_filter(row.verdict, rules)
        if not where:
            drop = _filter_over_rows(row, task, domains, twins, taken, cap, quota)
            if drop is not None:
                selection.dropped[row.id] = drop
                where = drop.filter
        selection.funnel.add(where, row.kind, level_of(task, domains), traits_of(task))
    return selection


def _filter_over_rows(
    row: Trajectory,
    task: Task | None,
    domains: Mapping[str, Domain],
    twins: NearDuplicates,
    taken: dict[str, int],
    cap: int,
    quota: Quota | None,
) -> Drop | None:
    """Whether a row that its verdict keeps falls because of those before it."""
    if quota is not None:
        cap = min(cap, quota.per_task or cap)
        if problem := quota.why_not(row.task_id):
            return Drop(DIFFICULTY, problem)
    if taken.get(row.task_id, 0) >= cap:
        return Drop(OVER_CAP, f"{cap} rows of {row.task_id} are kept already")
    domain = domains.get(row.domain)
    tools = [] if domain is None else list(domain.tools.values())
    if twin := twins.add(row.id, gold_key(task, tools, row.task_id), row.messages):
        return Drop(TWINS, f"says almost the same as {twin}")
    if quota is not None and not quota.take(row.task_id):
        return Drop(SURPLUS, "as many rows of its cell as were asked for are kept already")
    taken[row.task_id] = taken.get(row.task_id, 0) + 1
    return None


def level_of(task: Task | None, domains: Mapping[str, Domain]) -> str:
    """A task's place in the grid of writes and burden, such as `W1R3`; empty where the task is not known."""
    if task is None:
        return ""
    if task.proof is not None:
        return task.proof.level
    domain = domains.get(task.domain)
    writes = 0 if domain is None else sum(map(domain.writes, task.actions or ()))
    if not task.certificates:
        return f"W{min(writes, 4)}"
    burden = max(len(proof.cells) for proof in task.certificates)
    return f"W{min(writes, 4)}{next((name for most, name in _RANGES if burden <= most), 'R4')}"


def traits_of(task: Task | None) -> list[str]:
    """The values of a task's behaviour, such as `tone=angry`."""
    if task is None or task.behaviour is None:
        return []
    return [trait.label for trait in task.behaviour.traits]


__all__ = [
    "FILTERS",
    "NAMES",
    "Filter",
    "Funnel",
    "failed_filter",
    "level_of",
    "pass_filters",
    "reason_names",
    "traits_of",
]
