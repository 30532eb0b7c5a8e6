"""Tasks of the shop for the dialect: those to train on and those to test on come from worlds that share no seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count as count_from
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from examples.reproduce.small.dialect import Case, Untranslatable, compile_task, gold_actions
from writ_async import Environment, Task, load_domain
from writ_async.core.task import Kind
from writ_async.files import read_jsonl
from writ_async.runs.task_making import draw_tasks, parse_task_settings
from writ_async.runs.worlds import generate_world, open_worlds, world_key
from writ_async.runs.writing import write_whole

RECIPES: Final[dict[Kind, tuple[str, ...]]] = {
    "normal": ("cancel_order", "pay_otherwise", "return_items"),
    "write-intensive": (
        "clear_pending", "return_everything", "refund_pays_next",
    ),
    "read-heavy": (
        "cancel_extreme_order", "pay_extreme_order", "address_of_extreme_order", "ship_like_extreme_order",
    ),
}  # fmt: skip
"""The families by kind; each is drawn at several levels, so that burden varies within it."""
LEVELS: Final[dict[Kind, tuple[str, ...]]] = {
    "normal": ("W1R0", "W1R1"),
    "write-intensive": ("W2", "W3", "W4"),
    "read-heavy": ("W1R2", "W1R3"),
}
WORLD_SIZE: Final = 500
"""Users in a world."""
_DRAWN_AT_ONCE: Final = 240


class Played(msgspec.Struct, frozen=True):
    """A task in the dialect, with the world that it is played in."""

    case: Case
    environment: Environment


def draw_played(kind: Kind, count: int, seeds: Iterator[int], drawn: int = _DRAWN_AT_ONCE) -> list[Task]:
    """So many tasks of a kind that the dialect has words for, their levels even, from as many worlds as it takes.

    Of each world and level as many are `drawn`; not all of those can be told in the dialect.
    """
    shop = load_domain("retail")
    domain = msgspec.structs.replace(shop, recipes=tuple(r for r in shop.recipes if r.name in RECIPES[kind]))
    wanted = {level: count // len(LEVELS[kind]) + 1 for level in LEVELS[kind]}
    found: list[Task] = []
    while any(wanted.values()):
        seed = next(seeds)
        environment = generate_world(domain, seed, WORLD_SIZE)
        for level in (one for one in LEVELS[kind] if wanted[one]):
            settings = parse_task_settings(
                n=drawn, seed=seed, mix=f"{kind}=1", levels=f"{level}=1", max_tool_tokens=0, behaviours="off"
            )
            told = [
                task
                for task in draw_tasks([environment], settings)
                if task.kind == kind and _is_told(task, environment)
            ]
            taken = [msgspec.structs.replace(task, id=f"{task.id}-{kind}-{level}") for task in told[: wanted[level]]]
            wanted[level] -= len(taken)
            found += taken
    return found[:count]


def _is_told(task: Task, environment: Environment) -> bool:
    try:
        gold_actions(compile_task(task, environment.world), environment.world)
    except Untranslatable:
        return False
    return True


FIRST_TEST_SEED: Final = 100_001
"""Worlds to test on are drawn from this seed on, those to train on from 1."""


def make_tasks(folder: Path, trained: Mapping[Kind, int], tested: Mapping[Kind, int]) -> None:
    """Draw the tasks of an experiment once, so many of each kind: those to train on and those to test on.

    They lie in `folder` as `train-KIND.jsonl` and `test-KIND.jsonl`; what is there is left as it is.
    """
    for name, counts, first in (("test", tested, FIRST_TEST_SEED), ("train", trained, 1)):
        for kind, count in counts.items():
            file = folder / f"{name}-{kind}.jsonl"
            if not file.exists():
                write_whole(file, msgspec.json.Encoder().encode_lines(draw_played(kind, count, count_from(first))))


def load_played(file: Path) -> list[Played]:
    """The tasks of a file in an order drawn once, so that the first of them are of all levels, with their worlds."""
    tasks = list(read_jsonl(file, Task))
    Random(len(tasks)).shuffle(tasks)
    worlds = open_worlds(tasks, None)
    return [
        Played(compile_task(task, worlds[world_key(task.world)].world), worlds[world_key(task.world)]) for task in tasks
    ]
