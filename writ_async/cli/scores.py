"""The table of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from writ_async.runs.scores import Score
from writ_async.verify.passk import Interval

_UNKNOWN = "–"
_MOST = 4  # columns of pass^k; all of them are in --json


def render_scores(scores: Sequence[Score]) -> Any:
    """A rich table with a line per group; fits 100 columns. What is not known of any group has no column."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tasks from", no_wrap=True)
    columns = [column for column in _columns(scores) if set(column[1]) != {_UNKNOWN}]
    for heading, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for row, score in enumerate(scores):
        if score.name == "all":
            table.add_section()
        table.add_row(score.name, *(cells[row] for _, cells in columns), style="bold" if score.name == "all" else "")
    return table


def _columns(scores: Sequence[Score]) -> list[tuple[str, list[str]]]:
    """Each column's heading and its cells."""
    columns = [
        ("tasks", [f"{score.tasks:,}" for score in scores]),
        ("trials", [f"{score.trials:,}" for score in scores]),
    ]
    columns.append(("reward", [_share(score.mean_reward) for score in scores]))
    for k in range(min(_MOST, max((len(score.pass_hat) for score in scores), default=0))):
        hats = [score.pass_hat[k] if k < len(score.pass_hat) else None for score in scores]
        columns.append((f"pass^{k + 1}", [_interval(hat) for hat in hats]))
    columns.append(("strict", [_share(score.strict) for score in scores]))
    return columns


def _share(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.3f}"


def _interval(value: Interval | None) -> str:
    if value is None:
        return _UNKNOWN
    half = max(value.high - value.estimate, value.estimate - value.low)
    return f"{value.estimate:.3f}±{half:.2f}".replace("±0.", "±.") if half else f"{value.estimate:.3f}"
