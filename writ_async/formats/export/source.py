"""What every export shares: which rows of a run, with which prompt and task, and what is counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, BinaryIO, Protocol

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Seat, Trajectory
from writ_async.curation.rules import STRICT, FilterRules
from writ_async.files import PathLike
from writ_async.formats.export.lines import ALL_CLOSING_TOKENS, Line, agent_lines
from writ_async.formats.export.user_seat import template_of, turn_round
from writ_async.runs.manifest import Prompt
from writ_async.runs.view import RunView, prompt_for
from writ_async.runs.writing import replacing

_encode = msgspec.json.Encoder().encode


class Exported(msgspec.Struct, frozen=True):
    """How many rows were written, and how many were left out.

    `rejected` by their verdict, `unfit` because they hold nothing to train on, `dropped` because the selection over the
    whole run left them out (near-duplicates, caps), `unmaskable` because the format cannot say that nobody should
    learn from some of their messages.
    """

    rows: int
    rejected: int
    unfit: int
    dropped: int = 0
    unmaskable: int = 0


class Exporter(Protocol):
    """Writes a run to a file, by default only the kept rows."""

    def __call__(
        self,
        run: RunView,
        out: PathLike,
        *,
        include_rejected: bool = False,
        leave_out: Collection[str] = (),
        greeting: bool | None = None,
        rules: FilterRules = STRICT,
        seat: Seat = "agent",
    ) -> Exported:
        """Write `out` whole or not at all, without the rows of the ids in `leave_out`.

        `greeting` says whether the agent's words before the user's first stay; None leaves it to the format. `rules`
        say which rows are kept, and which of their messages nobody should learn from, `seat` who is to learn. Raises
        `InputError` and `StorageError`.
        """


class Item(msgspec.Struct, frozen=True):
    """One row to export; `masked` are the places of messages that nobody should learn from."""

    trajectory: Trajectory
    prompt: Prompt
    task: Task | None
    masked: frozenset[int] = frozenset()
    seat: Seat = "agent"

    @property
    def system(self) -> str:
        """What the seat was told."""
        return self.prompt.system or self.prompt.policy

    def lines(self) -> list[Line] | None:
        """The conversation from the seat; see `agent_lines`. A user has to learn the tokens that end conversations."""
        return agent_lines(self.trajectory, () if self.seat == "user" else ALL_CLOSING_TOKENS, self.masked)


class Source:
    """The rows of a run to export, in the order of tasks and trials; counts those that it leaves out.

    `masks` says whether the format can leave single messages out of the loss; where it cannot, rows that need it go.
    With the `seat` user rows are turned round (`user_seat`); `unturned` counts those that cannot be.
    """

    def __init__(
        self,
        run: RunView,
        include_rejected: bool,
        leave_out: Collection[str] = (),
        rules: FilterRules = STRICT,
        *,
        masks: bool = False,
        seat: Seat = "agent",
    ) -> None:
        self.rejected = 0
        self.unturned = 0
        self._seat = seat
        self.dropped = 0
        self.unmaskable = 0
        self._rules = rules
        self._masks = masks
        self._run = run
        self._all = include_rejected
        self._leave_out = frozenset(leave_out)
        self._prompts = run.prompts()
        self._tasks = {task.id: task for task in run.tasks()}

    def __iter__(self) -> Iterator[Item]:
        for trajectory in self._run.ordered():
            if not self._all:
                if not self._rules.keeps(trajectory.verdict):
                    self.rejected += 1
                    continue
                if trajectory.id in self._leave_out:
                    self.dropped += 1
                    continue
            masked = self._rules.masked(trajectory.verdict)
            if masked and not self._masks and not self._all:
                self.unmaskable += 1
                continue
            task = self._tasks.get(trajectory.task_id)
            prompt = prompt_for(self._prompts, task, trajectory.domain)
            if self._seat == "agent":
                yield Item(trajectory, prompt, task, masked)
                continue
            template = template_of(self._run.manifest.config)
            turned = None if task is None else turn_round(trajectory, prompt, task, template)
            if turned is None:
                self.unturned += 1
                continue
            yield Item(*turned, task, seat="user")

    def exported(self, rows: int, unfit: int = 0) -> Exported:
        """What was written and left out, with so many rows that were written and so many that were not fit to be."""
        return Exported(rows, self.rejected, unfit + self.unturned, self.dropped, self.unmaskable)


class RowMaker(Protocol):
    """Makes one row of a format; None when there is nothing in it to train on."""

    def __call__(self, item: Item, lines: list[Line]) -> dict[str, Any] | None:
        """The row."""


def write_rows(
    run: RunView,
    out: PathLike,
    make: RowMaker,
    *,
    include_rejected: bool,
    leave_out: Collection[str],
    rules: FilterRules = STRICT,
    array: bool,
    masks: bool = False,
    seat: Seat = "agent",
) -> Exported:
    """Write one JSON object per row: a line each, or the elements of one array. See `Exporter` for the rest."""
    source = Source(run, include_rejected, leave_out, rules, masks=masks, seat=seat)
    counts = [0, 0]
    with replacing(out) as file:
        write_json(file, rows_of(source, make, counts), array)
    return source.exported(counts[0], counts[1])


def rows_of(source: Source, make: RowMaker, counts: list[int]) -> Iterator[dict[str, Any]]:
    """The rows that a format makes; counts those made in `counts[0]`, those unfit in `counts[1]`."""
    for item in source:
        lines = item.lines()
        row = None if lines is None else make(item, lines)
        counts[row is None] += 1
        if row is not None:
            yield row


def write_json(file: BinaryIO, rows: Iterable[dict[str, Any]], array: bool) -> None:
    """Rows as JSON Lines, or as one array with a row a line."""
    between = b"[\n" if array else b""
    for row in rows:
        file.write(between + _encode(row))
        between = b",\n" if array else b"\n"
    if array:
        file.write(b"\n]\n" if between == b",\n" else b"[]\n")
    elif between:
        file.write(b"\n")
