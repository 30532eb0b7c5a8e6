"""The README of rows that were selected out of runs: in words, from where they are, what fell, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from writ_async.formats.export.card import purpose, table
from writ_async.runs.picked import Picked, PickedPart, quantile
from writ_async.runs.view import RunView
from writ_async.runs.writing import write_whole


def write_picked_card(picked: Picked, runs: Sequence[RunView], folder: Path) -> Path:
    """Write README.md into the folder of the rows to train on, and give its path. Raises `StorageError`."""
    path = folder / "README.md"
    write_whole(path, ("\n".join(_lines(picked, runs)) + "\n").encode())
    return path


def _lines(picked: Picked, runs: Sequence[RunView]) -> Iterator[str]:
    train, validation = picked.train, picked.validation
    yield f"# {train.rows:,} conversations to train on, selected from {_number(len(picked.runs), 'run')}"
    yield ""
    yield f"{picked.rows:,} rows were looked at. {_fell(picked.fell)}Of the {picked.fit:,} rows that were left,"
    yield f"{train.rows:,} were picked: as evenly over {_and(picked.strata) or 'nothing in particular'} as the rows"
    yield "allow, and among those alike in that, the ones whose recipe, user and words were rarest so far."
    yield ""
    if validation is not None:
        yield f"Beside them, in `{Path(validation.folder).name}`, are {validation.rows:,} rows to validate on. They are"
        yield f"of {_number(validation.worlds, 'world')} of which no row to train on is; those are of {train.worlds:,}."
        yield ""
    for remark in picked.remarks:
        yield f"Note: {remark}."
        yield ""
    yield "## What it is for"
    yield ""
    yield from purpose({author for run in runs for author in run.authors()})
    yield ""
    yield "## The runs"
    yield ""
    yield from table(
        ("run", "command", "seeds", "agent", "tasks' settings"),
        [
            (
                str(run.path.name),
                f"`{run.manifest.command}`",
                ", ".join(map(str, run.manifest.seeds.values())),
                ", ".join(sorted(run.agents())),
                ", ".join(f"{key} {run.manifest.config[key]}" for key in _TOLD if run.manifest.config.get(key)),
            )
            for run in runs
        ],
    )
    for title, part in (("to train on", train), ("to validate on", validation)):
        if part is not None:
            yield from _part(title, part)


_TOLD = ("n", "mix", "levels", "behaviours", "tasks")


def _part(title: str, part: PickedPart) -> Iterator[str]:
    yield ""
    yield f"## The rows {title}"
    yield ""
    if part.tokens:
        yield f"Half of the rows have more than {quantile(part.tokens, 0.5):,} tokens, one in ten more than"
        yield f"{quantile(part.tokens, 0.9):,}; the longest has {max(part.tokens):,}, system prompt and tools counted."
        yield ""
    for name, counts in (
        ("domain", part.by_domain),
        ("kind", part.by_kind),
        ("level", part.by_level),
        ("recipe", part.by_recipe),
        ("trait of the user", part.by_behaviour),
    ):
        if counts:
            yield from table((name, "rows"), [(key, f"{number:,}") for key, number in sorted(counts.items())])
            yield ""


def _fell(fell: Mapping[str, int]) -> str:
    parts = [
        f"{number:,} as {name}" if name == "too long" else f"{number:,} at `{name}`" for name, number in fell.items()
    ]
    return f"{sum(fell.values()):,} fell ({', '.join(parts)}). " if parts else ""


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}" if words else ""
