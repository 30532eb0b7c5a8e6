"""Near-duplicates: rows with the same gold writes whose conversations say almost the same.

A row is the set of its word 5-grams over what user and agent said. Candidates share a band of a one-permutation MinHash
(Li, Owen and Zhang, NIPS 2012); whether two are alike is then decided by the exact Jaccard similarity. Deterministic.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence

from writ_async.conversation.calls import call_key
from writ_async.core.domain import Tool
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task

SHINGLE = 5
BINS = 64
BAND = 4
"""Bins per band: with 16 bands of 4, rows that are 0.9 alike share one in all but one case of 10^7."""
ALIKE = 0.9

_WORD = re.compile(r"\w+")


class NearDuplicates:
    """Finds rows that are like one that was added before."""

    def __init__(self, alike: float = ALIKE) -> None:
        self._alike = alike
        self._rows: list[tuple[str, frozenset[int]]] = []
        self._bands: dict[tuple[bytes, int, tuple[int, ...]], list[int]] = {}

    def add(self, row_id: str, gold: bytes, messages: Sequence[Message]) -> str:
        """The id of an earlier row with the same gold that says almost the same, or an empty text: then it is added."""
        shingles = shingles_of(messages)
        keys = [(gold, place, band) for place, band in enumerate(_band_keys(shingles))]
        for number in dict.fromkeys(number for key in keys for number in self._bands.get(key, ())):
            other, theirs = self._rows[number]
            if jaccard_similarity(shingles, theirs) >= self._alike:
                return other
        for key in keys:
            self._bands.setdefault(key, []).append(len(self._rows))
        self._rows.append((row_id, shingles))
        return ""


def shingles_of(messages: Iterable[Message]) -> frozenset[int]:
    """Hashes of the word 5-grams of what user and agent said; of all words where there are fewer."""
    said = (message.content or "" for message in messages if isinstance(message, UserMessage | AssistantMessage))
    words = _WORD.findall(" ".join(said).casefold())
    grams = (" ".join(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1)))
    return frozenset(zlib.crc32(gram.encode()) for gram in grams)


def jaccard_similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of all shingles that both have; 1 when neither has any."""
    return len(one & other) / len(one | other) if one or other else 1.0


def gold_key(task: Task | None, tools: Sequence[Tool], row_task: str) -> bytes:
    """What the rows must have in common to be twins: the gold writes, or the task where there are none."""
    writes = {tool.name for tool in tools if tool.kind == "write"}
    actions = [] if task is None else [action for action in task.actions or () if action.name in writes]
    if task is None or not actions:
        return row_task.encode()
    keys = sorted(call_key(action.name, action.arguments) for action in actions)
    return b"\n".join((task.domain.encode(), *keys))


def _band_keys(shingles: frozenset[int]) -> Iterator[tuple[int, ...]]:
    bins = [-1] * BINS
    for value in shingles:
        place, rest = value % BINS, value // BINS
        if bins[place] < 0 or rest < bins[place]:
            bins[place] = rest
    for start in range(0, BINS, BAND):
        yield tuple(bins[start : start + BAND])
