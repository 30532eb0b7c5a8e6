"""Files of trajectories: which shape the whole has, and its rows one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from writ_async.errors import InputError
from writ_async.files import MOST_BYTES, PathLike, lines_of, open_binary, read_whole
from writ_async.formats.foreign.benchmarks import read_simulation, results_rows
from writ_async.formats.foreign.conversation import Foreign
from writ_async.formats.foreign.inspect_logs import log_rows, read_sample
from writ_async.formats.foreign.rows import (
    FORMATS,
    UnknownShapeError,
    UnreadableRowError,
    is_conversation,
    read_row,
)

if TYPE_CHECKING:
    from polars import DataFrame

ENDINGS = (".json", ".jsonl", ".ndjson", ".parquet", ".json.gz", ".jsonl.gz", ".ndjson.gz")
"""What the names of such files end with."""

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"
_ROWS_AT_ONCE = 256
_FEW_ROWS = 100_000
_LEAST_OF_ROW = 4  # bytes in a file: no conversations are packed as small as that
_BOM = b"\xef\xbb\xbf"
_Row = msgspec.json.Decoder(Any)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be read: where it is, and why."""

    place: str
    reason: str


class _UnknownRow(BadRow, frozen=True):
    """A row in no shape that is read."""


_Rows = Iterator[Foreign | BadRow]
_Reader = Callable[[Any, str], Foreign]


def read_foreign(path: PathLike) -> _Rows:
    """The conversations of a file, and the rows that cannot be read, in order. JSON Lines are read line by line.

    Raises `InputError` when the file cannot be read at all, once for all rows when none is in a shape that is known.
    """
    unknown: list[BadRow] = []
    rows = _read_file(path)
    for row in rows:
        if not isinstance(row, _UnknownRow):
            yield from unknown
            yield row
            break
        unknown.append(BadRow(row.place, row.reason))
    else:
        if unknown:
            first = unknown[0]
            raise InputError(f"{path}: {first.place} {first.reason}; formats that are read: {FORMATS}")
    for row in rows:
        yield BadRow(row.place, row.reason) if isinstance(row, _UnknownRow) else row


def files_below(folder: Path) -> list[Path]:
    """The files of trajectories in a folder and below, by name. Raises `InputError` for a folder without any."""
    found = sorted(file for file in folder.rglob("*") if file.is_file() and file.name.endswith(ENDINGS))
    if not found:
        raise InputError(f"{folder}: is no run folder and holds no {', '.join(ENDINGS)} file; check the path")
    return found


def _read_file(path: PathLike) -> _Rows:
    with open_binary(path) as file:
        head = file.read(1 << 16).removeprefix(_BOM).lstrip()
    if not head:
        raise InputError(f"{path}: is empty; check the path")
    if head.startswith(_PARQUET):
        yield from _read_parquet(path)
    elif head.startswith(_ZIP):
        raise InputError(
            f"{path}: is a zip archive; a log of inspect_ai is read as JSON (`inspect log convert --to json`)"
        )
    elif head[:1] not in (b"{", b"["):
        raise InputError(f"{path}: is neither JSON, JSON Lines nor parquet; check the path")
    elif _has_lines(path):
        yield from _read_lines(path)
    else:
        yield from _read_whole(path)


def _has_lines(path: PathLike) -> bool:
    """Whether a file holds one value a line, rather than one value that may take many lines."""
    with open_binary(path) as file:
        lines = (line for _, line in lines_of(file, path) if line.strip())
        first, second = next(lines, b"").removeprefix(_BOM), next(lines, b"")
    if not second:
        return first.lstrip().startswith(b"{")
    try:
        _Row.decode(first)
    except msgspec.DecodeError as exc:
        # The first line of a value over many lines breaks off; any other that is no JSON is a bad line among others.
        return first.lstrip().startswith(b"{") and ("truncated" not in str(exc) or _is_row(second))
    except (UnicodeDecodeError, RecursionError):
        return first.lstrip().startswith(b"{")
    return True


def _is_row(line: bytes) -> bool:
    try:
        return isinstance(_Row.decode(line), dict)
    except _UNDECODABLE:
        return False


def _read_lines(path: PathLike) -> _Rows:
    with open_binary(path) as file:
        for number, line in lines_of(file, path):
            text = line.removeprefix(_BOM) if number == 1 else line
            if not text.strip():
                continue
            try:
                row = _Row.decode(text)
            except _UNDECODABLE as exc:
                yield BadRow(f"line {number}", f"is no JSON: {exc}")
                continue
            yield from _read_value(row, f"line {number}")


def _read_whole(path: PathLike) -> _Rows:
    with open_binary(path) as file:
        content = read_whole(file, path).removeprefix(_BOM)
    try:
        value = _Row.decode(content)
    except _UNDECODABLE as exc:
        raise InputError(f"{path}: is no JSON: {exc}; correct the file") from None
    if isinstance(value, list) and not is_conversation(value):
        for number, row in enumerate(value):
            yield from _read_value(row, f"row {number}")
    else:
        yield from _read_value(value, "row 0")


def _read_parquet(path: PathLike) -> _Rows:
    """Some rows at a time: a small file may stand for more than there is memory, by a value that all rows share."""
    number = 0
    while not (frame := _some_rows(path, number)).is_empty():
        for index in range(frame.height):
            row = frame.slice(index, 1)
            if row.estimated_size() > MOST_BYTES:
                raise InputError(f"{path}: row {number} has more than {MOST_BYTES >> 20} MiB; split or remove it")
            yield _try(read_row, _plain(row.row(0, named=True)), f"row {number}")
            number += 1


def _some_rows(path: PathLike, start: int) -> DataFrame:
    import polars as pl

    try:
        rows = pl.scan_parquet(Path(path), glob=False)
        total = int(rows.select(pl.len()).collect().item()) if not start else 0
        if total > _FEW_ROWS and total * _LEAST_OF_ROW > Path(path).stat().st_size:
            raise InputError(
                f"{path}: says that it has {total:,} rows in {Path(path).stat().st_size:,} bytes; remake it"
            )
        return rows.slice(start, _ROWS_AT_ONCE).collect()
    except (pl.exceptions.PolarsError, OSError, MemoryError) as exc:
        raise InputError(f"{path}: cannot be read as parquet: {_first_line(exc)}") from None


def _first_line(exc: BaseException) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]


def _plain(value: Any) -> Any:
    """What polars gives for nested columns, as JSON would have it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _read_value(value: Any, place: str) -> _Rows:
    """The rows of one value: of a benchmark's results, of a log, or the row that it is."""
    if isinstance(value, dict) and isinstance(value.get("simulations"), list):
        yield from _read_each(read_simulation, results_rows(value), "simulation")
    elif isinstance(value, dict) and isinstance(value.get("samples"), list):
        yield from _read_each(read_sample, log_rows(value), "sample")
    else:
        yield _try(read_row, value, place)


def _read_each(read: _Reader, rows: Iterable[Any], kind: str) -> _Rows:
    for number, row in enumerate(rows):
        place = f"{kind} {number}"
        if isinstance(row, dict):
            yield _try(read, row, place)
        else:
            yield _UnknownRow(place, f"expected a JSON object, got {type(row).__name__}")


def _try(read: _Reader, row: Any, place: str) -> Foreign | BadRow:
    try:
        return read(row, place)
    except UnknownShapeError as exc:
        return _UnknownRow(place, str(exc))
    except UnreadableRowError as exc:
        return BadRow(place, str(exc))
    except RecursionError:
        return BadRow(place, "is nested too deeply")
