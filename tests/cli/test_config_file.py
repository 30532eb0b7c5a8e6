"""Flags from a file: the same run as with the flags, the command line before it, and errors that name the path."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from writ_async.cli import main
from writ_async.cli.parser import build_parser
from writ_async.errors import InputError
from writ_async.runs.view import RunView

WHOLE = """
domains = ["retail", "airline"]
n = 12
seed = 5
mix = "normal=1,read-heavy=2"
world-size = 80
mistakes = 0.4
quiet = true
all-that-pass = false
behaviours = "off"
filter = ["parallel_calls=allow", "early_claim=allow"]

[engine_option]
user_mistakes = 0.1
"""
FLAGS = [
    *("synth", "retail", "airline", "--n", "12", "--seed", "5", "--mix", "normal=1,read-heavy=2", "--world-size", "80"),
    *("--mistakes", "0.4", "--quiet", "--behaviours", "off", "--filter", "parallel_calls=allow"),
    *("--filter", "early_claim=allow", "--engine-option", "user_mistakes=0.1"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(WHOLE)
    return path


def parsed(*words: object) -> dict[str, object]:
    found: argparse.Namespace = build_parser().parse_args([str(word) for word in words])
    return {key: value for key, value in vars(found).items() if key not in ("config", "run")}


def test_a_file_gives_what_the_flags_give(file: Path) -> None:
    assert parsed("synth", "--config", file) == parsed(*FLAGS)
    assert parsed("synth", f"--config={file}") == parsed(*FLAGS)


def test_the_command_line_goes_before_the_file_and_repeated_flags_add_to_it(file: Path) -> None:
    found = parsed("synth", "retail", "--config", file, "--n", "3", "--filter", "lucky_write=allow")
    assert (found["domains"], found["n"], found["seed"]) == (["retail"], 3, 5)
    assert found["filter"] == ["parallel_calls=allow", "early_claim=allow", "lucky_write=allow"]
    again = parsed("synth", "--config", file)
    assert again["filter"] == ["parallel_calls=allow", "early_claim=allow"], "a file is not changed by a call"


def test_required_flags_may_stand_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "eval.toml"
    path.write_text('tasks = ["a.jsonl", "b.jsonl"]\ntrials = 4\nuser_engine = "scripted"\n')
    found = parsed("eval", "--config", path)
    assert (found["tasks"], found["trials"], found["user_engine"]) == (["a.jsonl", "b.jsonl"], 4, [("scripted", ())])


def test_what_neither_gives_is_still_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.toml"
    path.write_text("n = 3\n")
    with pytest.raises(SystemExit) as ended:
        main(["synth", "--config", str(path)])
    assert ended.value.code == 2
    assert "DOMAIN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n = ", "is no TOML"),
        ("mistake = 0.4", "there is no setting 'mistake'; did you mean mistakes?"),
        ("zzz = 1", "a key is a flag without its dashes"),
        ('n = "many"', "argument --n: invalid int value: 'many'"),
        ("n = [1, 2]", "n: is one value, not a list"),
        ("quiet = 1", "quiet: is true or false, not 1"),
        ("n = 2020-01-01", "n: is a text, a number, true or false"),
        ('admission = "none"', "invalid choice: 'none'"),
        ('config = "other.toml"', "there is no setting 'config'"),
    ],
)
def test_an_error_names_the_file_and_what_is_wrong_in_it(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.toml"
    path.write_text(f'domains = ["retail"]\n{text}\n')
    assert main(["synth", "--config", str(path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"writ: {path}: ")
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "retail", "--config", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more", [[], ["--mask-turns", "--filter", "early_claim=allow"], ["--keep", "5", "--attempts", "2"]]
)
def test_a_manifest_makes_the_same_rows_again(more: list[str], tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    base = ["synth", "retail", "--seed", "6", "--world-size", "60", "--mistakes", "0.3", "--quiet", *more]
    n = [] if "--keep" in more else ["--n", "8"]
    assert main([*base, *n, "--max-steps", "70", "--out", str(first)]) == 0
    assert main(["synth", "--config", str(first / "manifest.json"), "--quiet", "--out", str(again)]) == 0
    assert RunView.open(first).manifest.config == RunView.open(again).manifest.config
    rows = [sorted((folder / "trajectories.jsonl").read_bytes().splitlines()) for folder in (first, again)]
    assert rows[0] == rows[1]


def test_a_manifest_of_another_command_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "retail", "--n", "2", "--world-size", "40", "--quiet", "--out", str(tmp_path / "run")]) == 0
    assert main(["eval", "--tasks", "x", "--config", str(tmp_path / "run" / "manifest.json")]) == 2
    assert "is the manifest of writ synth, not of writ eval" in capsys.readouterr().err


def test_a_manifest_that_flags_cannot_give_back_says_why(tmp_path: Path) -> None:
    prompt = tmp_path / "agent.txt"
    prompt.write_text("Be good.\n{policy}")
    arguments = ["synth", "retail", "--n", "2", "--world-size", "40", "--quiet", "--agent-prompt", str(prompt)]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    with pytest.raises(InputError, match="has the text of a prompt, not its file"):
        parsed("synth", "--config", tmp_path / "run" / "manifest.json")
