"""Reading JSON and JSON Lines into types, with errors that name the file, the line and the field."""

from __future__ import annotations

import gzip
import os
import re
import tomllib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from writ_async.errors import InputError

T = TypeVar("T")
PathLike = str | os.PathLike[str]

_MOST_UNPACKED = 1 << 25
_MOST_TIMES = 150
"""A zipped file may hold so many bytes, or so many times its size; texts of conversations are zipped to a fifth or a
fiftieth."""

MOST_BYTES = 1 << 29
"""The longest line, and the largest file that is one value, that are read: 512 MiB; memory takes a few times that."""

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
_UNREADABLE = (OSError, EOFError, zlib.error)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class TornLineError(InputError):
    """The last line of a file breaks off: whoever wrote it was stopped in the middle."""


class _AnyObject(msgspec.Struct):
    """A JSON object whose fields are checked for syntax alone."""


_check_object = msgspec.json.Decoder(_AnyObject).decode


def is_whole(line: bytes) -> bool:
    """Whether a line is one complete JSON object. No proper prefix of a JSON object is one."""
    try:
        _check_object(line)
    except _UNDECODABLE:
        return False
    return True


def read_jsonl(path: PathLike, row: type[T], *, skip_torn: bool = False) -> Iterator[T]:
    """Decode a JSON Lines file row by row; `.gz` content is found by its first bytes.

    Blank lines and unknown fields are passed over, and the last newline may be missing. Raises `InputError` for a file
    that cannot be read or a line that does not fit, and `TornLineError` for a last line that breaks off, unless
    `skip_torn` says to leave that line out. Nothing is opened before the first row is asked for.
    """
    decode = msgspec.json.Decoder(row).decode
    with open_binary(path) as file:
        number = 0
        for number, line in _numbered(file, path):
            if line.isspace():
                continue
            try:
                value = decode(line)
            except _UNDECODABLE as exc:
                if line.endswith(b"\n") or not _breaks_off(line):
                    raise _bad_line(path, number, exc) from None
                if skip_torn:
                    return
                raise TornLineError(
                    f"{path}: line {number} breaks off after {len(line)} bytes; remove that line or remake the file"
                ) from None
            yield value


def read_json(path: PathLike, value: type[T]) -> T:
    """Decode a JSON file; `.gz` content is found by its first bytes.

    Raises `InputError` for a file that cannot be read or that does not fit, with the line where the syntax is broken.
    """
    return read_as(path, msgspec.json.Decoder(value).decode)


def read_as(path: PathLike, decode: Callable[[bytes], T]) -> T:
    """What `decode` makes of a file's content: a reader of JSON, or `bytes.decode` for text. Raises as `read_json`."""
    with open_binary(path) as file:
        try:
            content = read_whole(file, path).removeprefix(_BOM)
        except _UNREADABLE as exc:
            raise _unreadable(path, exc) from None
    try:
        return decode(content)
    except _UNDECODABLE as exc:
        raise InputError(f"{path}: {_broken_line(content, exc)}{exc}; correct the file") from None


def read_whole(file: BinaryIO, path: PathLike) -> bytes:
    """All that is left of a file. Raises `InputError` where that is more than `MOST_BYTES`, and `OSError`."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: is one value of more than {MOST_BYTES >> 20} MiB; split it, as JSON Lines")
    return content


def lines_of(file: BinaryIO, path: PathLike) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers. Raises `InputError` at one of more than `MOST_BYTES`, and `OSError`."""
    number = 0
    while line := file.readline(MOST_BYTES + 1):
        number += 1
        if len(line) > MOST_BYTES:
            raise InputError(f"{path}: line {number} has more than {MOST_BYTES >> 20} MiB; split or remove it")
        yield number, line


@contextmanager
def open_binary(path: PathLike) -> Iterator[BinaryIO]:
    """Open a file to read, through gzip where its content is.

    Raises `InputError` when it cannot be opened, or what is zipped is damaged.
    """
    with _open(path) as file:
        try:
            zipped = file.peek(2)[:2] == _GZIP_MAGIC
        except OSError as exc:
            raise _unreadable(path, exc) from None
        if zipped:
            try:
                with BufferedReader(_Unpacking(path, file)) as unzipped:
                    yield unzipped
            except _DAMAGED as exc:
                raise _unreadable(path, exc) from None
        else:
            yield file


class _Unpacking(RawIOBase):
    """What a zipped file holds, as far as it is not blown up: a few bytes of it can stand for all memory there is."""

    def __init__(self, path: PathLike, file: BinaryIO) -> None:
        self._path = path
        self._inner = gzip.GzipFile(fileobj=file, mode="rb")
        self._most = max(_MOST_UNPACKED, os.fstat(file.fileno()).st_size * _MOST_TIMES)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read1(len(buffer))
        buffer[: len(data)] = data
        if self._inner.tell() > self._most:
            raise InputError(
                f"{self._path}: unpacks to more than {_MOST_TIMES} times its size; unpack it yourself if it should"
            )
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def close(self) -> None:
        self._inner.close()
        super().close()


def _open(path: PathLike) -> BufferedReader:
    try:
        return Path(path).open("rb")
    except OSError as exc:
        raise _unreadable(path, exc) from None


def _numbered(file: BinaryIO, path: PathLike) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        for number, line in lines_of(file, path):
            yield number, line.removeprefix(_BOM) if number == 1 else line
    except _UNREADABLE as exc:
        raise InputError(
            f"{path}: cannot be read beyond line {number}: {_reason(exc)}; the file is damaged, fetch it again"
        ) from None


def _breaks_off(line: bytes) -> bool:
    """Whether a line without newline is cut short rather than whole but of another type."""
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except _UNDECODABLE:
        return True
    return False


def _bad_line(path: PathLike, number: int, exc: Exception) -> InputError:
    return InputError(f"{path}: line {number}: {exc}; correct or remove that line")


def _broken_line(text: bytes, exc: Exception) -> str:
    """The place of a syntax error as a line, from the byte that msgspec names; empty for an error of type."""
    if isinstance(exc, msgspec.ValidationError | UnicodeDecodeError | RecursionError):
        return ""
    found = re.search(r"\(byte (\d+)\)$", str(exc))
    offset = int(found[1]) if found else len(text.rstrip())
    return f"line {text[:offset].count(10) + 1}: "


def _reason(exc: BaseException) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc) or type(exc).__name__


def _unreadable(path: PathLike, exc: BaseException) -> InputError:
    if isinstance(exc, FileNotFoundError):
        return InputError(f"{path}: there is no such file; check the path")
    if isinstance(exc, IsADirectoryError):
        return InputError(f"{path}: is a folder, but a file is needed; check the path")
    return InputError(f"{path}: cannot be read: {_reason(exc)}")


class Phrases(msgspec.Struct, frozen=True):
    """The contents of a file of phrases: forms of which one is drawn, and tables of such forms by key."""

    forms: dict[str, tuple[str, ...]]
    tables: dict[str, dict[str, tuple[str, ...]]]

    def find_forms(self, name: str) -> tuple[str, ...]:
        """The forms of a name, for a module's `__getattr__`. Raises `AttributeError` for a name that there is not."""
        if name in self.forms:
            return self.forms[name]
        raise AttributeError(name)


def load_phrases(package: str, name: str) -> Phrases:
    """The phrases in a package's TOML file: a list of strings is a name's forms, a table holds such lists by key.

    Raises `msgspec.ValidationError` for anything else in it.
    """
    values = tomllib.loads((resources.files(package) / name).read_text(encoding="utf-8"))
    forms = {key: value for key, value in values.items() if isinstance(value, list)}
    tables = {key: value for key, value in values.items() if key not in forms}
    return msgspec.convert({"forms": forms, "tables": tables}, Phrases)
