"""`writ plan`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from writ_async.cli.output import print_json, print_tables
from writ_async.cli.settings import parse_engine_options
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import say
from writ_async.commands.plan import FIXED, Outcome, PlanConfig, plan_run
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
    outcomes = plan_run(config)
    best = max(outcomes, key=lambda outcome: outcome.conversations_per_hour)
    if arguments.json:
        told = {"model": arguments.model, "gpu": arguments.gpu, "servers": arguments.servers}
        print_json({**told, "outcomes": outcomes, "best": best.admission})
        return 0
    print_tables(_table(outcomes, best))
    say(
        f"best: {best.admission}, {best.conversations_per_hour:,.0f} conversations an hour "
        f"with {best.live:,.0f} live on average"
    )
    return 0


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
