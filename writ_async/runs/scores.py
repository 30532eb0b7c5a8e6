"""The scores of an evaluation: pass^k per source of tasks, with intervals over tasks.

Trials that were stopped early (`writ_async.runs.early_stop`) have no reward. A pass^k is given where it is the same
whatever they would have come to, and left open where it is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.files import PathLike
from writ_async.runs.early_stop import parse_stop_early, settled_of
from writ_async.runs.view import RunView
from writ_async.verify.benchmark_slips import slipped
from writ_async.verify.intervals import Interval, mean_interval
from writ_async.verify.judge import JUDGES
from writ_async.verify.pass_k import Tally, hat_values, max_k, tally
from writ_async.verify.spread import Spread, spread_of
from writ_async.verify.trial_interval import trials_interval


class Score(msgspec.Struct):
    """The scores of one source, domain and kind. `pass_hat[k - 1]` is pass^k; `trials` counts those that say something.

    `strict` is the share of conversations that the strict verdict keeps as well. `assumed` counts conversations whose
    plain-language assertions were decided by assumption, `stopped` the trials that were stopped early. None stands for
    what cannot be known because of those. `left_out` counts attempts that something outside ended.

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


class _Group(msgspec.Struct):
    """The trials of some tasks: their rows, and by task how many have none because the task was settled."""

    rows: list[Trajectory]
    missing: dict[str, int]
    failed: int = 0


def score_run(run_path: PathLike) -> list[Score]:
    """The scores of a run, one per group of tasks, then one over all if there are several groups."""
    run = RunView.open(run_path)
    tasks = run.tasks()
    names = {task.id: group_name(task) for task in tasks}
    unread = run.manifest.config.get("judge", JUDGES[0]) in JUDGES
    assumed = {task.id for task in tasks if unread and task.nl_assertions and "NL_ASSERTION" in task.reward_basis}
    groups = {name: _Group([], {}) for name in names.values()}
    trials = int(run.manifest.config.get("trials", 1))
    settled = settled_of(parse_stop_early(run.manifest.config.get("stop_early", ()), trials), trials)
    played = dict.fromkeys(names, 0)
    for trajectory in run.ordered(tokens=False):
        groups[names[trajectory.task_id]].rows.append(trajectory)
        played[trajectory.task_id] += 1
        if settled is not None:
            settled.add(trajectory)
    for task_id, name in names.items():
        if settled is not None and settled.settles(task_id) and played[task_id] < trials:
            groups[name].missing[task_id] = trials - played[task_id]
    for trajectory in run.failures():
        groups[names[trajectory.task_id]].failed += trajectory.termination is not Termination.STOPPED_EARLY
    scores = [_score_group(name, group, assumed) for name, group in groups.items() if group.rows]
    if len(scores) > 1:
        everything = _Group([], {})
        for group in groups.values():
            everything.rows += group.rows
            everything.missing |= group.missing
            everything.failed += group.failed
        scores.append(_score_group("all", everything, assumed))
    return scores


def group_name(task: Task) -> str:
    """The group that a task is scored in: a benchmark's subset, or a domain and kind."""
    if task.kind == "benchmark":
        return task.id.rpartition(":")[0] or task.domain
    return f"{task.domain} {task.kind}"


def _score_group(name: str, group: _Group, assumed: set[str]) -> Score:
    rewards = [(row.task_id, _known_reward(row)) for row in group.rows]
    open_trials = Counter(group.missing)
    open_trials.update(row.task_id for row in group.rows if row.termination is Termination.STOPPED_EARLY)
    counted = [reward for _, reward in rewards if reward is not None]
    played = tally(rewards)
    least, most = _tally_bounds(played, open_trials, dict.fromkeys(row.task_id for row in group.rows))
    stopped = open_trials.total()
    slips = [row for row in group.rows if row.verdict is not None and slipped(row.verdict.findings)]
    return Score(
        name=name,
        tasks=len(least),
        trials=len(counted),
        mean_reward=None if stopped else sum(counted) / len(counted) if counted else 0.0,
        pass_hat=[_pass_hat(least, most, k) for k in range(1, max_k(least) + 1)],
        strict=None
        if group.missing
        else sum(row.verdict is not None and row.verdict.kept for row in group.rows) / len(group.rows),
        assumed=sum(row.task_id in assumed for row in group.rows),
        left_out=group.failed,
        stopped=stopped,
        slips=len(slips),
        pass_1_without=_without(group.rows, slips) if slips and not stopped else None,
        spread=spread_of(played) if played and not stopped else None,
        by_trials=trials_interval(played) if max_k(played) > 1 and not stopped else None,
    )


def _without(rows: Iterable[Trajectory], slips: Iterable[Trajectory]) -> Interval | None:
    """pass^1 over the rows whose user did not slip."""
    left_out = {row.id for row in slips}
    others = tally((row.task_id, _known_reward(row)) for row in rows if row.id not in left_out)
    return mean_interval(hat_values(others, 1)) if others else None


def _known_reward(row: Trajectory) -> float | None:
    if row.verdict is None or row.termination is Termination.STOPPED_EARLY:
        return None
    return row.verdict.reward.reward


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


def _pass_hat(least: Mapping[str, Tally], most: Mapping[str, Tally], k: int) -> Interval | None:
    """pass^k, if it is the same at both bounds."""
    values = hat_values(least, k)
    return mean_interval(values) if values == hat_values(most, k) else None
