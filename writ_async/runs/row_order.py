"""The canonical order of rows: by the place of their task in the run, then by trial. One row is held at a time.

Which conversation ends first depends on the server and on chance. Rows that stand in this order are the same bytes
whatever the concurrency, however many processes or machines have played them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple

import msgspec

from writ_async.core.trajectory import trajectory_id
from writ_async.errors import InputError
from writ_async.files import PathLike, is_whole, lines_of, open_binary


class RowPlace(NamedTuple):
    """Where a row is found, and first of all by what it is put in order.

    `task` is the place of its task, `source` that of the file among several; `offset` and `length` are in bytes. Where
    its writer has told, its token ids are the bytes `tokens_from` to `tokens_to` of it, without which it is a row too.
    """

    task: int
    task_id: str
    trial: int
    source: int
    number: int
    offset: int
    length: int
    tokens_from: int = 0
    tokens_to: int = 0

    @property
    def row_id(self) -> str:
        """The row's id."""
        return trajectory_id(self.task_id, self.trial)


class _Head(msgspec.Struct):
    """The fields by which rows are put in order."""

    task_id: str
    trial: int


_ID = re.compile(rb'\{"id":("(?:[^"\\]|\\.)*")')
_decode_head = msgspec.json.Decoder(_Head).decode
_decode_id = msgspec.json.Decoder(str).decode


def row_id_of(line: bytes) -> str | None:
    """The id that a row starts with; None for a line that does not. Decodes the id alone."""
    match = _ID.match(line)
    return None if match is None else _decode_id(match[1])


def whole_lines(file: BinaryIO, path: PathLike) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file, with their numbers; a last one that breaks off is left out. Raises as `lines_of`."""
    for number, line in lines_of(file, path):
        if line.endswith(b"\n") or is_whole(line):
            yield number, line


def bad_row(path: PathLike, number: int, exc: Exception) -> InputError:
    """The error for a row that cannot be read."""
    return InputError(f"{path}: line {number}: {exc}; correct or remove that line")


def find_rows(file: BinaryIO, path: PathLike, tasks: Mapping[str, int], source: int = 0) -> list[RowPlace]:
    """Where the rows of a file are, as they stand in it. `tasks` has the places of tasks by id; unknown ones come last.

    Raises `InputError` for a line that is no row.
    """
    rows: list[RowPlace] = []
    offset = 0
    for number, line in whole_lines(file, path):
        try:
            head = _decode_head(line)
        except msgspec.DecodeError as exc:
            raise bad_row(path, number, exc) from None
        place = tasks.get(head.task_id, len(tasks))
        rows.append(RowPlace(place, head.task_id, head.trial, source, number, offset, len(line)))
        offset += len(line)
    return rows


def read_row(file: BinaryIO, row: RowPlace, *, tokens: bool = True) -> bytes:
    """The line of a row; without its token ids where they are not wanted, and it is known where they are."""
    file.seek(row.offset)
    if tokens or not row.tokens_to:
        return file.read(row.length)
    before = file.read(row.tokens_from)
    file.seek(row.offset + row.tokens_to)
    return before + file.read(row.length - row.tokens_to)


def is_ordered(rows: Sequence[RowPlace]) -> bool:
    """Whether rows stand in the canonical order."""
    return all(rows[index] < rows[index + 1] for index in range(len(rows) - 1))


def copy_rows(rows: Iterable[RowPlace], paths: Sequence[PathLike], out: BinaryIO) -> None:
    """Write rows of some files, by their `source`, one after the other. Raises `OSError`."""
    with ExitStack() as files:
        opened = [files.enter_context(open_binary(path)) for path in paths]
        reached = [0] * len(opened)
        for row in rows:
            file = opened[row.source]
            if reached[row.source] != row.offset:
                file.seek(row.offset)
            line = file.read(row.length)
            reached[row.source] = row.offset + row.length
            out.write(line if line.endswith(b"\n") else line + b"\n")
