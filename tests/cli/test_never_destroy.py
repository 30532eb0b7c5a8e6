"""What is there is not destroyed, what is not there is said, and what cannot be is one line."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.support.command import called, typed
from writ_async.errors import InputError
from writ_async.files import open_binary, read_jsonl
from writ_async.runs.own_files import RUN_FILES

N = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("made") / "run"
    done = called("synth", "retail", "--n", str(N), "--seed", "1", "--world-size", "60", "--quiet", "--out", str(run))
    assert done.returncode == 0
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", sorted(RUN_FILES - {".lock"}))
@pytest.mark.parametrize(
    "command", [("export", "--format", "openai"), ("export", "--format", "parquet", "--all"), ("check",)]
)
def test_nothing_is_written_onto_a_file_of_a_run(run: Path, name: str, command: tuple[str, ...]) -> None:
    before = contents(run)
    word, *flags = command
    for out in (run / name, run / ".." / "run" / name):
        done = called(word, str(run), *flags, "--out", str(out))
        assert done.returncode == 2
        assert "is a file of the run in" in done.stderr
    assert contents(run) == before


def test_a_check_does_not_replace_the_file_that_it_reads(run: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    shutil.copy(run / "trajectories.jsonl", rows)
    before = rows.read_bytes()
    (tmp_path / "link.jsonl").symlink_to(rows)
    for out in (rows, tmp_path / "link.jsonl"):
        done = called("check", str(rows), "--out", str(out))
        assert (done.returncode, rows.read_bytes()) == (2, before)
        assert "is what is to be read" in done.stderr


def test_a_card_replaces_a_card_and_no_other_readme(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "data" / "train.jsonl"
    export = ("export", str(run), "--format", "openai", "--card", "--out", str(out))
    assert called(*export).returncode == 0
    card = (out.parent / "README.md").read_bytes()
    assert called(*export).returncode == 0
    assert (out.parent / "README.md").read_bytes() == card
    (out.parent / "README.md").write_text("# My own work of years\n")
    out.unlink()
    done = called(*export)
    assert done.returncode == 2
    assert "is not a card that an export wrote, and stays" in done.stderr
    assert (out.parent / "README.md").read_text() == "# My own work of years\n"
    assert not out.exists()


LONG = "n" * 300


@pytest.mark.parametrize(
    "command",
    [
        ("synth", "retail", "--n", "2", "--world-size", "60", "--quiet", "--out", LONG),
        ("replay", LONG),
        ("show", LONG),
        ("check", LONG),
        ("check", "RUN", "--out", LONG),
        ("export", "RUN", "--format", "openai", "--out", LONG),
        ("export", LONG, "--format", "openai", "--out", "x.jsonl"),
        ("select", "RUN", "--n", "2", "--out", LONG),
        ("compare", "RUN", LONG),
        ("eval", "--tasks", LONG, "--quiet"),
        ("new-domain", "mine", "--out", LONG),
    ],
)
def test_a_name_of_300_characters_is_one_line(run: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = called(*(str(run) if word == "RUN" else word for word in command), cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("writ: ")
    assert "too long" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("synth", "retail"),
        ("eval",),
        ("export", "run", "--format", "openai"),
        ("check", "run"),
        ("select", "run", "--n", "2"),
        ("new-domain", "mine"),
    ],
)
def test_an_empty_target_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = called(*command, "--out", "", cwd=tmp_path)
    assert done.returncode == 2
    assert "argument --out: is empty; name what is to be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--n", "99999999999999999999"), "--n must be at most 10,000,000, not 99999999999999999999"),
        (("--keep", "99999999999999999999"), "--n must be at most 10,000,000, not 99999999999999999999"),
        (("--world-size", "99999999999999999999"), "--world-size must be at most 1,000,000, not 99999999999999999999"),
        (("--seed", "99999999999999999999"), "--seed must be at most 9,223,372,036,854,775,807, not 99999999999999"),
        (("--workers", "99999999999999999999"), "--workers must be at most 4,096, not 99999999999999999999"),
        (("--concurrency", "99999999999999999999"), "--concurrency must be at most 9,223,372,036,854,775,807, not 9"),
        (("--max-steps", "-99999999999999999999"), "--max-steps must be at least 1"),
        (("--timeout", "nan"), "--timeout must be at least 0, not nan"),
    ],
)
def test_an_absurd_number_is_one_line(tmp_path: Path, flags: tuple[str, ...], words: str) -> None:
    done = called("synth", "retail", "--quiet", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"writ: {words}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def _keep_lines(run: Path, count: int) -> None:
    lines = (run / "trajectories.jsonl").read_bytes().split(b"\n")
    (run / "trajectories.jsonl").write_bytes(b"".join(line + b"\n" for line in lines[:count]))


def _unfinished(run: Path) -> None:
    _keep_lines(run, 5)
    (run / "summary.json").unlink()


def _torn(run: Path) -> None:
    rows = (run / "trajectories.jsonl").read_bytes()
    (run / "trajectories.jsonl").write_bytes(rows[:-100])


SHORT: dict[str, tuple[Callable[[Path], None], str]] = {
    "unfinished": (_unfinished, "5 of 8 rows: the run has not ended; the same command goes on with it"),
    "lines gone": (lambda run: _keep_lines(run, 6), "6 of 8 rows: summary.json counts 8: lines have gone from traj"),
    "torn": (_torn, "7 of 8 rows: the last line of trajectories.jsonl breaks off; a resumed run mends it"),
    "empty": (lambda run: _keep_lines(run, 0), "0 of 8 rows: trajectories.jsonl is empty"),
    "gone": (lambda run: (run / "trajectories.jsonl").unlink(), "0 of 8 rows: trajectories.jsonl is gone"),
}


@pytest.mark.parametrize("how", SHORT)
@pytest.mark.parametrize("command", ["replay", "check", "show", "select", "export", "compare", "report", "view"])
def test_every_reader_says_how_many_rows_are_there_and_why(
    run: Path, made: Path, tmp_path: Path, command: str, how: str
) -> None:
    shorten, words = SHORT[how]
    shorten(run)
    more = {
        "select": ("--n", "2", "--out", str(tmp_path / "picked")),
        "export": ("--format", "openai", "--all", "--out", str(tmp_path / "rows.jsonl")),
        "compare": (str(made),),
        "report": ("--md", str(tmp_path / "rows.jsonl")),
        "view": ("--static", str(tmp_path / "page")),
    }
    (tmp_path / "rows.jsonl").write_text("the rows of another day\n")
    done = called(command, str(run), *more.get(command, ()))
    assert words in done.stderr
    if how in ("empty", "gone"):
        assert (tmp_path / "rows.jsonl").read_text() == "the rows of another day\n"
        assert done.returncode == (0 if command in ("replay", "view") else 2)
    else:
        assert done.returncode == 0
    assert called("replay", str(made)).stderr == ""


def test_failures_are_named_among_what_is_missing(run: Path) -> None:
    rows = (run / "trajectories.jsonl").read_bytes().split(b"\n")
    failed = msgspec.json.decode(rows[7])
    failed |= {"termination": "timeout", "error": ""}
    (run / "failures.log").write_bytes(msgspec.json.encode(failed) + b"\n")
    _keep_lines(run, 7)
    words = "7 of 8 rows: 1 were ended from outside (failures.log); the same command tries them again"
    assert words in called("replay", str(run)).stderr


def test_a_row_whose_task_is_missing_is_one_line(run: Path) -> None:
    tasks = (run / "tasks.jsonl").read_bytes().split(b"\n")
    (run / "tasks.jsonl").write_bytes(b"\n".join(tasks[:5]) + b"\n")
    for command in (("replay",), ("check",), ("select", "--n", "2", "--out", f"{run}-picked")):
        done = called(command[0], str(run), *command[1:])
        assert done.returncode == 2
        assert "names a task that is not in tasks.jsonl" in done.stderr
    assert called("show", str(run)).returncode == 0


def test_an_ascii_terminal_gets_everything(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("LC_ALL", "C")
    for command in (("show", str(run)), ("check", str(run)), ("replay", str(run))):
        done = typed(*command)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout.isascii()


@pytest.mark.parametrize("name", ["trajectories.jsonl", "tasks.jsonl", "failures.log", "summary.json", "timings.csv"])
def test_a_link_in_a_run_folder_of_others_is_not_followed(run: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine"
    mine.write_text("secret words\n")
    (run / name).unlink()
    (run / name).symlink_to(mine)
    commands: tuple[tuple[str, ...], ...] = (
        ("replay", str(run)),
        ("show", str(run)),
        ("check", str(run)),
        ("export", str(run), "--format", "openai", "--out", str(tmp_path / "x")),
        ("synth", "retail", "--n", str(N), "--seed", "1", "--world-size", "60", "--quiet", "--out", str(run)),
    )
    for command in commands:
        done = called(*command)
        assert done.returncode == 2, command
        assert f"{name}: is a link to another place, which is not followed" in done.stderr
        assert "secret" not in done.stderr + done.stdout
    assert mine.read_text() == "secret words\n"


def test_an_archive_that_is_blown_up_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "rows.jsonl.gz"
    with gzip.open(bomb, "wb", 9) as file:
        file.write(b'{"messages":[')
        for _ in range(300):
            file.write(b"[]," * (1 << 18))
    assert bomb.stat().st_size < 1 << 20
    done = called("check", str(bomb))
    assert done.returncode == 2
    assert done.stderr == f"writ: {bomb}: unpacks to more than 150 times its size; unpack it yourself if it should\n"
    with pytest.raises(InputError, match="unpacks to more than"):
        list(read_jsonl(bomb, dict))


def test_an_archive_of_rows_is_read_as_ever(run: Path, tmp_path: Path) -> None:
    rows = (run / "trajectories.jsonl").read_bytes()
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(rows * 40))
    with open_binary(packed) as file:
        assert file.read() == rows * 40
    with open_binary(packed) as file:
        lines = list(file)
        file.seek(len(lines[0]))
        assert file.readline() == lines[1]
