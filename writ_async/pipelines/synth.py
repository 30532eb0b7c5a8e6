"""`writ synth`: worlds, tasks, conversations and verdicts into a run folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.data.manifest import Manifest, package_versions
from writ_async.data.run_folder import RunFolder
from writ_async.errors import InputError
from writ_async.pipelines.seats import Seats, close_engines
from writ_async.pipelines.simulate import Progress, Watcher, plan_jobs, prompts_of, simulate
from writ_async.pipelines.worlds import Opened, generate_world, world_key
from writ_async.registry import load_domain
from writ_async.scheduler import Limits
from writ_async.synthesis import parse_mix, synthesise
from writ_async.synthesis.tasks import Place
from writ_async.task import Task
from writ_async.verify.judge import AssumeMet


class SynthConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which rows a run has. Resuming needs the same."""

    domains: tuple[str, ...]
    n: int
    seed: int = 0
    mix: str = ""
    world_size: int = 500
    seats: Seats = Seats()
    rules: Rules = Rules(max_steps=100)


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
    with RunFolder.open_or_create(out, manifest, resume=True) as run:
        if run.has_tasks:
            tasks: tuple[Task, ...] = run.tasks()
        else:
            places = [Place(opened.domain, opened.world, opened.ref) for opened in worlds]
            tasks = tuple(synthesise(places, config.n, config.seed, mix)[0])
            run.write_tasks(tasks, prompts_of(worlds))
        by_key: dict[str, Opened] = {world_key(opened.ref): opened for opened in worlds}
        engines = config.seats.make(tasks, {opened.domain.name: opened.domain for opened in worlds}, config.seed)
        try:
            jobs = plan_jobs(tasks, by_key, 1, config.seed)
            return await simulate(
                jobs, engines, run, rules=config.rules, limits=limits or Limits(), judge=AssumeMet(), watch=watch
            )
        finally:
            await close_engines(engines)
