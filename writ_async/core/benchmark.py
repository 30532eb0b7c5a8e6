"""Benchmarks: tasks and worlds that others made. Registered as entry points of the group `writ_async.benchmarks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat


class Subset(msgspec.Struct, frozen=True):
    """An environment, and a benchmark's tasks in it."""

    environment: Environment
    tasks: tuple[Task, ...]


class Benchmark(Protocol):
    """A set of tasks and worlds made by others, read from a folder."""

    def load(self, subset: str, data: str | None = None, split: str | None = None, tools: str | None = None) -> Subset:
        """Read one subset; `tools` is where the benchmark's own tool schemas are, to be shown instead of the domain's.

        Raises `InputError` when the folder, the subset or the schemas are not there.
        """

    def prompt_template(self, seat: Seat, data: str | None = None) -> str:
        """What the benchmark tells a seat, with `{policy}` or `{scenario}` where that is put in.

        Read from the folder `data`. Raises `InputError` where it is not there.
        """

    def read_task(self, record: Mapping[str, Any], subset: str) -> Task | None:
        """A task as the benchmark's results carry it along; None where it cannot be judged, or is no task of its."""
