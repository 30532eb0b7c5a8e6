"""In which order waiting requests are taken in: the server's schedule policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from engines.simulated.cache import Node, RadixCache
from engines.simulated.requests import Generation

SchedulePolicy = Literal["fcfs", "lpm", "dfs-weight", "spf"]
LPM_LIMIT = 128
"""With more requests waiting than this, longest prefix match falls back to first come, first served."""


def arrange(waiting: Sequence[Generation], cache: RadixCache, policy: SchedulePolicy) -> Sequence[Generation]:
    """The waiting requests in the order in which they are to be tried.

    `lpm`: longest cached prefix first. `spf`: shortest prefill first. `dfs-weight`: depth first through the cache, the
    subtree that most requests wait under first, and what waits at a node after all that waits below it.
    """
    if policy == "fcfs" or len(waiting) < 2 or (policy == "lpm" and len(waiting) > LPM_LIMIT):
        return waiting
    nodes = [cache.find(generation.path) for generation in waiting]
    if policy == "dfs-weight":
        return _by_weight(waiting, nodes, cache.root)
    if policy == "lpm":
        ranks = [-node.end for node in nodes]
    else:
        ranks = [generation.prompt - node.end for generation, node in zip(waiting, nodes, strict=True)]
    return [waiting[place] for place in sorted(range(len(waiting)), key=ranks.__getitem__)]


def _by_weight(waiting: Sequence[Generation], nodes: list[Node], root: Node) -> list[Generation]:
    here: dict[Node, list[Generation]] = {}
    weights: dict[Node, int] = {}
    below: dict[Node, list[Node]] = {}
    for generation, node in zip(waiting, nodes, strict=True):
        here.setdefault(node, []).append(generation)
        step: Node | None = node
        while step is not None:
            parent = step.parent
            if step not in weights and parent is not None:
                below.setdefault(parent, []).append(step)
            weights[step] = weights.get(step, 0) + 1
            step = parent
    ordered: list[Generation] = []
    stack = [root]
    while stack:  # a node before its subtrees, the lightest first; what is wanted is the reverse of that
        node = stack.pop()
        ordered += reversed(here.get(node, []))
        stack += sorted(below.get(node, []), key=lambda child: -weights[child])
    ordered.reverse()
    return ordered
