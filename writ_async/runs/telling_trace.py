"""What a phraser has written for a run, text after text, so that one that is killed while it tells pays for none twice.

drawing/told.jsonl   a line for each text that is settled, in a `trace_log`

It lies beside the traces of draws (`draw_traces`), and is needed as long as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from writ_async.errors import StorageError
from writ_async.runs.seats import EngineSpec
from writ_async.runs.trace_log import TraceLog
from writ_async.runs.writing import OWN_FOLDER, make_folder, storage_error
from writ_async.synthesis.phrase_report import PhrasedText, PhraserError

TOLD = "told.jsonl"


class _TellingTrace:
    """The texts of a run, as `PhraseTrace` has it."""

    def __init__(self, log: TraceLog[PhrasedText]) -> None:
        self._texts: dict[tuple[str, str], PhrasedText] = {}
        self.keep = log.keep
        while (text := log.next_kept()) is not None:
            self._texts[text.task_id, text.what] = text

    def find(self, task_id: str, what: str, asked: str) -> PhrasedText | None:
        known = self._texts.get((task_id, what))
        return known if known is not None and known.asked == asked else None


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
    rests_on = {"phraser": phraser.row_deciding(), "check": check and check.row_deciding(), "seed": seed}
    try:
        make_folder(folder, OWN_FOLDER)
        log = TraceLog(folder / TOLD, PhrasedText, rests_on)
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    with closing(log):
        trace = _TellingTrace(log)
        try:
            yield trace
        except PhraserError:  # so that the same command asks anew
            with suppress(StorageError):  # it says less of what went wrong
                log.forget()
            raise
