"""Which runs and files are meant by paths, and what each is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.foreign.files import files_below
from writ_async.formats.foreign.places import PlaceFinder
from writ_async.runs.view import MANIFEST, RunView
from writ_async.viewer.sources import FileSource, RunSource, Source

USUAL = Path("runs")
"""Where runs are looked for if no path is given."""


def open_sources(
    paths: Sequence[PathLike], *, data: str | None = None, benchmark: str = "tau2", domain: str = ""
) -> list[Source]:
    """The runs and files that paths stand for: a run folder, a file, or a folder that holds runs or else files.

    `data` is the folder of `benchmark`, `domain` that of all rows of files. Names are those of the folders and files,
    with `~2` behind the second of a name. Raises `InputError` for a path that holds nothing that can be shown.
    """
    places = PlaceFinder(benchmark, data, domain, ())
    sources: list[Source] = []
    taken: set[str] = set()
    for path in _expand([Path(path) for path in paths] or [_usual()]):
        label = path.resolve().name
        name = next(name for name in chain([label], (f"{label}~{n}" for n in count(2))) if name not in taken)
        taken.add(name)
        run = path.is_dir()
        sources.append(RunSource(name, RunView.open(path), data) if run else FileSource(name, path, places))
    return sources


def _usual() -> Path:
    if not any(USUAL.glob(f"*/{MANIFEST}")):
        raise InputError(f"no path is given, and there is no run below ./{USUAL}; name a run folder or a file")
    return USUAL


def _expand(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir() or (path / MANIFEST).is_file():
            yield path
        elif runs := sorted(found.parent for found in path.glob(f"*/{MANIFEST}")):
            yield from runs
        else:
            yield from files_below(path)
