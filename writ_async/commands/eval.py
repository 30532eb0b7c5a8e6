"""`writ eval`: tasks of a benchmark, a file or a run, several trials each, and pass^k."""

from __future__ import annotations

from pathlib import Path

import msgspec

from writ_async.conversation import Rules
from writ_async.errors import InputError
from writ_async.runs.early_stop import parse_stop_early
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import Manifest, package_versions
from writ_async.runs.playing import Progress, Watcher, plan_jobs, prompts_of, simulate
from writ_async.runs.seats import Seats, close_engines
from writ_async.runs.task_sets import read_task_sets
from writ_async.runs.worker_play import Plan, config_of, require_workers, simulate_in_workers, useful_workers
from writ_async.runs.workers import start_workers
from writ_async.scheduler import Limits
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
