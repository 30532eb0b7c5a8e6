"""`writ plan`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.settings import parse_engine_options
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import say
from writ_async.commands.plan import FIXED, Outcome, PlanConfig, plan_run
from writ_async.commands.plan_gpus import Assumptions, Needs, needs_of, parse_assumptions
from writ_async.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if arguments.servers < 1:
        raise InputError(f"--servers must be at least 1, not {arguments.servers}")
    config = PlanConfig(
        domains=tuple(arguments.domains),
        n=arguments.n,
        trials=arguments.trials,
        seed=arguments.seed,
        mix=arguments.mix,
        fixed=tuple(arguments.fixed or FIXED),
        options={
            "model": arguments.model,
            "gpu": arguments.gpu,
            "servers": arguments.servers,
            **parse_engine_options("--engine-option", arguments.engine_option),
        },
    )
    assumed = parse_assumptions(parse_engine_options("--assume", arguments.assume).items())
    outcomes = plan_run(config)
    best = max(outcomes, key=lambda outcome: outcome.conversations_per_hour)
    needs = None
    if arguments.gpus is not None:
        conversations = config.n * config.trials
        needs = needs_of(best, conversations, arguments.servers, arguments.gpus, arguments.rows, assumed)
    if arguments.json:
        told = {"model": arguments.model, "gpu": arguments.gpu, "servers": arguments.servers}
        print_json({**told, "outcomes": outcomes, "best": best.admission, "needs": needs})
        return 0
    print_tables(_table(outcomes, best))
    say(
        f"best: {best.admission}, {best.conversations_per_hour:,.0f} conversations an hour "
        f"with {best.live:,.0f} live on average"
    )
    if needs is not None:
        print_tables(_needs_table(needs, arguments.gpu))
        for line in _assumed_lines(needs.assumptions):
            say(line)
    return 0


def _needs_table(needs: Needs, gpu: str) -> Table:
    """What all of them do and need."""
    table = new_table((f"{needs.gpus:,} {gpu}, {needs.machines:,} machines",), ("",))
    for name, value in (
        ("conversations an hour", f"{needs.conversations_per_hour:,.0f}"),
        ("conversations live", f"{needs.live:,.0f}"),
        ("model calls a second", f"{needs.calls:,.0f}"),
        ("tokens a second, written", f"{needs.output_tokens:,.0f}"),
        ("tokens a second, of prompts", f"{needs.prompt_tokens:,.0f}"),
        ("tokens a second, computed of prompts", f"{needs.prefilled_tokens:,.0f}"),
        ("client: cores", f"{needs.cores:,.0f}"),
        ("client: processes", f"{needs.processes:,}"),
        ("client: RAM of a process", f"{needs.memory_bytes / 2**20:,.0f} MiB"),
        ("client: cores that draw tasks as fast", f"{needs.drawing_cores:,.0f}"),
        ("network: clients to servers", f"{needs.network_bytes / 1e9:,.2f} GB/s"),
        ("network: rows to the shared file system", f"{needs.written_bytes / 1e6:,.0f} MB/s"),
        (f"disk: {needs.rows:,} rows", f"{needs.disk_bytes / 1e9:,.1f} GB"),
        (f"hours: {needs.rows:,} rows", f"{needs.hours:,.2f}"),
        ("hours: one process draws their tasks", f"{needs.drawing_hours:,.2f}"),
    ):
        table.add_row(name, value)
    return table


def _assumed_lines(assumed: Assumptions) -> list[str]:
    """What it rests on, beside the simulation."""
    return [
        f"assumed: {assumed.call_cpu * 1e6:,.0f} µs of CPU for a call, {assumed.row_cpu * 1e3:,.1f} ms for a verdict, "
        f"{assumed.task_cpu * 1e3:,.1f} ms for a task; processes {100 * assumed.busy:.0f} % busy, "
        f"{assumed.process_bytes / 2**20:,.0f} MiB each; {assumed.live_bytes / 1e3:,.0f} kB for a live conversation "
        f"and {assumed.live_token_bytes:,.0f} B for each of its tokens; {assumed.token_bytes:,.0f} B for a token sent; "
        f"{assumed.gpus_per_machine:,} GPUs a machine (--assume KEY=VALUE)",
        "each GPU does what the simulated one does: conversations stay on one server, and servers share nothing",
    ]


def _table(outcomes: list[Outcome], best: Outcome) -> Table:
    """Shares are of the server's time; `steps` is the part of decoding that larger batches would spread."""
    table = new_table(
        ("live conversations",), ("per hour", "hits %", "live", "batch", "prefill %", "decode %", "steps %", "idle %")
    )
    for outcome in outcomes:
        table.add_row(
            outcome.admission,
            f"{outcome.conversations_per_hour:,.0f}",
            f"{100 * outcome.hit_rate:.1f}",
            f"{outcome.live:,.0f}",
            f"{outcome.batch:,.0f}",
            *(
                f"{100 * share:.1f}"
                for share in (outcome.prefill_share, outcome.decode_share, outcome.base_share, outcome.idle_share)
            ),
            style="bold" if outcome is best else "",
        )
    return table
