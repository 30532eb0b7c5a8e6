"""How hard the tasks of a run are: writes, burden, and whether they are read-heavy."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from writ_async.core.benchmark import Benchmark, ReadHeavy
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.level import level_of
from writ_async.core.task import Task, WorldRef
from writ_async.errors import InputError
from writ_async.registry import load_benchmark, registered_names
from writ_async.runs.row_selection import load_known_domains
from writ_async.runs.worlds import open_world

HEAVY = 8
"""The least burden of a task that is called read-heavy: that of the levels R3 and R4."""
HEAVY_RULE = f"a write rests on {HEAVY} cells or more (R3 and R4), by its proof, or as the texts of a benchmark tell"
"""The same in words."""


class TaskLevel(msgspec.Struct, frozen=True):
    """One task: its writes and its burden, None where they are not known, and the level that both make.

    The level of a task whose burden nobody knows is that of its writes alone (`W2`). `listed` says whether its
    benchmark's list of read-heavy tasks names it; None where there is no such list.
    """

    writes: int | None
    burden: int | None
    level: str
    listed: bool | None = None

    @property
    def heavy(self) -> bool:
        """Whether it is read-heavy by its burden; one without a write is not."""
        return bool(self.writes) and self.burden is not None and self.burden >= HEAVY


class TaskLevels(msgspec.Struct):
    """The tasks of a run by id, the rules by which benchmarks list read-heavy tasks, and what could not be known."""

    tasks: dict[str, TaskLevel]
    rules: list[str]
    notes: list[str]


def read_levels(tasks: Iterable[Task], data: str | None) -> TaskLevels:
    """The levels of tasks. A benchmark's are measured in its world, which is read from its folder `data`."""
    found = TaskLevels({}, [], [])
    tasks = list(tasks)
    domains = load_known_domains(task.domain for task in tasks)
    benchmarks = {name: load_benchmark(name) for name in registered_names("benchmarks")}
    refs = dict.fromkeys(task.world for task in tasks)
    worlds = {ref: _Measured.find(ref, benchmarks.get(ref.source), data) for ref in refs}
    for world in worlds.values():
        found.notes += [world.why] if world.why else []
        if world.listed is not None and world.listed.definition not in found.rules:
            found.rules.append(world.listed.definition)
    for task in tasks:
        world = worlds[task.world]
        writes, burden = _writes(task, domains.get(task.domain)), task.proof.burden if task.proof is not None else None
        if burden is None and world.benchmark is not None and world.environment is not None:
            writes, burden = world.benchmark.measure(task, world.environment)
        named = None if world.listed is None else task.own_id in world.listed.ids
        found.tasks[task.id] = TaskLevel(writes, burden, _level(task, writes, burden), named)
    return found


class _Measured(msgspec.Struct):
    """A world of a benchmark's tasks, its list of read-heavy ones, and why their burden is not measured."""

    benchmark: Benchmark | None = None
    environment: Environment | None = None
    listed: ReadHeavy | None = None
    why: str = ""

    @classmethod
    def find(cls, ref: WorldRef, benchmark: Benchmark | None, data: str | None) -> _Measured:
        if benchmark is None:
            return cls()
        listed = benchmark.read_heavy(ref.domain)
        try:
            return cls(benchmark, open_world(ref, data), listed)
        except InputError as exc:
            return cls(benchmark, None, listed, f"the burden of {ref.source}:{ref.domain} was not measured: {exc}")


def _writes(task: Task, domain: Domain | None) -> int | None:
    if domain is None or task.actions is None:
        return None
    return sum(map(domain.writes, task.actions))


def _level(task: Task, writes: int | None, burden: int | None) -> str:
    if task.proof is not None:
        return task.proof.level
    if writes is None:
        return ""
    return f"W{min(writes, 4)}" if burden is None else level_of(writes, burden)
