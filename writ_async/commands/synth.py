"""`writ synth`: worlds, tasks, conversations and verdicts into a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.core.environment import Environment
from writ_async.core.level import parse_levels
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.registry import load_domain
from writ_async.runs.early_stop import EarlyStop, parse_stop_early
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import Manifest, package_versions
from writ_async.runs.playing import Progress, Watcher, plan_jobs, prompts_of, simulate
from writ_async.runs.seats import EngineSpec, Seats, close_engines
from writ_async.runs.worker_play import Plan, config_of, require_workers, simulate_in_workers, useful_workers
from writ_async.runs.worker_tasks import TaskRequest, behave_in_workers, draw, draw_in_workers
from writ_async.runs.workers import Worker, start_workers
from writ_async.runs.worlds import generate_world, open_world, world_key
from writ_async.scheduler import Limits
from writ_async.synthesis import parse_mix
from writ_async.synthesis.behaviours import parse_behaviours, with_behaviours
from writ_async.synthesis.phraser import LlmPhraser, phrase_all
from writ_async.verify.judge import AssumeMet


class SynthConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which rows a run has. Resuming needs the same."""

    domains: tuple[str, ...]
    n: int
    seed: int = 0
    mix: str = ""
    levels: str = ""
    max_tool_tokens: int = 0
    world_size: int = 500
    seats: Seats = Seats()
    rules: Rules = Rules(max_steps=100)
    behaviours: str = "on"
    phraser: EngineSpec | None = None
    stop_early: tuple[str, ...] = ()


async def synth(
    config: SynthConfig,
    out: str | Path,
    *,
    limits: Limits | None = None,
    workers: int = 1,
    watch: Watcher | None = None,
) -> Progress:
    """Make `config.n` tasks and one conversation of each; go on with the run that is in `out`, if there is one.

    With several `workers`, that many processes share the work; the rows are the same. Raises `InputError` for a
    setting that cannot be, and `StorageError` when `out` cannot be written.
    """
    if config.n < 1:
        raise InputError(f"--n must be at least 1, not {config.n}")
    require_workers(workers)
    early = parse_stop_early(config.stop_early, 1)
    if len(set(config.domains)) != len(config.domains):
        raise InputError("a domain is named twice; name each once")
    parse_mix(config.mix)
    if config.max_tool_tokens < 0:
        raise InputError(f"--max-tool-tokens must be at least 0, not {config.max_tool_tokens}")
    parse_levels(config.levels)
    parse_behaviours(config.behaviours)
    worlds = [generate_world(load_domain(name), config.seed, config.world_size) for name in config.domains]
    manifest = Manifest(
        kind="synth",
        command="writ synth",
        config=config_of(
            msgspec.structs.replace(
                config, seats=config.seats.deciding(), phraser=config.phraser and config.phraser.deciding()
            )
        ),
        worlds=tuple(opened.ref for opened in worlds),
        seeds={"run": config.seed},
        versions=package_versions(),
    )
    # An engine that cannot be made must be refused before the folder is.
    config.seats.make((), {}, config.seed)
    if config.phraser is not None:
        await close_engines(Seats(user=config.phraser).make((), {}, config.seed))
    limits = limits or Limits()
    with RunFolder.open_or_create(out, manifest, resume=True) as run:
        if useful_workers(workers, config.n, limits) == 1:
            tasks = run.tasks() if run.has_tasks else await _make_tasks(config, worlds)
            if not run.has_tasks:
                run.write_tasks(tasks, prompts_of(worlds))
            return await _play(config, tasks, worlds, run, limits, early, watch)
        plan = Plan(trials=1, seed=config.seed, seats=config.seats, rules=config.rules, early=early)
        async with start_workers(useful_workers(workers, config.n, limits)) as started:
            tasks = run.tasks() if run.has_tasks else await _make_tasks(config, worlds, started)
            if not run.has_tasks:
                run.write_tasks(tasks, prompts_of(worlds))
            return await simulate_in_workers(started, tasks, plan, run, limits=limits, watch=watch)


async def _play(
    config: SynthConfig,
    tasks: tuple[Task, ...],
    worlds: Sequence[Environment],
    run: RunFolder,
    limits: Limits,
    early: EarlyStop,
    watch: Watcher | None,
) -> Progress:
    """One conversation of each task, in this process."""
    by_key = _opened(tasks, worlds)
    engines = config.seats.make(tasks, {opened.domain.name: opened.domain for opened in worlds}, config.seed)
    try:
        jobs = plan_jobs(tasks, by_key, 1, config.seed)
        return await simulate(
            jobs, engines, run, rules=config.rules, limits=limits, judge=AssumeMet(), early=early, watch=watch
        )
    finally:
        await close_engines(engines)


async def _make_tasks(
    config: SynthConfig, worlds: Sequence[Environment], workers: Sequence[Worker] = ()
) -> tuple[Task, ...]:
    """Draw the tasks and have them told; workers take whole domains to draw from, and parts of the tasks to tell."""
    request = TaskRequest(config.n, config.seed, config.mix, config.levels, config.max_tool_tokens)
    refs = tuple(opened.ref for opened in worlds)
    if len(workers) > 1 and len(worlds) > 1:
        drawn = await draw_in_workers(workers, refs, request)
    else:
        drawn = draw(worlds, request)
    if len(workers) > 1 and config.phraser is None and config.behaviours != "off":
        return await behave_in_workers(workers, drawn, config.seed, config.behaviours)
    return await _tell_by_world(drawn, worlds, config)


def _opened(tasks: Sequence[Task], worlds: Sequence[Environment]) -> dict[str, Environment]:
    """The worlds of tasks by key: those given, and further ones that were drawn because those had too little."""
    by_key = {world_key(opened.ref): opened for opened in worlds}
    for task in tasks:
        if world_key(task.world) not in by_key:
            by_key[world_key(task.world)] = open_world(task.world, None)
    return by_key


async def _tell_by_world(tasks: Sequence[Task], worlds: Sequence[Environment], config: SynthConfig) -> tuple[Task, ...]:
    """`tell`, with each task in its own world."""
    groups: dict[tuple[str, ...], list[Task]] = {}
    by_key = _opened(tasks, worlds)
    first = [world_key(opened.ref) for opened in worlds]
    for task in tasks:
        # Tasks of the first world of each domain are told together, those of each further world apart.
        key = world_key(task.world)
        groups.setdefault(tuple(first) if key in first else (key,), []).append(task)
    told: dict[str, Task] = {}
    for keys, group in groups.items():
        for task in await tell(group, [by_key[key] for key in keys], config):
            told[task.id] = task
    return tuple(told[task.id] for task in tasks)


async def tell(tasks: Sequence[Task], worlds: Sequence[Environment], config: SynthConfig) -> tuple[Task, ...]:
    """The tasks as they are to be told: in a model's words where there is a phraser, each by its own kind of user."""
    environments = {environment.domain.name: environment for environment in worlds}
    fixed = parse_behaviours(config.behaviours)
    if config.phraser is None:
        return tuple(tasks if fixed is None else with_behaviours(tasks, environments, config.seed, fixed)[0])
    domains = {name: environment.domain for name, environment in environments.items()}
    engines = Seats(user=config.phraser).make(tasks, domains, config.seed)
    try:
        phraser = LlmPhraser(engines["user"], seed=config.seed)
        told = await phrase_all(tasks, environments, phraser.phrase)
        if fixed is not None:
            told = await phrase_all(
                with_behaviours(told, environments, config.seed, fixed)[0], environments, phraser.phrase_behaviour
            )
        return tuple(told)
    finally:
        await close_engines(engines)
