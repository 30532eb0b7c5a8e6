"""What a recipe would take: calls, tokens and dollars by `--dry-run`, GPU hours by formula and by `writ plan`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from examples.reproduce.driver import executable
from examples.reproduce.recipe import Recipe, read_config, trainer_file
from examples.reproduce.steps import Options, Step
from writ_async import InputError

_CHARACTERS_A_TOKEN = 4
"""Of English and JSON, roughly; the trainer's tokenizer counts its own."""


class Cost(msgspec.Struct, frozen=True):
    """What a step takes: million tokens in and out, dollars for calls that are sold, hours of GPUs; and how known."""

    step: str
    note: str
    tokens_in: float | None = None
    tokens_out: float | None = None
    dollars: float | None = None
    gpu_hours: float | None = None


def training_hours(recipe: Recipe, tokens: float, row: float) -> float:
    """GPU hours, of all GPUs together, to train on `tokens` in rows of `row` tokens.

    A token takes 6 N operations for the N parameters and 12 L Q T for attention over a row of T tokens, in L layers of
    width Q (PaLM, arXiv 2204.02311, appendix B; half of the latter, for causal attention skips it). Recomputing the
    activations adds another forward pass, a third.
    """
    student, training = recipe.student, recipe.training
    each = 6 * student.parameters + 6 * student.layers * student.width * row
    return tokens * each * 4 / 3 / (training.peak_flops * training.utilisation) / 3600


def serving_hours(recipe: Recipe, conversations: int, speed: float) -> float:
    """GPU hours to serve so many conversations, at `speed` an hour on the GPU of the plan.

    The plan knows servers of one GPU. The GPUs of a server that has several are reckoned as no faster together.
    """
    return conversations / speed * recipe.serving.slower * recipe.serving.tensor_parallel


def estimate(recipe: Recipe, steps: Sequence[Step], options: Options) -> Iterator[Cost]:
    """The costs of the steps that have some, in order. Raises `InputError` where a command refuses to be tried."""
    synths = [step for step in steps if step.name.startswith("synth-")]
    share = recipe.synthesis.kept_share
    first = _tried(synths[0]) if synths else {"seats": {}}
    for seat in first["seats"]:
        yield _calls(
            f"synth, {'teacher' if seat == 'agent' else 'user'}",
            first["seats"][seat],
            len(synths) / share,
            f"{len(synths)} × {first['conversations']:,} rows, at {share:.0%} kept",
        )
    if first.get("hours"):
        yield Cost("synth, time", f"{first['hours'] * len(synths) / share:,.1f} hours by the calls and tokens a minute")
    yield _training(recipe, options)
    evaluations = [step for step in steps if step.name.startswith("eval")]
    if not evaluations:
        yield Cost("eval", "no benchmark: --tau2 CHECKOUT, or --data")
        return
    asked = _tried(evaluations[-1])
    hours = None if recipe.rehearsal else serving_hours(recipe, asked["conversations"], _speed(recipe))
    for step in evaluations:
        note = f"{asked['conversations']:,} conversations"
        yield _calls(f"{step.name}, user", asked["seats"]["user"], 1.0, note)
        if hours is not None:
            where = f"{recipe.serving.plan_model} on {recipe.serving.plan_gpu}"
            slower = f", {recipe.serving.slower:g} times as slow" if recipe.serving.slower != 1 else ""
            yield Cost(f"{step.name}, student", f"writ plan: {where}{slower}", gpu_hours=hours)


def total(costs: Sequence[Cost]) -> Cost:
    """The sum of what is known."""
    unknown = [
        cost.step for cost in costs if cost.dollars is None and cost.tokens_in and cost.note.endswith("no price")
    ]
    note = f"without {', '.join(unknown)}" if unknown else ""
    return Cost(
        "all",
        note,
        dollars=sum(cost.dollars or 0 for cost in costs),
        gpu_hours=sum(cost.gpu_hours or 0 for cost in costs),
    )


def _tried(step: Step) -> dict[str, Any]:
    return _json_of([*step.command, "--dry-run", "--json"])


def _json_of(command: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(executable(command), capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"{' '.join(command[:2])}: {said[-1] if said else f'exit code {done.returncode}'}")
    return msgspec.json.decode(done.stdout, type=dict[str, Any])


def _calls(step: str, seat: dict[str, Any], times: float, note: str) -> Cost:
    dollars = seat["dollars"]
    unpriced = ", no price" if dollars is None and seat["sold"] else ""
    return Cost(
        step,
        f"{seat['engine']}, {note}{unpriced}",
        tokens_in=seat["prompt_tokens"] * times / 1e6,
        tokens_out=seat["completion_tokens"] * times / 1e6,
        dollars=None if dollars is None else dollars * times,
    )


def _training(recipe: Recipe, options: Options) -> Cost:
    file = options.out / "export" / options.trainer / "train.jsonl"
    rows = recipe.selection.rows
    row = float(recipe.training.row_tokens)
    known = "as the recipe reckons"
    if file.exists():
        rows = _lines(file)
        row = file.stat().st_size / max(rows, 1) / _CHARACTERS_A_TOKEN
        known = "by the exported file"
    epochs = float(read_config(trainer_file(recipe, options.trainer))["num_train_epochs"])
    tokens = rows * row * epochs
    training = recipe.training
    note = f"{rows:,} rows of {row:,.0f} tokens {known}, {epochs:g} epochs, {training.utilisation:.0%} of the peak"
    return Cost("train", note, tokens_in=tokens / 1e6, gpu_hours=training_hours(recipe, tokens, row))


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _speed(recipe: Recipe) -> float:
    """Conversations an hour of a server on one GPU, by simulation of the real scheduler on tasks of our own.

    Both seats count as the server's calls.
    """
    command = ["writ", "plan", *recipe.synthesis.domains, "--n", "64", "--fixed", "64", "--json"]
    command += ["--model", recipe.serving.plan_model, "--gpu", recipe.serving.plan_gpu]
    return max(float(outcome["conversations_per_hour"]) for outcome in _json_of(command)["outcomes"])
