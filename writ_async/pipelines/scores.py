"""The scores of an evaluation: pass^k per source of tasks, with intervals over tasks."""

from __future__ import annotations

from random import Random

import msgspec

from writ_async.data.run_view import RunView
from writ_async.files import PathLike
from writ_async.trajectory import Trajectory
from writ_async.verify.passk import Interval, bootstrap, hat_values, max_k, tally


class Score(msgspec.Struct):
    """The scores of one source, domain and kind. `pass_hat[k - 1]` is pass^k; `trials` counts those that say something.

    `strict` is the share of conversations that the strict verdict keeps as well. `assumed` counts conversations whose
    plain-language assertions were decided by assumption.
    """

    name: str
    tasks: int
    trials: int
    mean_reward: float
    pass_hat: list[Interval]
    strict: float
    assumed: int
    left_out: int


def score(run_path: PathLike) -> list[Score]:
    """The scores of a run, one per group of tasks, then one over all if there are several groups."""
    run = RunView.open(run_path)
    names = {task.id: _group(task.id, task.domain, task.kind) for task in run.tasks()}
    assumed = {task.id for task in run.tasks() if task.nl_assertions and "NL_ASSERTION" in task.reward_basis}
    groups: dict[str, list[Trajectory]] = {name: [] for name in names.values()}
    failed = dict.fromkeys(groups, 0)
    for trajectory in run.ordered():
        groups[names[trajectory.task_id]].append(trajectory)
    for trajectory in run.failures():
        failed[names[trajectory.task_id]] += 1
    scores = [_score(name, rows, assumed, failed[name]) for name, rows in groups.items() if rows]
    if len(scores) > 1:
        everything = [row for rows in groups.values() for row in rows]
        scores.append(_score("all", everything, assumed, sum(failed.values())))
    return scores


def _group(task_id: str, domain: str, kind: str) -> str:
    return task_id.rpartition(":")[0] or domain if kind == "benchmark" else f"{domain} {kind}"


def _score(name: str, rows: list[Trajectory], assumed: set[str], left_out: int) -> Score:
    rewards = [(row.task_id, row.verdict.reward.reward if row.verdict else None) for row in rows]
    tallies = tally(rewards)
    counted = [reward for _, reward in rewards if reward is not None]
    return Score(
        name=name,
        tasks=len(tallies),
        trials=len(counted),
        mean_reward=sum(counted) / len(counted) if counted else 0.0,
        pass_hat=[bootstrap(hat_values(tallies, k), Random(k), resamples=2000) for k in range(1, max_k(tallies) + 1)],
        strict=sum(row.verdict is not None and row.verdict.kept for row in rows) / len(rows),
        assumed=sum(row.task_id in assumed for row in rows),
        left_out=left_out,
    )
