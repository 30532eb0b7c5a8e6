"""A run that is interrupted while it plays need not make its tasks first: those of another run will do."""

from __future__ import annotations

import shutil
from pathlib import Path


def with_tasks_of(run: Path, out: Path) -> Path:
    """A new folder with the manifest, the prompts and the tasks of a run, and no conversations."""
    out.mkdir()
    for name in ("manifest.json", "prompts.json", "tasks.jsonl"):
        shutil.copy(run / name, out / name)
    return out
