"""The main job, end to end, with the scripted engine."""

import shutil
from collections import Counter
from pathlib import Path

import anyio
import msgspec
import pytest
from writ_engines.scripted import MISSTEPS

from tests.support.readme_synth import README_SYNTH
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.scheduler import Limits


def make(config: SynthConfig, out: Path, concurrency: int = 64) -> list[Trajectory]:
    anyio.run(lambda: synth(config, out, limits=Limits(concurrency=concurrency)))
    return list(RunView.open(out).trajectories())


def test_a_row_is_rejected_exactly_when_a_mistake_that_matters_was_made(readme_run: Path) -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for row in RunView.open(readme_run).trajectories():
        assert row.verdict is not None
        matters = any(note.matters for note in row.notes)
        assert row.verdict.kept == (not matters), (row.id, row.notes, row.verdict.findings)
        assert row.verdict.kept or row.verdict.findings
        seen.update((note.kind, note.matters) for note in row.notes)
    kinds = {kind for kind, _ in seen}
    assert kinds - MISSTEPS.keys() == {
        "skipped_evidence", "wrong_write", "early_write", "extra_write", "hallucinated_tool", "malformed_json",
        "giving_up", "endless_talk", "unconfirmed_write",
    }  # fmt: skip
    assert kinds & MISSTEPS.keys()


def test_a_row_with_broken_arguments_is_rejected_where_the_broken_call_mattered(tmp_path: Path) -> None:
    seats = Seats(EngineSpec("scripted", {"mistakes": "malformed_json=1"}))
    rows = make(SynthConfig(domains=("retail", "airline"), n=60, seed=1, seats=seats), tmp_path / "run")
    notes = [(row, note) for row in rows for note in row.notes]
    assert {note.kind for _, note in notes} == {"malformed_json"}
    assert {note.matters for _, note in notes} == {True, False}
    assert all(row.verdict is not None and row.verdict.kept == (not note.matters) for row, note in notes)


def test_every_task_has_one_row_and_all_kinds_of_both_domains_are_there(readme_run: Path) -> None:
    view = RunView.open(readme_run)
    tasks = view.tasks()
    rows = list(view.trajectories())
    assert sorted(row.task_id for row in rows) == sorted(task.id for task in tasks)
    counts = Counter((task.domain, task.kind) for task in tasks)
    assert len(counts) == 10
    assert set(counts.values()) == {25, 50}


def test_every_row_replays_byte_for_byte(readme_run: Path) -> None:
    report = replay_run(readme_run)
    assert report.mismatches == []
    assert report.rows == 400
    assert report.calls > 400


def test_the_same_seed_gives_the_same_bytes_at_another_concurrency(readme_run: Path, tmp_path: Path) -> None:
    make(README_SYNTH, tmp_path / "again", concurrency=3)
    for name in ("tasks.jsonl", "trajectories.jsonl"):
        assert (readme_run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    for name in ("prompts.json", "manifest.json", "summary.json", "selection.json"):
        assert (readme_run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_different_seed_gives_other_tasks(readme_run: Path, tmp_path: Path) -> None:
    rows = make(msgspec.structs.replace(README_SYNTH, seed=12, n=20), tmp_path / "other")
    assert not {row.digest for row in RunView.open(readme_run).trajectories()} & {row.digest for row in rows}


def test_resuming_a_finished_run_adds_nothing(readme_run: Path) -> None:
    before = (readme_run / "trajectories.jsonl").read_bytes()
    progress = anyio.run(lambda: synth(README_SYNTH, readme_run))
    assert (progress.done_before, progress.counters.started) == (400, 0)
    assert (readme_run / "trajectories.jsonl").read_bytes() == before


def test_resuming_with_other_settings_names_the_one_that_differs(readme_run: Path) -> None:
    with pytest.raises(InputError, match="seed = 1, now it is 12"):
        anyio.run(lambda: synth(msgspec.structs.replace(README_SYNTH, seed=12), readme_run))


def test_a_run_cut_off_at_any_row_is_completed_to_the_same_rows(readme_run: Path, tmp_path: Path) -> None:
    whole = (readme_run / "trajectories.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    copy = tmp_path / "cut"
    shutil.copytree(readme_run, copy)
    (copy / "trajectories.jsonl").write_bytes(b"".join(lines[:333]) + lines[333][:100])
    progress = anyio.run(lambda: synth(README_SYNTH, copy))
    assert progress.done_before == 333
    assert (copy / "trajectories.jsonl").read_bytes().splitlines(keepends=True) == lines
    assert (copy / "summary.json").read_bytes() == (readme_run / "summary.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 0}, "--n must be at least 1"),
        ({"domains": ("retail", "retail")}, "named twice"),
        ({"domains": ("rental",)}, "unknown domain 'rental'; known: airline, retail"),
        ({"mix": "easy=1"}, "unknown kind 'easy'"),
        ({"mix": "normal=-1"}, "must be a number of at least 0"),
        ({"mix": "normal=0"}, "at least one weight"),
        ({"world_size": 0}, "--world-size must be at least 1"),
        ({"seats": Seats(EngineSpec("parrot"))}, "unknown engine 'parrot'"),
        ({"seats": Seats(EngineSpec("scripted", {"mistakes": "2"}))}, "must be a rate from 0 to 1"),
        ({"seats": Seats(EngineSpec("scripted", {"mistakes": "oops=0.1"}))}, "unknown kind 'oops'"),
        ({"seats": Seats(EngineSpec("scripted", {"temperature": "1"}))}, "no option 'temperature'; it has: mistakes"),
        ({"seats": Seats(EngineSpec("recorded", {"file": "nowhere.jsonl"}))}, "nowhere.jsonl"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        anyio.run(lambda: synth(msgspec.structs.replace(README_SYNTH, **change), tmp_path / "run"))
    assert not (tmp_path / "run").exists()
