"""Where a row of somebody else's file belongs: its domain, its world, and the task that it is judged by."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from writ_async.core.benchmark import Subset
from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.formats.foreign import Foreign
from writ_async.formats.foreign.conversation import TAU2
from writ_async.formats.foreign.tools import domain_for, guess_domain
from writ_async.registry import load_benchmark, load_domain, registered_names


class Place(msgspec.Struct, frozen=True):
    """What a row is judged by. `kinds` says where the kinds of tools come from; see `domain_for`."""

    domain: Domain
    kinds: str
    world: World | None = None
    task: Task | None = None


class PlaceFinder:
    """Finds the places of rows; each domain and each of the benchmark's subsets is loaded once."""

    def __init__(self, benchmark: str, data: str | None, domain: str, writes: Collection[str]) -> None:
        self._benchmark = load_benchmark(benchmark)
        self._data = data
        self._domain = load_domain(domain) if domain else None
        self._writes = frozenset(writes)
        guessed = not writes and self._domain is None
        self._known = [load_domain(name) for name in registered_names("domains")] if guessed else []
        self._loaded: dict[str, Subset] = {}
        self._tasks: dict[str, dict[str, Task]] = {}

    def find(self, row: Foreign) -> Place:
        """The place of a row. Raises `InputError` when the benchmark has no data for its domain."""
        known = self._domain
        if known is None:
            named = [domain for domain in self._known if domain.name == row.domain]
            known = named[0] if named else guess_domain(row, self._known)
        loaded = None if known is None or self._data is None else self._load(known.name)
        domain, kinds = domain_for(row, known if loaded is None else loaded.environment.domain, self._writes)
        world = None if loaded is None else loaded.environment.world
        return Place(domain, kinds, world, self._task(row, known, loaded))

    def _task(self, row: Foreign, known: Domain | None, loaded: Subset | None) -> Task | None:
        """The file's own task, else the benchmark's of that id."""
        if known is None:
            return None
        if row.task is not None:
            own = self._benchmark.read_task(row.task, known.name)
            if own is not None:
                return own
        if loaded is None or row.format != TAU2:
            return None
        if known.name not in self._tasks:
            self._tasks[known.name] = {task.id: task for task in loaded.tasks}
        return self._tasks[known.name].get(row.task_id)

    def _load(self, name: str) -> Subset:
        if name not in self._loaded:
            self._loaded[name] = self._benchmark.load(name, self._data)
        return self._loaded[name]
