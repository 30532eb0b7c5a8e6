"""Picks so many rows out of many: even over strata, and within each those that add most to what is there already.

A row's gain is the share of its word 5-grams that no picked row has, and for each of its labels (recipe, traits of the
user) one over the number of picked rows that have it, itself among them. Both only fall as more is picked, so a greedy
choice needs to look again only at the row that leads (Minoux, Optimization Techniques 1978). Deterministic.
"""

from __future__ import annotations

import heapq
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from writ_async.core.message import Message
from writ_async.curation.near_duplicates import shingles_of
from writ_async.curation.quota import Cell

_EVERY = 8
"""One in so many 5-grams stands for all: a few hundred of a row, a kilobyte."""


class Candidate(msgspec.Struct, frozen=True):
    """A row that may be picked: its id, its stratum, its labels, and a sample of its word 5-grams as hashes."""

    id: str
    stratum: Cell
    labels: tuple[str, ...]
    shingles: array[int]


def sample_shingles(messages: Iterable[Message]) -> array[int]:
    """The sample of a conversation's 5-grams by which rows are compared here."""
    found = shingles_of(messages)
    return array("I", sorted(value for value in found if value % _EVERY == 0) or sorted(found)[:1])


def even_shares(available: Mapping[Cell, int], n: int) -> dict[Cell, int]:
    """How many of `n` each stratum gives; `n` in all if there are as many.

    As evenly as what is available allows over the values of the first dimension, then within each over those of the
    second, and so on. What cannot be divided goes to values in an order that their names scatter.
    """
    groups: dict[str, dict[Cell, int]] = {}
    for stratum, number in available.items():
        groups.setdefault(stratum[0] if stratum else "", {})[stratum[1:]] = number
    order = sorted(groups, key=lambda name: (zlib.crc32(name.encode()), name))
    sizes = [sum(groups[name].values()) for name in order]
    shares: dict[Cell, int] = {}
    for name, share in zip(order, _fill_evenly(sizes, n), strict=True):
        if any(groups[name]):
            shares |= {(name, *rest): part for rest, part in even_shares(groups[name], share).items()}
        else:
            shares[(name,) if name or any(available) else ()] = share
    return shares


def _fill_evenly(sizes: Sequence[int], n: int) -> list[int]:
    """`n` over places of these sizes, as evenly as they allow: no place has two more than one that has room."""
    left = min(n, sum(sizes))
    level = 0  # all places are filled up to it, as far as they go
    while (step := sum(size > level for size in sizes)) and step <= left:
        left -= step
        level += 1
    filled = [min(size, level) for size in sizes]
    for index, size in enumerate(sizes):
        if left and size > level:
            filled[index] += 1
            left -= 1
    return filled


def pick_rows(candidates: Sequence[Candidate], n: int) -> list[str]:
    """The ids of `n` candidates, or of all where there are fewer, in the order in which they were picked."""
    strata: dict[Cell, list[int]] = {}
    for index, candidate in enumerate(candidates):
        strata.setdefault(candidate.stratum, []).append(index)
    shares = even_shares({stratum: len(members) for stratum, members in strata.items()}, n)
    seen: set[int] = set()
    taken: Counter[str] = Counter()
    picked: list[str] = []
    for stratum, share in sorted(shares.items()):
        heap = [(-_gain(candidates[index], seen, taken), index) for index in strata[stratum]]
        heapq.heapify(heap)
        while share:
            _, index = heapq.heappop(heap)
            candidate = candidates[index]
            now = (-_gain(candidate, seen, taken), index)
            if heap and now > heap[0]:
                heapq.heappush(heap, now)
                continue
            seen.update(candidate.shingles)
            taken.update(candidate.labels)
            picked.append(candidate.id)
            share -= 1
    return picked


def _gain(candidate: Candidate, seen: set[int], taken: Mapping[str, int]) -> float:
    new = sum(value not in seen for value in candidate.shingles) / max(1, len(candidate.shingles))
    rare = sum(1 / (1 + taken.get(label, 0)) for label in candidate.labels) / max(1, len(candidate.labels))
    return new + rare
