"""Several runs read as one: tasks whose ids mean different tasks get ids of their own, and so do their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, trajectory_id
from writ_async.curation.rules import FilterRules
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.manifest import Prompt
from writ_async.runs.row_selection import rules_of
from writ_async.runs.view import RunView


class JoinedRuns:
    """The tasks and rows of several runs, in their order.

    A task that two runs have with the same content is one task, and its rows are counted on as further trials. One
    whose id another task has already gets `~2` behind it, the next `~3`, and so on. `tasks` is by id, `prompts` by
    `prompt_key`, `rules` are the filters' rules that all runs were made with, and `filters` their texts.
    """

    def __init__(self, runs: Sequence[RunView], more_rules: Sequence[str] = ()) -> None:
        self.runs = runs
        self.tasks: dict[str, Task] = {}
        self.prompts: dict[str, Prompt] = {}
        self.filters = (*runs[0].manifest.config.get("filters", ()), *more_rules)
        self.rules = _common_rules(runs, more_rules)
        self._names: list[dict[str, str]] = [self._take_tasks(run) for run in runs]
        self._take_prompts()

    @classmethod
    def open(cls, paths: Sequence[PathLike], more_rules: Sequence[str] = ()) -> JoinedRuns:
        """Open run folders to read as one.

        Raises `InputError` for a folder that holds no run, one that is named twice, and runs that cannot be one:
        whose agents were told different things in the same domain, or whose rules of filters differ.
        """
        resolved = [Path(path).resolve() for path in paths]
        for path, where in zip(paths, resolved, strict=True):
            if resolved.count(where) > 1:
                raise InputError(f"{path}: is named twice; name each run once")
        return cls([RunView.open(path) for path in paths], more_rules)

    def rows(self) -> Iterator[Trajectory]:
        """Every row under its new ids, run by run in the order of tasks and trials."""
        trials: dict[str, int] = {}
        for run, names in zip(self.runs, self._names, strict=True):
            for row in run.ordered():
                if row.task_id not in names:
                    raise InputError(f"{run.path}: row {row.id!r} names a task that is not in tasks.jsonl")
                task_id = names[row.task_id]
                trial = max(row.trial, trials.get(task_id, 0))
                trials[task_id] = trial + 1
                row.task_id, row.trial, row.id = task_id, trial, trajectory_id(task_id, trial)
                yield row

    def _take_tasks(self, run: RunView) -> dict[str, str]:
        """The ids that a run's tasks get here, by those that they have there."""
        names: dict[str, str] = {}
        for task in run.tasks():
            for name in chain([task.id], (f"{task.id}~{number}" for number in count(2))):
                renamed = msgspec.structs.replace(task, id=name)
                if self.tasks.setdefault(name, renamed) == renamed:
                    names[task.id] = name
                    break
        return names

    def _take_prompts(self) -> None:
        for run in self.runs:
            for key, prompt in run.prompts().items():
                if self.prompts.setdefault(key, prompt) != prompt:
                    raise InputError(
                        f"{run.path}: its agents were told other things in {key} than those of "
                        f"{self.runs[0].path} or another run before it; select from them apart"
                    )


def _common_rules(runs: Sequence[RunView], more: Sequence[str]) -> FilterRules:
    """The rules of filters that all runs have. Raises `InputError` where they differ."""
    rules = [rules_of(run, more) for run in runs]
    for run, theirs in zip(runs, rules, strict=True):
        if theirs != rules[0]:
            raise InputError(
                f"{run.path}: was made with other rules of filters than {runs[0].path}; say with --mask-turns and "
                "--filter what holds for all"
            )
    return rules[0]
