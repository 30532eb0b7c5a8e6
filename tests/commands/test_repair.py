"""`writ repair` and `writ status`: what is wrong is said, what can be mended is, and nothing is thrown away."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.command import called
from tests.support.samples import trajectory
from writ_async.commands.repair import repair_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.trajectory import Termination
from writ_async.curation.quota import parse_keep_rules
from writ_async.errors import InputError
from writ_async.runs.folder import RunFolder
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.shards import Shard
from writ_async.runs.status import find_runs, status_of

CONFIG = SynthConfig(
    domains=("retail",), n=9, seed=5, world_size=50, seats=Seats(EngineSpec("scripted", {"mistakes": "0.5"}))
)
FILES = ("manifest.json", "tasks.jsonl", "prompts.json", "trajectories.jsonl", "selection.json", "summary.json")


def make(out: Path, config: SynthConfig = CONFIG) -> Path:
    anyio.run(lambda: synth(config, out))
    return out


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def rows(run: Path) -> list[bytes]:
    return (run / "trajectories.jsonl").read_bytes().splitlines(keepends=True)


def write_rows(run: Path, lines: list[bytes]) -> None:
    (run / "trajectories.jsonl").write_bytes(b"".join(lines))


def test_a_whole_run_has_no_faults_and_stays_as_it_is(whole: Path) -> None:
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in whole.glob("[a-z]*")}
    report = repair_run(whole)
    assert (report.faults, report.status.state, report.status.rows) == ([], "done", 9)
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in whole.glob("[a-z]*")}


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda run: (run / "trajectories.jsonl").unlink(), "is not there, and summary.json counts 9"),
        (lambda run: (run / "trajectories.jsonl").write_bytes(b""), "has no row, and summary.json counts 9"),
        (lambda run: write_rows(run, rows(run)[:5]), ""),
    ],
)
def test_rows_that_have_gone_since_the_run_ended_are_told_and_no_longer_counted_as_kept(
    run: Path, harm: Callable[[Path], object], told: str
) -> None:
    harm(run)
    for dry in (True, False):
        report = repair_run(run, dry_run=dry)
        assert [fault.what for fault in report.left] == [told] * bool(told)
        assert (report.status.kept, report.status.left) == (None, 9 - report.status.rows)


def garble_row(run: Path) -> None:
    lines = rows(run)
    lines[3] = b"\x00\xff" * 40 + lines[3][80:]
    write_rows(run, lines)


def double_row(run: Path) -> None:
    lines = rows(run)
    write_rows(run, [*lines[:4], lines[2], *lines[4:]])


def shuffle_rows(run: Path) -> None:
    write_rows(run, rows(run)[::-1])


def garble_tasks(run: Path) -> None:
    lines = (run / "tasks.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:50] + b"\n"
    (run / "tasks.jsonl").write_bytes(b"".join(lines))


def garble_logs(run: Path) -> None:
    with (run / "failures.log").open("ab") as file:
        file.write(b"??\n")
    with (run / "timings.csv").open("ab") as file:
        file.write(b"one,two\n")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (garble_row, "trajectories.jsonl: 1 lines cannot stay: line 4 is no JSON"),
        (double_row, "trajectories.jsonl: 1 lines cannot stay: line 5 is retail-s5-00002#0 once more"),
        (shuffle_rows, "trajectories.jsonl: the rows are not in the order of tasks and trials"),
        (garble_tasks, "tasks.jsonl: line 3: JSON is malformed"),
        (garble_logs, "failures.log: 1 lines cannot stay: line 1 is no attempt"),
        (garble_logs, "timings.csv: 1 lines cannot stay: line 11 has not four fields"),
        (lambda run: (run / "summary.json").unlink(), "summary.json: is not there, though all conversations are"),
        (lambda run: (run / "summary.json").write_text("{"), "summary.json: line 1: Input data was truncated"),
        (lambda run: (run / "selection.json").write_text("[]"), "selection.json: Expected `object`, got `array`"),
        (lambda run: (run / ".x.tmp").write_text(""), ".x.tmp: was left by a process that was killed"),
    ],
)
def test_each_fault_is_told_and_mended_so_that_the_same_command_comes_to_the_same_bytes(
    whole: Path, run: Path, harm: Callable[[Path], object], told: str
) -> None:
    harm(run)
    harmed = {path.name: path.read_bytes() for path in run.iterdir() if path.name != ".lock"}
    for dry in (True, False):
        report = repair_run(run, dry_run=dry)
        assert told in [f"{fault.file}: {fault.what}"[: len(told)] for fault in report.faults]
        assert bool(report.left) == dry
        if dry:
            assert harmed == {path.name: path.read_bytes() for path in run.iterdir() if path.name != ".lock"}
    assert repair_run(run).faults == []
    make(run)
    assert contents(run) == contents(whole)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), harms=st.integers(1, 5))
def test_after_any_harm_the_same_command_comes_to_the_same_bytes_and_every_line_is_somewhere(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, seed: int, harms: int
) -> None:
    run = Path(shutil.copytree(whole, tmp_path_factory.mktemp("harmed") / "run"))
    rng = random.Random(seed)
    for _ in range(harms):
        harm_somehow(run, rng)
    there = set(rows(run))
    report = repair_run(run)
    assert not report.left
    aside = run / "trajectories.jsonl.aside"
    kept = set(rows(run)) | set(aside.read_bytes().splitlines(keepends=True) if aside.is_file() else [])
    assert {line for line in there if line.endswith(b"\n")} <= kept
    make(run)
    assert contents(run) == contents(whole)
    assert repair_run(run).faults == []


def harm_somehow(run: Path, rng: random.Random) -> None:
    lines = rows(run)
    place = rng.randrange(len(lines)) if lines else 0
    match rng.randrange(9) if lines else 8:
        case 0:
            lines[place] = rng.randbytes(rng.randint(1, 90)).replace(b"\n", b"") + b"\n"
        case 1:
            lines[place] = lines[place][: rng.randrange(len(lines[place]) - 1)] + b"\n"
        case 2:
            lines.insert(rng.randint(0, len(lines)), lines[place])
        case 3:
            rng.shuffle(lines)
        case 4:
            del lines[place]
        case 5:
            lines[-1] = lines[-1][: rng.randrange(len(lines[-1]))]
        case 6:
            (run / rng.choice(["summary.json", "selection.json"])).unlink(missing_ok=True)
        case 7:
            garble_tasks(run) if (run / "tasks.jsonl").stat().st_size > 4000 else None
        case _:
            garble_logs(run)
    write_rows(run, lines)


def test_what_nobody_can_make_again_is_told_and_left(whole: Path, run: Path) -> None:
    (run / "prompts.json").unlink()
    newer = [line.replace(b'"user_stop"', b'"walked_away"') for line in rows(run)]
    write_rows(run, newer)
    report = repair_run(run)
    assert [fault.file for fault in report.left] == ["trajectories.jsonl", "prompts.json"]
    assert "lines are no rows that this version reads: Invalid enum value 'walked_away'" in report.left[0].what
    assert rows(run) == newer
    (run / "prompts.json").write_bytes((whole / "prompts.json").read_bytes())
    write_rows(run, rows(whole))
    with (run / "tasks.jsonl").open("r+b") as file:
        file.truncate(len((whole / "tasks.jsonl").read_bytes().splitlines(keepends=True)[0]))
    left = repair_run(run).left
    assert [fault.what for fault in left] == ["8 rows are of tasks that are not in tasks.jsonl, as line 2"]
    make(run)
    assert contents(run) == contents(whole)


def test_tasks_that_rounds_have_chosen_are_not_made_again(tmp_path: Path) -> None:
    config = SynthConfig(domains=("retail",), world_size=50, keep=parse_keep_rules(4))
    run = make(tmp_path / "run", config)
    assert status_of(run).state == "done"
    garble_tasks(run)
    before = (run / "tasks.jsonl").read_bytes()
    report = repair_run(run)
    assert [(fault.file, fault.mended) for fault in report.faults] == [("tasks.jsonl", False)]
    assert (run / "tasks.jsonl").read_bytes() == before


def test_a_shard_that_does_not_say_what_all_drew_says_so_again(tmp_path: Path) -> None:
    anyio.run(lambda: synth(CONFIG, tmp_path / "part", shard=Shard(1, 2)))
    drawn = (tmp_path / "part" / "shard.json").read_bytes()
    (tmp_path / "part" / "shard.json").write_text("{}")
    assert [fault.file for fault in repair_run(tmp_path / "part").faults] == ["shard.json"]
    anyio.run(lambda: synth(CONFIG, tmp_path / "part", shard=Shard(1, 2)))
    assert (tmp_path / "part" / "shard.json").read_bytes() == drawn


def test_a_run_that_a_process_writes_to_is_left_alone(run: Path) -> None:
    with RunFolder.open(run):
        for dry in (True, False):
            with pytest.raises(InputError, match="is writing to this run"):
                repair_run(run, dry_run=dry)


def test_status_says_of_every_run_how_it_stands(whole: Path, tmp_path: Path) -> None:
    for name in ("a-done", "b-killed", "c-incomplete", "d-broken", "e-running", "f-new"):
        shutil.copytree(whole, tmp_path / "runs" / name)
    runs = {path.name: path for path in find_runs(tmp_path / "runs")}
    write_rows(runs["b-killed"], rows(whole)[:4])
    with RunFolder.open(runs["c-incomplete"]) as run:
        lines = rows(whole)
        timed_out = trajectory("retail-s5-00008", 0, termination=Termination.TIMEOUT)
    write_rows(runs["c-incomplete"], lines[:8])
    with RunFolder.open(runs["c-incomplete"]) as run:
        run.append(timed_out)
        summary = run.summary()
        summary.groups = {"retail": {"normal": summary.total()}}
        summary.groups["retail"]["normal"].conversations = 8
        run.write_summary(summary)
    write_rows(runs["d-broken"], [b"?\n"])
    for name in ("tasks.jsonl", "trajectories.jsonl", "summary.json", "selection.json"):
        (runs["f-new"] / name).unlink()
    with RunFolder.open(runs["e-running"]):
        done = called("status", str(tmp_path / "runs"), "--json")
    assert done.returncode == 1
    found = {Path(one["run"]).name: one for one in json.loads(done.stdout)}
    assert {name: (one["state"], one.get("rows", 0), one.get("left", 0)) for name, one in found.items()} == {
        "a-done": ("done", 9, 0),
        "b-killed": ("killed", 4, 5),
        "c-incomplete": ("incomplete", 8, 1),
        "d-broken": ("broken", 0, 0),
        "e-running": ("running", 9, 0),
        "f-new": ("killed", 0, 9),
    }
    assert found["c-incomplete"]["failures"] == {"timeout": 1}
    assert "another process (pid" in found["e-running"]["owner"]
    assert "does not start with an id" in found["d-broken"]["problem"]
    done = called("status", str(whole))
    assert (done.returncode, done.stderr) == (0, "")
    assert "done" in done.stdout


def test_looking_at_a_run_does_not_keep_a_process_from_writing_to_it(run: Path) -> None:
    for _ in range(50):
        with RunFolder.open(run):
            assert status_of(run).state == "running"
        assert status_of(run).state == "done"


def test_folders_without_runs_and_runs_without_manifest_are_told_in_one_line(tmp_path: Path) -> None:
    for arguments in (["status", str(tmp_path)], ["status", str(tmp_path / "none")], ["repair", str(tmp_path)]):
        done = called(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_command_says_what_it_did_and_what_is_to_come(run: Path) -> None:
    garble_row(run)
    done = called("repair", str(run), "--dry-run")
    assert done.returncode == 1
    assert "not yet put aside in trajectories.jsonl.aside" in done.stdout
    done = called("repair", str(run))
    assert done.returncode == 0
    assert "8 rows are there, 1 are to come: the command that began the run goes on" in done.stdout
    assert json.loads(called("repair", str(run), "--json").stdout)["faults"] == []
