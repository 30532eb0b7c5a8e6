"""Every feature of the command line works on rows of a domain whose users have tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import called

FORMATS = ("openai", "trl", "llamafactory", "verl", "axolotl", "apigen-mt", "writ-2k", "parquet")
"""All that an export of synthesised rows without token ids can be."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("telecom") / "run"
    mix = "normal=1,write-intensive=1,read-heavy=1,refusal=1"
    made = called("synth", "telecom", "--n", "12", "--world-size", "60", "--seed", "4", "--mix", mix, "--out", str(out))
    assert made.returncode == 0, made.stderr
    return out


@pytest.fixture(scope="module")
def evaluated(run: Path) -> Path:
    out = run.parent / "evaluated"
    made = called("eval", "--tasks", str(run), "--out", str(out))
    assert made.returncode == 0, made.stderr
    return out


def test_all_rows_are_kept_with_calls_of_both_sides_and_every_proof_holds(run: Path) -> None:
    rows = [json.loads(line) for line in (run / "trajectories.jsonl").read_text().splitlines()]
    assert len(rows) == 12
    assert all(row["verdict"]["kept"] for row in rows)
    sides = {(message["role"], bool(message.get("tool_calls"))) for row in rows for message in row["messages"]}
    assert {("user", True), ("assistant", True)} <= sides
    checked = called("check", "--proofs", str(run))
    assert checked.returncode == 0
    assert "12 of 12 proofs hold" in checked.stdout


def test_the_same_seed_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    mix = "normal=1,write-intensive=1,read-heavy=1,refusal=1"
    again = str(tmp_path / "again")
    called("synth", "telecom", "--n", "12", "--world-size", "60", "--seed", "4", "--mix", mix, "--out", again)
    for name in ("tasks.jsonl", "trajectories.jsonl"):
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes()


def test_rows_are_replayed_and_checked(run: Path, evaluated: Path) -> None:
    for path in (run, evaluated):
        replayed = called("replay", str(path))
        assert replayed.returncode == 0
        assert "0 mismatches" in replayed.stdout
    checked = called("check", str(run))
    assert checked.returncode == 0, checked.stdout
    assert "12 rows with nothing against them" in checked.stdout


@pytest.mark.parametrize("seat", ["agent", "user"])
@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_exported_in_every_format_for_both_seats(run: Path, tmp_path: Path, name: str, seat: str) -> None:
    out = tmp_path / "rows"
    made = called("export", str(run), "--format", name, "--seat", seat, "--out", str(out))
    if seat == "user" and made.returncode == 2:
        assert "seat" in made.stderr  # some formats have no place for the user's calls, and say so
        return
    assert made.returncode == 0, made.stderr
    assert out.stat().st_size > 1_000


def test_an_evaluation_is_exported_as_the_benchmarks_results(evaluated: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    made = called("export", str(evaluated), "--format", "tau2-results", "--out", str(out))
    assert made.returncode == 0, made.stderr
    (found,) = out.rglob("*.json")
    assert len(json.loads(found.read_text())["simulations"]) == 12


def test_rows_are_shown_reported_viewed_selected_and_compared(run: Path, evaluated: Path, tmp_path: Path) -> None:
    shown = called("show", str(run))
    assert shown.returncode == 0
    assert "check_status_bar" in shown.stdout
    report = called("report", str(run), str(evaluated), "--out", str(tmp_path / "report.html"))
    assert report.returncode == 0, report.stderr
    assert "telecom" in (tmp_path / "report.html").read_text()
    viewed = called("view", str(run), "--static", str(tmp_path / "pages"))
    assert viewed.returncode == 0, viewed.stderr
    assert (tmp_path / "pages" / "index.html").exists()
    selected = called("select", str(run), "--n", "6", "--out", str(tmp_path / "selected"))
    assert selected.returncode == 0, selected.stderr
    compared = called("compare", str(evaluated), str(evaluated))
    assert compared.returncode == 0, compared.stderr
    listed = called("domains")
    assert "telecom" in listed.stdout


@pytest.mark.parametrize("mistake", ["early_write", "skipped_evidence", "wrong_write", "needless_hand_over", "gave_in"])
def test_agents_that_err_are_found(mistake: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    made = called("synth", "telecom", "--n", "8", "--world-size", "60", "--mistakes", f"{mistake}=1", "--out", str(out))
    assert made.returncode == 0, made.stderr
    rows = [json.loads(line) for line in (out / "trajectories.jsonl").read_text().splitlines()]
    erred = [row for row in rows if any(note["matters"] for note in row.get("notes", []))]
    assert [row["verdict"]["kept"] for row in erred] == [False] * len(erred)
    assert [row["verdict"]["kept"] for row in rows if row not in erred] == [True] * (len(rows) - len(erred))
