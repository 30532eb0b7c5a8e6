"""What a recipe says: who teaches, which rows, how they are learnt, how the student is scored. One TOML file each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from writ_async import InputError

HERE = Path(__file__).parent
TRAINERS = ("trl", "llamafactory")

Value = str | int | float | bool


class Player(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An engine by name and its options, as `--engine` and `--engine-option` take them."""

    engine: str
    options: dict[str, Value] = {}


class Synthesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How rows are made: for each seed, thus for each set of worlds, `keep` rows that pass every filter.

    `kept_share` is the share of conversations that are expected to pass, for the plan alone.
    """

    domains: tuple[str, ...]
    seeds: tuple[int, ...]
    keep: int
    teacher: Player
    user: Player
    world_size: int = 500
    mix: str = ""
    levels: str = ""
    attempts: int = 1
    user_retries: int = 0
    filters: tuple[str, ...] = ()
    kept_share: float = 1.0


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows are trained on; `max_tokens` as the student's tokenizer counts, 0 for any."""

    rows: int
    validation: float = 0.1
    max_tokens: int = 0
    balance: str = ""


class Student(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model to be trained: its name on the hub, and what the plan reckons with.

    `width` is heads times the size of a head: what attention multiplies for each pair of tokens and layer.
    """

    model: str
    parameters: float
    layers: int
    width: int
    configs: str


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On what it is trained. `peak_flops` are of one GPU in bf16, `utilisation` the share of them that is reached.

    `row_tokens` is what a row is reckoned with before there are rows to measure.
    """

    gpus: int
    peak_flops: float
    utilisation: float
    row_tokens: int


class Serving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the student is served, and as which machine of `writ plan`; `slower` stands for what its table lacks."""

    context: int
    plan_model: str
    plan_gpu: str
    slower: float = 1.0
    tensor_parallel: int = 1


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the student is asked, by whom, and who judges assertions in plain language."""

    tasks: tuple[str, ...]
    trials: int
    user: Player
    judge: str = "assume-met"
    judge_options: dict[str, Value] = {}
    limit: int = 0
    untrained: bool = False


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of a recipe. A `rehearsal` trains nothing: the script that made the rows is scored instead."""

    about: str
    synthesis: Synthesis
    selection: Selection
    student: Student
    training: Training
    serving: Serving
    evaluation: Evaluation
    published: str
    rehearsal: bool = False


def recipe_names() -> list[str]:
    """The recipes that are here."""
    return sorted(path.stem for path in (HERE / "recipes").glob("*.toml"))


def read_recipe(name: str, changes: Iterable[str] = ()) -> Recipe:
    """A recipe by its name or its file, with `changes` as TABLE.KEY=VALUE put in.

    Raises `InputError` for a recipe that is not there or cannot be read, and for a change of what no recipe has.
    """
    path = Path(name) if name.endswith(".toml") else HERE / "recipes" / f"{name}.toml"
    try:
        table = msgspec.toml.decode(path.read_bytes(), type=dict[str, Any])
        for change in changes:
            _change(table, change)
        return msgspec.convert(table, Recipe, strict=False)
    except FileNotFoundError:
        raise InputError(f"no recipe {name!r}; there are {', '.join(recipe_names())}, or give a file.toml") from None
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as exc:
        raise InputError(f"{path}: {exc}") from None


def _change(table: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    *above, key = name.split(".")
    if not equals or not key:
        raise InputError(f"--set {change}: it wants TABLE.KEY=VALUE, as in selection.rows=500")
    for part in above:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {change}: {part} is no table")
    old = table.get(key)
    table[key] = text.split(",") if isinstance(old, list) else text


def instead(was: Player, engine: str, options: Iterable[str]) -> Player:
    """A player with another engine, or with more options as KEY=VALUE; those of another engine go.

    Raises `InputError` for an option that is none.
    """
    found: dict[str, Value] = {} if engine and engine != was.engine else dict(was.options)
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise InputError(f"{option}: an option of an engine is KEY=VALUE")
        found[key] = value
    return Player(engine or was.engine, found)


def trainer_file(recipe: Recipe, trainer: str) -> Path:
    """A recipe's file for one of `TRAINERS`."""
    return HERE / "trainers" / f"{recipe.student.configs}.{trainer}.yaml"


def read_config(path: Path) -> dict[str, str]:
    """The keys and values of a trainer's YAML file here, as text. They are flat: a line is KEY: VALUE and a comment.

    Raises `InputError` for anything else, since a key that is not seen is a change that is not noticed.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = f" {line}".partition(" #")[0].strip()
        key, colon, value = text.partition(": ")
        if text and (not colon or key in found or line[0].isspace()):
            raise InputError(f"{path}, line {number}: not one KEY: VALUE, or a key for the second time")
        if text:
            found[key] = value.strip()
    return found
