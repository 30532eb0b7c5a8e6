"""A log of entries: read once, appended behind, and another run's where it rests on something else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from writ_async.errors import StorageError
from writ_async.runs.trace_log import TraceLog
from writ_async.runs.writing import AppendLog


class Entry(msgspec.Struct, frozen=True):
    """What is kept here."""

    number: int


def read(path: Path, seed: int = 1) -> tuple[list[int], TraceLog[Entry]]:
    log = TraceLog(path, Entry, {"seed": seed})
    kept: list[int] = []
    while (entry := log.next_kept()) is not None:
        kept.append(entry.number)
    return kept, log


def test_what_is_kept_is_there_next_time_and_is_not_read_back_by_whoever_keeps_it(tmp_path: Path) -> None:
    for known in ([], [0], [0, 1]):
        kept, log = read(tmp_path / "log")
        assert kept == known
        log.keep(Entry(len(known)))
        assert log.next_kept() is None
        log.close()
        log.close()


def test_entries_that_rest_on_something_else_are_forgotten_and_so_is_all_behind_one_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    _, log = read(tmp_path / "log")
    log.keep(Entry(0))
    log.close()
    with (tmp_path / "log").open("ab") as file:
        file.write(b'{"number":"one"}\n{"number":2}\n')
    kept, log = read(tmp_path / "log")
    assert kept == [0]
    log.keep(Entry(1))
    log.close()
    assert read(tmp_path / "log")[0] == [0, 1]
    assert read(tmp_path / "log", seed=2)[0] == []
    assert read(tmp_path / "log", seed=2)[0] == []


def test_a_log_that_forgets_has_nothing_next_time(tmp_path: Path) -> None:
    _, log = read(tmp_path / "log")
    log.keep(Entry(0))
    log.forget()
    log.close()
    assert (tmp_path / "log").read_bytes() == b""
    assert read(tmp_path / "log")[0] == []


def test_only_one_has_a_log_alone(tmp_path: Path) -> None:
    first = TraceLog(tmp_path / "log", Entry, {}, alone=True)
    with pytest.raises(BlockingIOError):
        TraceLog(tmp_path / "log", Entry, {}, alone=True)
    first.close()
    TraceLog(tmp_path / "log", Entry, {}, alone=True).close()


def test_a_log_that_cannot_be_cut_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(self: AppendLog, size: int) -> None:
        raise OSError(5, "Input/output error")

    _, log = read(tmp_path / "log")
    monkeypatch.setattr(AppendLog, "cut", cut)
    with pytest.raises(StorageError, match=r"cannot write .*log: Input/output error"):
        log.forget()
