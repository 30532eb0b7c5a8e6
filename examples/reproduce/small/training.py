"""Training of one run: every step trains on exactly as many tokens, and a run that was killed goes on where it was.

A row's ids and totals are named anew each time it is met (`names.py`). A step takes as many rows as its tokens need;
what is left of the last row's is not trained on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from examples.reproduce.small.model import Model, Shape
from examples.reproduce.small.names import PADDING, Naming, Vocabulary
from examples.reproduce.small.recipe import Recipe
from examples.reproduce.small.rows import Row
from writ_async.runs.writing import replacing

_CUT_AT_ONCE = 320
BatchState = tuple[tuple[Any, ...], list[int], list[list[int]]]
"""All that the next batches hang on: the random numbers, the order of the rows, the batches that are cut."""


class Point(msgspec.Struct, frozen=True):
    """A point of a loss curve: after so many steps, the mean loss per trained token since the last point, in nats."""

    step: int
    loss: float
    seconds: float


class Batches:
    """Batches of rows without end: ids, and a mask over the tokens that are to be predicted, `batch x length`.

    Rows are met in a new random order each time through; of a few hundred the long ones go together, so that little is
    padding.
    """

    def __init__(self, rows: Sequence[Row], vocabulary: Vocabulary, tokens: int, rng: Random) -> None:
        self._rows = rows
        self._vocabulary = vocabulary
        self._tokens = tokens
        self._rng = rng
        self._order: list[int] = []
        self._batches: list[list[int]] = []

    def next(self) -> tuple[Tensor, Tensor]:
        """The next batch, with exactly as many trained tokens as a step takes: what is over is left out."""
        while not self._batches:
            self._batches = self._cut()
        left = self._tokens
        taken: list[tuple[list[int], list[int]]] = []
        for number in self._batches.pop():
            row = self._rows[number]
            ids = self._vocabulary.encode(Naming(row.sizes, self._rng).rename(row.tokens))
            said = list(row.said)
            for place, own in enumerate(said):
                said[place] = own and left > 0
                left -= said[place]
            taken.append((ids, said))
        length = max(len(ids) for ids, _ in taken)
        padded = torch.tensor([one + [PADDING] * (length - len(one)) for one, _ in taken])
        mask = torch.tensor([one + [0] * (length - len(one)) for _, one in taken], dtype=torch.bool)
        return padded, mask

    def _cut(self) -> list[list[int]]:
        """A few hundred rows cut into batches of alike lengths; rows that fill none wait for the next."""
        while len(self._order) < _CUT_AT_ONCE:
            self._order += self._rng.sample(range(len(self._rows)), len(self._rows))
        rows, self._order = self._order[:_CUT_AT_ONCE], self._order[_CUT_AT_ONCE:]
        rows.sort(key=lambda number: len(self._rows[number].tokens))
        batches: list[list[int]] = []
        filling: list[int] = []
        trained = 0
        for number in rows:
            filling.append(number)
            trained += self._rows[number].trained
            if trained >= self._tokens:
                batches.append(filling)
                filling, trained = [], 0
        self._order = filling + self._order
        self._rng.shuffle(batches)
        return batches

    def state(self) -> BatchState:
        """All that the next batches hang on."""
        return self._rng.getstate(), list(self._order), [list(one) for one in self._batches]

    def restore(self, state: BatchState) -> None:
        """Go on where `state` was taken."""
        self._rng.setstate(state[0])
        self._order, self._batches = list(state[1]), [list(one) for one in state[2]]


def train(
    rows: Sequence[Row], vocabulary: Vocabulary, recipe: Recipe, seed: int, folder: Path, *, stop: int | None = None
) -> tuple[Model, list[Point]]:
    """Train a model on rows; `stop` leaves off after so many steps, as a kill would.

    A checkpoint is written to `folder` twenty times, and what is found there is gone on from: the curve is the same.
    """
    torch.manual_seed(seed)
    shape = Shape(vocabulary=len(vocabulary), width=recipe.width, layers=recipe.layers, heads=recipe.heads)
    model = Model(shape, vocabulary.scale)
    decayed = [weight for weight in model.parameters() if weight.dim() > 1]
    others = [weight for weight in model.parameters() if weight.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98))
    batches = Batches(rows, vocabulary, recipe.tokens, Random(f"{seed}/batches"))
    points: list[Point] = []
    spent, first = 0.0, 0
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        batches.restore(kept["batches"])
        points = msgspec.convert(kept["points"], list[Point])
        spent, first = kept["seconds"], kept["step"]
    every = max(1, recipe.steps // 20)
    began, total = time.perf_counter() - spent, 0.0
    for step in range(first, recipe.steps if stop is None else stop):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * _schedule(step, recipe)
        ids, mask = batches.next()
        loss = row_loss(model, ids, mask)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.item()
        if (step + 1) % every == 0 or step + 1 == recipe.steps:
            since = step + 1 - (points[-1].step if points else 0)
            points.append(Point(step + 1, total / since, time.perf_counter() - began))
            total = 0.0
            kept = {
                "model": model.state_dict(), "optimizer": optimizer.state_dict(), "batches": batches.state(),
                "points": msgspec.to_builtins(points), "seconds": points[-1].seconds, "step": step + 1,
            }  # fmt: skip
            with replacing(checkpoint) as file:
                torch.save(kept, file)
    return model, points


def row_loss(model: Model, ids: Tensor, mask: Tensor) -> Tensor:
    """The mean cross-entropy over the tokens of the mask, in nats; logits are made for those alone."""
    hidden = model.hidden(ids[:, :-1])[mask[:, 1:]]
    return functional.cross_entropy(model.logits(hidden), ids[:, 1:][mask[:, 1:]])


def _schedule(step: int, recipe: Recipe) -> float:
    """Warm-up, then a cosine down to a twentieth of the rate."""
    if step < recipe.warm_up:
        return (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))
