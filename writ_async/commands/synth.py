"""`writ synth`: tasks are drawn, simulated, judged, and kept in a run folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.registry import load_domain
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import make_manifest, prompts_of
from writ_async.runs.play import play_run
from writ_async.runs.play_in_workers import start_useful_workers
from writ_async.runs.play_settings import parse_play_settings
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.task_making import make_run_tasks, parse_task_settings
from writ_async.runs.worlds import generate_worlds, open_worlds
from writ_async.scheduler import Limits


class SynthConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which rows a run has. Resuming needs the same.

    `n` tasks, in turn from the `domains`, whose worlds have `world_size` users. `mix`, `levels`, `behaviours`,
    `stop_early` and `filters` (`mask-turns`, `REASON=drop|mask|allow`) are texts as the flags take them;
    `max_tool_tokens` 0 is any number.
    """

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
    filters: tuple[str, ...] = ()


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
    making = parse_task_settings(
        n=config.n,
        seed=config.seed,
        mix=config.mix,
        levels=config.levels,
        max_tool_tokens=config.max_tool_tokens,
        behaviours=config.behaviours,
        phraser=config.phraser,
    )
    playing = parse_play_settings(
        config.seats,
        seed=config.seed,
        rules=config.rules,
        limits=limits,
        stop_early=config.stop_early,
        filters=config.filters,
        workers=workers,
    )
    worlds = generate_worlds([load_domain(name) for name in config.domains], config.seed, config.world_size)
    decides = msgspec.structs.replace(
        config, seats=config.seats.row_deciding(), phraser=config.phraser and config.phraser.row_deciding()
    )
    manifest = make_manifest("synth", decides, worlds, config.seed)
    # An engine that cannot be made must be refused before the folder is.
    notices = await config.seats.check_engines(config.seed)
    if config.phraser is not None:
        notices += await Seats(user=config.phraser).check_engines(config.seed)
    with RunFolder.open_or_create(out, manifest, resume=True) as run:
        async with start_useful_workers(playing, config.n) as started:
            tasks = run.tasks() if run.has_tasks else await make_run_tasks(worlds, making, started)
            if not run.has_tasks:
                run.write_tasks(tasks, prompts_of(worlds))
            opened = open_worlds(tasks, None, known=worlds)
            return await play_run(run, tasks, opened, playing, workers=started, notices=notices, watch=watch)
