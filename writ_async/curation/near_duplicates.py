"""Near-duplicates: rows with the same gold writes whose conversations say almost the same.

A row is the set of its word 5-grams over what user and agent said. Candidates share a band of a one-permutation MinHash
(Li, Owen and Zhang, NIPS 2012); whether two are alike is then decided by the exact Jaccard similarity. Deterministic.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from tempfile import SpooledTemporaryFile, gettempdir

from writ_async.conversation.calls import call_key
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task
from writ_async.core.tool import Tool
from writ_async.errors import StorageError

SHINGLE = 5
BINS = 64
BAND = 4
"""Bins per band: with 16 bands of 4, rows that are 0.9 alike share one in all but one case of 10^7."""
ALIKE = 0.9

_IN_MEMORY = 1 << 24

_WORD = re.compile(r"\w+")


class NearDuplicates:
    """Finds rows that are like one that was added before.

    Of each row about a kilobyte stays in memory. Its shingles, several more, go to a temporary file where those of all
    rows take more than `_IN_MEMORY` bytes; they are read again for the few rows that share a band.
    """

    def __init__(self, alike: float = ALIKE) -> None:
        self._alike = alike
        self._ids: list[str] = []
        self._golds: dict[bytes, int] = {}
        self._gold_of = array("L")
        self._bands: dict[int, int | list[int]] = {}
        self._ends = array("Q", (0,))  # of each row's shingles in the file
        self._shingles = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (it is gone when this object is)

    def add(self, row_id: str, gold: bytes, messages: Sequence[Message]) -> str:
        """The id of an earlier row with the same gold that says almost the same, or an empty text: then it is added.

        Raises `StorageError` where the disk of temporary files is full.
        """
        shingles = shingles_of(messages)
        of_gold = self._golds.setdefault(gold, len(self._golds))
        # Numbers hash alike in every process. Other bands may have the same hash: then the rows are held side by side.
        keys = [hash((of_gold, place, *band)) for place, band in enumerate(_band_keys(shingles))]
        for number in dict.fromkeys(number for key in keys for number in self._found(key)):
            if self._gold_of[number] == of_gold and jaccard_similarity(shingles, self._read(number)) >= self._alike:
                return self._ids[number]
        for key in keys:
            self._remember(key, len(self._ids))
        self._ids.append(row_id)
        self._gold_of.append(of_gold)
        self._write(array("I", shingles).tobytes())
        return ""

    def _found(self, key: int) -> Sequence[int]:
        numbers = self._bands.get(key)
        return () if numbers is None else numbers if isinstance(numbers, list) else (numbers,)

    def _remember(self, key: int, number: int) -> None:
        before = self._bands.setdefault(key, number)
        if before == number:
            return  # it is the first
        if isinstance(before, list):
            before.append(number)
        else:
            self._bands[key] = [before, number]

    def _write(self, shingles: bytes) -> None:
        try:
            self._shingles.seek(self._ends[-1])
            self._shingles.write(shingles)
        except OSError as exc:
            raise StorageError(f"cannot write to {gettempdir()}: {exc.strerror}; make room, or set TMPDIR") from exc
        self._ends.append(self._ends[-1] + len(shingles))

    def _read(self, number: int) -> frozenset[int]:
        start, end = self._ends[number], self._ends[number + 1]
        self._shingles.seek(start)
        return frozenset(array("I", self._shingles.read(end - start)))


def shingles_of(messages: Iterable[Message]) -> frozenset[int]:
    """Hashes of the word 5-grams of what user and agent said; of all words where there are fewer."""
    said = (message.content or "" for message in messages if isinstance(message, UserMessage | AssistantMessage))
    words = [word.encode() for word in _WORD.findall(" ".join(said).casefold())]
    text = b" ".join(words)
    if len(words) < SHINGLE:
        return frozenset({zlib.crc32(text)})
    # Each is cut out of the one text, from the start of its first word up to the blank before the word behind it.
    starts = [0, *accumulate([len(word) + 1 for word in words])]
    return frozenset([zlib.crc32(text[start : end - 1]) for start, end in zip(starts, starts[SHINGLE:], strict=False)])


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
