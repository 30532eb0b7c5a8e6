"""Stages 1 and 2 of a run: tasks are drawn, and told by users of many kinds; here or in worker processes.

Workers make the same tasks to the byte. What a domain's tasks are depends on its earlier ones (no two of a world have
the same gold writes), but on no other domain's: a domain is the least that can be drawn apart. Behaviours depend on the
task and the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import msgspec

from writ_async.core.behaviour import Axis
from writ_async.core.environment import Environment
from writ_async.core.level import parse_levels
from writ_async.core.task import Kind, Task, WorldRef
from writ_async.errors import InputError, unwrap_group
from writ_async.runs.draw_traces import open_traces
from writ_async.runs.given import MOST_TASKS, require_text, require_whole
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.telling_trace import open_telling_trace
from writ_async.runs.workers import Link, Worker, WorkerDiedError
from writ_async.runs.worlds import further_environment, open_world, open_worlds, world_key
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.aims import TaskAim, TaskWishes
from writ_async.synthesis.behaviours import parse_behaviours, parse_plain_share, with_behaviours
from writ_async.synthesis.phrase_report import PhraseReport
from writ_async.synthesis.phraser import LlmPhraser, phrase_all

_CHUNK = 64  # tasks: small enough that all workers are done at about the same time
_REPORTED = 16  # tasks a worker has made between two reports

TaskWatcher = Callable[[str, int, int], None]
"""Told what is done to tasks ("proved", "told"), to how many so far, and to how many it will be."""

_decode = msgspec.json.Decoder(list[Task]).decode


class TaskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks are made: `n` of them, with weights of kinds, levels and most tokens of tool results as wished.

    `behaviours` are the values that every user shall have; None makes all users plain, `plain_share` that share of
    them. `phraser` is the engine that rewrites requests, if there is to be one, `phraser_check` one that is asked what
    they mean then.
    """

    n: int
    seed: int
    mix: Mapping[Kind, float]
    wishes: TaskWishes
    behaviours: Mapping[Axis, str] | None
    plain_share: float = 0.0
    phraser: EngineSpec | None = None
    phraser_check: EngineSpec | None = None


def parse_task_settings(
    *,
    n: int,
    seed: int = 0,
    mix: str = "",
    levels: str = "",
    max_tool_tokens: int = 0,
    behaviours: str = "on",
    phraser: EngineSpec | None = None,
    phraser_check: EngineSpec | None = None,
    aims: Sequence[tuple[TaskAim, float]] = (),
) -> TaskSettings:
    """The settings from what a caller says, as `writ synth --help` has it. Raises `InputError` for what cannot be.

    `aims` say what tasks are to be like, in place of the mix and the levels.
    """
    if aims and (mix or levels):
        raise InputError("--from-failures says which tasks are drawn; leave --mix and --levels out")
    if phraser_check is not None and phraser is None:
        raise InputError("--phraser-check needs --phraser: it is asked about what a phraser wrote")
    require_whole("--n", n, 1, MOST_TASKS)
    require_whole("--max-tool-tokens", max_tool_tokens, 0)
    require_whole("--seed", seed)
    for flag, text in (("--mix", mix), ("--levels", levels), ("--behaviours", behaviours)):
        require_text(flag, text)
    return TaskSettings(
        n=n,
        seed=seed,
        mix=parse_mix(mix),
        wishes=TaskWishes(levels=parse_levels(levels), max_tool_tokens=max_tool_tokens, aims=tuple(aims)),
        behaviours=parse_behaviours(behaviours),
        plain_share=parse_plain_share(behaviours),
        phraser=phraser,
        phraser_check=phraser_check,
    )


class _Told:
    """Counts tasks for a watcher."""

    def __init__(self, watch: TaskWatcher | None, what: str, total: int) -> None:
        self._watch = watch
        self._what = what
        self._total = total
        self._done = 0

    def add(self, number: int = 1) -> None:
        self._done += number
        if self._watch is not None:
            self._watch(self._what, self._done, self._total)


class _Reporting:
    """Reports counts of a worker now and then."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._new = 0

    def add(self) -> None:
        self._new += 1
        if self._new == _REPORTED:
            self.flush()

    def flush(self) -> None:
        if self._new:
            self._link.report(self._new)
        self._new = 0


def draw_tasks(
    worlds: Sequence[Environment],
    settings: TaskSettings,
    only: int | None = None,
    on_task: Callable[[], None] | None = None,
    trace: Path | None = None,
) -> list[Task]:
    """Draw tasks from worlds in turn; `only` leaves out those of all worlds but one.

    `trace` is a folder in which they are kept as they are drawn, and from which they are taken up. Raises `InputError`,
    and `StorageError` when that cannot be written.
    """
    with open_traces(trace, worlds, settings.seed, settings.mix, settings.wishes, only) as traces:
        return synthesise_tasks(
            worlds,
            settings.n,
            settings.seed,
            settings.mix,
            settings.wishes,
            only=only,
            further=further_environment,
            on_task=on_task,
            traces=traces,
        )[0]


def give_behaviours(
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    settings: TaskSettings,
    on_task: Callable[[], None] | None = None,
) -> list[Task]:
    """The tasks, each told by its own kind of user, or all by plain ones; `worlds` are by `world_key`."""
    if settings.behaviours is None:
        return list(tasks)
    told: list[Task] = []
    for task in tasks:
        environment = {task.domain: worlds[world_key(task.world)]}
        told += with_behaviours([task], environment, settings.seed, settings.behaviours, settings.plain_share)[0]
        if on_task is not None:
            on_task()
    return told


async def make_run_tasks(
    worlds: Sequence[Environment],
    settings: TaskSettings,
    workers: Sequence[Worker] = (),
    report: PhraseReport | None = None,
    watch: TaskWatcher | None = None,
    trace: Path | None = None,
) -> list[Task]:
    """Draw tasks and have them told: `draw_run_tasks`, then `tell_run_tasks`."""
    drawn = await draw_run_tasks(worlds, settings, workers, watch, trace)
    return await tell_run_tasks(drawn, worlds, settings, workers, report, watch, trace)


async def draw_run_tasks(
    worlds: Sequence[Environment],
    settings: TaskSettings,
    workers: Sequence[Worker] = (),
    watch: TaskWatcher | None = None,
    trace: Path | None = None,
) -> list[Task]:
    """Draw the tasks of a run, which nobody tells yet; workers take whole domains to draw from.

    `watch` is told how far it is; `trace` is the folder of what was drawn before (`draw_traces`).
    """
    proved = _Told(watch, "proved", settings.n)
    if len(workers) > 1 and len(worlds) > 1:
        return await _draw_in_workers(workers, tuple(opened.ref for opened in worlds), settings, proved, trace)
    return draw_tasks(worlds, settings, on_task=proved.add, trace=trace)


async def tell_run_tasks(
    tasks: Sequence[Task],
    worlds: Sequence[Environment],
    settings: TaskSettings,
    workers: Sequence[Worker] = (),
    report: PhraseReport | None = None,
    watch: TaskWatcher | None = None,
    trace: Path | None = None,
) -> list[Task]:
    """Drawn tasks told by users of many kinds; workers take parts of them. What a task becomes depends on it alone.

    `report` is told what became of a phraser's answers, `watch` how far it is; `trace` is the folder of what it wrote
    before (`telling_trace`). Raises `PhraserError` where no answer was of use.
    """
    if not tasks:
        return []
    told = _Told(watch, "told", len(tasks))
    if len(workers) > 1 and settings.phraser is None and settings.behaviours is not None:
        return await _behave_in_workers(workers, tasks, settings, told)
    opened = open_worlds(tasks, None, known=worlds)
    if settings.phraser is None:
        return give_behaviours(tasks, opened, settings, told.add)
    return await _phrase_tasks(tasks, opened, settings, settings.phraser, report, trace)


async def tell_tasks(
    drawn: Sequence[Task],
    worlds: Sequence[Environment],
    settings: TaskSettings,
    report: PhraseReport | None = None,
    trace: Path | None = None,
) -> list[Task]:
    """Tasks that were drawn without a phraser as a run holds them: in a model's words, if there is one."""
    if settings.phraser is None or not drawn:
        return list(drawn)
    plain = [msgspec.structs.replace(task, behaviour=None) for task in drawn]
    opened = open_worlds(plain, None, known=worlds)
    return await _phrase_tasks(plain, opened, settings, settings.phraser, report, trace)


async def _phrase_tasks(
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    settings: TaskSettings,
    engine: EngineSpec,
    report: PhraseReport | None,
    trace: Path | None,
) -> list[Task]:
    """Tasks without behaviours in a model's words, request first, then how the user behaves.

    `worlds` are by `world_key`.
    """
    async with AsyncExitStack() as opened:
        engines = await opened.enter_async_context(
            Seats(user=engine).open_engines(tasks, worlds.values(), settings.seed)
        )
        check = None
        if settings.phraser_check is not None:
            seats = Seats(user=settings.phraser_check)
            check = (await opened.enter_async_context(seats.open_engines(tasks, worlds.values(), settings.seed)))[
                "user"
            ]
        settled = opened.enter_context(open_telling_trace(trace, engine, settings.phraser_check, settings.seed))
        phraser = LlmPhraser(engines["user"], seed=settings.seed, report=report, check=check, trace=settled)

        def environment_of(task: Task) -> Environment:
            return worlds[world_key(task.world)]

        told = await phrase_all(tasks, environment_of, phraser.phrase)
        phraser.report.require_some()
        if settings.behaviours is None:
            return told
        behaving = give_behaviours(told, worlds, settings)
        return await phrase_all(behaving, environment_of, phraser.phrase_behaviour)


async def _draw_in_workers(
    workers: Sequence[Worker],
    worlds: Sequence[WorldRef],
    settings: TaskSettings,
    proved: _Told,
    trace: Path | None,
) -> list[Task]:
    drawn: list[list[Task]] = [[] for _ in worlds]
    turns = iter(range(len(worlds)))

    async def work(worker: Worker) -> None:
        for turn in turns:
            share = await worker.call(draw_share, worlds, settings, turn, trace, on_report=proved.add)
            drawn[turn] = _decode(share)

    await _work_together(workers, work)
    return [drawn[number % len(worlds)][number // len(worlds)] for number in range(settings.n)]


async def _behave_in_workers(
    workers: Sequence[Worker], tasks: Sequence[Task], settings: TaskSettings, known: _Told
) -> list[Task]:
    """Parts go to whichever worker is free."""
    told: list[list[Task]] = [[] for _ in range(0, len(tasks), _CHUNK)]
    places = iter(range(len(told)))

    async def work(worker: Worker) -> None:
        for place in places:
            part = msgspec.json.encode(tasks[place * _CHUNK : (place + 1) * _CHUNK])
            told[place] = _decode(await worker.call(behave_share, part, settings, on_report=known.add))

    await _work_together(workers, work)
    return [task for part in told for task in part]


def draw_share(link: Link, worlds: Sequence[WorldRef], settings: TaskSettings, only: int, trace: Path | None) -> bytes:
    """The encoded tasks of one world; called in a worker."""
    reporting = _Reporting(link)
    tasks = draw_tasks([open_world(ref, None) for ref in worlds], settings, only, reporting.add, trace)
    reporting.flush()
    return msgspec.json.encode(tasks)


def behave_share(link: Link, tasks: bytes, settings: TaskSettings) -> bytes:
    """Encoded tasks with their behaviours; called in a worker."""
    given = _decode(tasks)
    reporting = _Reporting(link)
    told = give_behaviours(given, open_worlds(given, None), settings, reporting.add)
    reporting.flush()
    return msgspec.json.encode(told)


async def _work_together(workers: Sequence[Worker], work: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    """Let all workers work until each has returned; the first error ends all."""
    try:
        async with anyio.create_task_group() as group:
            for worker in workers:
                group.start_soon(work, worker)
    except BaseExceptionGroup as errors:
        error = unwrap_group(errors)
        if isinstance(error, WorkerDiedError):
            raise WorkerDiedError(f"{error}, while tasks were made; the same command begins again") from None
        raise error from None
