"""`writ show`: one conversation, to be read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from writ_async.cli.output import print_tables, tell_shortfalls
from writ_async.cli.tables import new_table
from writ_async.cli.terminal import open_console, visible, visible_line
from writ_async.commands.show import Wanted, choose_row, listed_rows
from writ_async.core.message import AssistantMessage, ToolCall, ToolMessage, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Finding, Trajectory, WriteEvidence
from writ_async.runs.view import RunView

_RESULT_WIDTH = 240


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    tell_shortfalls(arguments.path)
    view = RunView.open(arguments.path)
    tasks = {task.id: task for task in view.tasks()}
    wanted = Wanted(
        id=arguments.id or "",
        reason=arguments.reason or "",
        level=arguments.level,
        kind=arguments.kind,
        where=arguments.where,
        seed=arguments.random,
    )
    if arguments.list:
        _list_rows(listed_rows(view, wanted), tasks)
        return 0
    trajectory = choose_row(view, tasks, wanted)
    console = open_console()
    task = tasks.get(trajectory.task_id)
    if task is not None:
        _print_task(console, task)
    _print_messages(console, trajectory, sys.maxsize if arguments.full else _RESULT_WIDTH)
    _print_verdict(console, trajectory)
    return 0


def _list_rows(rows: Iterable[Trajectory], tasks: dict[str, Task]) -> None:
    table = new_table(("row", "kind", "level"), ("reward", "messages"))
    table.add_column("verdict", no_wrap=False)
    for row in rows:
        task, verdict = tasks.get(row.task_id), row.verdict
        level = task.proof.level if task is not None and task.proof is not None else ""
        if verdict is None:
            said, reward = row.termination.value, ""
        else:
            reasons = dict.fromkeys(finding.reason for finding in verdict.findings)
            said, reward = ("kept" if verdict.kept else ", ".join(reasons)), f"{verdict.reward.reward:g}"
        table.add_row(Text(row.id), row.kind, level, reward, f"{len(row.messages):,}", Text(said))
    print_tables(table)


def _shown(text: str) -> str:
    """A text of others, to stand in markup."""
    return escape(visible(text))


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
    found = _findings_by_message(trajectory)
    for place, message in enumerate(trajectory.messages):
        if isinstance(message, UserMessage):
            if message.content or not message.tool_calls:
                console.print(Text.assemble(("user   ", "bold green"), visible(message.content or "")))
            _print_calls(console, "user's ", message.tool_calls)
        elif isinstance(message, AssistantMessage):
            if message.reasoning:
                console.print(Text.assemble(("think  ", "bold magenta"), (visible(message.reasoning), "dim italic")))
            if message.content:
                console.print(Text.assemble(("agent  ", "bold cyan"), visible(message.content)))
            _print_calls(console, "call   ", message.tool_calls)
        elif isinstance(message, ToolMessage):
            text = message.content if len(message.content) <= width else f"{message.content[:width]}…"
            console.print(Padding(Text(visible(text), style="red" if message.error else "dim"), (0, 0, 0, 7)))
        for finding in found.get(place, ()):
            said = f"{finding.reason}: {finding.detail}" if finding.detail else finding.reason
            console.print(Text.assemble(("found  ", "bold red"), (visible_line(said), "red")))


def _print_calls(console: Console, whose: str, calls: Sequence[ToolCall]) -> None:
    for call in calls:
        console.print(
            Text.assemble(
                (whose, "bold yellow"),
                visible_line(call.function.name),
                (f" {visible_line(call.function.arguments)}", "yellow"),
            )
        )


def _findings_by_message(trajectory: Trajectory) -> dict[int, list[Finding]]:
    """The findings about single messages, each at its own."""
    found: dict[int, list[Finding]] = {}
    for finding in trajectory.verdict.findings if trajectory.verdict is not None else ():
        if 0 <= finding.message < len(trajectory.messages):
            found.setdefault(finding.message, []).append(finding)
    return found


def _agreed(write: WriteEvidence) -> str:
    """How a write was agreed upon, in one line."""
    case = write.confirmation
    if case is None or case.asked < 0:
        return f"{write.name}: {write.unconfirmed or 'nobody was asked'}"
    answer = f"the answer [{case.answered}] agreed by “{case.agreed}”" if case.agreed else "no answer agreed"
    wanting = f"; wanting: {case.wanting}" if case.wanting else ""
    return f"{write.name}: asked in [{case.asked}], {answer}{wanting}"


def _is_users(write: WriteEvidence, trajectory: Trajectory) -> bool:
    """Whether a write was made with a tool of the user's."""
    return bool(write.name) and isinstance(trajectory.messages[write.message], UserMessage)


def _print_verdict(console: Console, trajectory: Trajectory) -> None:
    verdict = trajectory.verdict
    if verdict is None:
        console.print(Panel(f"ended by {trajectory.termination.value}; not judged", border_style="yellow"))
        return
    lines = [
        f"reward {verdict.reward.reward:g} · ended by {trajectory.termination.value} · state {trajectory.digest[:12]}…"
    ]
    lines += [f"[red]{_shown(f.reason)}[/red] {_shown(f.detail[:300])}" for f in verdict.findings]
    steps = [write for write in verdict.writes if _is_users(write, trajectory)]
    lines += [f"[dim]agreed[/dim] {_shown(_agreed(one))}" for one in verdict.writes if one.name and one not in steps]
    lines += [f"[dim]done by the user[/dim] {_shown(write.name)} [{write.message}]" for write in steps]
    lines += [f"[dim]the script notes: {_shown(note.kind)} {_shown(note.detail)}[/dim]" for note in trajectory.notes]
    title = "kept" if verdict.kept else "rejected"
    style = "green" if verdict.kept else "red"
    console.print(
        Panel("\n".join(lines), title=f"{title} · {_shown(trajectory.id)}", title_align="left", border_style=style)
    )
