"""What a phraser has written for a run, text after text, so that one that is killed while it tells pays for none twice.

drawing/told.jsonl   a line that says what the texts rest on, then a line for each text that is settled

It lies beside the traces of draws (`draw_traces`), and is needed as long as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from writ_async.errors import StorageError
from writ_async.files import is_whole
from writ_async.runs.manifest import package_versions
from writ_async.runs.seats import EngineSpec
from writ_async.runs.writing import OWN_FOLDER, AppendLog, make_folder, mend, storage_error
from writ_async.synthesis.phrase_report import PhrasedText, PhraserError

TOLD = "told.jsonl"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PhrasedText).decode


class _TellingTrace:
    """The texts of a run, as `PhraseTrace` has it."""

    def __init__(self, log: AppendLog, texts: dict[tuple[str, str], PhrasedText]) -> None:
        self._log = log
        self._texts = texts

    def find(self, task_id: str, what: str, asked: str) -> PhrasedText | None:
        known = self._texts.get((task_id, what))
        return known if known is not None and known.asked == asked else None

    def keep(self, text: PhrasedText) -> None:
        """Raises `StorageError`."""
        try:
            self._log.append(_encode(text) + b"\n")
        except OSError as exc:
            raise storage_error(self._log.path, exc) from exc


@contextmanager
def open_telling_trace(
    folder: Path | None, phraser: EngineSpec, check: EngineSpec | None, seed: int
) -> Iterator[_TellingTrace | None]:
    """The texts that a phraser has written for a run; None without a folder.

    They are another run's, and forgotten, where the engines, the seed or the installed versions are others; and where
    the phraser gives up. Raises `StorageError`.
    """
    if folder is None:
        yield None
        return
    engines = {"phraser": phraser.row_deciding(), "check": check and check.row_deciding()}
    rests_on = {"versions": package_versions(), **engines, "seed": seed}
    head = msgspec.json.encode(rests_on, order="deterministic") + b"\n"
    log: AppendLog | None = None
    try:
        make_folder(folder, OWN_FOLDER)
        path = folder / TOLD
        mend(path, is_whole, in_order=True)
        log = AppendLog(path)
        with path.open("rb") as lines:
            known = _read_texts(lines, head)
        if known is None:
            os.ftruncate(log.fd, 0)
            log.size, known = 0, {}
            log.append(head)
    except OSError as exc:
        if log is not None:
            log.close()
        raise storage_error(folder, exc) from exc
    except StorageError:
        if log is not None:
            log.close()
        raise
    try:
        yield _TellingTrace(log, known)
    except PhraserError:  # so that the same command asks anew
        os.ftruncate(log.fd, 0)
        raise
    finally:
        log.close()


def _read_texts(lines: BinaryIO, head: bytes) -> dict[tuple[str, str], PhrasedText] | None:
    """The texts of a file by task and kind; None where they rest on something else, or are not as they are written."""
    if lines.readline() != head:
        return None
    try:
        texts = [_decode(line) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return {(text.task_id, text.what): text for text in texts}
