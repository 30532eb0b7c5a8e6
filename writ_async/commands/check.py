"""`writ check`: verdicts on trajectories that anybody made, and the contamination report of a run."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from writ_async.commands.check_lines import CheckedLine, line_of, line_of_unreadable
from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.contamination import Contamination, measure_contamination
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.foreign import BadRow, read_foreign
from writ_async.formats.foreign.files import files_below
from writ_async.formats.foreign.places import PlaceFinder
from writ_async.formats.foreign.verdicts import FOREIGN_REASONS, Checked, at_places_of, check_row
from writ_async.registry import load_benchmark
from writ_async.runs.own_files import refuse_own_files
from writ_async.runs.view import MANIFEST, RunView
from writ_async.runs.worlds import open_worlds, world_key
from writ_async.runs.writing import replacing
from writ_async.verify.benchmark_slips import SLIPS, slipped
from writ_async.verify.judge import judge_of_row
from writ_async.verify.reasons import Reason
from writ_async.verify.user_slips import UserReason
from writ_async.verify.verdict import judge_trajectory

RUN = "run"
ANY = "any"
"""Stands for every reason of more than a remark."""
REASONS = frozenset({*map(str, Reason), *map(str, UserReason), *FOREIGN_REASONS})
"""All reasons that findings may have."""


class CheckReport(msgspec.Struct):
    """Counts over all rows. `findings` counts the rows in which a thing was found, `evidence` rows by their label.

    `clean` rows have nothing but remarks against them.

    `rewarded` rows have an outcome that could be judged, and `solved` of them have reward 1; `stated` is how many the
    file itself calls solved, of `stated_of` that it says anything about, and `disagreeing` how many of them we judge
    otherwise. `unreadable` rows are in `bad`.

    In `slips` rows the simulated user slipped; `slips_solved` of the `slips_rewarded` of them that have a reward, ours
    or else the file's, have 1, as have `all_solved` of all `all_rewarded`. `pass_1` is the share of these, and
    `pass_1_without` that of them in which the user did not slip; None where no reward is known. `slip_kinds` counts
    those rows by what the user did wrong.
    """

    rows: int = 0
    clean: int = 0
    calls: int = 0
    writes: int = 0
    replayed: int = 0
    formats: dict[str, int] = {}
    domains: dict[str, int] = {}
    kinds: dict[str, int] = {}
    evidence: dict[str, int] = {}
    findings: dict[str, int] = {}
    rewarded: int = 0
    solved: int = 0
    stated: int = 0
    stated_of: int = 0
    disagreeing: int = 0
    slips: int = 0
    slip_kinds: dict[str, int] = {}
    slips_solved: int = 0
    slips_rewarded: int = 0
    all_solved: int = 0
    all_rewarded: int = 0
    pass_1: float | None = None
    pass_1_without: float | None = None
    bad: list[BadRow] = []

    def add(self, row: Checked) -> None:
        """Count one more row."""
        self.rows += 1
        self.clean += row.clean
        self.calls += row.calls
        self.writes += sum(bool(write.name) for write in row.writes)
        self.replayed += row.replayed
        for counts, key in (
            (self.formats, row.format),
            (self.domains, row.domain),
            (self.kinds, row.kinds),
            (self.evidence, row.evidence or "no_write"),
        ):
            counts[key] = counts.get(key, 0) + 1
        for reason in dict.fromkeys(finding.reason for finding in row.findings):
            self.findings[reason] = self.findings.get(reason, 0) + 1
            if reason in SLIPS:
                self.slip_kinds[reason] = self.slip_kinds.get(reason, 0) + 1
        ours = None if row.reward is None else row.reward.reward
        self.rewarded += ours is not None
        self.solved += ours == 1
        self._add_slips(slipped(row.findings), row.stated_reward if ours is None else ours)
        if row.stated_reward is not None:
            self.stated_of += 1
            self.stated += row.stated_reward == 1
            self.disagreeing += ours is not None and ours != row.stated_reward

    def _add_slips(self, slip: bool, reward: float | None) -> None:
        self.slips += slip
        if reward is not None:
            self.all_rewarded += 1
            self.slips_rewarded += slip
            self.all_solved += reward == 1
            self.slips_solved += slip and reward == 1
            self.pass_1 = self.all_solved / self.all_rewarded
            if others := self.all_rewarded - self.slips_rewarded:
                self.pass_1_without = (self.all_solved - self.slips_solved) / others


def check_rows(
    paths: PathLike | Sequence[PathLike],
    *,
    data: str | None = None,
    benchmark: str = "tau2",
    domain: str = "",
    writes: Collection[str] = (),
    out: PathLike | None = None,
) -> CheckReport:
    """Check files of trajectories, folders of such files, and run folders; write one verdict a line to `out`.

    `data` is the folder of `benchmark`: its worlds are replayed in, its tasks give rewards where a file has no own.
    `domain` is that of all rows, `writes` are the tools that change something where no domain is known. `out` is
    written whole or not at all. Raises `InputError` when a file cannot be read at all; of several, when none can be.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    report = CheckReport()
    places = PlaceFinder(benchmark, data, domain, writes)
    lines = _check_all(list(_expand(given)), data, places, report)
    if out is None:
        for _ in lines:
            pass
        return report
    encode = msgspec.json.Encoder().encode
    refuse_own_files(out, *given)
    with replacing(out) as file:
        for line in lines:
            file.write(encode(line) + b"\n")
    return report


def _expand(paths: Iterable[PathLike]) -> Iterator[Path]:
    """Files and run folders as they are, any other folder as the files of trajectories below it, by name.

    Raises `InputError` for a folder without any.
    """
    for path in map(Path, paths):
        if not path.is_dir() or (path / MANIFEST).is_file():
            yield path
            continue
        yield from files_below(path)


def _check_all(
    paths: Sequence[Path], data: str | None, places: PlaceFinder, report: CheckReport
) -> Iterator[CheckedLine]:
    """The lines of all paths. Of several, those that cannot be read at all are bad rows; raises where none can be."""
    unread = 0
    for path in paths:
        try:
            yield from _check_path(path, data, places, report, several=len(paths) > 1)
        except InputError as exc:
            unread += 1
            if unread == len(paths):
                raise
            reason = str(exc).removeprefix(f"{path}: ")
            report.bad.append(BadRow(str(path), reason))


def _check_path(
    path: Path, data: str | None, places: PlaceFinder, report: CheckReport, *, several: bool
) -> Iterator[CheckedLine]:
    if path.is_dir():
        for checked in _check_run(RunView.open(path), data):
            report.add(checked)
            yield line_of(checked, str(path))
        return
    for row in read_foreign(path):
        if isinstance(row, BadRow):
            report.bad.append(BadRow(f"{path}: {row.place}" if several else row.place, row.reason))
            yield line_of_unreadable(row, str(path))
            continue
        place = places.find(row)
        checked = at_places_of(row, check_row(row, place.domain, place.kinds, place.world, place.task))
        report.add(checked)
        yield line_of(checked, str(path))


def _check_run(run: RunView, data: str | None) -> Iterator[Checked]:
    """The rows of one of our runs, judged again by their tasks."""
    tasks = {task.id: task for task in run.tasks()}
    worlds = open_worlds(tasks.values(), data, told=run.prompts())
    judge = run.manifest.config.get("judge", "assume-met")
    for row in run.ordered():
        task = tasks.get(row.task_id)
        if task is None:
            raise InputError(f"{run.path}: row {row.id!r} names a task that is not in tasks.jsonl")
        opened = worlds[world_key(task.world)]
        verdict = judge_trajectory(task, row, opened.domain, opened.world, judge_of_row(judge, row))
        yield Checked(
            id=row.id,
            format=RUN,
            domain=row.domain,
            kinds="domain",
            messages=len(row.messages),
            calls=len(row.chain),
            evidence=verdict.evidence,
            findings=verdict.findings,
            writes=verdict.writes,
            replayed=len(row.chain),
            reward=verdict.reward,
            stated_reward=_stated_reward(row),
        )


def _stated_reward(row: Trajectory) -> float | None:
    return None if row.verdict is None else row.verdict.reward.reward


def check_contamination(
    run_path: PathLike, *, data: str | None = None, benchmark: str = "tau2", out: PathLike | None = None
) -> Contamination:
    """Compare a run with a benchmark's tasks, of the domains that the run has; write the report to `out` as JSON.

    Raises `InputError` when either cannot be opened.
    """
    run = RunView.open(run_path)
    tasks = run.tasks()
    made = load_benchmark(benchmark)
    theirs: list[Task] = []
    domains: dict[str, Domain] = {}
    for name in dict.fromkeys(task.domain for task in tasks):
        loaded = made.load(name, data)
        theirs += loaded.tasks
        domains[name] = loaded.environment.domain
    label = f"{benchmark}: {', '.join(domains)}" if domains else benchmark
    report = measure_contamination(Path(run.path).name, label, tasks, run.ordered(), theirs, domains)
    if out is not None:
        refuse_own_files(out)
        with replacing(out) as file:
            file.write(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return report
