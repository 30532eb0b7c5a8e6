"""`writ show`: one conversation, to be read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from writ_async.cli.output import tell_shortfalls
from writ_async.cli.terminal import open_console, visible, visible_line
from writ_async.core.message import AssistantMessage, ToolMessage, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.rows.run_rows import where_test
from writ_async.runs.view import RunView

_RESULT_WIDTH = 240


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    tell_shortfalls(arguments.path)
    view = RunView.open(arguments.path)
    tasks = {task.id: task for task in view.tasks()}
    rows = view.trajectories()
    if arguments.where:
        rows = filter(where_test(view, arguments.where), rows)
    trajectory = _choose(rows, tasks, arguments.id, arguments.reason)
    if trajectory is None:
        wanted = arguments.id or (f"a row rejected for {arguments.reason}" if arguments.reason else "a row")
        wanted += f" that passes {arguments.where}" if arguments.where else ""
        raise InputError(f"{arguments.path}: has not {wanted}; see {arguments.path}/trajectories.jsonl")
    console = open_console()
    task = tasks.get(trajectory.task_id)
    if task is not None:
        _print_task(console, task)
    _print_messages(console, trajectory, sys.maxsize if arguments.full else _RESULT_WIDTH)
    _print_verdict(console, trajectory)
    return 0


def _choose(
    rows: Iterable[Trajectory], tasks: dict[str, Task], wanted: str | None, reason: str | None
) -> Trajectory | None:
    """The row asked for; without a wish the kept one whose largest certificate has most cells, by id among equals."""
    best: tuple[int, str] | None = None
    chosen: Trajectory | None = None
    for row in rows:
        verdict = row.verdict
        if wanted is not None:
            if row.id == wanted:
                return row
            continue
        if reason is not None:
            fits = verdict is not None and any(finding.reason == reason for finding in verdict.findings)
            rank = (0, row.id)
        else:
            fits = True
            kept = verdict is not None and verdict.kept
            rank = (-_burden(tasks.get(row.task_id)) if kept else 1, row.id)
        if fits and (best is None or rank < best):
            best, chosen = rank, row
    return chosen


def _shown(text: str) -> str:
    """A text of others, to stand in markup."""
    return escape(visible(text))


def _burden(task: Task | None) -> int:
    return max((len(certificate.cells) for certificate in task.certificates), default=0) if task else 0


def _print_task(console: Console, task: Task) -> None:
    lines = [f"[bold]{_shown(task.scenario.reason_for_call or task.scenario.text)}[/bold]"]
    lines += [_shown(text) for text in (task.scenario.known_info, task.scenario.task_instructions) if text]
    if task.behaviour is not None:
        lines.append(f"[dim]user[/dim] {_shown(task.behaviour.label)}")
    for certificate in task.certificates:
        cells = ", ".join(dict.fromkeys(cell.name for cell in certificate.cells))
        write = "none due"
        if certificate.write is not None:
            write = (task.actions or ())[certificate.write].name
        rests = f"rests on {len(certificate.cells)} reads ({_shown(cells)})"
        lines.append(f"[dim]gold write[/dim] {_shown(write)} [dim]{rests}[/dim]")
    title = _shown(f"{task.domain} · {task.kind} · {task.recipe or task.id}")
    console.print(Panel("\n".join(lines), title=title, title_align="left", border_style="blue"))


def _print_messages(console: Console, trajectory: Trajectory, width: int) -> None:
    for message in trajectory.messages:
        if isinstance(message, UserMessage):
            console.print(Text.assemble(("user   ", "bold green"), visible(message.content or "")))
        elif isinstance(message, AssistantMessage):
            if message.reasoning:
                console.print(Text.assemble(("think  ", "bold magenta"), (visible(message.reasoning), "dim italic")))
            if message.content:
                console.print(Text.assemble(("agent  ", "bold cyan"), visible(message.content)))
            for call in message.tool_calls:
                console.print(
                    Text.assemble(
                        ("call   ", "bold yellow"),
                        visible_line(call.function.name),
                        (f" {visible_line(call.function.arguments)}", "yellow"),
                    )
                )
        elif isinstance(message, ToolMessage):
            text = message.content if len(message.content) <= width else f"{message.content[:width]}…"
            console.print(Padding(Text(visible(text), style="red" if message.error else "dim"), (0, 0, 0, 7)))


def _print_verdict(console: Console, trajectory: Trajectory) -> None:
    verdict = trajectory.verdict
    if verdict is None:
        console.print(Panel(f"ended by {trajectory.termination.value}; not judged", border_style="yellow"))
        return
    lines = [
        f"reward {verdict.reward.reward:g} · ended by {trajectory.termination.value} · state {trajectory.digest[:12]}…"
    ]
    lines += [f"[red]{_shown(f.reason)}[/red] {_shown(f.detail[:300])}" for f in verdict.findings]
    lines += [f"[dim]the script notes: {_shown(note.kind)} {_shown(note.detail)}[/dim]" for note in trajectory.notes]
    title = "kept" if verdict.kept else "rejected"
    style = "green" if verdict.kept else "red"
    console.print(
        Panel("\n".join(lines), title=f"{title} · {_shown(trajectory.id)}", title_align="left", border_style=style)
    )
