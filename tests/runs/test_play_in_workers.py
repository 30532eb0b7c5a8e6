"""A run by several processes: the same bytes as by one, whoever plays what, and whatever was there before."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, manifest, task, trajectory
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.task import Task
from writ_async.core.trajectory import trajectory_id
from writ_async.errors import InputError
from writ_async.runs import play_in_workers as shares
from writ_async.runs.early_stop import EarlyStop
from writ_async.runs.folder import RunFolder
from writ_async.runs.play import play_run
from writ_async.runs.play_in_workers import Report, Share, deal_shares, divide_limits, play_share, useful_workers
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.progress import Progress
from writ_async.runs.resume import PlayedTrials
from writ_async.runs.scores import score_run
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.summary import Summary
from writ_async.runs.view import RunView
from writ_async.runs.workers import Link, Worker, WorkerDiedError
from writ_async.scheduler import Counters, Limits
from writ_async.scheduler.loop_lag import Lag

SCRIPTED = Seats(EngineSpec("scripted", {"mistakes": "0.5"}))
CONFIG = SynthConfig(domains=("retail", "airline"), n=90, seed=13, world_size=100, seats=SCRIPTED)
WHOLE_FILES = ("manifest.json", "tasks.jsonl", "prompts.json", "summary.json", "selection.json")


def make(config: SynthConfig, out: Path, workers: int, concurrency: int = 64) -> Progress:
    return anyio.run(lambda: synth(config, out, workers=workers, limits=Limits(concurrency=concurrency)))


def rows(path: Path) -> list[bytes]:
    return (path / "trajectories.jsonl").read_bytes().splitlines(keepends=True)


def timed(path: Path) -> list[str]:
    return sorted(line.split(",")[0] for line in (path / "timings.csv").read_text().splitlines())


def same(one: Path, other: Path) -> None:
    """Two run folders hold the same, but for how long conversations took, and in which order that was written."""
    assert {path.name for path in one.iterdir()} == {path.name for path in other.iterdir()}
    for name in WHOLE_FILES:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert rows(one) == rows(other)
    assert timed(one) == timed(other)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone") / "run"
    make(CONFIG, out, 1)
    return out


@pytest.mark.parametrize("workers", [2, 3])
def test_several_workers_leave_the_folder_that_one_leaves(alone: Path, tmp_path: Path, workers: int) -> None:
    progress = make(CONFIG, tmp_path / "run", workers)
    same(alone, tmp_path / "run")
    assert (progress.counters.finished, progress.counters.failed, progress.lost) == (90, 0, 0)
    assert progress.summary.funnel is not None


@pytest.mark.parametrize(
    "change",
    [
        {"domains": ("airline",)},
        {"behaviours": "off"},
        {"levels": "W1R1=1,W2R1=1", "n": 12},
        {"stop_early": ("failed",)},
        {"world_size": 4},
    ],
    ids=["one domain", "no behaviours", "levels", "stopping early", "several worlds"],
)
def test_so_they_do_with_other_settings(tmp_path: Path, change: dict[str, object]) -> None:
    config = msgspec.structs.replace(CONFIG, **{"n": 40, **change})
    for workers in (1, 2):
        make(config, tmp_path / str(workers), workers)
    same(tmp_path / "1", tmp_path / "2")


@pytest.mark.parametrize("counts", [(1, 2), (2, 1), (2, 3)])
def test_a_run_that_was_cut_off_is_completed_by_another_number_of_workers(
    alone: Path, tmp_path: Path, counts: tuple[int, int]
) -> None:
    out = tmp_path / "run"
    make(CONFIG, out, counts[0])
    lines = (out / "trajectories.jsonl").read_bytes().splitlines(keepends=True)
    (out / "trajectories.jsonl").write_bytes(b"".join(lines[:37]) + lines[37][:5])
    # Workers write to the two files apart, so that their orders need not be the same.
    ids = {msgspec.json.decode(line)["id"].encode() for line in lines[:37]} | {b"id"}
    times = (out / "timings.csv").read_bytes().splitlines(keepends=True)
    kept = [line for line in times if line.partition(b",")[0] in ids]
    torn = next(line for line in times if line not in kept)
    (out / "timings.csv").write_bytes(b"".join(kept) + torn[:5])
    progress = make(CONFIG, out, counts[1])
    assert (progress.done_before, progress.counters.finished) == (37, 53)
    same(alone, out)


def test_resuming_a_finished_run_adds_nothing(alone: Path, tmp_path: Path) -> None:
    shutil.copytree(alone, tmp_path / "run")
    progress = make(CONFIG, tmp_path / "run", 2)
    assert (progress.done_before, progress.counters.started) == (90, 0)
    same(alone, tmp_path / "run")


def test_more_workers_than_tasks_or_live_conversations_are_not_started(tmp_path: Path) -> None:
    for workers in (1, 50):
        make(msgspec.structs.replace(CONFIG, n=2), tmp_path / str(workers), workers)
    same(tmp_path / "1", tmp_path / "50")
    assert useful_workers(8, 100, Limits(concurrency=3)) == 3
    assert useful_workers(8, 100, Limits(in_flight=2)) == 2
    assert useful_workers(8, 0, Limits()) == 1


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_refused_before_anything_is_written(tmp_path: Path, workers: int) -> None:
    with pytest.raises(InputError, match=f"--workers must be at least 1, not {workers}"):
        make(CONFIG, tmp_path / "run", workers)
    config = EvalConfig(tasks=("tasks.jsonl",))
    with pytest.raises(InputError, match=f"--workers must be at least 1, not {workers}"):
        anyio.run(lambda: evaluate(config, tmp_path / "run", workers=workers))
    assert not (tmp_path / "run").exists()


def test_a_world_without_room_is_one_clear_error_from_a_worker_too(tmp_path: Path) -> None:
    # Worlds grow where they have too little; that no task is as short as that, no size can mend.
    config = msgspec.structs.replace(CONFIG, n=100, world_size=1, mix="information=1", max_tool_tokens=1)
    with pytest.raises(InputError, match="has no room for task"):
        make(config, tmp_path / "run", 2)


def test_trials_are_played_and_scored_as_by_one_process(tasks: list[Task], tmp_path: Path) -> None:
    source = tmp_path / "tasks.jsonl"
    source.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    config = EvalConfig(tasks=(str(source),), trials=3, seed=5, seats=SCRIPTED)
    for workers in (1, 2):
        anyio.run(partial(evaluate, config, tmp_path / str(workers), workers=workers))
    same(tmp_path / "1", tmp_path / "2")
    assert score_run(tmp_path / "1") == score_run(tmp_path / "2")


def test_an_engine_that_gives_nothing_leaves_failures_and_no_rows(alone: Path, tmp_path: Path) -> None:
    seats = Seats(EngineSpec("recorded", {"file": str(alone)}))
    config = msgspec.structs.replace(CONFIG, seed=14, seats=seats, n=12)
    progress = make(config, tmp_path / "run", 2)
    assert (progress.counters.failed, progress.counters.finished) == (12, 12)
    assert len(list(RunView.open(tmp_path / "run").failures())) == 12
    assert rows(tmp_path / "run") == []


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 3), st.sets(st.integers(0, 119)))
def test_all_trials_of_a_task_that_are_left_are_in_one_share(
    number: int, workers: int, trials: int, done: set[int]
) -> None:
    tasks = [
        msgspec.structs.replace(task(f"t{index}"), kind=("normal", "read-heavy")[index % 2]) for index in range(number)
    ]
    every = [(item.id, trial) for item in tasks for trial in range(trials)]
    ids = {trajectory_id(*every[place]) for place in done if place < len(every)}
    limits = Limits(concurrency=10, in_flight=7, kv_tokens=1000)
    settings = PlaySettings(trials=trials, seed=1, limits=limits)
    dealt_out = deal_shares(tasks, settings, "run", PlayedTrials(ids), workers)
    dealt = [task_id for share in dealt_out for task_id in share.tasks]
    assert len(dealt) == len(set(dealt))
    left = {task_id for task_id, trial in every if trajectory_id(task_id, trial) not in ids}
    assert set(dealt) == left
    assert set().union(*(share.done for share in dealt_out)) == {row for row in ids if row.partition("#")[0] in left}
    sizes = [len(share.tasks) for share in dealt_out]
    assert not sizes or (max(sizes) - min(sizes) <= 1 and len(sizes) <= workers)
    if dealt_out:
        assert sum(share.settings.limits.concurrency for share in dealt_out) == 10
        assert sum(share.settings.limits.in_flight for share in dealt_out) == 7
        assert sum(share.settings.limits.kv_tokens for share in dealt_out) == 1000
        assert min(share.settings.limits.concurrency for share in dealt_out) >= 1
        assert min(share.settings.limits.in_flight for share in dealt_out) >= 1


@given(st.integers(1, 500), st.integers(1, 16))
def test_limits_that_are_not_set_stay_so(concurrency: int, workers: int) -> None:
    parts = divide_limits(Limits(concurrency=concurrency, request_timeout=3.0), workers)
    assert sum(part.concurrency for part in parts) == concurrency
    assert {(part.in_flight, part.kv_tokens, part.request_timeout) for part in parts} == {(0, 0, 3.0)}


def test_an_engine_that_plays_both_seats_has_its_calls_counted_once(tmp_path: Path) -> None:
    options = {"url": "http://127.0.0.1:9", "model": "none", "attempts": "1"}
    config = msgspec.structs.replace(CONFIG, n=4, seats=Seats(EngineSpec("openai", options)))
    for workers in (1, 2):
        progress = make(config, tmp_path / str(workers), workers)
        assert progress.calls.keys() == {"agent"}
        assert sum(progress.calls["agent"].failures.values()) == 4


def test_a_share_hears_that_it_should_end_while_its_engine_is_not_up_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopping:
        async def stopped(self) -> None:
            await anyio.lowlevel.checkpoint()

        def report(self, value: object) -> None:
            raise AssertionError("nothing is played")

    async def server_pool_tokens(limits: Limits, engine: object) -> list[int]:
        await anyio.sleep(20)
        raise AssertionError("nobody has ended this")

    monkeypatch.setattr(shares, "server_pool_tokens", server_pool_tokens)
    settings = PlaySettings(seed=1, limits=Limits(admission="kv-budget"))
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([], {})
        share = Share(str(run.path), settings, (), frozenset(), {}, 2)
        report = play_share(cast(Link, Stopping()), share)
    assert (report.counters.finished, report.summary) == (0, Summary())


def test_servers_of_a_machine_are_shared_by_the_workers_there_alone(tmp_path: Path) -> None:
    heard: list[Share] = []

    class Placed:
        segment, comes_back = "", False

        def __init__(self, machine: str, *addresses: str) -> None:
            self.machine, self.addresses = machine, addresses

        async def call(self, function: object, share: Share, **_: Any) -> Report:
            heard.append(share)
            return Report(Counters(), Summary(), Lag(), {})

    workers = [
        Placed("a", "http://a:1"),
        Placed("b", "http://a:1"),
        Placed("b", "http://a:1"),
        Placed("b", "http://b:2"),
    ]
    seats = Seats(EngineSpec("sglang", {"model": "m", "url": "http://a:1"}))
    settings = PlaySettings(seats=seats, limits=Limits(concurrency=8, kv_tokens=1000))
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([task(name) for name in "abcd"], PROMPTS)
        tasks = run.tasks()
        anyio.run(lambda: play_run(run, tasks, {}, settings, workers=cast(list[Worker], workers)))
    found = [(share.sharing, share.settings.limits.kv_tokens, share.settings.seats) for share in heard]
    own = [seats.at([address]) for address in ("http://a:1", "http://b:2")]
    assert found == [(1, 1000, own[0]), (2, 500, own[0]), (2, 500, own[0]), (1, 1000, own[1])]
    assert [share.settings.limits.concurrency for share in heard] == [2, 2, 2, 2]


def test_workers_that_did_not_come_back_from_an_earlier_round_get_no_share(tmp_path: Path) -> None:
    class Returning:
        segment, machine, addresses, comes_back = "", "", (), True

        def __init__(self, there: bool) -> None:
            self.there, self.tasks = there, 0

        async def present(self) -> bool:
            return self.there

        async def call(self, function: object, share: Share, **_: Any) -> Report:
            self.tasks += len(share.tasks)
            return Report(Counters(), Summary(), Lag(), {})

    workers = [Returning(True), Returning(False)]
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([task(name) for name in "abcd"], PROMPTS)
        play = partial(play_run, run, run.tasks(), {}, PlaySettings())
        progress = anyio.run(lambda: play(workers=cast(list[Worker], workers)))
        assert [worker.tasks for worker in workers] == [4, 0]
        assert progress.notices == ["1 of 2 workers did not come back"]
        with pytest.raises(WorkerDiedError, match="no worker came back"):
            anyio.run(lambda: play(workers=cast(list[Worker], workers[1:])))


def test_trials_of_tasks_that_a_dead_worker_has_settled_are_not_lost(tmp_path: Path) -> None:
    class Dying:
        segment, machine, addresses, comes_back = "", "", (), False

        async def call(self, function: object, share: Share, **_: Any) -> Report:
            with RunFolder.join(share.run) as joined:
                for trial in range(2):
                    joined.append(trajectory("a", trial, reasons=("wrong_outcome",)))
            raise WorkerDiedError("a worker process was killed by SIGKILL")

    early = EarlyStop(settled=3)
    settings = PlaySettings(trials=4, seed=1, early=early, limits=Limits(concurrency=4))
    tasks = [task("a"), task("b")]
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks(tasks, PROMPTS)
        progress = anyio.run(lambda: play_run(run, tasks, {}, settings, workers=[cast(Worker, Dying())]))
    assert progress.lost == 4
