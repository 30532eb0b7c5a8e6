"""The rows of a run without their words: what scores and reports count, read once."""

from __future__ import annotations

import csv
from collections import Counter

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_async.core.trajectory import Termination, Trajectory, Usage
from writ_async.errors import InputError
from writ_async.runs.early_stop import parse_stop_early, settled_of
from writ_async.runs.row_selection import load_known_domains
from writ_async.runs.view import TIMINGS, RunView
from writ_async.verify.benchmark_slips import slipped
from writ_async.verify.blame import Blame, blame_of
from writ_async.verify.judge import JUDGES
from writ_async.verify.pass_k import is_success
from writ_async.verify.process import Process, process_of


class RowNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """One finished conversation. `reward` is None where nobody knows it: it was stopped early, or not judged.

    `reasons` are those of its findings, each once. `process` is None where the domain is not known any more, `seconds`
    where no timing was stored. `usage` is by seat.
    """

    id: str
    task_id: str
    reward: float | None
    kept: bool
    judged: bool
    slipped: bool
    blame: Blame | None
    termination: Termination
    steps: int
    usage: dict[str, Usage]
    reasons: tuple[str, ...] = ()
    process: Process | None = None
    seconds: float | None = None

    @property
    def solved(self) -> bool:
        """Whether the benchmark's reward is that of a success."""
        return self.reward is not None and is_success(self.reward)


class RunRows(msgspec.Struct):
    """The rows of a run by task and trial, and the trials that have none, counted by task.

    settled: not played, for other trials had decided the task. failed: attempts that something outside ended. unjudged:
    trials that were tried, and have no row all the same. assumes: plain-language assertions were not read.
    """

    tasks: dict[str, Task]
    rows: list[RowNumbers]
    settled: Counter[str]
    failed: Counter[str]
    unjudged: Counter[str]
    assumes: bool = False

    @classmethod
    def empty(cls) -> RunRows:
        """Those of a run that has not got so far."""
        return cls({}, [], Counter(), Counter(), Counter())


def read_rows(run: RunView) -> RunRows:
    """Read all rows of a run; one is held at a time. Raises `InputError` for a row whose task the run does not have."""
    tasks = {task.id: task for task in run.tasks()}
    domains = load_known_domains(task.domain for task in tasks.values())
    seconds = _read_seconds(run)
    trials = int(run.manifest.config.get("trials", 1))
    rule = settled_of(parse_stop_early(run.manifest.config.get("stop_early", ()), trials), trials)
    found = RunRows.empty()
    found.tasks = tasks
    found.assumes = run.manifest.config.get("judge", JUDGES[0]) in JUDGES
    played: Counter[str] = Counter()
    for row in run.ordered(tokens=False):
        if row.task_id not in tasks:
            raise InputError(f"{run.path}: row {row.id!r} names a task that is not in tasks.jsonl")
        found.rows.append(_numbers(row, tasks[row.task_id], domains.get(row.domain), seconds.get(row.id)))
        played[row.task_id] += 1
        if rule is not None:
            rule.add(row)
    if rule is not None:
        for task_id in tasks:
            if rule.settles(task_id) and played[task_id] < trials:
                found.settled[task_id] = trials - played[task_id]
    _count_failures(run, found)
    return found


def _numbers(row: Trajectory, task: Task, domain: Domain | None, seconds: float | None) -> RowNumbers:
    verdict = row.verdict
    known = verdict is not None and row.termination is not Termination.STOPPED_EARLY
    return RowNumbers(
        id=row.id,
        task_id=row.task_id,
        reward=verdict.reward.reward if verdict is not None and known else None,
        kept=verdict is not None and verdict.kept,
        judged=verdict is not None,
        slipped=verdict is not None and slipped(verdict.findings),
        blame=blame_of(row),
        termination=row.termination,
        steps=row.steps,
        usage=row.usage,
        reasons=tuple(dict.fromkeys(finding.reason for finding in verdict.findings)) if verdict else (),
        process=process_of(row.messages, verdict.writes if verdict else (), domain.tools, task.actions)
        if domain is not None
        else None,
        seconds=seconds,
    )


def _count_failures(run: RunView, found: RunRows) -> None:
    done = {row.id for row in found.rows}
    lost: dict[str, str] = {}
    for row in run.failures():
        if row.termination is not Termination.STOPPED_EARLY:
            found.failed[row.task_id] += 1
            if row.id not in done:
                lost[row.id] = row.task_id
    found.unjudged.update(lost.values())
    found.unjudged.update(row.task_id for row in found.rows if not row.judged)


def _read_seconds(run: RunView) -> dict[str, float]:
    """Seconds from the start of each conversation to its end, by the ids of rows; lines that broke off are left out."""
    path = run.path / TIMINGS
    if not path.is_file():
        return {}
    found: dict[str, float] = {}
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for line in csv.DictReader(file):
            try:
                found[line["id"]] = float(line["seconds"])
            except (KeyError, TypeError, ValueError):
                continue
    return found
