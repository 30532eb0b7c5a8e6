"""Checks the proofs of tasks again, from their worlds and the tasks alone: no conversation, no model, no run state."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from writ_async.core.task import Task
from writ_async.runs.view import RunView
from writ_async.runs.worlds import open_worlds, world_key
from writ_async.synthesis.proof import Fault, Problem, check_proof


class FalseProof(msgspec.Struct, frozen=True):
    """A task whose proof does not hold, and why."""

    task_id: str
    problems: tuple[Problem, ...]


class ProofReport(msgspec.Struct):
    """How many proofs were checked, which do not hold, and how many of the problems there are of each kind.

    `by_level` and `by_recipe` count the tasks whose proof holds; `burden` is the largest of all.
    """

    tasks: int = 0
    held: int = 0
    unproved: int = 0
    false: list[FalseProof] = []
    faults: dict[str, int] = {}
    by_level: dict[str, int] = {}
    by_recipe: dict[str, int] = {}
    burden: int = 0

    @property
    def sound(self) -> bool:
        """Whether every task has a proof that holds."""
        return not self.false and not self.unproved


def check_proofs(path: str | Path, data: str | None = None) -> ProofReport:
    """Check the proof of every task of a run folder; `data` is the benchmark's data folder, for runs on its tasks.

    Worlds are drawn again from the seeds in the tasks. Raises `InputError` when the folder or a world cannot be opened.
    """
    return check_tasks(RunView.open(path).tasks(), data)


def check_tasks(tasks: Iterable[Task], data: str | None = None) -> ProofReport:
    """The same for tasks at hand. Raises `InputError` when a world cannot be opened."""
    tasks = list(tasks)
    worlds = open_worlds(tasks, data)
    report = ProofReport()
    for task in tasks:
        report.tasks += 1
        opened = worlds[world_key(task.world)]
        if opened.domain.goals is None or task.proof is None:
            report.unproved += 1
            report.faults[Fault.NO_PROOF] = report.faults.get(Fault.NO_PROOF, 0) + 1
            continue
        problems = check_proof(task, opened.domain, opened.world)
        if problems:
            report.false.append(FalseProof(task.id, tuple(problems)))
            for problem in problems:
                report.faults[problem.fault] = report.faults.get(problem.fault, 0) + 1
            continue
        report.held += 1
        report.by_level[task.proof.level] = report.by_level.get(task.proof.level, 0) + 1
        report.by_recipe[task.recipe] = report.by_recipe.get(task.recipe, 0) + 1
        report.burden = max(report.burden, task.proof.burden)
    return report
