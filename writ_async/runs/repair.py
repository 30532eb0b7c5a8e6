"""Puts a run folder right that something else than a run has broken, as far as that can be done without losing a word.

A run that was killed needs no repair: it goes on when the same command is given again. What is repaired here is what
stands in the way of that, such as a line in the middle of a file that cannot be read, or a row that is there twice.
Nothing is thrown away: what cannot stay goes to a file of the same name with `.aside` behind it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, trajectory_id
from writ_async.curation.selection import SELECTION, Selection
from writ_async.errors import InputError
from writ_async.files import is_whole, lines_of, open_binary, read_json, read_jsonl
from writ_async.runs.attempts import AttemptHead
from writ_async.runs.manifest import Manifest, Prompt
from writ_async.runs.rounds import ROUNDS, Round
from writ_async.runs.row_order import find_rows, is_ordered
from writ_async.runs.shards import SHARD, Drawn, Shard
from writ_async.runs.summary import Summary
from writ_async.runs.view import CALLS, FAILURES, PROMPTS, SUMMARY, TASKS, TIMINGS, TRAJECTORIES, RunView
from writ_async.runs.writing import NO_LINK, OWN_FILE, mend, replacing, storage_error, sync_folder

ASIDE = ".aside"

_decode_row = msgspec.json.Decoder(Trajectory).decode
_decode_attempt = msgspec.json.Decoder(AttemptHead).decode


class Fault(msgspec.Struct, frozen=True):
    """Something that is wrong with a file of a run, and what was done, or what is to be done, about it."""

    file: str
    what: str
    remedy: str
    mended: bool


class Repair:
    """Finds the faults of one folder; with `act` it mends those that it can. The caller owns the folder then."""

    def __init__(self, folder: Path, *, act: bool) -> None:
        self.folder = folder
        self.act = act
        self.faults: list[Fault] = []

    def tell(self, file: str, what: str, remedy: str, mended: bool) -> None:
        """Add a fault; one that could be mended is so only where this acts."""
        self.faults.append(Fault(file, what, remedy, mended and self.act))

    def files(self, manifest: Manifest) -> None:
        """Look at every file, the rows and tasks before what is made of them."""
        for draft in sorted(self.folder.glob(".*.tmp")):
            self.tell(draft.name, "was left by a process that was killed", "removed", True)
            if self.act:
                with suppress(OSError):
                    draft.unlink()
        self.tasks(manifest)
        rows = _RowLines()
        self.lines(TRAJECTORIES, rows.why_bad)
        if rows.foreign:
            self.tell(
                TRAJECTORIES,
                f"{rows.foreign:,} lines are no rows that this version reads: {rows.example}",
                "left as they are: upgrade writ-async, or remove them",
                False,
            )
        self.lines(FAILURES, _why_no_attempt)
        self.lines(CALLS, lambda line: "" if is_whole(line) else "is no JSON")
        self.lines(TIMINGS, lambda line: "" if line.count(b",") >= 3 else "has not four fields", text=True)
        self.prompts()
        self.rows_of_no_task()

    def lines(self, name: str, why_bad: Callable[[bytes], str], *, text: bool = False) -> None:
        """Look at a file of lines: a last one that broke off is cut off, others that cannot be read are put aside."""
        path = self.folder / name
        if not path.is_file():
            return
        bad: list[int] = []
        whys: dict[str, int] = {}
        with open_binary(path) as file:
            for number, line in lines_of(file, path):
                last = not line.endswith(b"\n")
                if last and (text or not is_whole(line)):
                    self.tell(name, f"its last line breaks off after {len(line):,} bytes", "cut off", True)
                    continue
                if why := why_bad(line):
                    bad.append(number)
                    whys.setdefault(why, number)
        if bad:
            told = "; ".join(f"line {number} {why}" for why, number in list(whys.items())[:3])
            self.tell(name, f"{len(bad):,} lines cannot stay: {told}", f"put aside in {name}{ASIDE}", True)
            if self.act:
                put_lines_aside(path, frozenset(bad))
        if self.act:  # last, for it would cut off whatever follows the last line that is whole
            mend(path, (lambda line: line.endswith(b"\n")) if text else is_whole)

    def tasks(self, manifest: Manifest) -> None:
        """Look at the tasks, and at what shards say of all; those that follow from the settings are made anew."""
        if not (self.folder / TASKS).is_file():
            return
        broken = ""
        checks: list[tuple[str, Callable[[], object]]] = [
            (TASKS, lambda: sum(1 for _ in read_jsonl(self.folder / TASKS, Task, skip_torn=True)))
        ]
        if isinstance(manifest.shard, Shard):
            checks.append((SHARD, lambda: read_json(self.folder / SHARD, Drawn)))
        if (self.folder / ROUNDS).is_file():
            checks.append((ROUNDS, lambda: sum(1 for _ in read_jsonl(self.folder / ROUNDS, Round, skip_torn=True))))
        for name, check in checks:
            try:
                check()
            except InputError as exc:
                broken = name
                again = _makes_tasks_again(manifest.kind, manifest.config) and name != ROUNDS
                self.tell(
                    name,
                    _told(exc, self.folder / name),
                    f"put aside in {TASKS}{ASIDE}; the same command writes the tasks again"
                    if again
                    else "cannot be made again: take the file from a copy, or begin in another folder",
                    again,
                )
        if broken and self.act and _makes_tasks_again(manifest.kind, manifest.config) and broken != ROUNDS:
            put_file_aside(self.folder / TASKS)
        elif self.act and not broken:
            mend(self.folder / TASKS, is_whole)
            mend(self.folder / ROUNDS, is_whole)

    def prompts(self) -> None:
        """Look at what the agents were told; nothing else knows it."""
        if not (self.folder / TASKS).is_file():
            return
        try:
            read_json(self.folder / PROMPTS, dict[str, Prompt])
        except InputError as exc:
            self.tell(
                PROMPTS,
                _told(exc, self.folder / PROMPTS),
                "cannot be made again: take the file from a run that the same version made with the same settings",
                False,
            )

    def rows_of_no_task(self) -> None:
        """Look for rows whose task is not there."""
        path = self.folder / TRAJECTORIES
        run = RunView(self.folder, _NO_MANIFEST)
        try:
            places = run.task_places()
            if not path.is_file() or not places:
                return
            with open_binary(path) as file:
                rows = find_rows(file, path, places)
        except InputError:
            return  # told already
        strangers = [row for row in rows if row.task == len(places)]
        if strangers:
            self.tell(
                TRAJECTORIES,
                f"{len(strangers):,} rows are of tasks that are not in {TASKS}, as line {strangers[0].number}",
                "left as they are, for their tasks may be found again",
                False,
            )

    def rows_gone(self, rows: int) -> None:
        """Whether all rows have gone since the run ended, and nothing else has told of them.

        Some may be missing for lines that were cut off or put aside before; those are told of then.
        """
        aside = (self.folder / f"{TRAJECTORIES}{ASIDE}").is_file()
        if rows or aside or any(fault.file == TRAJECTORIES for fault in self.faults):
            return
        try:
            counted = read_json(self.folder / SUMMARY, Summary).total().conversations
        except InputError:
            return
        if counted:
            there = (self.folder / TRAJECTORIES).is_file()
            self.tell(
                TRAJECTORIES,
                f"{'has no row' if there else 'is not there'}, and {SUMMARY} counts {counted:,}",
                "all is played again by the command that began the run",
                False,
            )

    def end(self) -> bool:
        """Whether the rows are out of order, or what is made of them is not of these rows, though all are there."""
        wrong = False
        run = RunView(self.folder, _NO_MANIFEST)
        path = self.folder / TRAJECTORIES
        count = 0
        if path.is_file():
            with open_binary(path) as file:
                rows = find_rows(file, path, run.task_places())
            count = len(rows)
            if not is_ordered(rows):
                self.tell(TRAJECTORIES, "the rows are not in the order of tasks and trials", "put in order", True)
                wrong = True
        for name, kind, number in (
            (SUMMARY, Summary, lambda found: found.total().conversations),
            (SELECTION, Selection, lambda found: found.rows),
        ):
            what = self._why_not_of(name, kind, number, count)
            if what:
                self.tell(name, what, "made anew from the rows", True)
                wrong = True
        return wrong

    def _why_not_of(self, name: str, kind: type[Any], number: Callable[[Any], int], rows: int) -> str:
        if not (self.folder / name).is_file():
            return "is not there, though all conversations are"
        try:
            found = number(read_json(self.folder / name, kind))
        except InputError as exc:
            return _told(exc, self.folder / name)
        return "" if found == rows else f"is of {found:,} rows, and there are {rows:,}"


class _RowLines:
    """Tells which lines of the trajectories cannot stay: no JSON, or rows whose id is there before.

    Objects that are no rows may be those of another version: so many are `foreign`, and the first says how.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.foreign = 0
        self.example = ""

    def why_bad(self, line: bytes) -> str:
        """What is wrong with the next line; empty where nothing is."""
        try:
            row = _decode_row(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            if not is_whole(line):
                return f"is no JSON ({exc})"
            self.foreign += 1
            self.example = self.example or str(exc)
            return ""
        if not line.startswith(b'{"id":') or row.id != trajectory_id(row.task_id, row.trial):
            return "is no row as a run writes it"
        if row.id in self._seen:
            return f"is {row.id} once more"
        self._seen.add(row.id)
        return ""


_NO_MANIFEST = Manifest(kind="synth", command="", config={})


def _why_no_attempt(line: bytes) -> str:
    try:
        _decode_attempt(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        return f"is no attempt ({exc})"
    return ""


def _makes_tasks_again(kind: str, config: dict[str, Any]) -> bool:
    """Whether the same command writes the same tasks again: none that a model has told, or that rounds have chosen."""
    return kind == "eval" or (kind == "synth" and not config.get("keep") and not config.get("phraser"))


def _told(error: InputError, path: Path) -> str:
    """What is wrong with a file, without its path and without what a reader would be told to do."""
    return str(error).removeprefix(f"{path}: ").rpartition("; ")[0]


def put_lines_aside(path: Path, numbers: frozenset[int]) -> None:
    """Move lines of a file to the end of the file beside it; a kill may leave them in both. Raises `StorageError`."""
    aside = path.with_name(path.name + ASIDE)
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK
        with path.open("rb") as file, open(os.open(aside, flags, OWN_FILE), "ab") as out:
            out.writelines(line for number, line in enumerate(file, 1) if number in numbers)
            out.flush()
            os.fsync(out.fileno())
    except OSError as exc:
        raise storage_error(aside, exc) from exc
    with path.open("rb") as file, replacing(path, mode=OWN_FILE) as rest:
        rest.writelines(line for number, line in enumerate(file, 1) if number not in numbers)


def put_file_aside(path: Path) -> None:
    """Give a file another name, under which no run looks for it. Raises `StorageError`."""
    aside = path.with_name(path.name + ASIDE)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}{ASIDE}{number}")
    try:
        path.rename(aside)
        sync_folder(path.parent)
    except OSError as exc:
        raise storage_error(path, exc) from exc
