"""`writ view --static`: the page as files, whose data is text and never a script."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import called
from tests.support.samples import manifest, task, trajectory
from writ_async.commands.view import open_index
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.runs.folder import RunFolder
from writ_async.viewer.row_index import RowIndex
from writ_async.viewer.static_files import write_static

HOSTILE = '</script><script>alert(1)</script>\u2028"; alert(2); //\\\x1b[2J\u202e `${alert(3)}`'


def taken(file: Path) -> Any:
    """What a data file hands over; it has to be one call with two strings, and nothing else."""
    match = re.fullmatch(r'writ\.take\("([a-z0-9-]+)", ("(?:[^"\\]|\\.)*")\);\n', file.read_text(encoding="utf-8"))
    assert match is not None
    assert match[1] == file.stem
    return json.loads(json.loads(match[2]))


def test_all_rows_are_there_and_the_page_is_the_servers(index: RowIndex, tmp_path: Path) -> None:
    seen: list[int] = []
    write_static(index, tmp_path / "out", seen=seen.append)
    state = taken(tmp_path / "out/data/state.js")
    rows = taken(tmp_path / "out/data/rows-0.js")
    assert [row["key"] for row in rows] == index.keys
    assert state["rows"] == len(rows) == len(taken(tmp_path / "out/data/texts-0.js"))
    talk = [shown["listed"]["key"] for n in (0, 1) for shown in taken(tmp_path / f"out/data/talk-{n}.js")]
    assert talk == index.keys
    assert seen == [20, 24]
    assert state["token"] == ""
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    loaded = re.findall(r'(?:src|href)="(static/[^"]+)"', page)
    assert len(loaded) > 10
    assert all((tmp_path / "out" / name).is_file() for name in loaded)
    assert '"files"' in (tmp_path / "out/static/start.js").read_text(encoding="utf-8")


def test_a_page_names_no_folder_of_this_machine(index: RowIndex, tmp_path: Path) -> None:
    write_static(index, tmp_path / "out")
    for file in (tmp_path / "out/data").iterdir():
        assert str(tmp_path.parent).encode() not in file.read_bytes()


def test_hostile_text_stays_text_in_the_data(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([task("t")], {})
        run.append(trajectory("t", messages=(UserMessage(HOSTILE), AssistantMessage(HOSTILE))))
    write_static(open_index([tmp_path / "run"]), tmp_path / "out")
    (shown,) = taken(tmp_path / "out/data/talk-0.js")
    assert [message["text"] for message in shown["page"]["messages"]] == [HOSTILE, HOSTILE]


def test_the_command_writes_again_over_its_own_page_and_over_nothing_else(made_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        done = called("view", str(made_run), "--static", str(out))
        assert (done.returncode, done.stderr) == (0, "")
        assert "index.html" in done.stdout
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("x")
    done = called("view", str(made_run), "--static", str(tmp_path / "mine"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_a_port_that_is_taken_is_told_of_and_ctrl_c_ends_in_peace(made_run: Path) -> None:
    command = [sys.executable, "-m", "writ_async", "view", str(made_run), "--port"]
    with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "24 rows of first\n"
        port = first.stdout.readline().partition("/   ")[0].rpartition(":")[2]
        second = subprocess.run([*command, port], capture_output=True, text=True, check=False)
        assert (second.returncode, second.stderr.count("\n")) == (2, 1)
        assert f"{port} is taken" in second.stderr
        first.send_signal(signal.SIGINT)
        assert first.wait(20) == 0
        assert first.communicate() == ("", "")


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none_is_told_of(port: str, made_run: Path) -> None:
    done = called("view", str(made_run), "--port", port)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
