"""`writ synth --keep`: as many rows as were asked for, spread as was asked for, the same ones however it is broken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import anyio
import anyio.lowlevel
import msgspec
import pytest

from writ_async.commands.export import export_rows
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.curation.quota import parse_keep_rules
from writ_async.errors import InputError
from writ_async.runs.budget import Budget, parse_budget, watch_budget
from writ_async.runs.progress import Progress
from writ_async.runs.row_selection import selection_of
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.scheduler import Limits

FAILING = Seats(EngineSpec("scripted", {"mistakes": "0.6"}))
KEEP = SynthConfig(
    domains=("retail", "airline"), seed=4, mix="normal=2,information=1", world_size=80, seats=FAILING,
    keep=parse_keep_rules(24, 2),
)  # fmt: skip


def make(config: SynthConfig, out: Path, concurrency: int = 64, **more: object) -> Progress:
    async def run() -> Progress:
        return await synth(config, out, limits=Limits(concurrency=concurrency), **more)  # type: ignore[arg-type]

    return anyio.run(run)


def files(run: Path) -> dict[str, list[bytes]]:
    names = ("tasks.jsonl", "rounds.jsonl", "selection.json", "trajectories.jsonl")
    return {name: (run / name).read_bytes().splitlines() for name in names}


def kept_ids(run: Path) -> list[str]:
    view = RunView.open(run)
    dropped = selection_of(view).dropped
    return [row.id for row in view.ordered() if row.verdict is not None and row.verdict.kept and row.id not in dropped]


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("keep") / "run"
    make(KEEP, out)
    return out


def test_exactly_as_many_rows_are_kept_and_each_kind_of_each_domain_has_its_share(kept_run: Path) -> None:
    view = RunView.open(kept_run)
    tasks = {task.id: task for task in view.tasks()}
    kept = kept_ids(kept_run)
    assert len(kept) == 24
    first = list(tasks.values())[:24]
    assert [task.id for task in first] == [f"{KEEP.domains[number % 2]}-s4-{number:05d}" for number in range(24)]
    asked = Counter((task.domain, task.kind) for task in first)
    assert Counter((tasks[name].domain, tasks[name].kind) for name in (row.split("#")[0] for row in kept)) == asked
    assert len(view.done_ids()) > 36  # more than half of all conversations failed


def test_a_task_gives_its_first_row_that_passes_and_is_not_played_again(kept_run: Path) -> None:
    trials = Counter(row.task_id for row in RunView.open(kept_run).trajectories())
    assert max(trials.values()) == 2
    for row in RunView.open(kept_run).trajectories():
        if row.trial == 0 and row.verdict is not None and row.verdict.kept:
            assert trials[row.task_id] == 1


def test_the_summary_names_retired_tasks_with_their_reasons(kept_run: Path) -> None:
    keeping = RunView.open(kept_run).summary().keeping
    assert keeping is not msgspec.UNSET
    assert (keeping.asked, keeping.kept, keeping.missing, keeping.ended) == (24, 24, {}, "")
    assert keeping.rounds > 1
    assert keeping.retired
    assert all(keeping.retired.values())


def test_the_rows_are_the_same_at_another_concurrency_and_replay(kept_run: Path, tmp_path: Path) -> None:
    make(KEEP, tmp_path / "again", concurrency=3)
    assert files(tmp_path / "again") == files(kept_run)
    report = replay_run(kept_run)
    assert (report.mismatches, report.rows) == ([], len(RunView.open(kept_run).done_ids()))


def test_the_rows_are_the_same_where_two_processes_share_the_work(kept_run: Path, tmp_path: Path) -> None:
    make(KEEP, tmp_path / "shared", workers=2)
    assert files(tmp_path / "shared") == files(kept_run)


def test_a_run_that_is_broken_off_again_and_again_comes_to_the_same_rows(kept_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "broken"
    for breaks in range(1, 30):

        async def end_soon(progress: Progress, after: int = 4 + breaks % 5) -> None:
            while progress.counters.finished < after:
                await anyio.lowlevel.checkpoint()
            progress.cancel()

        if not make(KEEP, out, concurrency=4, watch=end_soon).cancelled:
            break
        for log in ("trajectories.jsonl", "rounds.jsonl", "tasks.jsonl")[: breaks % 4]:
            with (out / log).open("ab") as file:
                file.write(b'{"id":"torn')
    assert breaks > 5
    assert files(out) == files(kept_run)


def test_the_selection_of_a_kept_run_is_what_exports_write(kept_run: Path, tmp_path: Path) -> None:
    export_rows(kept_run, "openai", tmp_path / "train.jsonl")
    assert len((tmp_path / "train.jsonl").read_bytes().splitlines()) == 24


def test_a_run_grows_when_more_rows_or_tasks_are_asked_for(kept_run: Path, tmp_path: Path) -> None:
    small = msgspec.structs.replace(KEEP, keep=parse_keep_rules(12, 2))
    make(small, tmp_path / "run")
    before = RunView.open(tmp_path / "run").done_ids()
    make(KEEP, tmp_path / "run")
    assert before < RunView.open(tmp_path / "run").done_ids()
    assert len(kept_ids(tmp_path / "run")) == 24
    with pytest.raises(InputError, match=r"keep\.rows = 24, now it is 12"):
        make(small, tmp_path / "run")


def test_more_tasks_on_the_same_folder_are_those_of_one_larger_run(tmp_path: Path) -> None:
    config = SynthConfig(domains=("retail",), n=6, seed=4, world_size=80)
    make(config, tmp_path / "grown")
    larger = msgspec.structs.replace(config, n=15)
    make(larger, tmp_path / "grown")
    make(larger, tmp_path / "whole")
    for name in ("tasks.jsonl", "trajectories.jsonl", "manifest.json"):
        assert sorted((tmp_path / "grown" / name).read_bytes().splitlines()) == sorted(
            (tmp_path / "whole" / name).read_bytes().splitlines()
        ), name


def test_a_pass_rate_in_a_range_is_measured_over_all_attempts(tmp_path: Path) -> None:
    keep = parse_keep_rules(4, 4, target="0.25..0.5", all_that_pass=True)
    config = msgspec.structs.replace(KEEP, mix="normal=1", keep=keep)
    make(config, tmp_path / "run")
    rows = list(RunView.open(tmp_path / "run").trajectories())
    passed = Counter(row.task_id for row in rows if row.verdict is not None and row.verdict.kept)
    played = Counter(row.task_id for row in rows)
    assert set(played.values()) == {4}
    assert {passed[name.split("#")[0]] for name in kept_ids(tmp_path / "run")} <= {1, 2}
    assert len(kept_ids(tmp_path / "run")) == 4


def test_tasks_that_never_pass_end_the_run_with_what_is_missing(tmp_path: Path) -> None:
    hopeless = Seats(EngineSpec("scripted", {"mistakes": "wrong_write=1"}))
    config = msgspec.structs.replace(
        KEEP, domains=("retail",), seats=hopeless, mix="normal=1", keep=parse_keep_rules(6)
    )
    progress = make(config, tmp_path / "run")
    keeping = progress.summary.keeping
    assert keeping is not msgspec.UNSET
    assert (keeping.kept, keeping.missing) == (0, {"retail normal": 6})


def test_a_spent_budget_ends_the_run_in_order_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    progress = make(KEEP, tmp_path / "run", concurrency=1, budget=Budget(hours=1e-6))
    keeping = progress.summary.keeping
    assert keeping is not msgspec.UNSET
    assert keeping.missing
    assert keeping.ended.endswith("hours are over")
    make(KEEP, tmp_path / "run")
    assert len(kept_ids(tmp_path / "run")) == 24


def test_a_budget_that_is_spent_while_workers_play_ends_them(
    kept_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("writ_async.runs.budget._SECONDS", 0.01)
    over: list[str] = []
    drained: list[bool] = []

    async def look(progress: Progress) -> None:
        await watch_budget(Budget(hours=1e-6), 0.0, None, over.append)(progress)
        drained.append(not progress.cancelled)

    progress = make(KEEP, tmp_path / "run", workers=2, watch=look)
    assert over
    assert all(drained)
    assert progress.summary.total().conversations < len(RunView.open(kept_run).done_ids())
    make(KEEP, tmp_path / "run")
    assert len(kept_ids(tmp_path / "run")) == 24


@pytest.mark.parametrize("text", ["tokens", "tokens=0", "time=3", "dollars=-1", "hours=nan"])
def test_a_budget_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--budget"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"rows": 0}, "--keep"),
        ({"rows": 1, "attempts": 0}, "--attempts"),
        ({"rows": 1, "balance": "colour"}, "--balance"),
        ({"rows": 1, "target": "0.2..0.8"}, "--target-pass"),
        ({"rows": 1, "attempts": 2, "target": "0.8..0.2"}, "--target-pass"),
        ({"rows": 1, "attempts": 2, "target": "half"}, "--target-pass"),
    ],
)
def test_rules_that_cannot_be_are_refused(given: dict[str, object], flag: str) -> None:
    with pytest.raises(InputError, match=flag):
        parse_keep_rules(**given)  # type: ignore[arg-type]
