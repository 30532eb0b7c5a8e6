"""Looks at how a run goes are kept beside its rows, and read as one story over several commands."""

from __future__ import annotations

from pathlib import Path

import anyio

from tests.support.written_runs import solved, write_run
from writ_async.core.trajectory import Usage
from writ_async.runs.folder import RunFolder
from writ_async.runs.progress import Progress
from writ_async.runs.samples import Sample, read_samples, sampled
from writ_async.runs.view import RunView
from writ_async.scheduler import Counters
from writ_async.virtual_time import run_virtual


def test_looks_say_what_was_live_and_how_far_it_was_and_become_rarer(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run", [solved("a")])
    progress = Progress(counters=Counters(live=7, in_flight=5, held=2, kv_used=30, kv_tokens=100))
    progress.summary.add(solved("a", usage={"agent": Usage(1, 1000, 10, 600), "user": Usage(1, 100, 5, 50)}))
    seen: list[Progress] = []

    async def watch(progress: Progress) -> None:
        seen.append(progress)

    async def look(run: RunFolder) -> None:
        with anyio.move_on_after(2000):
            await sampled(run, watch)(progress)

    with RunFolder.open(path) as run:
        run_virtual(lambda: look(run))
    samples = read_samples(RunView.open(path))
    assert seen == [progress]
    assert samples[0] == Sample(0.0, 1, 7, 5, 2, 1100, 650, 30, 100)
    assert samples[1].seconds == 0.5
    assert samples[-1].seconds > 1990
    # Every half a second for 200 seconds, then each a 400th of the time later: 400 and 400 ln 10.
    assert abs(len(samples) - 1321) < 5


def test_a_later_command_goes_on_where_the_one_before_ended(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run", [solved("a")])
    assert read_samples(RunView.open(path)) == []
    with RunFolder.open(path) as run:
        for seconds, done in ((0.0, 0), (4.0, 3), (0.0, 3), (2.0, 5)):
            run.write_sample(Sample(seconds, done))
    (path / "samples.jsonl").open("ab").write(b'{"seconds": 9')
    found = read_samples(RunView.open(path))
    assert [(one.seconds, one.done) for one in found] == [(0.0, 0), (4.0, 3), (4.0, 3), (6.0, 5)]
