"""Whether a run may be started in a folder, or gone on with: what stands there already."""

from __future__ import annotations

from pathlib import Path

from writ_async.errors import InputError
from writ_async.runs.locks import LOCK
from writ_async.runs.manifest import Manifest, require_same
from writ_async.runs.view import MANIFEST, read_manifest


def check_folder(folder: Path, manifest: Manifest | None, resume: bool) -> Manifest | None:
    """The manifest that is there already. Raises `InputError` when the run may not be started or gone on with."""
    if not folder.is_dir():
        return None
    if (folder / MANIFEST).is_file():
        if not resume:
            raise InputError(f"{folder}: holds a run already; resume it, or choose another folder")
        there = read_manifest(folder)
        if manifest is not None:
            require_same(folder, there, manifest)
        return there
    try:
        others = sorted(entry.name for entry in folder.iterdir() if not _is_ours(entry.name))
    except OSError as exc:
        raise InputError(f"{folder}: cannot be read: {exc.strerror}") from None
    if others:
        raise InputError(f"{folder}: is no run folder and not empty ({others[0]} is in it); choose another folder")
    return None


def _is_ours(name: str) -> bool:
    """Whether a file is what a run leaves that was killed before it had a manifest."""
    return name == LOCK or (name.startswith(f".{MANIFEST}.") and name.endswith(".tmp"))
