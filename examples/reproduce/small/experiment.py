"""The experiment: every arm with every seed, one run after the other. A finished run is not made again.

FOLDER/tasks/{train,test}-KIND.jsonl    the tasks
FOLDER/settings.json                    what is run; a folder is gone on with in the same way only
FOLDER/words.json                       the vocabulary: words of all rows that any arm trains on
FOLDER/runs/ARM-SEED/checkpoint.pt      where a run is; gone on from after a kill
FOLDER/runs/ARM-SEED/log.jsonl          its settings, its loss curve, its outcomes, one JSON object a line
FOLDER/contamination.json               what tasks to train on and tasks to test on have in common
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from examples.reproduce.small.arms import ARMS, KINDS_OF, Arm, Pools
from examples.reproduce.small.names import Vocabulary, words_of
from examples.reproduce.small.overlap import measure_overlap
from examples.reproduce.small.recipe import Recipe
from examples.reproduce.small.rows import Row
from examples.reproduce.small.tasks import RECIPES, Played, load_played, make_tasks
from writ_async import InputError
from writ_async.core.task import Kind
from writ_async.files import read_json
from writ_async.runs.writing import write_whole


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is run: the arms, how many seeds, rows and tasks, and how each model is trained."""

    arms: tuple[Arm, ...] = tuple(ARMS)
    seeds: int = 3
    rows: int = 1_800
    tested: dict[Kind, int] = msgspec.field(
        default_factory=lambda: {"normal": 200, "write-intensive": 200, "read-heavy": 320}
    )
    recipe: Recipe = Recipe()


QUICK: Final = Settings(
    arms=("normal", "read-heavy"),
    seeds=1,
    rows=600,
    tested={"normal": 60, "read-heavy": 120},
    recipe=Recipe(steps=1_200),
)
"""The same in ten minutes: two arms, one seed."""


class Prepared(msgspec.Struct, frozen=True):
    """What all runs share."""

    pools: dict[Kind, list[Played]]
    tested: list[Played]
    vocabulary: Vocabulary


def prepare(folder: Path, settings: Settings) -> Prepared:
    """Draw or load the tasks, print what train and test have in common, and collect the words.

    Raises `InputError` where the folder holds runs of other settings, but for more arms or seeds of the same words.
    """
    _require_same(folder / "settings.json", msgspec.structs.replace(settings, arms=(), seeds=0), Settings)
    kinds = [kind for kind in RECIPES if any(kind in KINDS_OF[arm] for arm in settings.arms)]
    make_tasks(folder / "tasks", dict.fromkeys(kinds, settings.rows), settings.tested)
    pools: dict[Kind, list[Played]] = {kind: load_played(folder / "tasks" / f"train-{kind}.jsonl") for kind in kinds}
    tested = [one for kind in settings.tested for one in load_played(folder / "tasks" / f"test-{kind}.jsonl")]
    words = words_of(row.tokens for arm in settings.arms for row in rows_of(arm, pools, settings))
    _require_same(folder / "words.json", words, list[str])
    overlap = measure_overlap([one for pool in pools.values() for one in pool], tested)
    write_whole(folder / "contamination.json", msgspec.json.format(msgspec.json.encode(overlap)) + b"\n")
    for sentence in overlap.sentences():
        print(sentence, flush=True)
    return Prepared(pools, tested, Vocabulary(words))


def _require_same(file: Path, value: Any, kind: Any) -> None:
    """Write a value to a file. Raises `InputError` where another one is there already."""
    if file.exists() and read_json(file, kind) != value:
        raise InputError(f"{file} is of other settings; give them again, or another folder")
    write_whole(file, msgspec.json.encode(value))


def rows_of(arm: Arm, pools: Pools, settings: Settings) -> list[Row]:
    """The rows of an arm. Raises `ValueError` where there are not as many as asked for."""
    rows = ARMS[arm](pools, settings.rows)
    if len(rows) != settings.rows:
        raise ValueError(f"arm {arm} has {len(rows)} rows, not {settings.rows}; the mix needs a multiple of three")
    return rows


def run_all(folder: Path, settings: Settings) -> None:
    """Make every run that is not there yet, seed by seed, so that what stands early has all arms."""
    prepared = prepare(folder, settings)
    for seed in range(1, settings.seeds + 1):
        for arm in settings.arms:
            if not (folder / "runs" / f"{arm}-{seed}" / "log.jsonl").exists():
                run_one(folder / "runs" / f"{arm}-{seed}", arm, seed, prepared, settings)


def run_one(folder: Path, arm: Arm, seed: int, prepared: Prepared, settings: Settings) -> None:
    """Train a model on an arm's rows, have it play all tasks to test on, and write its log."""
    import torch

    from examples.reproduce.small.playing import play_all
    from examples.reproduce.small.training import train

    torch.set_num_threads(1)
    recipe = settings.recipe
    rows = rows_of(arm, prepared.pools, settings)
    began = time.process_time()
    model, points = train(rows, prepared.vocabulary, recipe, seed, folder)
    trained = time.process_time() - began
    outcomes = play_all(model, prepared.vocabulary, prepared.tested)
    head = {
        "arm": arm, "seed": seed, "rows": len(rows), "trained_tokens": recipe.steps * recipe.tokens,
        "tokens_per_row": sum(len(row.tokens) for row in rows) / len(rows),
        "trained_per_row": sum(row.trained for row in rows) / len(rows),
        "labels": dict(Counter(str(row.judged.label) for row in rows)),
        "levels": dict(Counter(row.level for row in rows)),
        "parameters": model.count(), "vocabulary": len(prepared.vocabulary), "recipe": msgspec.to_builtins(recipe),
        "curve": msgspec.to_builtins(points), "seconds": trained, "torch": str(torch.__version__),
    }  # fmt: skip
    write_whole(folder / "log.jsonl", msgspec.json.Encoder().encode_lines([head, *outcomes]))
    print(describe(head, outcomes), flush=True)


def describe(head: Mapping[str, Any], outcomes: Sequence[Any]) -> str:
    """A run in one line."""
    heavy = [one.judged for one in outcomes if one.kind == "read-heavy"] or [one.judged for one in outcomes]
    return (
        f"{head['arm']} seed {head['seed']}: loss {head['curve'][-1]['loss']:.3f} after {head['seconds']:.0f} s; "
        f"read-heavy tasks: {sum(one.reward for one in heavy) / len(heavy):.3f} right, "
        f"{sum(one.read for one in heavy) / len(heavy):.3f} all read, "
        f"{sum(one.proved for one in heavy) / len(heavy):.3f} written on all evidence"
    )
