"""`writ eval`: tasks of a benchmark, a file or a run, several trials each, and pass^k."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.data.manifest import Manifest, package_versions
from writ_async.data.run_folder import RunFolder
from writ_async.data.run_view import RunView
from writ_async.errors import InputError
from writ_async.files import read_jsonl
from writ_async.pipelines.seats import Seats, close_engines
from writ_async.pipelines.shares import Plan, config_of, require_workers, simulate_in_workers, useful_workers
from writ_async.pipelines.simulate import Progress, Watcher, plan_jobs, prompts_of, simulate
from writ_async.pipelines.stopping import parse_stop_early
from writ_async.pipelines.workers import start_workers
from writ_async.pipelines.worlds import Opened, open_world, world_key
from writ_async.registry import load_benchmark, names
from writ_async.scheduler import Limits
from writ_async.task import Task
from writ_async.verify.judge import load_judge


class EvalConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which rows an evaluation has. Resuming needs the same."""

    tasks: tuple[str, ...]
    trials: int = 1
    seed: int = 0
    split: str = ""
    judge: str = "assume-met"
    limit: int = 0
    seats: Seats = Seats()
    rules: Rules = Rules()
    stop_early: tuple[str, ...] = ()


class TaskSet(msgspec.Struct, frozen=True):
    """Tasks and the worlds that they are played in, by `world_key`."""

    tasks: tuple[Task, ...]
    worlds: dict[str, Opened]


async def evaluate(
    config: EvalConfig,
    out: str | Path,
    *,
    data: str | None = None,
    tools: str | None = None,
    limits: Limits | None = None,
    workers: int = 1,
    watch: Watcher | None = None,
) -> Progress:
    """Play `config.trials` trials of every task; go on with the run that is in `out`, if there is one.

    `data` is a benchmark's folder, `tools` its own tool schemas. With several `workers`, that many processes share the
    work. Raises `InputError` and `StorageError`.
    """
    if config.trials < 1:
        raise InputError(f"--trials must be at least 1, not {config.trials}")
    require_workers(workers)
    early = parse_stop_early(config.stop_early, config.trials)
    judge = load_judge(config.judge)
    chosen = read_task_sets(config.tasks, data=data, tools=tools, split=config.split or None, limit=config.limit)
    manifest = Manifest(
        kind="eval",
        command="writ eval",
        config={
            **config_of(msgspec.structs.replace(config, seats=config.seats.deciding())),
            "own_tool_schemas": tools is None,
        },
        worlds=tuple(opened.ref for opened in chosen.worlds.values()),
        seeds={"run": config.seed},
        versions=package_versions(),
    )
    domains = {opened.domain.name: opened.domain for opened in chosen.worlds.values()}
    engines = config.seats.make(chosen.tasks, domains, config.seed)
    limits = limits or Limits()
    count = useful_workers(workers, len(chosen.tasks), limits)
    try:
        with RunFolder.open_or_create(out, manifest, resume=True) as run:
            if not run.has_tasks:
                run.write_tasks(chosen.tasks, prompts_of(chosen.worlds.values()))
            if count == 1:
                jobs = plan_jobs(chosen.tasks, chosen.worlds, config.trials, config.seed)
                return await simulate(
                    jobs, engines, run, rules=config.rules, limits=limits, judge=judge, early=early, watch=watch
                )
            plan = Plan(
                trials=config.trials,
                seed=config.seed,
                seats=config.seats,
                rules=config.rules,
                judge=config.judge,
                early=early,
                data=data,
                tools=tools,
            )
            async with start_workers(count) as started:
                return await simulate_in_workers(started, chosen.tasks, plan, run, limits=limits, watch=watch)
    finally:
        await close_engines(engines)


def read_task_sets(
    sources: Sequence[str], *, data: str | None, tools: str | None, split: str | None, limit: int = 0
) -> TaskSet:
    """The tasks of all sources: `BENCHMARK:SUBSET`, a run folder, or a file of tasks in JSON Lines.

    A benchmark's task ids get the source before them, for its subsets number theirs alike. `limit` keeps the first
    tasks of each source, 0 all. Raises `InputError` for a source that is none of these, or an id that is there twice.
    """
    tasks: list[Task] = []
    worlds: dict[str, Opened] = {}
    for source in sources:
        found, opened = _read_source(source, data, tools, split)
        if not found:
            raise InputError(f"{source}: holds no task")
        found = found[:limit] if limit else found
        tasks += found
        if opened is not None:
            worlds[world_key(opened.ref)] = opened
        for task in found:
            if world_key(task.world) not in worlds:
                worlds[world_key(task.world)] = open_world(task.world, data, tools)
    _refuse_doubles(tasks)
    return TaskSet(tuple(tasks), worlds)


def _read_source(
    source: str, data: str | None, tools: str | None, split: str | None
) -> tuple[list[Task], Opened | None]:
    name, colon, subset = source.partition(":")
    if colon and name in names("benchmarks"):
        loaded = load_benchmark(name).load(subset, data, split, tools)
        found = [msgspec.structs.replace(task, id=f"{source}:{task.id}") for task in loaded.tasks]
        return found, Opened(loaded.domain, loaded.world, found[0].world) if found else None
    path = Path(source)
    if path.is_dir():
        return list(RunView.open(path).tasks()), None
    if path.is_file():
        return list(read_jsonl(path, Task)), None
    known = ", ".join(f"{benchmark}:SUBSET" for benchmark in names("benchmarks"))
    raise InputError(f"--tasks {source}: is neither {known}, nor a run folder, nor a file; check the spelling")


def _refuse_doubles(tasks: Iterable[Task]) -> None:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise InputError(f"task {task.id!r} is there twice; name each source once")
        seen.add(task.id)
