"""What became of a phraser's answers over all of a run, kept in its folder."""

from __future__ import annotations

import msgspec

from writ_async.files import read_json
from writ_async.runs.view import RunView
from writ_async.runs.writing import OWN_FILE, write_whole
from writ_async.synthesis.phrase_report import PhraseReport

PHRASING = "phrasing.json"


class _Stored(PhraseReport):
    """The report, and what it was `before` the last texts were told, when so many `tasks` were in the folder."""

    tasks: int = 0
    before: PhraseReport | None = None


def read_phrasing(run: RunView) -> PhraseReport | None:
    """The report so far; None for a run without a phraser. Raises `InputError` for a file that cannot be read."""
    path = run.path / PHRASING
    return read_json(path, PhraseReport) if path.is_file() else None


def add_phrasing(run: RunView, report: PhraseReport) -> None:
    """Add what became of the texts of further tasks, before they are written; nothing where none was asked for.

    Where tasks were told before and none of them was written since, because the run was killed meanwhile, these are
    the same ones, and take their place. Raises `StorageError`.
    """
    if not report.calls:
        return
    path, tasks = run.path / PHRASING, sum(1 for _ in run.task_ids())
    known = read_json(path, _Stored) if path.is_file() else _Stored(refused={})
    before = PhraseReport(refused={})
    before.add(known.before if known.before is not None and known.tasks == tasks else known)
    total = _Stored(refused={}, tasks=tasks, before=before)
    total.add(before)
    total.add(report)
    write_whole(path, msgspec.json.format(msgspec.json.encode(total, order="deterministic")) + b"\n", OWN_FILE)
