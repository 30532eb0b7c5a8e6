"""`writ eval`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio

from writ_async.cli import settings
from writ_async.cli.output import print_json, print_tables, report_end, report_estimate
from writ_async.cli.progress import command_watcher
from writ_async.cli.tables import cost_line, saved_line, scores_table, spread_line, unjudged_line, width_lines
from writ_async.cli.terminal import say
from writ_async.commands.eval import EvalConfig, estimate_eval, evaluate
from writ_async.runs.play_until_width import UntilWidth, parse_until_width
from writ_async.runs.progress import Progress
from writ_async.runs.scores import Score, score_run
from writ_async.runs.summary import Summary


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    config = _config_of(arguments)
    if arguments.dry_run:
        estimate = estimate_eval(config, data=arguments.data, tools=arguments.tool_schemas)
        return report_estimate(estimate, as_json=arguments.json)
    limits = settings.parse_limits(arguments)
    shard = settings.parse_shard_flag(arguments)
    names = "-".join(Path(source).stem.replace(":", "-") for source in arguments.tasks)
    suffix = settings.shard_suffix(shard)
    out = Path(arguments.out or f"runs/eval-{names}-k{arguments.trials}-s{arguments.seed or 0}{suffix}")
    until = None
    if arguments.until_width is not None:
        until = parse_until_width(arguments.until_width, arguments.most_trials, arguments.trials, arguments.stop_early)
    watch = command_watcher("eval", arguments.quiet)

    async def call() -> int:
        progress = await evaluate(
            config,
            out,
            data=arguments.data,
            tools=arguments.tool_schemas,
            limits=limits,
            workers=settings.parse_workers(arguments),
            executor=arguments.executor,
            servers=settings.parse_servers(arguments, config.seats),
            shard=shard,
            stop_when_failing=arguments.stop_when_failing,
            retry_failed=arguments.retry_failed,
            check=not arguments.no_check,
            until=until,
            watch=watch,
        )
        scores = score_run(out)
        if arguments.json:
            print_json(_as_json(out, scores, progress))
        else:
            print_tables(scores_table(scores))
            for line in _lines(scores, progress.summary, until, config.judge):
                say(line)
            say(f"rows in {out}")
        return report_end(progress)

    return anyio.run(call, backend_options={"use_uvloop": True})


def _config_of(arguments: argparse.Namespace) -> EvalConfig:
    """The settings that decide rows. Raises `InputError` for one that cannot be."""
    return EvalConfig(
        tasks=tuple(arguments.tasks),
        trials=arguments.trials,
        seed=arguments.seed,
        prompts=arguments.prompts,
        split=arguments.split,
        judge=arguments.judge,
        judge_options=settings.parse_judge_options(arguments),
        limit=arguments.limit,
        seats=settings.parse_seats(arguments),
        rules=settings.parse_rules(arguments),
        stop_early=tuple(arguments.stop_early),
    )


def _as_json(out: Path, scores: Sequence[Score], progress: Progress) -> dict[str, Any]:
    return {
        "run": str(out),
        "scores": scores,
        "total": progress.summary.total(),
        "saved": progress.summary.saved or None,
        "calls": progress.calls,
        "notices": progress.summary.notices,
        "remarks": progress.summary.remarks,
    }


def _lines(scores: Sequence[Score], summary: Summary, until: UntilWidth | None, judge: str) -> Iterator[str]:
    """What there is to say below the table."""
    if scores:
        yield from filter(None, (unjudged_line(scores[-1]), spread_line(scores[-1])))
    if until is not None:
        yield from width_lines(scores, until.width)
    yield from filter(None, (cost_line(summary), saved_line(summary)))
    if slips := max((item.slips for item in scores), default=0):
        yield f"the user slipped in {slips:,} conversations; pass^1 without them is under `without`"
    if assumed := sum(item.assumed for item in scores):
        yield f"plain-language assertions of {assumed:,} conversations were not read but {judge}"
