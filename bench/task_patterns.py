"""Which of the benchmark's 164 retail and airline tasks are of a kind that is generated, with an example beside each.

A task of the benchmark's counts where each of its elements (`task_patterns.toml`) is in some generated task of that
domain, and proved. Without a run, tasks of every recipe are drawn.

    python bench/task_patterns.py [RUN] [--seed 1] [--json FILE]
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from bench.report import Figure, make_parser, run_script, write_json
from writ_async import Environment, RunView, Task, load_domain
from writ_async.core.behaviour import Axis
from writ_async.runs.worlds import generate_world
from writ_async.synthesis.behaviours import draw_behaviour
from writ_async.synthesis.proof import prove_task
from writ_async.synthesis.task_maker import make_task

_USERS = 400
_DRAWS = 12


class Element(msgspec.Struct, frozen=True):
    """Something that a task may have beside one plain write: in words, and the recipes or users' axes that make it."""

    words: str
    recipes: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()


class Patterns(msgspec.Struct, frozen=True):
    """Elements by their code, and for each domain the codes of every task of the benchmark's by its id."""

    elements: dict[str, Element]
    tasks: dict[str, dict[str, tuple[str, ...]]]


def read_patterns() -> Patterns:
    """The table beside this file."""
    path = Path(__file__).with_suffix(".toml")
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Patterns)


def draw_examples(seed: int) -> dict[str, str]:
    """A proved task of every recipe, by `domain/name`: its id."""
    found: dict[str, str] = {}
    for name in ("retail", "airline"):
        environment = generate_world(load_domain(name), seed, _USERS)
        for number, recipe in enumerate(environment.domain.recipes):
            task = _first_proved(environment, number, seed)
            if task is not None:
                found |= _keys_of(_with_user(task, environment, seed) if recipe.kind == "refusal" else task)
    return found


def _with_user(task: Task, environment: Environment, seed: int) -> Task:
    """A task with a user who presses against a refusal, where one can."""
    behaviour = draw_behaviour(task, environment, Random(f"{seed}/{task.id}"), {"pressure": "insists"})
    return msgspec.structs.replace(task, behaviour=behaviour)


def _keys_of(task: Task) -> dict[str, str]:
    """What a task is an example of: its recipe, and each axis of its user."""
    axes = [trait.axis for trait in task.behaviour.traits] if task.behaviour is not None else []
    return {
        f"{task.domain}/{task.recipe}": f"{task.id} ({task.recipe})",
        **{f"{task.domain}/{axis}": f"{task.id} ({axis})" for axis in axes},
    }


def _first_proved(environment: Environment, number: int, seed: int) -> Task | None:
    domain, rng = environment.domain, Random(f"{seed}/{number}")
    for _ in range(_DRAWS):
        draft = domain.recipes[number].make(environment.world, rng)
        if draft is not None:
            task = make_task(draft, domain.recipes[number], environment, f"{domain.name}-{number}", seed)
            proved, _ = prove_task(task, domain, environment.world)
            if proved is not None:
                return proved
    return None


def examples_of(tasks: Iterable[Task]) -> dict[str, str]:
    """The first proved task of each recipe, and of each axis of its users, in a run: its id, by `domain/name`."""
    found: dict[str, str] = {}
    for task in tasks:
        if task.proof is not None:
            found = {**_keys_of(task), **found}
    return found


def covered(patterns: Patterns, examples: Mapping[str, str]) -> dict[str, dict[str, list[str] | None]]:
    """For each task of the benchmark's the generated examples of its elements, or None where one has no example."""
    by_element: dict[tuple[str, str], str] = {}
    for code, element in patterns.elements.items():
        names = [*element.recipes, *(f"{domain}/{axis}" for domain in patterns.tasks for axis in element.axes)]
        for name in names:
            if name in examples:
                by_element.setdefault((name.split("/")[0], code), examples[name])
    plain = {name.split("/")[0]: task for name, task in reversed(list(examples.items()))}
    found: dict[str, dict[str, list[str] | None]] = {}
    for domain, tasks in patterns.tasks.items():
        found[domain] = {}
        for number, codes in tasks.items():
            shown = [by_element[domain, code] for code in codes if (domain, code) in by_element]
            whole = len(shown) == len(codes) and domain in plain
            found[domain][number] = (shown or [plain[domain]]) if whole else None
    return found


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("run", nargs="?", default="", help="a run folder whose tasks are the examples")
    parser.add_argument("--seed", type=int, default=1, help="of the tasks that are drawn without a run")
    options = parser.parse_args(arguments)
    patterns = read_patterns()
    examples = examples_of(RunView.open(options.run).tasks()) if options.run else draw_examples(options.seed)
    found = covered(patterns, examples)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("task", "elements", "generated example of each"):
        table.add_column(heading)
    for domain, tasks in patterns.tasks.items():
        for number, codes in tasks.items():
            shown = found[domain][number]
            table.add_row(
                f"{domain} {number}", " ".join(codes) or "plain", "none" if shown is None else ", ".join(shown)
            )
    console = Console(width=160, highlight=False)
    console.print(table)
    for code, element in patterns.elements.items():
        console.print(f"{code:5}{element.words}")
    done = sum(shown is not None for tasks in found.values() for shown in tasks.values())
    total = sum(map(len, found.values()))
    console.print(f"{done} of {total}")
    write_json(options.json, [Figure("tasks of kinds that are generated", done, "", 148, True)], covered=found)


if __name__ == "__main__":
    sys.exit(run_script(main))
