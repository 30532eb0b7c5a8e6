"""Benchmarks: tasks and worlds that others made. Registered as entry points of the group `writ_async.benchmarks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat


class Subset(msgspec.Struct, frozen=True):
    """An environment, and a benchmark's tasks in it; `note` is what a user is to be told of where they come from."""

    environment: Environment
    tasks: tuple[Task, ...]
    note: str = ""


class Terms(msgspec.Struct, frozen=True):
    """What a score has to be made under to stand beside the benchmark's own.

    `prompts` are its templates by seat (see `writ_async.conversation.prompts`), `source` is where they and its tool
    schemas were found, `version` the release. Models answer at `temperature`; `seed` is the one that its runner begins
    with where nobody says another.
    """

    name: str
    source: str
    version: str
    prompts: Mapping[Seat, str]
    temperature: float
    seed: int


class ReadHeavy(msgspec.Struct, frozen=True):
    """Tasks of a subset that rest on much reading: their ids as the benchmark has them, and by what rule, in words."""

    ids: frozenset[str]
    definition: str


class Benchmark(Protocol):
    """A set of tasks and worlds made by others, read from a folder."""

    @property
    def subsets(self) -> Sequence[str]:
        """The names of what `load` can read."""

    def load(self, subset: str, data: str | None = None, split: str | None = None, tools: str | None = None) -> Subset:
        """Read one subset; `tools` is where the benchmark's own tool schemas are, to be shown instead of the domain's.

        Raises `InputError` when the folder, the subset or the schemas are not there.
        """

    def prompt_template(self, seat: Seat, data: str | None = None) -> str:
        """What the benchmark tells a seat, with `{policy}` or `{scenario}` where that is put in.

        Read from the folder `data`. Raises `InputError` where it is not there.
        """

    def terms(self, given: str | None = None, data: str | None = None, subset: str = "") -> Terms:
        """The benchmark's own terms, from the place that is `given`, else from where its `data` or a variable says.

        They are those of a `subset` where its users are told something else than others. Raises `InputError` where its
        texts are not there.
        """

    def dress(self, domain: Domain, given: str | None = None, data: str | None = None) -> Domain:
        """A domain of ours with the benchmark's policy and tool schemas, in its order. The functions stay ours.

        Raises `InputError` where its texts are not there, or are not of this domain.
        """

    def make_kit(self, checkout: str) -> bytes:
        """The texts of a checkout as one file, which `terms` takes. Raises `InputError` for a folder that is none."""

    def read_heavy(self, subset: str) -> ReadHeavy | None:
        """Which tasks of a subset are known to rest on much reading; None where nobody has looked."""

    def measure(self, task: Task, environment: Environment) -> tuple[int, int]:
        """How many writes a task has, and how many cells the one that needs most rests on, as far as that can be told.

        A benchmark states no evidence, so this is an estimate.
        """

    def read_task(self, record: Mapping[str, Any], subset: str) -> Task | None:
        """A task as the benchmark's results carry it along; None where it cannot be judged, or is no task of its."""
