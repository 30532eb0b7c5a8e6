"""Several runs are exported as one, and a file is named as what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from writ_async.cli import main
from writ_async.commands.export import export_rows
from writ_async.commands.select import SelectSettings, select
from writ_async.commands.synth import SynthConfig, synth
from writ_async.errors import InputError
from writ_async.formats.export import FORMATS, endings_of
from writ_async.runs.view import RunView


def _make_run(path: Path, seed: int, **settings: Any) -> Path:
    config = SynthConfig(domains=("retail", "airline"), seed=seed, world_size=60, **settings)
    anyio.run(lambda: synth(config, path))
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [_make_run(folder / "one", 1, n=30), _make_run(folder / "two", 2, n=20), _make_run(folder / "more", 1, n=36)]


def rows_in(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_of_several_runs_stand_in_one_file_in_the_order_of_the_runs(runs: list[Path], tmp_path: Path) -> None:
    both = export_rows(runs[:2], "openai", tmp_path / "both.jsonl")
    for number, run in enumerate(runs[:2]):
        export_rows(run, "openai", tmp_path / f"{number}.jsonl")
    whole = rows_in(tmp_path / "0.jsonl") + rows_in(tmp_path / "1.jsonl")
    assert both.exported.rows == len(rows_in(tmp_path / "both.jsonl"))
    assert both.exported.rows + both.exported.dropped >= len(whole)
    assert [row for row in whole if row in rows_in(tmp_path / "both.jsonl")] == rows_in(tmp_path / "both.jsonl")


def test_what_two_runs_both_have_is_exported_once(runs: list[Path], tmp_path: Path) -> None:
    alone = export_rows(runs[2], "openai", tmp_path / "alone.jsonl")
    both = export_rows([runs[0], runs[2]], "openai", tmp_path / "both.jsonl")
    assert both.exported.rows == alone.exported.rows, "the second run holds all tasks of the first"
    assert both.exported.dropped > alone.exported.dropped


@pytest.mark.parametrize("form", sorted(FORMATS.keys() - {"tokens"}))
def test_every_format_takes_several_runs(form: str, runs: list[Path], tmp_path: Path) -> None:
    report = export_rows(runs[:2], form, tmp_path / f"rows{FORMATS[form].suffix}")
    assert report.format == form
    assert report.exported.rows > 0


def test_the_card_of_several_runs_names_their_worlds_and_settings(runs: list[Path], tmp_path: Path) -> None:
    report = export_rows(runs[:2], "openai", tmp_path / "both.jsonl", card=True)
    text = Path(report.card).read_text()
    for run in runs[:2]:
        for world in RunView.open(run).manifest.worlds:
            assert world.digest[:16] in text


def test_a_selection_of_runs_gives_the_same_rows_when_it_is_exported(runs: list[Path], tmp_path: Path) -> None:
    select(runs[:2], tmp_path / "picked", SelectSettings(n=20))
    report = export_rows([tmp_path / "picked"], "openai", tmp_path / "picked.jsonl")
    assert report.exported.rows == 20


def test_the_command_says_which_format_it_wrote(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.jsonl"
    assert main(["export", *map(str, runs[:2]), "--format", "trl", "--out", str(out)]) == 0
    assert f"rows in {out} (trl; " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("form", "name"),
    [("openai", "rows.parquet"), ("parquet", "rows.jsonl"), ("apigen-mt", "rows.csv"), ("trl", "a.md")],
)
def test_a_name_that_says_something_else_is_refused(form: str, name: str, runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{form} is written as"):
        export_rows(runs[0], form, tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["rows", "rows.v2", "rows.train"])
def test_a_name_that_says_nothing_is_taken(name: str, runs: list[Path], tmp_path: Path) -> None:
    export_rows(runs[0], "openai", tmp_path / name)
    assert rows_in(tmp_path / name)


def test_a_format_of_two_kinds_may_be_named_as_either() -> None:
    assert set(endings_of("tokens")) == {".jsonl", ".parquet"}
    assert endings_of("openai") == (".jsonl",)


def test_a_benchmarks_account_is_of_one_run(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name one run"):
        export_rows(runs[:2], "tau2-results", tmp_path / "out")
