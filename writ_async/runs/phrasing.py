"""What became of a phraser's answers over all of a run, kept in its folder."""

from __future__ import annotations

import msgspec

from writ_async.files import read_json
from writ_async.runs.view import RunView
from writ_async.runs.writing import OWN_FILE, write_whole
from writ_async.synthesis.phrase_report import PhraseReport

PHRASING = "phrasing.json"


def read_phrasing(run: RunView) -> PhraseReport | None:
    """The report so far; None for a run without a phraser. Raises `InputError` for a file that cannot be read."""
    path = run.path / PHRASING
    return read_json(path, PhraseReport) if path.is_file() else None


def add_phrasing(run: RunView, report: PhraseReport) -> None:
    """Add what became of further texts; nothing is written where none was asked for. Raises `StorageError`."""
    if not report.calls:
        return
    total = read_phrasing(run) or PhraseReport(refused={})
    total.add(report)
    write_whole(
        run.path / PHRASING, msgspec.json.format(msgspec.json.encode(total, order="deterministic")) + b"\n", OWN_FILE
    )
