"""`writ synth`."""

from __future__ import annotations

import argparse
from pathlib import Path

import anyio

from writ_async.cli import settings
from writ_async.cli.output import print_json, print_tables, report_end, report_estimate
from writ_async.cli.progress import command_task_watcher, command_watcher
from writ_async.cli.tables import (
    cost_line,
    funnel_table,
    keeping_line,
    phrasing_line,
    reasons_table,
    saved_line,
    summary_table,
)
from writ_async.cli.terminal import say
from writ_async.commands.synth import SynthConfig, estimate_synth, synth
from writ_async.curation.filters import NAMES
from writ_async.errors import InputError
from writ_async.runs.budget import parse_budget
from writ_async.runs.failure_patterns import FailurePattern, failure_patterns, require_fresh_worlds
from writ_async.runs.summary import Summary


def _failures_of(arguments: argparse.Namespace) -> tuple[FailurePattern, ...]:
    """The patterns of `--from-failures`, of the domains that are asked for. Raises `InputError`."""
    if not arguments.from_failures:
        return ()
    require_fresh_worlds(arguments.from_failures, arguments.seed, arguments.world_size)
    patterns = failure_patterns(arguments.from_failures)
    wanted = tuple(pattern for pattern in patterns if pattern.domain in arguments.domains)
    if not wanted:
        raise InputError(f"--from-failures {arguments.from_failures}: failures are of other domains alone")
    return wanted


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    config = _config_of(arguments)
    if arguments.dry_run:
        return report_estimate(estimate_synth(config, data=arguments.data), as_json=arguments.json)
    budget = parse_budget(arguments.budget)
    limits = settings.parse_limits(arguments)
    shard = settings.parse_shard_flag(arguments)
    size = f"n{config.n}" if config.keep is None else f"keep{config.keep.rows}"
    out = Path(
        arguments.out
        or f"runs/synth-{'-'.join(arguments.domains)}-{size}-s{arguments.seed}{settings.shard_suffix(shard)}"
    )
    watch = command_watcher("synth", arguments.quiet)

    async def call() -> int:
        progress = await synth(
            config,
            out,
            data=arguments.data,
            limits=limits,
            workers=settings.parse_workers(arguments),
            executor=arguments.executor,
            servers=settings.parse_servers(arguments, config.seats),
            shard=shard,
            stop_when_failing=arguments.stop_when_failing,
            retry_failed=arguments.retry_failed,
            check=not arguments.no_check,
            budget=budget,
            watch=watch,
            watch_tasks=command_task_watcher("synth", arguments.quiet),
        )
        if arguments.json:
            print_json(
                {
                    "run": str(out),
                    "summary": progress.summary,
                    "total": progress.summary.total(),
                    "calls": progress.calls,
                }
            )
        else:
            _tell(progress.summary, out)
        return report_end(progress)

    return anyio.run(call, backend_options={"use_uvloop": True})


def _config_of(arguments: argparse.Namespace) -> SynthConfig:
    """The settings that decide rows. Raises `InputError` for one that cannot be."""
    keep = settings.parse_keep(arguments)
    return SynthConfig(
        domains=tuple(arguments.domains),
        n=100 if arguments.n is None else arguments.n,
        seed=arguments.seed,
        mix=arguments.mix,
        levels=arguments.levels,
        max_tool_tokens=arguments.max_tool_tokens,
        world_size=arguments.world_size,
        seats=settings.parse_seats(arguments),
        rules=settings.parse_rules(arguments),
        behaviours=arguments.behaviours,
        phraser=settings.parse_phraser(arguments),
        phraser_check=settings.parse_phraser_check(arguments),
        stop_early=tuple(arguments.stop_early),
        filters=settings.parse_filters(arguments),
        keep=keep,
        from_failures=_failures_of(arguments),
        prompts=arguments.prompts,
    )


def _tell(summary: Summary, out: Path) -> None:
    """What came of the run, as tables and lines."""
    print_tables(summary_table(summary), reasons_table(summary))
    funnel = summary.funnel
    if funnel is not None:
        print_tables(funnel_table(funnel, NAMES))
    for tell in (phrasing_line, cost_line, saved_line, keeping_line):
        if line := tell(summary):
            say(line)
    kept = summary.total().kept if funnel is None else funnel.total.left
    say(f"{kept:,} rows kept in {out}")
    say(f"next:  writ replay {out}   ·   writ export {out} --format openai --out train.jsonl")
