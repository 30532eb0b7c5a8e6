"""Reads the files of a data folder; whatever is wrong with one is an `InputError` with its name, and line or field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from writ_async.errors import InputError

T = TypeVar("T")


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises `InputError` when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror}") from None


def read_text(path: Path) -> str:
    """The content of a UTF-8 text file. Raises `InputError` when it cannot be read."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: not UTF-8 text (byte {exc.start})") from None


def parse(path: Path, content: bytes, decode: Callable[[bytes], T]) -> T:
    """What `decode` makes of a file's content.

    Raises `InputError`: with the line for broken JSON, with the field for JSON of another shape.
    """
    try:
        return decode(content)
    except msgspec.ValidationError as exc:
        raise InputError(f"{path}: {exc}") from None
    except msgspec.DecodeError as exc:
        raise InputError(f"{path}:{_line(content, str(exc))}: {exc}") from None
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: not UTF-8 text ({exc.reason})") from None


def read_json(path: Path, shape: type[T]) -> T:
    """A JSON file as a value of a type. Raises `InputError`."""
    return parse(path, read_bytes(path), msgspec.json.Decoder(shape).decode)


def _line(content: bytes, message: str) -> int:
    """The line that a decoder's message points to by its byte offset; the last line where it gives none."""
    offset = message.rpartition("(byte ")[2].rstrip(")")
    end = int(offset) if offset.isdigit() else len(content.rstrip())
    return content.count(b"\n", 0, end) + 1
