"""Token ids for trainers: what leaves the run folder is what was sampled, and what is not known is not made up."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import polars as pl
import pytest

from tests.formats.test_export import make_run
from tests.support.samples import task, trajectory
from writ_async.cli import main
from writ_async.core.trajectory import TokenSequence, Trajectory, VersionSpan
from writ_async.errors import InputError
from writ_async.formats.export import Exported, format_named
from writ_async.runs.view import RunView

SEQUENCE = TokenSequence(
    ids=(5, 6, 7, 8, 9, 10),
    generated=((2, 4), (5, 6)),
    logprobs=(-0.5, None, -0.25),
    weights=(VersionSpan("a", 2, 4), VersionSpan("b", 5, 6)),
)
EXPECTED = {
    "input_ids": [5, 6, 7, 8, 9, 10],
    "loss_mask": [0, 0, 1, 1, 0, 1],
    "logprobs": [None, None, -0.5, None, None, -0.25],
    "weight_versions": [{"version": "a", "start": 2, "end": 4}, {"version": "b", "start": 5, "end": 6}],
    "complete": True,
    "kept": True,
}


def with_tokens(sequence: TokenSequence, trial: int = 0) -> Trajectory:
    return trajectory(trial=trial, tokens={"agent": sequence})


@pytest.fixture
def run(tmp_path: Path) -> RunView:
    bare = TokenSequence(ids=(1, 2, 3), generated=((1, 3),))
    return make_run(tmp_path / "run", [with_tokens(SEQUENCE), with_tokens(bare, 1), trajectory(trial=2)], [task("t")])


def test_both_kinds_of_file_hold_the_ids_masks_logprobs_and_weights_of_the_rows(run: RunView, tmp_path: Path) -> None:
    export = format_named("tokens").write
    assert export(run, tmp_path / "rows.jsonl").rows == export(run, tmp_path / "rows.parquet").rows
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert pl.read_parquet(tmp_path / "rows.parquet").to_dicts() == lines
    row = lines[0]
    assert {name: row[name] for name in EXPECTED} == EXPECTED
    assert (row["id"], row["task_id"], row["trial"]) == ("t#0", "t", 0)


def test_where_the_server_told_no_logprob_there_is_none(run: RunView, tmp_path: Path) -> None:
    format_named("tokens").write(run, tmp_path / "rows.parquet")
    row = pl.read_parquet(tmp_path / "rows.parquet").row(1, named=True)
    assert row["logprobs"] == [None, None, None]
    with pytest.raises(InputError, match="has no logprobs"):
        TokenSequence(ids=(1, 2, 3), generated=((1, 3),)).aligned_logprobs()
    assert TokenSequence(ids=(1, 2)).aligned_logprobs() == [None, None]


def test_rows_of_an_engine_that_works_on_text_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", [trajectory()])
    out = tmp_path / "rows.parquet"
    assert main(["export", str(run.path), "--format", "tokens", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "none of 1 rows has token ids" in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_run_without_kept_rows_gives_an_empty_table(tmp_path: Path) -> None:
    rejected = msgspec.structs.replace(with_tokens(SEQUENCE), verdict=None)
    run = make_run(tmp_path / "run", [rejected])
    assert format_named("tokens").write(run, tmp_path / "rows.parquet") == Exported(0, 1, 0)
    assert pl.read_parquet(tmp_path / "rows.parquet").height == 0


def test_the_greeting_cannot_be_left_out_of_ids(run: RunView, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="token ids are what the model saw"):
        format_named("tokens").write(run, tmp_path / "rows.parquet", greeting=False)
