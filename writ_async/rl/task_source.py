"""Tasks as a trainer's data set: one row each, from which the task is found again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from writ_async.core.task import Task
from writ_async.errors import InputError


class TaskSource:
    """The tasks of a training run by id, in order, and as the columns of a data set.

    The prompt of a row only names the task: what the model is shown, policy and tools and the user's words, is made by
    whoever plays it, token by token. So a data set of ten thousand rows stays small, and nothing is rendered twice.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._trials: dict[str, Iterator[int]] = {name: count() for name in self._tasks}
        if not self._tasks:
            raise InputError("there are no tasks; make_tasks and load_tasks give some")

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __getitem__(self, given: Any) -> Task:
        """The task of an id, of a place, of a row of `columns`, or of a prompt. Raises `InputError` for another one."""
        if isinstance(given, int) and -len(self) <= given < len(self):
            return list(self._tasks.values())[given]
        key = given
        if isinstance(given, Mapping):
            key = given.get("task_id")
        elif isinstance(given, Sequence) and not isinstance(given, str) and given and isinstance(given[-1], Mapping):
            key = given[-1].get("content")
        if not isinstance(key, str) or key not in self._tasks:
            raise InputError(f"no task is named by {given!r:.80}; rows and prompts are those of TaskSource.columns()")
        return self._tasks[key]

    def next_trial(self, task: Task) -> int:
        """The number of a task's next trial, for trainers that ask for one at a time: 0, 1, 2, ... from any thread."""
        return next(self._trials[task.id])

    def columns(self) -> dict[str, list[Any]]:
        """`prompt`, `task_id`, `domain`, `kind`, `level` of each task, as `datasets.Dataset.from_dict` takes them."""
        rows = list(self)
        return {
            "prompt": [[{"role": "user", "content": task.id}] for task in rows],
            "task_id": [task.id for task in rows],
            "domain": [task.domain for task in rows],
            "kind": [task.kind for task in rows],
            "level": ["" if task.proof is None else task.proof.level for task in rows],
        }

    def rows(self) -> list[dict[str, Any]]:
        """The same as one dict for each task."""
        columns = self.columns()
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


class TaskListing:
    """The tasks of a source as a split, for environments that are asked which tasks they have."""

    def __init__(self, source: TaskSource, split: str = "train") -> None:
        self.source = source
        self.split = split

    def list_splits(self) -> list[str]:
        """The one split."""
        return [self.split]

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """A row for each task of a split, with its `index`; none for another split."""
        return [{"index": place, **row} for place, row in enumerate(self.source.rows())] if split == self.split else []

    def num_tasks(self, split: str) -> int:
        """How many tasks a split has."""
        return len(self.source) if split == self.split else 0

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        """One of these rows. Raises `IndexError` for a task that is not there."""
        return self.list_tasks(split)[index]
