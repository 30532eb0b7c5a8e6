"""What the progress says while calls fail."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TextColumn

from writ_async.cli import progress as shown
from writ_async.core.engine import CallCounts
from writ_async.runs.progress import Progress


def failing(number: int, last: str = "HTTP 503: upstream overloaded") -> Progress:
    return Progress(total=20, calls={"agent": CallCounts(calls=20, attempts=60, failing=number, last_failure=last)})


def test_a_line_says_how_many_calls_fail_now_and_why() -> None:
    line = shown._progress_line(failing(20), 10.0)
    assert line.endswith("; 20 calls failing now and tried again: HTTP 503: upstream overloaded")


def test_calls_of_both_seats_are_counted() -> None:
    progress = failing(3)
    progress.calls["user"] = CallCounts(failing=4, last_failure="refused")
    assert "7 calls failing now" in shown._progress_line(progress, 1.0)


def test_calls_that_wait_for_a_limit_are_counted_too() -> None:
    progress = Progress(total=20, calls={"agent": CallCounts(calls=20, held_back=12)})
    assert shown._progress_line(progress, 1.0).endswith("; 12 calls wait for a limit of the server")


@pytest.mark.parametrize("progress", [Progress(total=1), failing(0), failing(2, last="")])
def test_nothing_is_said_while_no_call_fails(progress: Progress) -> None:
    assert "failing" not in shown._progress_line(progress, 1.0)


def test_the_bar_says_it_too_and_takes_no_orders_from_a_server() -> None:
    file = io.StringIO()
    with Bars(TextColumn("{task.fields[state]}"), console=Console(file=file, width=200), auto_refresh=False) as bars:
        bar = bars.add_task("synth", total=20, state="")
        shown._update_bar(bars, bar, failing(20, last="[bold]HTTP\x1b[2J 503[/nothing]"))
    assert "20 calls failing now and tried again: [bold]HTTP\\x1b[2J 503[/nothing]" in file.getvalue()
