"""What recipes export of a small run, for tests in the trainers' own packages."""

from __future__ import annotations

from pathlib import Path

import anyio

from examples.reproduce.recipe import read_recipe
from examples.reproduce.steps import Options, Step, steps_of
from writ_async.cli import main as writ
from writ_async.commands.synth import SynthConfig, synth

FAMILIES = {
    "qwen3-4b": "qwen3-instruct-2507",
    "llama-3.1-8b": "llama-3.1-instruct",
    "qwen2.5-14b": "qwen2.5-instruct",
}
"""The family of each recipe's student."""


def make_run(out: Path, domains: tuple[str, ...], count: int, mix: str = "") -> Path:
    """A run of so many tasks in small worlds, in place of the rows that a recipe would select."""
    anyio.run(lambda: synth(SynthConfig(domains=domains, n=count, seed=3, world_size=60, mix=mix), out))
    return out


def export_run(name: str, options: Options, run: Path) -> dict[str, Step]:
    """The steps of a recipe, after its exports of a run in place of the selected rows: train.jsonl and test.jsonl."""
    steps = {step.name: step for step in steps_of(read_recipe(name), options)}
    for step in (steps["export"], steps["export-validation"]):
        assert step.folder is not None
        step.folder.mkdir(parents=True, exist_ok=True)
        selected = str(options.out / "selected")
        assert writ([str(run) if word.startswith(selected) else word for word in step.command[1:]]) == 0
    return steps
