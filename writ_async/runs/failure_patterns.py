"""Where an agent failed, as patterns that new tasks can be drawn after: which task, which write, which reads."""

from __future__ import annotations

from collections import Counter

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Trajectory
from writ_async.curation.filters import level_of
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.row_selection import load_known_domains
from writ_async.runs.view import RunView
from writ_async.synthesis.aims import TaskAim
from writ_async.verify.user_slips import UserReason


class FailurePattern(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way in which conversations failed, and how many did: what task it was, and what was found first.

    `writes` are the tools of the gold writes, `skipped` the tools of reads that a write should have rested on and did
    not. `recipe` is empty where the task is not one of ours.
    """

    domain: str
    finding: str
    conversations: int
    recipe: str = ""
    level: str = ""
    writes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def aim(self) -> TaskAim:
        """What new tasks are to have in common with those that failed."""
        reads = () if self.recipe else self.skipped
        return TaskAim(self.domain, self.recipe, self.level, () if self.recipe else self.writes, reads)


def failure_patterns(run_path: PathLike) -> tuple[FailurePattern, ...]:
    """The patterns of a run, the most frequent first.

    A conversation has failed where its verdict keeps it from being trained on for what the agent did; those that
    something outside ended, or in which only the user slipped, say nothing of the agent. Raises `InputError` where
    there is no run, or none of its conversations has failed.
    """
    run = RunView.open(run_path)
    tasks = {task.id: task for task in run.tasks()}
    domains = load_known_domains(task.domain for task in tasks.values())
    counts: Counter[FailurePattern] = Counter()
    for row in run.ordered(tokens=False):
        task = tasks.get(row.task_id)
        if task is not None and (pattern := _pattern_of(row, task, domains)) is not None:
            counts[pattern] += 1
    if not counts:
        raise InputError(f"--from-failures {run.path}: none of its conversations has failed by the agent's doing")
    found = [msgspec.structs.replace(pattern, conversations=number) for pattern, number in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.conversations, msgspec.json.encode(one))))


def require_fresh_worlds(run_path: PathLike, seed: int, size: int) -> None:
    """Raise `InputError` where a seed would give the very worlds in which the run was made."""
    run = RunView.open(run_path)
    if any((world.source, world.seed, world.size) == ("generated", seed, size) for world in run.manifest.worlds):
        raise InputError(f"--seed {seed} gives the worlds of {run.path} again; take another seed for fresh ones")


def _pattern_of(row: Trajectory, task: Task, domains: dict[str, Domain]) -> FailurePattern | None:
    verdict = row.verdict
    if verdict is None or row.termination in ENDED_FROM_OUTSIDE:
        return None
    found = [one for one in verdict.findings if one.severity != "remark" and one.reason not in set(UserReason)]
    if not found:
        return None
    known = domains[task.domain].tools if task.domain in domains else {}
    writes = {
        action.name for action in task.actions or () if action.name in known and known[action.name].kind == "write"
    }
    skipped = {cell.partition("(")[0] for write in verdict.writes for cell in (*write.missing, *write.stale)}
    return FailurePattern(
        domain=task.domain,
        finding=found[0].reason,
        conversations=0,
        recipe=task.recipe,
        level=level_of(task, domains),
        writes=tuple(sorted(writes)),
        skipped=tuple(sorted(skipped)),
    )
