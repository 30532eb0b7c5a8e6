"""All shards of a run, held together: whether each is there once, made with equal settings, and whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import msgspec

from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.files import PathLike, open_binary
from writ_async.runs.locks import owner_of
from writ_async.runs.manifest import Manifest, differences, show_value
from writ_async.runs.play_settings import PlaySettings, settings_of
from writ_async.runs.resume import count_missing
from writ_async.runs.row_order import RowPlace, find_rows
from writ_async.runs.shards import Shard, name_shards, read_drawn
from writ_async.runs.view import TRAJECTORIES, RunView

_MOST_TOLD = 3


class ShardSet:
    """The shards of one run, in their order. `drawn` is what all of them have drawn."""

    def __init__(self, views: Sequence[RunView]) -> None:
        by_shard = [(_shard_of(view), view) for view in views]
        _require_each_once(by_shard)
        self.views = [view for _, view in sorted(by_shard, key=lambda pair: pair[0].index)]
        self.manifest = _require_equal(self.views)
        self.drawn = read_drawn(self.views[0].path)
        for view in self.views[1:]:
            if (other := read_drawn(view.path)) != self.drawn:
                raise InputError(
                    f"{view.path}: drew {other.tasks:,} tasks that are not the {self.drawn.tasks:,} of "
                    f"{self.views[0].path}: other data, or another version ({_versions(view.manifest)} there, "
                    f"{_versions(self.manifest)} here)"
                )

    @classmethod
    def open(cls, paths: Sequence[PathLike]) -> ShardSet:
        """Open the folders of all shards of a run.

        Raises `InputError` for a folder that holds no shard or is being written to, shards that are missing or there
        twice, and shards of different runs.
        """
        for path in paths:
            if owner := owner_of(Path(path)):
                raise InputError(f"{path}: {owner} is writing to this shard; wait for it")
        return cls([RunView.open(path) for path in paths])

    def settings(self) -> PlaySettings:
        """Of the settings of the run those by which its rows are counted and filtered."""
        return settings_of(self.manifest.config)

    def tasks(self) -> list[Task]:
        """All tasks, in the order of the whole run. Raises `InputError` where a shard has not all of its own."""
        parts: list[Sequence[Task]] = []
        for index, view in enumerate(self.views, 1):
            part = view.tasks() if view.has_tasks else ()
            if len(part) != (size := Shard(index, len(self.views)).size(self.drawn.tasks)):
                raise InputError(f"{view.path}: has {len(part):,} of its {size:,} tasks; go on with that shard first")
            parts.append(part)
        tasks = [task for turn in zip_longest(*parts) for task in turn if task is not None]
        if len({task.id for task in tasks}) != len(tasks):
            raise InputError(f"{self.views[0].path} and the others: hold a task twice; their tasks.jsonl were changed")
        return tasks

    def rows(self, tasks: Sequence[Task], *, incomplete: bool = False) -> list[RowPlace]:
        """Where all rows are, in the canonical order of the whole run; `source` is the place of the shard.

        Raises `InputError` for a row that is not the shard's own or is there twice, and, unless the merged run may be
        `incomplete`, for shards in which rows are missing.
        """
        places = {task.id: place for place, task in enumerate(tasks)}
        rows: list[RowPlace] = []
        wanting: list[str] = []
        for source, view in enumerate(self.views):
            found = self._own_rows(source, places)
            rows += found
            own = [task.id for task in tasks[source :: len(self.views)]]
            if missing := count_missing(view, own, {row.row_id for row in found}, self.settings()):
                wanting.append(f"{view.path} has {missing:,} conversations still to play")
        if wanting and not incomplete:
            more = f"; and {len(wanting) - _MOST_TOLD} more shards" if len(wanting) > _MOST_TOLD else ""
            raise InputError(
                f"{'; '.join(wanting[:_MOST_TOLD])}{more}: go on with them by the commands that began them, or merge "
                "what is there with --incomplete"
            )
        rows.sort()
        return rows

    def _own_rows(self, source: int, places: dict[str, int]) -> list[RowPlace]:
        path = self.views[source].path / TRAJECTORIES
        if not path.is_file():
            return []
        with open_binary(path) as file:
            rows = find_rows(file, path, places, source)
        seen: set[str] = set()
        for row in rows:
            if row.task >= len(places) or row.task % len(self.views) != source:
                raise InputError(f"{path}: line {row.number}: its task {row.task_id!r} is none of this shard's")
            if row.row_id in seen:
                raise InputError(
                    f"{path}: line {row.number}: {row.row_id} is there twice; "
                    f"`writ repair {self.views[source].path}` puts one aside"
                )
            seen.add(row.row_id)
        return rows


def _shard_of(view: RunView) -> Shard:
    if isinstance(shard := view.manifest.shard, Shard):
        return shard
    raise InputError(f"{view.path}: is a run of its own and no shard of one; shards are made with --shard i/n")


def _require_each_once(by_shard: Sequence[tuple[Shard, RunView]]) -> None:
    first, where = by_shard[0]
    seen: dict[int, RunView] = {}
    for shard, view in by_shard:
        if shard.of != first.of:
            raise InputError(f"{view.path} is shard {shard}, and {where.path} is shard {first}: of different runs")
        if shard.index in seen:
            raise InputError(f"shard {shard} is there twice: {seen[shard.index].path} and {view.path}")
        seen[shard.index] = view
    if missing := [index for index in range(1, first.of + 1) if index not in seen]:
        are = "is" if len(missing) == 1 else "are"
        raise InputError(f"of {first.of} shards {name_shards(missing)} {are} missing; name all of their folders")


def _require_equal(views: Sequence[RunView]) -> Manifest:
    """The manifest that all shards share, as the whole run has it."""
    first, *others = (msgspec.structs.replace(view.manifest, shard=msgspec.UNSET) for view in views)
    for view, other in zip(views[1:], others, strict=True):
        for key, value, another in differences(first, other):
            raise InputError(
                f"{view.path}: was made with {key} = {show_value(another)}, and {views[0].path} with "
                f"{show_value(value)}: they are shards of different runs"
            )
    return first


def _versions(manifest: Manifest) -> str:
    return ", ".join(
        f"{name} {version}" for name, version in manifest.versions.items() if name in ("writ-async", "python")
    )
