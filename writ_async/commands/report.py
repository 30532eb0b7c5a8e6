"""`writ report`: what runs came to, as one page to send, Markdown, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from writ_async import api
from writ_async.commands.compare import compare_runs
from writ_async.core.prices import read_prices
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.report.document import compose
from writ_async.report.gather import Against, Oracle, Report, RunReport, gather_runs
from writ_async.report.links import parse_viewer
from writ_async.report.markdown import to_markdown
from writ_async.report.page import require_page, to_page
from writ_async.runs.scores import group_name
from writ_async.runs.view import RunView
from writ_async.runs.writing import write_whole

_SAMPLE = 200
"""Most tasks of a run that the oracle plays; of more a sample, always the same."""


class Written(msgspec.Struct, frozen=True):
    """A report as it was made: what it knows, its Markdown, and the files that were written with their bytes."""

    report: Report
    markdown: str
    files: dict[str, int]


def make_report(
    paths: Sequence[PathLike],
    *,
    out: PathLike | None = None,
    md: PathLike | None = None,
    json: PathLike | None = None,
    viewer: str = "",
    data: str | None = None,
    prices: PathLike | None = None,
    oracle: bool = True,
) -> Written:
    """Report on runs, the first of which is what the others are held against, and write the files that are named.

    `out` is an HTML page, `md` Markdown, `json` all numbers. `viewer` is the address of a viewer of these runs that is
    up, to which rows are linked. `data` is the benchmark's folder, `prices` a TOML file of dollars per million tokens
    by model. With `oracle` the agent that knows the gold plays tasks of evaluations, 200 at most of each. Nothing is
    written where something is wrong. Raises `InputError` and `StorageError`.
    """
    wanted = {str(path): path for path in (out, md, json) if path is not None}
    if len(wanted) < sum(path is not None for path in (out, md, json)):
        raise InputError("report: two of --out, --md and --json name one file; give each a file of its own")
    for path in wanted.values():
        if Path(path).is_dir():
            raise InputError(f"{path}: is a folder; name the file to write")
    if out is not None:
        require_page()
    address = parse_viewer(viewer)
    runs = gather_runs(paths, data=data, prices=read_prices(Path(prices)) if prices is not None else {})
    evaluations = [run for run in runs if run.kind == "eval"]
    report = Report(
        runs,
        [_hold_against(evaluations[0], run) for run in evaluations[1:]],
        [found for run in evaluations for found in _play_oracle(run, data)] if oracle else [],
    )
    document = compose(report, address)
    markdown = to_markdown(document)
    texts: list[tuple[PathLike | None, bytes]] = [
        (out, to_page(document).encode() if out is not None else b""),
        (md, markdown.encode()),
        (json, msgspec.json.format(msgspec.json.encode(report)) + b"\n"),
    ]
    files = {str(path): text for path, text in texts if path is not None}
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(name), text)
    return Written(report, markdown, {name: len(text) for name, text in files.items()})


def _hold_against(first: RunReport, other: RunReport) -> Against:
    try:
        found = compare_runs(first.path, other.path)
    except InputError as exc:
        return Against(other.label, why=str(exc))
    return Against(other.label, found.tasks, found.difference)


def _play_oracle(run: RunReport, data: str | None) -> list[Oracle]:
    tasks = list(RunView.open(run.path).tasks())
    chosen = tasks if len(tasks) <= _SAMPLE else _sample(tasks)
    try:
        rows = api.run(chosen, data=data)
    except InputError as exc:
        return [Oracle(run.label, "all", 0, len(tasks), None, str(exc))]
    kept = {row.task_id: row.verdict is not None and row.verdict.kept for row in rows}
    found = []
    for name in dict.fromkeys([*map(group_name, tasks), "all"]):
        of = [task for task in tasks if name in ("all", group_name(task))]
        played = [kept[task.id] for task in of if task.id in kept]
        if played:
            found.append(Oracle(run.label, name, len(played), len(of), sum(played) / len(played)))
    return found


def _sample(tasks: Sequence[Task]) -> list[Task]:
    places = sorted(Random(0).sample(range(len(tasks)), _SAMPLE))
    return [tasks[place] for place in places]
