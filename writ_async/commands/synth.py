"""`writ synth`: tasks are drawn, simulated, judged, and kept in a run folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.curation.quota import KeepRules
from writ_async.errors import InputError
from writ_async.registry import load_domain
from writ_async.runs.benchmark_terms import dress_domains
from writ_async.runs.budget import Budget
from writ_async.runs.draw_traces import DRAWING, remove_traces
from writ_async.runs.estimate import SAMPLE, Estimate, estimate_run
from writ_async.runs.failure_patterns import FailurePattern
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import make_manifest, prompts_of
from writ_async.runs.node_servers import NodeServers
from writ_async.runs.phrasing import add_phrasing
from writ_async.runs.play import play_run
from writ_async.runs.play_in_workers import start_useful_workers
from writ_async.runs.play_settings import Executor, parse_play_settings
from writ_async.runs.play_until_kept import play_until_kept
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.shards import WHOLE, Shard, write_drawn
from writ_async.runs.task_making import (
    TaskSettings,
    TaskWatcher,
    draw_run_tasks,
    draw_tasks,
    give_behaviours,
    parse_task_settings,
    tell_run_tasks,
)
from writ_async.runs.workers import Worker
from writ_async.runs.worlds import generate_worlds, open_worlds
from writ_async.scheduler import Limits
from writ_async.synthesis.aims import TaskAim
from writ_async.synthesis.phrase_report import PhraseReport

_TOLD_AT_ONCE = 512
"""Tasks that are told between two writes."""


class SynthConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which rows a run has. Resuming needs the same, or more tasks or rows.

    `n` tasks, or with `keep` as many as it takes, in turn from the `domains`, whose worlds have `world_size` users.
    `mix`, `levels`, `behaviours`, `stop_early` and `filters` (`mask-turns`, `REASON=drop|mask|allow`) are texts as the
    flags take them; `max_tool_tokens` 0 is any number. With `from_failures` tasks are drawn after those patterns, by
    how many conversations failed so, and neither by the mix nor by levels. With `prompts`, a benchmark or its kit or
    checkout, agents are given its prompt, policies and tool schemas; all else stays ours. `phraser_check` is an engine
    that is asked what the words of the `phraser` mean.
    """

    domains: tuple[str, ...]
    n: int = 100
    seed: int = 0
    mix: str = ""
    levels: str = ""
    max_tool_tokens: int = 0
    world_size: int = 500
    seats: Seats = Seats()
    rules: Rules = Rules(max_steps=100)
    behaviours: str = "on"
    phraser: EngineSpec | None = None
    phraser_check: EngineSpec | None = None
    stop_early: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    keep: KeepRules | None = None
    from_failures: tuple[FailurePattern, ...] = ()
    prompts: str = ""


async def synth(
    config: SynthConfig,
    out: str | Path,
    *,
    data: str | None = None,
    limits: Limits | None = None,
    workers: int = 1,
    shard: Shard = WHOLE,
    stop_when_failing: float = 0.0,
    retry_failed: bool = False,
    executor: Executor = "local",
    servers: NodeServers | None = None,
    check: bool = False,
    budget: Budget | None = None,
    watch: Watcher | None = None,
    watch_tasks: TaskWatcher | None = None,
) -> Progress:
    """Make `config.n` tasks and one conversation of each; go on with the run that is in `out`, if there is one.

    With `config.keep` as many as it takes, within the `budget`. With several `workers`, that many processes share the
    work; the rows are the same. A `shard` is a part of the run, which `merge_shards` puts together with the others.
    `data` is the folder of the benchmark that `config.prompts` names. On Ray, `servers` are the model servers of each
    machine. With `check` the agent's server is tried first; `WritError` says what is wrong with it. `watch_tasks` is
    told how many tasks are made, `watch` what becomes of them.
    Raises `InputError` for a setting that cannot be, and `StorageError` when `out` cannot be written.
    """
    _refuse_shards_of_rounds(config, shard)
    making = parse_task_settings(
        n=config.n if config.keep is None else config.keep.rows,
        seed=config.seed,
        mix=config.mix,
        levels=config.levels,
        max_tool_tokens=config.max_tool_tokens,
        behaviours=config.behaviours,
        phraser=config.phraser,
        phraser_check=config.phraser_check,
        aims=_aims_of(config.from_failures),
    )
    playing = parse_play_settings(
        config.seats,
        seed=config.seed,
        rules=config.rules,
        limits=limits,
        stop_early=config.stop_early,
        filters=config.filters,
        workers=workers,
        stop_when_failing=stop_when_failing,
        retry_failed=retry_failed,
        executor=executor,
        servers=servers,
    )
    domains = [load_domain(name) for name in config.domains]
    if config.prompts:
        domains, config = _told_otherwise(domains, config, data)
        playing = msgspec.structs.replace(playing, rules=config.rules)
    worlds = generate_worlds(domains, config.seed, config.world_size)
    manifest = make_manifest("synth", _row_deciding(config), worlds, config.seed, shard)
    notices = await _look_at_engines(config, check=check, elsewhere=servers is not None)
    with RunFolder.open_or_create(out, manifest, resume=True) as run:
        useful = config.keep.rows if config.keep else shard.size(config.n)
        async with start_useful_workers(playing, useful, run, check=check) as started:
            if config.keep is not None:
                return await play_until_kept(
                    run, worlds, making, playing, config.keep,
                    budget=budget, workers=started, notices=notices, watch=watch, watch_tasks=watch_tasks,
                )  # fmt: skip
            tasks: Sequence[Task] = run.tasks() if run.has_tasks else ()
            if not run.has_tasks or len(tasks) < shard.size(config.n):
                tasks = await _write_missing_tasks(
                    run, tasks, worlds, making, shard, config.rules, started, watch_tasks
                )
            opened = open_worlds(tasks, None, known=worlds, told=run.prompts())
            return await play_run(run, tasks, opened, playing, workers=started, notices=notices, watch=watch)


def _refuse_shards_of_rounds(config: SynthConfig, shard: Shard) -> None:
    if config.keep is not None and shard != WHOLE:
        raise InputError(
            "--keep plans each round from all rows so far, so it cannot be shared out in shards; give each machine a "
            "--seed of its own, and let `writ select` pick from their runs"
        )


def _row_deciding(config: SynthConfig) -> SynthConfig:
    """The settings without what decides no row, such as addresses."""
    return msgspec.structs.replace(
        config,
        seats=config.seats.row_deciding(),
        phraser=config.phraser and config.phraser.row_deciding(),
        phraser_check=config.phraser_check and config.phraser_check.row_deciding(),
    )


async def _look_at_engines(config: SynthConfig, *, check: bool, elsewhere: bool) -> list[str]:
    """Refuse engines that cannot be made before the folder is; what they have to say. With `check` they are tried."""
    notices = await config.seats.check_engines(config.seed, require=check, elsewhere=elsewhere)
    if check and not elsewhere:
        await config.seats.try_engines(config.seed, greeting=config.rules.greeting is not None)
    for engine in (config.phraser, config.phraser_check):
        if engine is not None:
            notices += await Seats(user=engine).check_engines(config.seed, require=check)
    return notices


def estimate_synth(config: SynthConfig, *, data: str | None = None) -> Estimate:
    """What `synth` would take, without playing anything on an engine. Raises `InputError` as `synth` does."""
    n = config.n if config.keep is None else config.keep.rows
    making = parse_task_settings(
        n=min(n, SAMPLE),
        seed=config.seed,
        mix=config.mix,
        levels=config.levels,
        max_tool_tokens=config.max_tool_tokens,
        behaviours=config.behaviours,
        aims=_aims_of(config.from_failures),
    )
    domains = [load_domain(name) for name in config.domains]
    if config.prompts:
        domains, config = _told_otherwise(domains, config, data)
    known = generate_worlds(domains, config.seed, config.world_size)
    tasks = draw_tasks(known, making)
    worlds = open_worlds(tasks, None, known=known)
    told = give_behaviours(tasks, worlds, making)
    return estimate_run(told, worlds, config.seats, config.rules, n, seed=config.seed, least=config.keep is not None)


def _told_otherwise(
    domains: Sequence[Domain], config: SynthConfig, data: str | None
) -> tuple[list[Domain], SynthConfig]:
    """The domains in a benchmark's texts, and the settings with its prompt for agents, where no other was given."""
    terms, dressed = dress_domains(domains, config.prompts, data)
    rules = msgspec.structs.replace(config.rules, agent_prompt=config.rules.agent_prompt or terms.prompts["agent"])
    return dressed, msgspec.structs.replace(config, rules=rules, prompts=f"{terms.name} {terms.version}")


def _aims_of(patterns: Sequence[FailurePattern]) -> list[tuple[TaskAim, float]]:
    weights: Counter[TaskAim] = Counter()
    for pattern in patterns:
        weights[pattern.aim()] += pattern.conversations
    return [(aim, float(weight)) for aim, weight in weights.items()]


async def _write_missing_tasks(
    run: RunFolder,
    there: Sequence[Task],
    worlds: Sequence[Environment],
    making: TaskSettings,
    shard: Shard,
    rules: Rules,
    workers: Sequence[Worker],
    watch: TaskWatcher | None,
) -> Sequence[Task]:
    """All tasks of the run, once those that its folder has not yet are written; it may have some already.

    They are written as they are told, so that a killed run has to tell the rest alone; a phraser tells all at once,
    and each of its texts is kept.
    """
    trace = run.path.absolute() / DRAWING
    drawn = await draw_run_tasks(worlds, making, workers, watch, trace)
    own = shard.share(drawn)
    if [task.id for task in own[: len(there)]] != [task.id for task in there]:
        raise InputError(f"{run.path}: its tasks are not those that this version draws; use another folder")
    if shard != WHOLE:
        write_drawn(run.path, drawn)
    tasks, at_once = list(there), _TOLD_AT_ONCE if making.phraser is None else len(own)
    while not run.has_tasks or len(tasks) < len(own):  # a shard may have no task, and says so
        before = len(tasks)
        report = PhraseReport(refused={})
        watch_part = None if watch is None else _watching_part(watch, before - len(there), len(own) - len(there))
        told = await tell_run_tasks(own[before : before + at_once], worlds, making, workers, report, watch_part, trace)
        add_phrasing(run, report)
        if run.has_tasks:
            run.add_tasks(told)
        else:
            run.write_tasks(told, prompts_of(worlds, rules))
        tasks += told
    remove_traces(trace)
    return tasks


def _watching_part(watch: TaskWatcher, before: int, total: int) -> TaskWatcher:
    return lambda what, done, _: watch(what, before + done, total)
