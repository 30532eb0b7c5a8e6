"""Whatever a command writes goes nowhere that would cost somebody a file that is not the command's to replace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from writ_async.curation.selection import SELECTION
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.locks import LOCK
from writ_async.runs.phrasing import PHRASING
from writ_async.runs.rounds import ROUNDS
from writ_async.runs.view import CALLS, FAILURES, MANIFEST, PROMPTS, SUMMARY, TASKS, TIMINGS, TRAJECTORIES

RUN_FILES: Final = frozenset(
    (MANIFEST, TASKS, PROMPTS, TRAJECTORIES, FAILURES, TIMINGS, SUMMARY, CALLS, SELECTION, PHRASING, ROUNDS, LOCK)
)


def refuse_own_files(out: PathLike, *given: PathLike) -> None:
    """Raise `InputError` where `out` is a file of a run, or one of the files that are given to be read."""
    target = Path(os.path.realpath(out))
    if target.name in RUN_FILES and (target.parent / MANIFEST).is_file():
        raise InputError(f"{out}: is a file of the run in {target.parent}; choose another path")
    for path in given:
        if os.path.isfile(path) and os.path.exists(target) and os.path.samefile(path, target):
            raise InputError(f"{out}: is what is to be read; choose another path")
