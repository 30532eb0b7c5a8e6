"""The fields of a run's rows, as `writ view`, `writ show --where` and `writ select --where` filter by them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

from writ_async.core.trajectory import Trajectory
from writ_async.curation.selection import SELECTION, Selection
from writ_async.errors import InputError
from writ_async.files import open_binary, read_json
from writ_async.rows.fields import AboutTask, RowFields, row_fields
from writ_async.rows.filter_language import parse_filter
from writ_async.rows.filtering import passes
from writ_async.rows.notes import notes_path, read_notes
from writ_async.runs.row_selection import rules_of
from writ_async.runs.view import TASKS, TIMINGS, RunView


class Timing(msgspec.Struct, frozen=True):
    """Seconds of a conversation, and those that it waited for either seat."""

    seconds: float
    agent_wait: float
    user_wait: float


class _CertificateHead(msgspec.Struct):
    """Of a certificate, how many cells it has."""

    cells: list[msgspec.Raw] = []


class _ProofHead(msgspec.Struct):
    """Of a proof, what a list shows."""

    level: str = ""
    burden: int | None = None


class _TraitHead(msgspec.Struct):
    """Of a trait, its label."""

    axis: str
    value: str


class _BehaviourHead(msgspec.Struct):
    """Of a behaviour, its traits."""

    traits: list[_TraitHead] = []


class _TaskHead(msgspec.Struct):
    """Of a task, what a list shows."""

    id: str
    recipe: str = ""
    behaviour: _BehaviourHead | None = None
    proof: _ProofHead | None = None
    certificates: list[_CertificateHead] = []

    def about(self) -> AboutTask:
        """The same in fewer words."""
        proof = self.proof or _ProofHead()
        burden = proof.burden
        if burden is None and self.certificates:
            burden = max(len(one.cells) for one in self.certificates)
        traits = self.behaviour.traits if self.behaviour is not None else []
        return AboutTask(self.recipe, proof.level, burden, tuple(f"{one.axis}={one.value}" for one in traits))


_decode_head = msgspec.json.Decoder(_TaskHead).decode


class GrowingFile:
    """A file of lines that grows: gives the whole lines that are new, and any of them again by its number.

    A run that ends puts a file in its place that has the same lines in another order, and may then grow again: lines
    keep their numbers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: list[tuple[int, int]] = []
        self._numbers: dict[bytes, int] = {}
        self._end = 0
        self._size = 0
        self._file = (0, 0)

    def further(self) -> Iterator[bytes]:
        """The whole lines since the last time; a line that is still being written waits for the next.

        Raises `InputError` where the file was written anew meanwhile.
        """
        if not self.path.is_file():
            return
        with open_binary(self.path) as file:
            size = self._look_at(file)
            if size < self._size:
                raise InputError(f"{self.path}: is shorter than it was, another run took its place; open it again")
            self._size = size
            file.seek(self._end)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                place = (self._end, len(line))
                self._end += len(line)
                if line.isspace() or self._takes_again(line, place):
                    continue
                self._numbers[_digest(line)] = len(self.places)
                self.places.append(place)
                yield line

    def line(self, number: int) -> bytes:
        """The n-th line that `further` gave."""
        with open_binary(self.path) as file:
            self._look_at(file)
            if self._end == 0:  # its lines stand elsewhere now; new ones among them are for `further`
                offset = 0
                for line in file:
                    self._takes_again(line, (offset, len(line)))
                    offset += len(line)
            start, length = self.places[number]
            file.seek(start)
            return file.read(length)

    def _look_at(self, file: BinaryIO) -> int:
        """The size of the file that is there now; another one than before is to be read from its start."""
        found = os.fstat(file.fileno())
        if self._file != (found.st_dev, found.st_ino):
            self._file, self._end = (found.st_dev, found.st_ino), 0
        return found.st_size

    def _takes_again(self, line: bytes, place: tuple[int, int]) -> bool:
        """Whether a line is known; then this is its place now."""
        number = self._numbers.get(_digest(line))
        if number is not None:
            self.places[number] = place
        return number is not None


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=12).digest()


class RunRows:
    """What is known of a run's rows beside the rows themselves; `look_again` takes in what was written since."""

    def __init__(self, run: RunView, name: str = "") -> None:
        self.tasks = GrowingFile(run.path / TASKS)
        self.timings: dict[str, Timing] = {}
        self.places: dict[str, int] = {}
        """Which line of the tasks each task is."""
        self._name = name or run.path.resolve().name
        self._run = run
        self._rules = rules_of(run)
        self._timings = GrowingFile(run.path / TIMINGS)
        self._about: dict[str, AboutTask] = {}
        self._dropped: frozenset[str] = frozenset()
        self._engine = agent_of(run)

    def look_again(self) -> None:
        """Read what is new of tasks, timings and the selection. Raises `InputError`."""
        for line in self.tasks.further():
            head = _decode_head(line)
            self.places[head.id] = len(self.tasks.places) - 1
            self._about[head.id] = head.about()
        self._read_timings(line.decode(errors="replace") for line in self._timings.further())
        path = self._run.path / SELECTION
        self._dropped = frozenset(read_json(path, Selection).dropped) if path.is_file() else frozenset()

    def _read_timings(self, lines: Iterable[str]) -> None:
        for identity, *numbers in csv.reader(lines):
            if len(numbers) == 3 and identity != "id":
                try:
                    self.timings[identity] = Timing(*map(float, numbers))
                except ValueError:
                    continue

    def fields(self, row: Trajectory) -> RowFields:
        """The fields of a row; its note is not looked for."""
        timing = self.timings.get(row.id)
        return row_fields(
            row,
            self._about.get(row.task_id),
            run=self._name,
            kept=None if row.verdict is None else self._rules.keeps(row.verdict) and row.id not in self._dropped,
            engine=self._engine,
            seconds=None if timing is None else timing.seconds,
        )


def where_test(run: RunView, where: str) -> Callable[[Trajectory], bool]:
    """Whether a row of a run passes a filter, the note on it considered. Raises `InputError` for one that is none."""
    wanted = parse_filter(where)
    rows, notes = RunRows(run), read_notes(notes_path(run.path))
    rows.look_again()

    def test(row: Trajectory) -> bool:
        fields = rows.fields(row)
        if (note := notes.get(row.id)) is not None:
            fields.tag, fields.comment = note.tags, note.comment
        return passes(wanted, fields)

    return test


def agent_of(run: RunView) -> str:
    """Who played the agent of a run: the engine, and its model where it names one."""
    model = Path(model_of(run)).name
    names = sorted(run.agents())
    return f"{names[0]}:{model}" if len(names) == 1 and model else "+".join(names)


def model_of(run: RunView) -> str:
    """The model that played the agent, as the run's engine was told it: a name or a folder; empty where none was."""
    seats = run.manifest.config.get("seats")
    agent = seats.get("agent") if isinstance(seats, dict) else None
    options = agent.get("options") if isinstance(agent, dict) else None
    return str(options.get("model") or "") if isinstance(options, dict) else ""
