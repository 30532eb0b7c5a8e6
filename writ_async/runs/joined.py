"""Several runs read as one: tasks whose ids mean different tasks get ids of their own, and so do their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from copy import copy
from itertools import chain, count
from pathlib import Path

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, trajectory_id
from writ_async.curation.rules import FilterRules
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.manifest import Prompt, joined_manifest
from writ_async.runs.row_selection import rules_of
from writ_async.runs.view import RunView

RowTest = Callable[[Trajectory], bool]
"""Whether a row of one run, under its own id, is wanted."""


def _any_row(_: Trajectory) -> bool:
    return True


class JoinedRuns:
    """The tasks and rows of several runs, in their order.

    A task that two runs have with the same content is one task, and its rows are counted on as further trials. One
    whose id another task has already gets `~2` behind it, the next `~3`, and so on. `tasks` is by id, `prompts` by
    `prompt_key`, `rules` are the filters' rules that all runs were made with, and `filters` their texts.
    """

    def __init__(
        self, runs: Sequence[RunView], more_rules: Sequence[str] = (), wanted: Sequence[RowTest] | None = None
    ) -> None:
        self.runs = runs
        self.tasks: dict[str, Task] = {}
        self.prompts: dict[str, Prompt] = {}
        self.filters = (*runs[0].manifest.config.get("filters", ()), *more_rules)
        self.rules = _common_rules(runs, more_rules)
        self._wanted = wanted or [_any_row] * len(runs)
        self._names: list[dict[str, str]] = [self._take_tasks(run) for run in runs]
        self._take_prompts()

    @classmethod
    def open(
        cls,
        paths: Sequence[PathLike],
        more_rules: Sequence[str] = (),
        test_for: Callable[[RunView], RowTest] | None = None,
    ) -> JoinedRuns:
        """Open run folders to read as one; with `test_for` only the rows of each run that pass its test.

        Raises `InputError` for a folder that holds no run, one that is named twice, and runs that cannot be one:
        whose agents were told different things in the same domain, or whose rules of filters differ.
        """
        resolved = [Path(path).resolve() for path in paths]
        for path, where in zip(paths, resolved, strict=True):
            if resolved.count(where) > 1:
                raise InputError(f"{path}: is named twice; name each run once")
        runs = [RunView.open(path) for path in paths]
        return cls(runs, more_rules, None if test_for is None else [test_for(run) for run in runs])

    def rows(self, *, tokens: bool = True) -> Iterator[Trajectory]:
        """Every row under its new ids, run by run in the order of tasks and trials; `tokens` as `RunView.ordered`."""
        trials: dict[str, int] = {}
        for run, names, wanted in zip(self.runs, self._names, self._wanted, strict=True):
            for row in filter(wanted, run.ordered(tokens=tokens)):
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


class JoinedView(RunView):
    """Several runs to read as one run folder is read, as far as an export does; nothing is written anywhere."""

    def __init__(self, paths: Sequence[PathLike], more_rules: Sequence[str] = ()) -> None:
        self._joined = joined = JoinedRuns.open(paths, more_rules)
        manifests = [run.manifest for run in joined.runs]
        worlds = dict.fromkeys(world for manifest in manifests for world in manifest.worlds)
        own = manifests[0].config.get("filters", ())  # `more_rules` are the export's, which adds them itself
        manifest = joined_manifest(manifests, msgspec.defstruct("NoSettings", [])(), own)
        super().__init__(
            Path(" + ".join(str(run.path) for run in joined.runs)),
            msgspec.structs.replace(manifest, worlds=tuple(worlds), command="writ export"),
        )

    @property
    def has_tasks(self) -> bool:
        """Whether there are tasks: always."""
        return True

    def tasks(self) -> tuple[Task, ...]:
        """The tasks of all runs, each once."""
        return tuple(self._joined.tasks.values())

    def prompts(self) -> dict[str, Prompt]:
        """The prompts of all runs."""
        return self._joined.prompts if self._told is None else self._told

    def with_prompts(self, told: dict[str, Prompt]) -> RunView:
        """The same runs as if their agents had been given these prompts."""
        other = copy(self)
        other._told = told
        return other

    def trajectories(self) -> Iterator[Trajectory]:
        """Every row under its new id."""
        return self._joined.rows()

    def ordered(self, *, tokens: bool = True) -> Iterator[Trajectory]:
        """Every row under its new id, run by run in the order of tasks and trials; see `RunView.ordered`."""
        return self._joined.rows(tokens=tokens)

    def done_ids(self) -> AbstractSet[str]:
        """The new ids of all rows."""
        return {row.id for row in self._joined.rows()}


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
