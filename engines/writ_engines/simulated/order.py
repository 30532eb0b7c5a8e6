"""In which order waiting requests are taken in: the server's schedule policies.

The order stays until the next look: what ties keeps the places of the last one. Looking at what is cached for a request
uses it, so that under LRU the requests that stand last keep theirs longest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Literal

from writ_engines.simulated.cache import Node, RadixCache
from writ_engines.simulated.requests import Generation

SchedulePolicy = Literal["fcfs", "lpm", "dfs-weight", "shortest-prefill-first"]
LPM_LIMIT = 128
"""With more requests waiting than this, longest prefix match falls back to first come, first served."""
REFRESH_PASSES = 32
"""Where the policy does not look at the cache, what is cached for waiting requests is used once in so many passes."""
_REFRESHED = 128  # of so many requests
_SHARED = 32  # tokens: of requests that have at most this much in the cache and share as much, one goes first


def looks_at_cache(policy: SchedulePolicy, waiting: int) -> bool:
    """Whether a policy looks at the cache when so many requests wait."""
    return policy != "fcfs" and not (policy == "lpm" and waiting > LPM_LIMIT)


def refresh(waiting: Sequence[Generation], cache: RadixCache) -> None:
    """Use what is cached for the first waiting requests, the very first one last."""
    for generation in reversed(list(islice(waiting, _REFRESHED))):
        cache.find(generation.path)


def arrange(waiting: deque[Generation], cache: RadixCache, policy: SchedulePolicy) -> Iterable[Generation]:
    """The waiting requests in the order in which they are to be tried, by a policy that looks at the cache.

    `lpm`: longest cached prefix first. `shortest-prefill-first`: fewest tokens to compute first, then first come.
    `dfs-weight`: depth first through the cache, the subtree that most requests wait under first, and what waits at a
    node after all that waits below it. The first two put off requests whose beginning another one is about to compute.
    """
    nodes = [cache.find(generation.path) for generation in waiting]
    if policy == "dfs-weight":
        return _by_weight(waiting, nodes, cache.root)
    later = _put_off(waiting, nodes)
    ranks: list[Any] = []
    for place, (generation, node) in enumerate(zip(waiting, nodes, strict=True)):
        whole = generation.prompt + generation.carried
        cached = cache.cached(node, whole)
        if policy == "lpm":
            ranks.append(1 if place in later else -cached)
        else:
            ranks.append((place in later, whole - cached, generation.arrived))
    ordered = list(waiting)
    return [ordered[place] for place in sorted(range(len(ordered)), key=ranks.__getitem__)]


def _put_off(waiting: Iterable[Generation], nodes: Iterable[Node]) -> set[int]:
    """The places of requests with little in the cache that begin like one before them."""
    found: set[int] = set()
    tree: dict[Any, Any] = {}
    for place, (generation, node) in enumerate(zip(waiting, nodes, strict=True)):
        if node.end > _SHARED:
            continue
        level, shared = tree, 0
        for key, tokens in generation.path:
            if key not in level:
                break
            level, shared = level[key], shared + tokens
        if shared >= _SHARED:
            found.add(place)
            continue
        level = tree
        for key, _ in generation.path:
            level = level.setdefault(key, {})
    return found


def _by_weight(waiting: Iterable[Generation], nodes: list[Node], root: Node) -> list[Generation]:
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
        stack += sorted(below.get(node, []), key=lambda child: (-weights[child], child.born))
    ordered.reverse()
    return ordered
