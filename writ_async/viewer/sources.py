"""What is looked at: run folders of ours, and files of conversations that others made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.core.trajectory import Reward, Trajectory, Verdict
from writ_async.errors import InputError
from writ_async.formats.foreign import BadRow, Foreign, read_foreign
from writ_async.formats.foreign.places import Place, PlaceFinder
from writ_async.formats.foreign.verdicts import check_row
from writ_async.rows.fields import AboutTask, RowFields, row_fields
from writ_async.rows.notes import notes_path
from writ_async.rows.run_rows import GrowingFile, RunRows, Timing, model_of
from writ_async.runs.locks import owner_of
from writ_async.runs.row_selection import load_known_domains
from writ_async.runs.shortfall import shortfall_of
from writ_async.runs.view import FAILURES, SUMMARY, TRAJECTORIES, RunView
from writ_async.runs.worlds import open_world
from writ_async.verify.evidence import row_label

MOST_JUDGED = 2_000
"""Rows of a file of others that are judged at once; of a larger file each is judged when it is opened."""


class OpenedRow(msgspec.Struct, kw_only=True):
    """One row with all that can be known of it. `world` is None where it cannot be opened, `lacking` says why.

    `rewarded` says whether its reward is known, `judged` whether a verifier has looked at it.
    """

    row: Trajectory
    task: Task | None = None
    domain: Domain | None = None
    world: World | None = None
    lacking: str = ""
    rewarded: bool = True
    judged: bool = True
    timing: Timing | None = None
    model_folder: str = ""


class Source(Protocol):
    """A run or a file. `name` is what it is called among those that are open, `notices` what there is to say of it.

    `shortfall` says which rows it lacks and why, as far as it was read; empty where it lacks none, or nobody can know.
    """

    name: str
    path: Path
    notices: list[str]
    shortfall: str

    @property
    def notes_path(self) -> Path:
        """Where the notes on its rows are."""

    def further(self) -> Iterator[RowFields]:
        """The rows that were not given before, in the order of the file; at first all of them."""

    def open(self, number: int) -> OpenedRow:
        """The n-th row that `further` gave. Raises `InputError`."""


_decode_task = msgspec.json.Decoder(Task).decode
_decode_row = msgspec.json.Decoder(Trajectory).decode


class RunSource:
    """A run of ours, also while it grows."""

    def __init__(self, name: str, run: RunView, data: str | None = None) -> None:
        self.name = name
        self.path = run.path
        self.notices: list[str] = []
        self.shortfall = ""
        self._data = data
        self._model = model_of(run)
        self._rows = GrowingFile(run.path / TRAJECTORIES)
        self._known = RunRows(run, name)
        self._run = run
        self._ids: set[str] = set()
        self._measured: tuple[object, ...] = ()

    @property
    def notes_path(self) -> Path:
        """Where the notes on its rows are."""
        return notes_path(self.path)

    def further(self) -> Iterator[RowFields]:
        """The rows that were not given before. Raises `InputError` for a line that is no row."""
        self._known.look_again()
        for line in self._rows.further():
            try:
                row = _decode_row(line)
            except msgspec.DecodeError as exc:
                place = f"line {len(self._rows.places)}"
                raise InputError(f"{self._rows.path}: {place}: {exc}; correct or remove that line") from None
            self._ids.add(row.id)
            yield self._known.fields(row)
        self._look_for_shortfall()

    def _look_for_shortfall(self) -> None:
        """Say anew what is missing, where something has changed that this rests on."""
        tasks = len(self._known.places)
        beside = [_changed_at(self.path / name) for name in (TRAJECTORIES, SUMMARY, FAILURES)]
        now = (tasks, len(self._ids), owner_of(self.path), *beside)
        if now != self._measured:
            found = shortfall_of(self._run, tasks=tasks, done=self._ids)
            self._measured, self.shortfall = now, "" if found is None else str(found)

    def open(self, number: int) -> OpenedRow:
        """The n-th row. Raises `InputError` where the file has changed."""
        row = _decode_row(self._rows.line(number))
        opened = OpenedRow(
            row=row,
            rewarded=row.verdict is not None,
            judged=row.verdict is not None,
            timing=self._known.timings.get(row.id),
            model_folder=self._model,
        )
        if row.task_id not in self._known.places:
            opened.lacking = "its task is not in tasks.jsonl"
            return opened
        opened.task = _decode_task(self._known.tasks.line(self._known.places[row.task_id]))
        try:
            environment = open_world(opened.task.world, self._data)
        except InputError as exc:
            opened.lacking = str(exc)
            opened.domain = next(iter(load_known_domains([row.domain]).values()), None)
        else:
            opened.domain, opened.world = environment.domain, environment.world
        return opened


def _changed_at(path: Path) -> int:
    """When a file was written last, 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class FileSource:
    """A file of conversations that others made, in any format that `writ check` reads."""

    def __init__(self, name: str, path: Path, places: PlaceFinder) -> None:
        self.name = name
        self.path = path
        self.notices: list[str] = []
        self.shortfall = ""
        self._places = places
        self._packed: list[bytes] = []
        self._read = False

    @property
    def notes_path(self) -> Path:
        """Where the notes on its rows are."""
        return notes_path(self.path)

    def further(self) -> Iterator[RowFields]:
        """All rows, once: such a file is not looked at again. Raises `InputError` when it cannot be read at all."""
        if self._read:
            return
        self._read = True
        bad: list[BadRow] = []
        for found in read_foreign(self.path):
            if isinstance(found, BadRow):
                bad.append(found)
                continue
            self._packed.append(_pack(found))
            opened = self._opened(found, judge=len(self._packed) <= MOST_JUDGED)
            level = _task_level(opened.task)
            yield row_fields(
                opened.row,
                level,
                run=self.name,
                engine=found.agent,
                **({} if opened.rewarded else {"reward": None}),
                **({} if opened.judged else {"strict": None}),
            )
        if bad:
            self.notices.append(f"{self.path}: {len(bad):,} rows cannot be read; {bad[0].place}: {bad[0].reason}")
        if len(self._packed) > MOST_JUDGED:
            self.notices.append(
                f"{self.path}: rows after the first {MOST_JUDGED:,} are judged when they are opened, so the fields "
                "strict, evidence and reason do not know them"
            )

    def open(self, number: int) -> OpenedRow:
        """The n-th row, judged. Raises `InputError`."""
        return self._opened(_unpack(self._packed[number]), judge=True)

    def _opened(self, found: Foreign, *, judge: bool) -> OpenedRow:
        place = self._place(found)
        row = Trajectory(
            id=found.id,
            task_id=found.task_id or found.id,
            domain=place.domain.name if place is not None else found.domain,
            kind=found.kind,
            trial=_trial_of(found.id),
            seed=0,
            messages=found.messages,
            termination=found.termination,
            signal=found.signal,
        )
        opened = OpenedRow(row=row, rewarded=found.reward is not None, judged=False)
        if found.reward is not None:
            row.verdict = Verdict(reward=Reward(reward=found.reward), kept=False)
        if place is None:
            opened.lacking = "the benchmark has no data for its domain"
            return opened
        opened.task, opened.domain, opened.world = place.task, place.domain, place.world
        if place.world is None:
            opened.lacking = "its world is not open: --data PATH names the benchmark's data folder"
        if judge:
            checked = check_row(found, place.domain, place.kinds, place.world, place.task)
            reward = checked.reward or Reward(reward=found.reward or 0.0)
            row.verdict = Verdict(
                reward=reward,
                kept=checked.clean,
                findings=checked.findings,
                evidence=row_label(checked.writes) or "",
                writes=checked.writes,
            )
            opened.judged = True
            opened.rewarded = checked.reward is not None or found.reward is not None
        return opened

    def _place(self, found: Foreign) -> Place | None:
        try:
            return self._places.find(found)
        except InputError:
            return None


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(Foreign)


def _pack(found: Foreign) -> bytes:
    return _packer.encode(found)


def _unpack(packed: bytes) -> Foreign:
    return _unpacker.decode(packed)


def _trial_of(identity: str) -> int:
    number = identity.rpartition("#")[2]
    return int(number) if number.isdecimal() and number.isascii() and len(number) < 7 else 0


def _task_level(task: Task | None) -> AboutTask | None:
    """What a list shows of a task of a benchmark: its gold writes are not told apart, so only what a proof says."""
    if task is None:
        return None
    burden = max((len(one.cells) for one in task.certificates), default=None)
    return AboutTask(task.recipe, task.proof.level if task.proof else "", burden)
