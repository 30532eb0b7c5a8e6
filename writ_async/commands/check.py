"""`writ check`: verdicts on trajectories that anybody made, and the contamination report of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from writ_async.core.benchmark import Subset
from writ_async.core.domain import Domain
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.contamination import Contamination, measure_contamination
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.foreign import BadRow, Foreign, read_foreign
from writ_async.formats.foreign.verdicts import Checked, check_row, domain_for, guess_domain
from writ_async.registry import load_benchmark, load_domain, registered_names
from writ_async.runs.view import MANIFEST, RunView
from writ_async.runs.worlds import open_worlds, world_key
from writ_async.runs.writing import replacing
from writ_async.verify.judge import load_judge
from writ_async.verify.verdict import judge_trajectory

RUN = "run"


class CheckReport(msgspec.Struct):
    """Counts over all rows. `findings` counts the rows in which a thing was found, `evidence` rows by their label.

    `rewarded` rows have an outcome that could be judged, and `solved` of them have reward 1; `stated` is how many the
    file itself calls solved, of `stated_of` that it says anything about, and `disagreeing` how many of them we judge
    otherwise. `unreadable` rows are in `bad`.
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
    bad: list[BadRow] = []

    def add(self, row: Checked) -> None:
        """Count one more row."""
        self.rows += 1
        self.clean += not row.findings
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
        ours = None if row.reward is None else row.reward.reward
        self.rewarded += ours is not None
        self.solved += ours == 1
        if row.stated_reward is not None:
            self.stated_of += 1
            self.stated += row.stated_reward == 1
            self.disagreeing += ours is not None and ours != row.stated_reward


def check_rows(
    path: PathLike,
    *,
    data: str | None = None,
    benchmark: str = "tau2",
    domain: str = "",
    writes: Collection[str] = (),
    out: PathLike | None = None,
) -> CheckReport:
    """Check a file of trajectories or a run folder, and write one verdict a line to `out`, whole or not at all.

    `data` is the folder of `benchmark`: its worlds are replayed in, its tasks give rewards. `domain` is that of all
    rows, `writes` are the tools that change something where no domain is known. Raises `InputError` when the file
    cannot be read at all.
    """
    report = CheckReport()
    places = _DomainFinder(benchmark, data, domain, writes)
    is_run = (Path(path) / MANIFEST).is_file() or Path(path).is_dir()
    rows = _check_run(RunView.open(path), data) if is_run else _check_file(path, places, report)
    if out is None:
        for row in rows:
            report.add(row)
        return report
    encode = msgspec.json.Encoder().encode
    with replacing(out) as file:
        for row in rows:
            report.add(row)
            file.write(encode(row) + b"\n")
    return report


def _check_file(path: PathLike, places: _DomainFinder, report: CheckReport) -> Iterator[Checked]:
    for row in read_foreign(path):
        if isinstance(row, BadRow):
            report.bad.append(row)
            continue
        domain, kinds, loaded = places.of(row)
        task = None if loaded is None or row.format != "tau2" else places.task(loaded, row.task_id)
        yield check_row(row, domain, kinds, None if loaded is None else loaded.environment.world, task)


def _check_run(run: RunView, data: str | None) -> Iterator[Checked]:
    """The rows of one of our runs, judged again by their tasks."""
    tasks = {task.id: task for task in run.tasks()}
    worlds = open_worlds(tasks.values(), data)
    judge = load_judge(run.manifest.config.get("judge", "assume-met"))
    for row in run.ordered():
        task = tasks.get(row.task_id)
        if task is None:
            raise InputError(f"{run.path}: row {row.id!r} names a task that is not in tasks.jsonl")
        opened = worlds[world_key(task.world)]
        verdict = judge_trajectory(task, row, opened.domain, opened.world, judge)
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


class _DomainFinder:
    """Which domain and world a row belongs to; each is loaded once."""

    def __init__(self, benchmark: str, data: str | None, domain: str, writes: Collection[str]) -> None:
        self._benchmark = load_benchmark(benchmark) if data is not None else None
        self._data = data
        self._domain = load_domain(domain) if domain else None
        self._writes = frozenset(writes)
        guessed = not writes and self._domain is None
        self._known = [load_domain(name) for name in registered_names("domains")] if guessed else []
        self._loaded: dict[str, Subset | None] = {}
        self._tasks: dict[str, dict[str, Task]] = {}

    def of(self, row: Foreign) -> tuple[Domain, str, Subset | None]:
        """The domain to judge by, where its kinds of tools come from, and the benchmark's world, if it has one."""
        known = self._domain
        if known is None:
            named = [domain for domain in self._known if domain.name == row.domain]
            known = named[0] if named else guess_domain(row, self._known)
        loaded = None if known is None else self._load_subset(known.name)
        domain, kinds = domain_for(row, known if loaded is None else loaded.environment.domain, self._writes)
        return domain, kinds, loaded

    def task(self, loaded: Subset, task_id: str) -> Task | None:
        """The benchmark's task of an id, None where it has none."""
        name = loaded.environment.domain.name
        if name not in self._tasks:
            self._tasks[name] = {task.id: task for task in loaded.tasks}
        return self._tasks[name].get(task_id)

    def _load_subset(self, name: str) -> Subset | None:
        if self._benchmark is None:
            return None
        if name not in self._loaded:
            self._loaded[name] = self._benchmark.load(name, self._data)
        return self._loaded[name]


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
        with replacing(out) as file:
            file.write(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return report
