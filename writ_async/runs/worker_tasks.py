"""Stages 1 and 2 by several worker processes: the same tasks to the byte as one process makes.

What a domain's tasks are depends on its earlier ones (no two of a world have the same gold writes), but on no other
domain's: a domain is the least that can be drawn apart. Behaviours depend on the task and the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import anyio
import msgspec

from writ_async.core.environment import Environment
from writ_async.core.level import parse_levels
from writ_async.core.task import Task, WorldRef
from writ_async.errors import bare
from writ_async.runs.workers import Link, Worker, WorkerDiedError
from writ_async.runs.worlds import further_environment, open_world, open_worlds, world_key
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.behaviours import parse_behaviours, with_behaviours
from writ_async.synthesis.tasks import TaskWishes

_CHUNK = 64  # tasks: small enough that all workers are done at about the same time

_decode = msgspec.json.Decoder(list[Task]).decode


class TaskRequest(msgspec.Struct, frozen=True):
    """Which tasks are to be drawn, as `SynthConfig` has it."""

    n: int
    seed: int
    mix: str
    levels: str
    max_tool_tokens: int


def draw(worlds: Sequence[Environment], request: TaskRequest, only: int | None = None) -> list[Task]:
    """Draw tasks from worlds in turn; `only` leaves out those of all worlds but one. Raises `InputError`."""
    wanted = TaskWishes(levels=parse_levels(request.levels), max_tool_tokens=request.max_tool_tokens)
    return synthesise_tasks(
        worlds, request.n, request.seed, parse_mix(request.mix), wanted, only=only, further=further_environment
    )[0]


async def draw_in_workers(workers: Sequence[Worker], worlds: Sequence[WorldRef], request: TaskRequest) -> list[Task]:
    """What `draw` gives, each world's tasks drawn by one of the workers. Raises `InputError`."""
    drawn: list[list[Task]] = [[] for _ in worlds]
    turns = iter(range(len(worlds)))

    async def work(worker: Worker) -> None:
        for turn in turns:
            drawn[turn] = _decode(await worker.call(draw_share, worlds, request, turn))

    await _together(workers, work)
    return [drawn[number % len(worlds)][number // len(worlds)] for number in range(request.n)]


async def behave_in_workers(
    workers: Sequence[Worker], tasks: Sequence[Task], seed: int, behaviours: str
) -> tuple[Task, ...]:
    """The tasks with their behaviours, as `with_behaviours` gives them; parts go to whichever worker is free."""
    told: list[list[Task]] = [[] for _ in range(0, len(tasks), _CHUNK)]
    places = iter(range(len(told)))

    async def work(worker: Worker) -> None:
        for place in places:
            part = msgspec.json.encode(tasks[place * _CHUNK : (place + 1) * _CHUNK])
            told[place] = _decode(await worker.call(behave_share, part, seed, behaviours))

    await _together(workers, work)
    return tuple(task for part in told for task in part)


def draw_share(link: Link, worlds: Sequence[WorldRef], request: TaskRequest, only: int) -> bytes:
    """The encoded tasks of one world; called in a worker."""
    return msgspec.json.encode(draw([open_world(ref, None) for ref in worlds], request, only))


def behave_share(link: Link, tasks: bytes, seed: int, behaviours: str) -> bytes:
    """Encoded tasks with their behaviours; called in a worker."""
    given = _decode(tasks)
    fixed = parse_behaviours(behaviours)
    worlds = open_worlds(given, None)
    told: list[Task] = []
    for task in given:
        told += with_behaviours([task], {task.domain: worlds[world_key(task.world)]}, seed, fixed)[0]
    return msgspec.json.encode(told)


async def _together(workers: Sequence[Worker], work: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    """Let all workers work until each has returned; the first error ends all."""
    try:
        async with anyio.create_task_group() as group:
            for worker in workers:
                group.start_soon(work, worker)
    except BaseExceptionGroup as errors:
        error = bare(errors)
        if isinstance(error, WorkerDiedError):
            raise WorkerDiedError(f"{error}, while tasks were made; the same command begins again") from None
        raise error from None
