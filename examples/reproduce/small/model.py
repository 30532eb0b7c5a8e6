"""A small decoder-only transformer whose heads see a token together with the few before it.

Each block mixes a row with its last rows by weights of its own before it attends (a causal depthwise convolution, as in
Hyena and Mamba): a token is then known together with what stands before it, which is what copying an id takes ("what
came after this one the last time?", the induction heads of Olsson et al. 2022). It also tells order, so that there are
no other positions. Totals begin as points on a line, so that a model need not learn first which of two is more.
"""

from __future__ import annotations

from typing import Final

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

LENGTH: Final = 240
"""The most tokens of a row that is played."""
_SPAN: Final = 4
"""A row and the three before it are mixed."""
_INNER: Final = 4
"""How many times as wide as its rows a block is between its two last matrices."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of a model."""

    vocabulary: int
    width: int = 96
    layers: int = 3
    heads: int = 4


class Cache:
    """What a batch has left in each layer: keys and values of `heads x LENGTH x width/heads`, and the last rows."""

    def __init__(self, shape: Shape, batch: int) -> None:
        size = (shape.layers, batch, shape.heads, LENGTH, shape.width // shape.heads)
        self.keys = torch.zeros(size)
        self.values = torch.zeros(size)
        self.rows = torch.zeros(shape.layers, batch, _SPAN - 1, shape.width)
        self.used = 0


class _Block(nn.Module):  # type: ignore[misc]
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.before = nn.LayerNorm(width, bias=False)
        self.mixing = nn.Parameter(torch.zeros(_SPAN, width))
        self.mixed = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.between = nn.LayerNorm(width, bias=False)
        self.up = nn.Linear(width, _INNER * width, bias=False)
        self.down = nn.Linear(_INNER * width, width, bias=False)

    def forward(self, rows: Tensor, cache: Cache | None, layer: int) -> Tensor:
        batch, length, width = rows.shape
        near = self.before(rows)
        if cache is None:
            padded = functional.pad(near, (0, 0, _SPAN - 1, 0))
        else:
            padded = torch.cat((cache.rows[layer], near), dim=1)
            cache.rows[layer] = padded[:, 1:]
        near = torch.stack([padded[:, back : back + length] for back in range(_SPAN)], dim=-2)
        near = (near * self.mixing).sum(-2)
        queries, keys, values = self.mixed(near).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if cache is None:
            seen = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        else:
            end = cache.used + 1
            cache.keys[layer, :, :, cache.used : end] = keys
            cache.values[layer, :, :, cache.used : end] = values
            held = cache.keys[layer, :, :, :end], cache.values[layer, :, :, :end]
            seen = functional.scaled_dot_product_attention(queries, *held)
        rows = rows + self.out(seen.transpose(1, 2).reshape(batch, length, width))
        inner: Tensor = self.down(functional.relu(self.up(self.between(rows))))
        return rows + inner


class Model(nn.Module):  # type: ignore[misc]
    """Token ids to rows, and rows to logits of the next token. With a `Cache` one token of each row at a time.

    `scale` are the ids of tokens that mean amounts, from the least on.
    """

    def __init__(self, shape: Shape, scale: list[int]) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.layers))
        self.last = nn.LayerNorm(shape.width, bias=False)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if "mixing" in name:
                    weight.normal_(std=0.2)[-1] += 1.0
                elif weight.dim() > 1:
                    weight.normal_(std=0.1 if "embedding" in name else weight.shape[1] ** -0.5)
                    weight *= (2 * shape.layers) ** -0.5 if "out" in name or "down" in name else 1.0
            ends = self.embedding.weight[[scale[0], scale[-1]]].clone()
            for place, number in enumerate(scale):
                share = place / (len(scale) - 1)
                self.embedding.weight[number] *= 0.5
                self.embedding.weight[number] += (1 - share) * ends[0] + share * ends[1]

    def hidden(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """The last layer's rows, `batch x length x width`."""
        assert cache is None or ids.shape[1] == 1
        rows = self.embedding(ids)
        for layer, block in enumerate(self.blocks):
            rows = block(rows, cache, layer)
        if cache is not None:
            cache.used += 1
        last: Tensor = self.last(rows)
        return last

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits over the vocabulary, by the embedding itself."""
        return functional.linear(hidden, self.embedding.weight)

    def count(self) -> int:
        """How many parameters it has."""
        return sum(weight.numel() for weight in self.parameters())
