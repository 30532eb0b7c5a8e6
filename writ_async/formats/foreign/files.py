"""Files of trajectories: which shape the whole has, and its rows one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from writ_async.errors import InputError
from writ_async.files import PathLike, open_binary
from writ_async.formats.foreign.rows import Foreign, UnreadableRowError, read_row, read_simulation

_PARQUET = b"PAR1"
_BOM = b"\xef\xbb\xbf"
_Row = msgspec.json.Decoder(Any)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be read: where it is, and why."""

    place: str
    reason: str


class _Environment(msgspec.Struct):
    domain_name: str = ""


class _Info(msgspec.Struct):
    environment_info: _Environment = msgspec.field(default_factory=_Environment)


class _Results(msgspec.Struct):
    """The part of a τ²-bench results file that is read."""

    simulations: list[dict[str, Any]]
    info: _Info = msgspec.field(default_factory=_Info)


def read_foreign(path: PathLike) -> Iterator[Foreign | BadRow]:
    """The conversations of a file, and the rows that cannot be read, in order. JSON Lines are read line by line.

    Raises `InputError` when the file cannot be read at all.
    """
    with open_binary(path) as file:
        head = file.read(1 << 16).removeprefix(_BOM).lstrip()
    if not head:
        raise InputError(f"{path}: is empty; check the path")
    if head.startswith(_PARQUET):
        yield from _read_parquet(path)
    elif head.startswith(b"{") and not _is_whole(head):
        yield from _read_lines(path)
    elif head[:1] in (b"{", b"["):
        yield from _read_whole(path)
    else:
        raise InputError(f"{path}: is neither JSON, JSON Lines nor parquet; check the path")


def _is_whole(head: bytes) -> bool:
    """Whether a file that begins with an object holds just this one, rather than one a line."""
    first, newline, rest = head.partition(b"\n")
    if not newline:
        return b'"simulations"' in head or b'"environment_info"' in head
    if b'"simulations"' in first and not rest.strip():
        return True
    try:
        _Row.decode(first)
    except msgspec.DecodeError as exc:
        # The first line of an object over many lines breaks off; any other line that is no object is a bad one.
        return "truncated" in str(exc)
    except (UnicodeDecodeError, RecursionError):
        return False
    return False


def _read_lines(path: PathLike) -> Iterator[Foreign | BadRow]:
    with open_binary(path) as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(_BOM) if number == 1 else line
            if not text.strip():
                continue
            place = f"line {number}"
            try:
                row = _Row.decode(text)
            except _UNDECODABLE as exc:
                yield BadRow(place, f"is no JSON: {exc}")
                continue
            if isinstance(row, dict) and isinstance(row.get("simulations"), list):
                yield from _simulations(msgspec.convert(row, _Results))
            else:
                yield _try(row, place)


def _read_whole(path: PathLike) -> Iterator[Foreign | BadRow]:
    with open_binary(path) as file:
        content = file.read().removeprefix(_BOM)
    try:
        value = _Row.decode(content)
    except _UNDECODABLE as exc:
        raise InputError(f"{path}: is no JSON: {exc}; correct the file") from None
    if isinstance(value, list):
        for number, row in enumerate(value):
            yield _try(row, f"row {number}")
        return
    if isinstance(value, dict) and isinstance(value.get("simulations"), list):
        try:
            yield from _simulations(msgspec.convert(value, _Results))
        except msgspec.ValidationError as exc:
            raise InputError(f"{path}: {exc}; is it a results file of τ²-bench?") from None
        return
    if isinstance(value, dict) and "termination_reason" in value:
        yield from _simulations(_Results([value]))
        return
    yield _try(value, "row 0")


def _read_parquet(path: PathLike) -> Iterator[Foreign | BadRow]:
    import polars as pl

    try:
        frame = pl.read_parquet(Path(path))
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise InputError(f"{path}: cannot be read as parquet: {str(exc).splitlines()[0]}") from None
    for number, row in enumerate(frame.iter_rows(named=True)):
        yield _try(_plain(row), f"row {number}")


def _plain(value: Any) -> Any:
    """What polars gives for nested columns, as JSON would have it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _simulations(results: _Results) -> Iterator[Foreign | BadRow]:
    for number, row in enumerate(results.simulations):
        place = f"simulation {number}"
        try:
            yield read_simulation(row, place, results.info.environment_info.domain_name)
        except UnreadableRowError as exc:
            yield BadRow(place, str(exc))


def _try(row: Any, place: str) -> Foreign | BadRow:
    try:
        return read_row(row, place)
    except UnreadableRowError as exc:
        return BadRow(place, str(exc))
