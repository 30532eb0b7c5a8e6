"""How a model of the experiment is trained; what reads and writes settings needs no torch for it."""

from __future__ import annotations

import msgspec


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long and how fast to train. `tokens` are those trained on in a step, the agent's own alone."""

    steps: int = 1_400
    tokens: int = 128
    rate: float = 3e-3
    warm_up: int = 100
    decay: float = 0.05
    clip: float = 1.0
    width: int = 96
    layers: int = 3
    heads: int = 4
