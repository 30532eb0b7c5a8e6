"""What a run would take is said beforehand, near to what it takes, and nothing is played or written."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from writ_async.cli import main
from writ_async.commands.synth import SynthConfig, estimate_synth, synth
from writ_async.core.trajectory import Usage
from writ_async.runs.estimate import SAMPLE, take_sample
from writ_async.runs.view import RunView


def test_the_estimate_is_near_to_what_the_run_then_takes(tmp_path: Path) -> None:
    estimate = estimate_synth(SynthConfig(domains=("retail", "airline"), n=200, world_size=120, seed=3))
    assert estimate.conversations == 200
    assert estimate.sample == SAMPLE
    config = SynthConfig(domains=("retail", "airline"), n=200, world_size=120, seed=3)
    anyio.run(lambda: synth(config, tmp_path / "run"))
    used: dict[str, Usage] = {}
    for row in RunView.open(tmp_path / "run").ordered():
        for seat, usage in row.usage.items():
            used.setdefault(seat, Usage()).add(usage)
    for seat, found in estimate.seats.items():
        assert abs(found.calls / used[seat].requests - 1) < 0.15


def test_prices_and_limits_are_those_of_the_engines_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[mine]\ninput = 2.0\noutput = 10.0\n")
    options = ["model=mine", f"prices={prices}", "rpm=60"]
    arguments = ["synth", "retail", "--n", "100", "--world-size", "80", "--engine", "openai", "--dry-run", "--json"]
    arguments += [word for option in options for word in ("--engine-option", option)]
    arguments += ["--user-engine", "openai", "--user-engine-option", "model=other"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    said = json.loads(capsys.readouterr().out)
    agent, user = said["seats"]["agent"], said["seats"]["user"]
    assert agent["dollars"] == pytest.approx(
        (2.0 * agent["prompt_tokens"] + 10.0 * agent["completion_tokens"]) / 1e6, rel=1e-6
    )
    assert user["dollars"] is None
    assert said["hours"] == pytest.approx(agent["calls"] / 60 / 60)
    assert not (tmp_path / "run").exists()


def test_what_has_no_price_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["synth", "retail", "--n", "20", "--world-size", "60", "--engine", "openai", "--dry-run"]
    assert main([*arguments, "--engine-option", "model=nobody-knows"]) == 0
    said = capsys.readouterr().out
    assert "no price of openai nobody-knows is known" in said
    assert "20 conversations" in said
    assert "$" not in said


def test_rows_that_are_to_be_kept_make_it_the_least(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "retail", "--keep", "30", "--world-size", "60", "--dry-run"]) == 0
    assert "at least 30 conversations" in capsys.readouterr().out


def test_an_evaluation_counts_all_trials(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert main(["synth", "retail", "--n", "60", "--world-size", "60", "--quiet", "--out", str(run)]) == 0
    capsys.readouterr()
    for trials in (1, 3):
        words = ["eval", "--tasks", str(run), "--trials", str(trials), "--dry-run", "--json"]
        assert main([*words, "--out", str(tmp_path / "eval")]) == 0
    first, then = capsys.readouterr().out.split("}\n{")
    one, three = json.loads(first + "}"), json.loads("{" + then)
    assert (one["conversations"], three["conversations"]) == (60, 180)
    assert three["seats"]["agent"]["calls"] == pytest.approx(3 * one["seats"]["agent"]["calls"], abs=3)
    assert not (tmp_path / "eval").exists()


def test_a_sample_is_from_all_over_the_list() -> None:
    assert take_sample(list(range(10)), 4) == [0, 3, 6, 9]
    assert len(take_sample(list(range(1000)), 48)) <= 48


def test_what_the_run_would_refuse_is_refused_beforehand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "rental", "--dry-run"]) == 2
    assert main(["eval", "--tasks", "nowhere.jsonl", "--dry-run"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
