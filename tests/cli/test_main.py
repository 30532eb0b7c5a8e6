"""The command as a person meets it: help, results, and one clear line for whatever is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import called, typed
from writ_async.cli import main
from writ_async.cli.parser import build_parser
from writ_async.cli.settings import parse_limits


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "run"
    arguments = ["synth", "retail", "--n", "30", "--seed", "4", "--world-size", "60", "--mistakes", "0.4"]
    assert main([*arguments, "--quiet", "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("command", [[], ["synth"], ["eval"], ["replay"], ["export"], ["show"]])
def test_every_help_page_teaches_with_an_example_or_a_description(command: list[str]) -> None:
    done = typed(*command, "--help")
    assert done.returncode == 0
    assert "writ synth" in done.stdout or "example" in done.stdout or "byte for byte" in done.stdout


def test_help_imports_neither_polars_nor_the_http_client_nor_the_event_loop() -> None:
    code = (
        "import sys; from writ_async.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'polars', 'httptools', 'anyio', 'rich', 'uvloop'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synth", "rental"], "unknown domain 'rental'; known: airline, retail"),
        (["synth", "retail", "--n", "-3"], "--n must be at least 1, not -3"),
        (["synth", "retail", "--concurrency", "0"], "--concurrency must be at least 1"),
        (["synth", "retail", "--engine", "parrot"], "unknown engine 'parrot'"),
        (["synth", "retail", "--engine-option", "mistakes"], "expected KEY=VALUE"),
        (["synth", "retail", "--engine-option", "url=a", "--engine-option", "url=b"], "url is given twice"),
        (["synth", "retail", "--user-engine-option", "a=b"], "needs --user-engine"),
        (["synth", "retail", "--mistakes", "often"], "must be a rate from 0 to 1, not 'often'"),
        (["synth", "retail", "--mix", "hard=1"], "unknown kind 'hard'"),
        (["synth", "retail", "--max-steps", "0"], "--max-steps must be at least 1"),
        (
            ["synth", "retail", "--n", "2000", "--world-size", "1", "--mix", "read-heavy=1", "--quiet"],
            "has no room for task",
        ),
        (["eval", "--tasks", "tau2:retail", "--data", "nowhere"], "nowhere"),
        (["eval", "--tasks", "tau2:trains"], "trains"),
        (["eval", "--tasks", "missing.jsonl"], "neither tau2:SUBSET, nor a run folder, nor a file"),
        (["eval", "--tasks", "x", "--trials", "0"], "--trials must be at least 1"),
        (["eval", "--tasks", "x", "--judge", "kafka"], "unknown judge 'kafka'"),
        (["replay", "nowhere"], "nowhere: there is no such run folder"),
        (["replay", "."], "is no run folder"),
        (["export", "nowhere", "--format", "openai", "--out", "x"], "nowhere"),
        (["show", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_gives_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = (
        called(*arguments, "--out", "out", cwd=tmp_path)
        if arguments[0] in ("synth", "eval")
        else called(*arguments, cwd=tmp_path)
    )
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_broken_line_names_the_file_the_line_and_the_field(run: Path, tmp_path: Path) -> None:
    tasks = (run / "tasks.jsonl").read_text().splitlines(keepends=True)
    broken = tmp_path / "tasks.jsonl"
    for bad, words in ((tasks[1][:80] + "\n", "line 2"), (tasks[1].replace('"retail-s4-00001"', "7"), "$.id")):
        broken.write_text(tasks[0] + bad + tasks[2])
        done = called("eval", "--tasks", str(broken), "--out", str(tmp_path / "out"))
        assert done.returncode == 2
        assert words in done.stderr
        assert str(broken) in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_json_output_is_one_object_and_nothing_else(run: Path, tmp_path: Path) -> None:
    done = typed("eval", "--tasks", str(run), "--trials", "2", "--json", "--out", str(tmp_path / "eval"))
    assert done.returncode == 0
    report = json.loads(done.stdout)
    scores = {score["name"]: score for score in report["scores"]}
    assert scores["all"]["tasks"] == 30
    assert scores["all"]["trials"] == 60
    assert [hat["estimate"] for hat in scores["all"]["pass_hat"]] == [1.0, 1.0]


def test_replay_says_how_much_it_made_again(run: Path) -> None:
    done = typed("replay", str(run))
    assert done.returncode == 0
    assert "30 rows" in done.stdout
    assert "0 mismatches" in done.stdout


def test_replay_exits_with_1_when_something_differs(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    text = (copy / "trajectories.jsonl").read_text()
    (copy / "trajectories.jsonl").write_text(text.replace('\\"email\\"', '\\"e-mail\\"', 1))
    done = typed("replay", str(copy))
    assert done.returncode == 1
    assert "answers otherwise than was recorded" in done.stdout


@pytest.mark.parametrize("form", ["openai", "parquet"])
def test_export_writes_the_kept_rows(run: Path, tmp_path: Path, form: str) -> None:
    kept = sum('"kept":true' in line for line in (run / "trajectories.jsonl").read_text().splitlines())
    assert 0 < kept < 30
    done = called("export", str(run), "--format", form, "--out", str(tmp_path / "out"), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["rows"] == kept
    assert (tmp_path / "out").stat().st_size > 1000


def test_an_unknown_export_format_names_those_that_there_are(run: Path, tmp_path: Path) -> None:
    done = typed("export", str(run), "--format", "xml", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "known: openai, trl" in done.stderr


def test_show_prints_the_conversation_that_is_asked_for(run: Path) -> None:
    done = called("show", str(run), "retail-s4-00003#0")
    assert done.returncode == 0
    assert "retail-s4-00003#0" in done.stdout
    rejected = called("show", str(run), "--reason", "wrong_outcome")
    assert "rejected" in rejected.stdout
    missing = called("show", str(run), "nobody")
    assert missing.returncode == 2
    assert "has no row 'nobody'" in missing.stderr


def test_show_names_no_write_where_none_is_due(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["synth", "retail", "--n", "4", "--seed", "4", "--world-size", "60", "--mix", "refusal=1", "--quiet"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert main(["show", str(tmp_path / "run")]) == 0
    assert "gold write none due rests on" in capsys.readouterr().out


def test_recorded_engine_plays_a_run_again_to_the_same_bytes(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    options = ["--engine", "recorded", "--engine-option", f"file={run}", "--max-steps", "100"]
    done = typed("eval", "--tasks", str(run), *options, "--seed", "4", "--out", str(out))
    assert done.returncode == 0
    first, second = (sorted((folder / "trajectories.jsonl").read_bytes().splitlines()) for folder in (run, out))
    assert first == second


def test_check_measures_how_different_the_users_are(run: Path) -> None:
    done = called("check", "--diversity", str(run), "--json")
    assert done.returncode == 0
    measures = json.loads(done.stdout)
    assert 0 < measures["conversations"] < 30
    assert measures["first_turns"] > 0.9


def test_stopping_early_is_shown_with_what_it_saved_and_without_what_nobody_knows(run: Path, tmp_path: Path) -> None:
    arguments = ["eval", "--tasks", str(run), "--trials", "3", "--mistakes", "giving_up=0.4", "--concurrency", "4"]
    done = called(*arguments, "--stop-early", "settled", "--quiet", "--out", str(tmp_path / "eval"))
    assert done.returncode == 0, done.stderr
    assert "conversations stopped early, which saved about" in done.stdout
    heading = done.stdout.splitlines()[1].split()
    everything = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["all"]).split()
    known = dict(zip(heading[2:], everything[1:], strict=True))
    assert known["pass^3"] != known["pass^1"] == known["reward"] == "–"
    again = called(*arguments, "--stop-early", "settled", "--json", "--out", str(tmp_path / "eval"))
    report = json.loads(again.stdout)
    score = report["scores"][-1]
    assert score["pass_hat"][0] is None
    assert score["stopped"] == report["saved"]["conversations"] > 0
    assert score["trials"] + score["stopped"] == 90


def test_several_workers_print_what_one_prints(run: Path, tmp_path: Path) -> None:
    arguments = ["synth", "retail", "--n", "30", "--seed", "4", "--world-size", "60", "--mistakes", "0.4", "--quiet"]
    printed = []
    for workers in ("1", "2"):
        out = tmp_path / "run"
        done = typed(*arguments, "--workers", workers, "--out", str(out))
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
        shutil.rmtree(out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize("flag", ["--admission", "--policy"])
def test_admission_is_chosen_by_its_flag_and_for_now_by_its_old_name(flag: str) -> None:
    arguments = build_parser().parse_args(["synth", "retail", flag, "kv-budget"])
    assert parse_limits(arguments).admission == "kv-budget"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["synth", "retail", "--sed", "3"], "writ: synth: unrecognized arguments: --sed; did you mean --seed?"),
        (["export", "run", "--format", "trl", "--out", "a", "--crad"], "did you mean --card?"),
        (["show", "run", "id", "more"], "unrecognized arguments: more; see writ show --help"),
        (["serve", "model", "--prot=1", "--", "--tp", "2"], "did you mean --port?"),
    ],
)
def test_a_flag_that_is_none_is_told_in_one_line_with_the_one_that_is_near(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert hint in said
    assert said.count("\n") == 1
