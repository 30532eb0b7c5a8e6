"""The table of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from writ_async.pipelines.scores import Score
from writ_async.verify.passk import Interval

_MOST = 4  # columns of pass^k; all of them are in --json


def render_scores(scores: Sequence[Score]) -> Any:
    """A rich table with a line per group; fits 100 columns."""
    from rich import box
    from rich.table import Table

    most = min(_MOST, max((len(score.pass_hat) for score in scores), default=0))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tasks from", no_wrap=True)
    for heading in ("tasks", "trials", "reward", *(f"pass^{k}" for k in range(1, most + 1)), "strict"):
        table.add_column(heading, justify="right", no_wrap=True)
    for score in scores:
        if score.name == "all":
            table.add_section()
        hats = [_interval(score.pass_hat[k]) if k < len(score.pass_hat) else "–" for k in range(most)]
        cells = (f"{score.tasks:,}", f"{score.trials:,}", f"{score.mean_reward:.3f}", *hats, f"{score.strict:.3f}")
        table.add_row(score.name, *cells, style="bold" if score.name == "all" else "")
    return table


def _interval(value: Interval) -> str:
    half = max(value.high - value.estimate, value.estimate - value.low)
    return f"{value.estimate:.3f}±{half:.2f}".replace("±0.", "±.") if half else f"{value.estimate:.3f}"
