"""Notes that people make on rows: tags and a comment, in a log of their own beside the run or file.

One JSON line a note, `notes.log` in a run folder, `FILE.notes.log` beside a file. The log only grows; the last line of
a row is what holds, and one without tags and comment takes the note back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from writ_async.errors import InputError
from writ_async.files import read_jsonl
from writ_async.runs.shared_log import SharedLog
from writ_async.runs.writing import storage_error

NOTES: Final = "notes.log"
MOST_TAGS: Final = 20
LONGEST_TAG: Final = 40
LONGEST_COMMENT: Final = 4_000

_TAG: Final = re.compile(rf"[^\s,\"'()<>=!~]{{1,{LONGEST_TAG}}}")


class RowNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody said of a row. `at` is when, in ISO 8601."""

    row: str
    tags: tuple[str, ...] = ()
    comment: str = ""
    at: str = ""


def notes_path(path: Path) -> Path:
    """Where the notes on the rows of a run folder or a file are."""
    return path / NOTES if path.is_dir() else path.with_name(f"{path.name}.{NOTES}")


def read_notes(path: Path) -> dict[str, RowNote]:
    """The notes that hold, by row. Raises `InputError` for a log that is damaged other than at its end."""
    if not path.is_file():
        return {}
    found = {note.row: note for note in read_jsonl(path, RowNote, skip_torn=True)}
    return {row: note for row, note in found.items() if note.tags or note.comment}


def make_note(row: str, tags: Iterable[str], comment: str, at: str) -> RowNote:
    """A note as it may be written. Raises `InputError` for a tag that no filter can name, and for what is too long."""
    named = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    for tag in named:
        if not _TAG.fullmatch(tag):
            raise InputError(f"tag {tag!r}: a tag is up to {LONGEST_TAG} characters without blanks, commas and signs")
    if len(named) > MOST_TAGS:
        raise InputError(f"{len(named)} tags are too many for a row; give up to {MOST_TAGS}")
    if len(comment) > LONGEST_COMMENT:
        raise InputError(f"a comment has up to {LONGEST_COMMENT:,} characters, not {len(comment):,}; shorten it")
    return RowNote(row, named, comment.strip(), at)


def write_note(path: Path, note: RowNote) -> None:
    """Append a note and make it durable; nothing that was written before is touched. Raises `StorageError`."""
    log = SharedLog(path)
    try:
        log.append(msgspec.json.encode(note) + b"\n")
        log.sync()
    except OSError as exc:
        raise storage_error(path, exc, "the note is not kept; make room") from exc
    finally:
        log.close()
