"""The scores of an evaluation: pass^k per source of tasks, with intervals over tasks.

Trials that were stopped early (`writ_async.runs.early_stop`) have no reward. A pass^k is given where it is the same
whatever they would have come to, and left open where it is not.

There are two conventions for trials that nobody judged, since a server or a deadline ended them: they do not count
(`pass_hat`, as in τ²-bench), or they count as failures (`pass_hat_failed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Termination
from writ_async.files import PathLike
from writ_async.runs.row_numbers import RowNumbers, RunRows, read_rows
from writ_async.runs.view import RunView
from writ_async.verify.intervals import Interval, mean_interval
from writ_async.verify.pass_k import Tally, hat_values, max_k, tally
from writ_async.verify.spread import Spread, spread_of
from writ_async.verify.trial_interval import trials_interval


class Score(msgspec.Struct):
    """The scores of one source, domain and kind. `pass_hat[k - 1]` is pass^k; `trials` counts those that say something.

    `strict` is the share of conversations that the strict verdict keeps as well. `assumed` counts conversations whose
    plain-language assertions were decided by assumption, `stopped` the trials that were stopped early. None stands for
    what cannot be known because of those. `left_out` counts attempts that something outside ended, `unjudged` the
    trials that have no verdict after all; `pass_hat_failed` is pass^k with those as failures.

    In `slips` of the conversations the simulated user slipped (`verify.benchmark_slips`); `pass_1_without` is pass^1
    over the others, None where there are none or no slip. `spread` says how much trials of one task differ, None where
    trials were stopped. `by_trials` is pass^1 with the interval that it has for these very tasks
    (`verify.trial_interval`), None where trials were stopped or a task has only one.
    """

    name: str
    tasks: int
    trials: int
    mean_reward: float | None
    pass_hat: list[Interval | None]
    strict: float | None
    assumed: int
    left_out: int
    stopped: int = 0
    slips: int = 0
    pass_1_without: Interval | None = None
    spread: Spread | None = None
    by_trials: Interval | None = None
    unjudged: int = 0
    pass_hat_failed: list[Interval | None] = []


def score_run(run_path: PathLike) -> list[Score]:
    """The scores of a run, one per group of tasks, then one over all if there are several groups."""
    return score_sources(read_rows(RunView.open(run_path)))


def score_sources(found: RunRows) -> list[Score]:
    """The scores by the sources of tasks that have rows, domain by domain, then one over all if there are several."""
    by_domain: dict[str, dict[str, list[str]]] = {}
    for task in found.tasks.values():
        by_domain.setdefault(task.domain, {}).setdefault(group_name(task), []).append(task.id)
    sources = {name: ids for groups in by_domain.values() for name, ids in groups.items()}
    with_rows = {row.task_id for row in found.rows}
    scores = [score_tasks(found, name, ids) for name, ids in sources.items() if not with_rows.isdisjoint(ids)]
    if len(scores) > 1:
        scores.append(score_tasks(found, "all", found.tasks))
    return scores


def group_name(task: Task) -> str:
    """The group that a task is scored in: a benchmark's subset, or a domain and kind."""
    if task.kind == "benchmark":
        return task.id.removesuffix(task.own_id).removesuffix(":") or task.domain
    return f"{task.domain} {task.kind}"


def score_tasks(found: RunRows, name: str, task_ids: Collection[str]) -> Score:
    """The scores of some tasks of a run."""
    ids = set(task_ids)
    rows = [row for row in found.rows if row.task_id in ids]
    missing = {task_id: count for task_id, count in found.settled.items() if task_id in ids}
    unjudged = {task_id: count for task_id, count in found.unjudged.items() if task_id in ids}
    open_trials = Counter(missing)
    open_trials.update(row.task_id for row in rows if row.termination is Termination.STOPPED_EARLY)
    counted = [row.reward for row in rows if row.reward is not None]
    played = tally((row.task_id, row.reward) for row in rows)
    with_rows = dict.fromkeys(row.task_id for row in rows)
    bounds = _tally_bounds(played, open_trials, with_rows)
    failed = _tally_bounds(_with_failures(played, unjudged), open_trials, with_rows | dict.fromkeys(unjudged))
    stopped = open_trials.total()
    slips = sum(row.slipped for row in rows)
    return Score(
        name=name,
        tasks=len(bounds[0]),
        trials=len(counted),
        mean_reward=None if stopped else sum(counted) / len(counted) if counted else 0.0,
        pass_hat=_pass_hats(*bounds),
        strict=None if missing or not rows else sum(row.kept for row in rows) / len(rows),
        assumed=sum(_asserts(found.tasks[row.task_id]) for row in rows) if found.assumes else 0,
        left_out=sum(count for task_id, count in found.failed.items() if task_id in ids),
        stopped=stopped,
        slips=slips,
        pass_1_without=_without_slips(rows) if slips and not stopped else None,
        spread=spread_of(played) if played and not stopped else None,
        by_trials=trials_interval(played) if max_k(played) > 1 and not stopped else None,
        unjudged=sum(unjudged.values()),
        pass_hat_failed=_pass_hats(*failed),
    )


def _asserts(task: Task) -> bool:
    return bool(task.nl_assertions) and "NL_ASSERTION" in task.reward_basis


def _without_slips(rows: Sequence[RowNumbers]) -> Interval | None:
    """pass^1 over the rows whose user did not slip."""
    others = tally((row.task_id, row.reward) for row in rows if not row.slipped)
    return mean_interval(hat_values(others, 1)) if others else None


def _with_failures(played: Mapping[str, Tally], more: Mapping[str, int]) -> dict[str, Tally]:
    """The tallies with so many failures more."""
    none = Tally(0, 0)
    return dict(played) | {
        task_id: Tally(played.get(task_id, none).trials + count, played.get(task_id, none).successes)
        for task_id, count in more.items()
    }


def _tally_bounds(
    played: Mapping[str, Tally], open_trials: Mapping[str, int], task_ids: Iterable[str]
) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """The tallies if all trials that were stopped had failed, and if all had succeeded."""
    least, most = {}, {}
    for task_id in task_ids:
        count, unknown = played.get(task_id, Tally(0, 0)), open_trials.get(task_id, 0)
        if count.trials + unknown:
            least[task_id] = Tally(count.trials + unknown, count.successes)
            most[task_id] = Tally(count.trials + unknown, count.successes + unknown)
    return least, most


def _pass_hats(least: Mapping[str, Tally], most: Mapping[str, Tally]) -> list[Interval | None]:
    """Each pass^k that all tasks have trials for; None where it is not the same at both bounds."""
    found: list[Interval | None] = []
    for k in range(1, max_k(least) + 1):
        values = hat_values(least, k)
        found.append(mean_interval(values) if values == hat_values(most, k) else None)
    return found
