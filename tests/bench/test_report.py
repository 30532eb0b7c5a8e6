"""What all benches share: aims, JSON, and one line for bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report import Figure, amount, line_of, read_json, run_script, write_json
from bench.suite import Ran, close
from bench.suite import main as run_suite
from writ_async.errors import InputError


@pytest.mark.parametrize(
    ("value", "aim", "least", "met"),
    [(2.0, 2.0, False, True), (2.1, 2.0, False, False), (2.0, 2.0, True, True), (1.9, 2.0, True, False)],
)
def test_an_aim_is_the_most_that_a_value_may_be_or_the_least(value: float, aim: float, least: bool, met: bool) -> None:
    figure = Figure("a turn", value, "µs", aim, least)
    assert figure.met is met
    assert line_of(figure).endswith(f"(aim: {'≥' if least else '≤'} 2: {'met' if met else 'MISSED'})")


def test_a_figure_without_an_aim_is_met_and_its_line_names_none() -> None:
    figure = Figure("a turn", 5.0, "µs")
    assert figure.met
    assert "aim" not in line_of(figure)


@pytest.mark.parametrize(
    ("value", "text"),
    [(47_164, "47,164"), (6, "6"), (58.66, "58.7"), (1.04, "1.04"), (0.99962, "0.9996"), (-0.04, "-0.04")],
)
def test_a_number_that_just_misses_its_aim_does_not_look_as_if_it_met_it(value: float, text: str) -> None:
    assert amount(value) == text


def test_what_a_script_wrote_is_read_again(tmp_path: Path) -> None:
    figures = (Figure("a", 1.5, "x", 2.0), Figure("b", 3, "", 1.0, True))
    write_json(tmp_path / "new" / "file.json", figures, more=[1, 2])
    assert read_json(tmp_path / "new" / "file.json").figures == figures


def test_a_file_that_no_bench_wrote_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"figures": 3}')
    with pytest.raises(InputError, match=r"other\.json: not what a bench writes"):
        read_json(tmp_path / "other.json")


def test_bad_input_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def main(arguments: list[str]) -> None:
        raise InputError("tau2: no folder x")

    assert run_script(main, []) == 2
    assert capsys.readouterr().err == "tau2: no folder x\n"


def test_the_suite_ends_with_what_was_missed_and_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    met, missed = Figure("good", 1.0, "x", 2.0), Figure("bad", 3.0, "x", 2.0)
    close([Ran("one", 0, 1.0, 0.5, (met, missed)), Ran("two", 1, 2.0, 0.5, ())])
    _, _, closing = capsys.readouterr().out.partition("aims missed")
    assert "bad" in closing
    assert "good" not in closing


def test_the_suite_runs_a_script_and_leaves_its_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.suite.SCRIPTS", {"evidence": ("--n", "8", "--planted", "4")})
    assert run_suite(["--out", str(tmp_path)]) == 0
    assert read_json(tmp_path / "evidence.json").figures
    assert "in all" in capfd.readouterr().out


def test_the_suite_says_when_a_script_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.suite.SCRIPTS", {"evidence": ("--n", "none")})
    assert run_suite(["--out", str(tmp_path)]) == 1
    assert "FAILED with code 2" in capfd.readouterr().out


def test_an_unknown_script_is_refused_with_the_names_of_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        run_suite(["evidense"])
    assert exit_.value.code == 2
    assert "no script 'evidense'; there are: environment, synthesis" in capsys.readouterr().err
