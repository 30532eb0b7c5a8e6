"""`writ synth`: worlds, tasks, conversations and verdicts into a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.data.manifest import Manifest, package_versions
from writ_async.data.run_folder import RunFolder
from writ_async.errors import InputError
from writ_async.pipelines.seats import EngineSpec, Seats, close_engines
from writ_async.pipelines.simulate import Progress, Watcher, plan_jobs, prompts_of, simulate
from writ_async.pipelines.worlds import Opened, generate_world, make_place, open_world, world_key
from writ_async.registry import load_domain
from writ_async.scheduler import Limits
from writ_async.synthesis import parse_mix, synthesise
from writ_async.synthesis.behaviour import parse_behaviours, with_behaviours
from writ_async.synthesis.levels import parse_levels
from writ_async.synthesis.phraser import LlmPhraser, phrase_all
from writ_async.synthesis.tasks import Wanted
from writ_async.task import Task
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


async def synth(
    config: SynthConfig, out: str | Path, *, limits: Limits | None = None, watch: Watcher | None = None
) -> Progress:
    """Make `config.n` tasks and one conversation of each; go on with the run that is in `out`, if there is one.

    Raises `InputError` for a setting that cannot be, and `StorageError` when `out` cannot be written.
    """
    if config.n < 1:
        raise InputError(f"--n must be at least 1, not {config.n}")
    if len(set(config.domains)) != len(config.domains):
        raise InputError("a domain is named twice; name each once")
    mix = parse_mix(config.mix)
    if config.max_tool_tokens < 0:
        raise InputError(f"--max-tool-tokens must be at least 0, not {config.max_tool_tokens}")
    wanted = Wanted(levels=parse_levels(config.levels), max_tool_tokens=config.max_tool_tokens)
    parse_behaviours(config.behaviours)
    worlds = [generate_world(load_domain(name), config.seed, config.world_size) for name in config.domains]
    manifest = Manifest(
        kind="synth",
        command="writ synth",
        config=msgspec.to_builtins(config),
        worlds=tuple(opened.ref for opened in worlds),
        seeds={"run": config.seed},
        versions=package_versions(),
    )
    # An engine that cannot be made must be refused before the folder is.
    config.seats.make((), {}, config.seed)
    if config.phraser is not None:
        await close_engines(Seats(user=config.phraser).make((), {}, config.seed))
    with RunFolder.open_or_create(out, manifest, resume=True) as run:
        if run.has_tasks:
            tasks: tuple[Task, ...] = run.tasks()
        else:
            drawn = synthesise([make_place(opened) for opened in worlds], config.n, config.seed, mix, wanted)[0]
            tasks = await _tell_by_world(drawn, worlds, config)
            run.write_tasks(tasks, prompts_of(worlds))
        by_key = _opened(tasks, worlds)
        engines = config.seats.make(tasks, {opened.domain.name: opened.domain for opened in worlds}, config.seed)
        try:
            jobs = plan_jobs(tasks, by_key, 1, config.seed)
            return await simulate(
                jobs, engines, run, rules=config.rules, limits=limits or Limits(), judge=AssumeMet(), watch=watch
            )
        finally:
            await close_engines(engines)


def _opened(tasks: Sequence[Task], worlds: Sequence[Opened]) -> dict[str, Opened]:
    """The worlds of tasks by key: those given, and further ones that were drawn because those had too little."""
    by_key = {world_key(opened.ref): opened for opened in worlds}
    for task in tasks:
        if world_key(task.world) not in by_key:
            by_key[world_key(task.world)] = open_world(task.world, None)
    return by_key


async def _tell_by_world(tasks: Sequence[Task], worlds: Sequence[Opened], config: SynthConfig) -> tuple[Task, ...]:
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


async def tell(tasks: Sequence[Task], worlds: Sequence[Opened], config: SynthConfig) -> tuple[Task, ...]:
    """The tasks as they are to be told: in a model's words where there is a phraser, each by its own kind of user."""
    places = {opened.domain.name: (opened.domain, opened.world) for opened in worlds}
    fixed = parse_behaviours(config.behaviours)
    if config.phraser is None:
        return tuple(tasks if fixed is None else with_behaviours(tasks, places, config.seed, fixed)[0])
    domains = {name: domain for name, (domain, _) in places.items()}
    engines = Seats(user=config.phraser).make(tasks, domains, config.seed)
    try:
        phraser = LlmPhraser(engines["user"], seed=config.seed)
        told = await phrase_all(tasks, places, phraser.phrase)
        if fixed is not None:
            told = await phrase_all(
                with_behaviours(told, places, config.seed, fixed)[0], places, phraser.phrase_behaviour
            )
        return tuple(told)
    finally:
        await close_engines(engines)
