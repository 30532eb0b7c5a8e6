"""Imitates kept rows with a small model on a CPU: the loss is on what the agent wrote, and on nothing else.

A run of hours may be killed: weights and optimiser are kept every few steps, and the same command goes on from there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from examples.train.losses import imitation_gradients, written_tokens
from examples.train.rows import row_tokens
from writ_async import InputError, RunView, TokenSequence, load_domain, open_chat_format
from writ_async.runs.writing import replacing, write_whole

STATE, LOG = "state.pt", "steps.jsonl"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of `run` that are kept, each once in an order drawn by the seed; `rows` of them at most, 0 for all.

    `out` becomes a model folder. `minutes` of this process end it in order, 0 for never; the same command goes on.
    """

    run: str
    model: str
    out: str
    rows: int = 0
    rows_per_step: int = 2
    rate: float = 1e-4
    warmup: int = 5
    seed: int = 0
    minutes: float = 0.0
    save_every: int = 10


class Step(msgspec.Struct, kw_only=True):
    """One step: nats a token before it, tokens that it read and learnt, and seconds since the process began."""

    step: int
    loss: float
    read: int
    learnt: int
    rate: float
    seconds: float


def choose_rows(settings: Settings) -> list[TokenSequence]:
    """The rows as token ids, in the order in which they are imitated. Raises `InputError` for a run without any."""
    view = RunView.open(settings.run)
    chat = open_chat_format(settings.model)
    kept = [row for row in view.trajectories() if row.verdict is not None and row.verdict.kept]
    if not kept:
        raise InputError(f"{settings.run}: no row is kept, so there is nothing to imitate")
    order = Random(settings.seed).sample(sorted(kept, key=lambda row: row.id), len(kept))
    domains = {task.id: load_domain(task.domain) for task in view.tasks()}
    chosen = order[: settings.rows or len(order)]
    return [row_tokens(row, domains[row.task_id], chat) for row in chosen]


def rate_at(step: int, steps: int, settings: Settings) -> float:
    """The learning rate: a linear rise over the `warmup` steps, then a linear fall to zero."""
    rising = (step + 1) / settings.warmup
    falling = (steps - step) / max(1, steps - settings.warmup)
    return settings.rate * min(rising, falling, 1.0)


def tune(settings: Settings) -> Generator[Step, None, None]:
    """Imitate the rows, and give each step as it is made; at the end `out` is a model folder.

    Without a model folder in the end, `minutes` were up: the same settings go on.
    """
    out = Path(settings.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    rows = choose_rows(settings)
    batches = [rows[start : start + settings.rows_per_step] for start in range(0, len(rows), settings.rows_per_step)]
    # Weights in 32 bits take the steps; what is computed in 16 is twice as fast here.
    model = AutoModelForCausalLM.from_pretrained(settings.model, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.rate, betas=(0.9, 0.95), weight_decay=0.0)
    done = _take_up(out / STATE, model, optimizer, settings)
    began = time.monotonic()
    for step in range(done, len(batches)):
        rate = rate_at(step, len(batches), settings)
        made = _step(model, optimizer, batches[step], rate)
        yield Step(step=step, rate=rate, seconds=round(time.monotonic() - began, 1), **made)
        late = bool(settings.minutes) and time.monotonic() - began > settings.minutes * 60
        if (step + 1) % settings.save_every == 0 or late or step + 1 == len(batches):
            _keep(out / STATE, model, optimizer, settings, step + 1)
        if late and step + 1 < len(batches):
            return
    model.to(torch.bfloat16).save_pretrained(out)
    AutoTokenizer.from_pretrained(settings.model).save_pretrained(out)
    generation = Path(settings.model, "generation_config.json")
    write_whole(out / generation.name, generation.read_bytes())


def logged(steps: Iterable[Step], log: Path) -> Iterator[Step]:
    """Give the steps as they are made, and keep each as a line of `log`.

    What a training that was killed had logged after its last checkpoint is made again: those lines go, and one that
    broke off.
    """
    for number, step in enumerate(steps):
        if number == 0:
            write_whole(log, b"".join(line + b"\n" for line in _lines(log) if _step_of(line) < step.step))
        with log.open("ab") as file:
            file.write(msgspec.json.encode(step) + b"\n")
        yield step


def _lines(log: Path) -> list[bytes]:
    return log.read_bytes().splitlines() if log.is_file() else []


def _step_of(line: bytes) -> float:
    try:
        return msgspec.json.decode(line, type=Step).step
    except msgspec.MsgspecError:
        return math.inf


def _step(model: Any, optimizer: torch.optim.Optimizer, batch: Sequence[TokenSequence], rate: float) -> dict[str, Any]:
    learnt = sum(map(written_tokens, batch))
    total = imitation_gradients(model, batch, torch.bfloat16)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()
    return {"loss": round(total / learnt, 4), "read": sum(len(tokens.ids) for tokens in batch), "learnt": learnt}


def _keep(path: Path, model: Any, optimizer: torch.optim.Optimizer, settings: Settings, done: int) -> None:
    told = json.dumps(msgspec.to_builtins(settings), sort_keys=True)
    with replacing(path) as file:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "done": done, "told": told}, file)


def _take_up(path: Path, model: Any, optimizer: torch.optim.Optimizer, settings: Settings) -> int:
    """Go on from what was kept; how many steps were made. Raises `InputError` for a folder of other settings."""
    if not path.is_file():
        return 0
    kept = torch.load(path, weights_only=True)
    then, now = json.loads(kept["told"]), msgspec.to_builtins(settings)
    for name in sorted(now.keys() - {"minutes", "save_every"}):
        if then[name] != now[name]:
            raise InputError(
                f"{path.parent}: was begun with {name} = {then[name]!r}, not {now[name]!r}; use another --out"
            )
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    return int(kept["done"])
