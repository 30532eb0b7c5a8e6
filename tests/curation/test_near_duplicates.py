"""Near-duplicates are found as by comparing all pairs, and little of each row stays in memory."""

from __future__ import annotations

import errno
import tracemalloc
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.curation import near_duplicates
from writ_async.curation.near_duplicates import NearDuplicates, jaccard_similarity, shingles_of
from writ_async.errors import StorageError


def said(words: list[str]) -> list[Message]:
    return [UserMessage(" ".join(words[::2])), AssistantMessage(" ".join(words[1::2]))]


def some_rows(seed: int, number: int) -> list[tuple[bytes, list[Message]]]:
    """Rows of three golds, every other one almost what one before it is."""
    rng = Random(seed)
    texts: list[list[str]] = []
    for index in range(number):
        if texts and index % 2:
            text = list(rng.choice(texts))
            text[rng.randrange(len(text))] = "changed"
        else:
            text = [rng.choice("abcdefghijklmnop") * 2 for _ in range(400)]
        texts.append(text)
    return [(rng.choice([b"one", b"two", b"three"]), said(text)) for text in texts]


@pytest.mark.parametrize("in_memory", [0, 5_000, 1 << 24])
@pytest.mark.parametrize("seed", range(3))
def test_twins_are_those_of_all_pairs_wherever_the_shingles_are(
    monkeypatch: pytest.MonkeyPatch, in_memory: int, seed: int
) -> None:
    monkeypatch.setattr(near_duplicates, "_IN_MEMORY", in_memory)
    twins = NearDuplicates()
    kept: list[tuple[str, bytes, frozenset[int]]] = []
    found = 0
    for number, (gold, messages) in enumerate(some_rows(seed, 60)):
        shingles = shingles_of(messages)
        alike = [name for name, of, other in kept if of == gold and jaccard_similarity(shingles, other) >= 0.9]
        twin = twins.add(f"r{number}", gold, messages)
        assert bool(twin) == bool(alike)
        assert twin in (alike or [""])
        found += bool(twin)
        if not twin:
            kept.append((f"r{number}", gold, shingles))
    assert found > 3


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=4), max_size=6))
def test_rows_of_no_words_and_of_the_same_words_are_twins(texts: list[list[str]]) -> None:
    twins = NearDuplicates()
    first: dict[frozenset[int], str] = {}
    for number, text in enumerate(texts):
        shingles = shingles_of(said(text))
        assert twins.add(f"r{number}", b"gold", said(text)) == first.get(shingles, "")
        first.setdefault(shingles, f"r{number}")


def test_rows_of_2_000_words_leave_less_than_four_kilobytes_each_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_IN_MEMORY", 1 << 16)
    rng = Random(1)
    rows = [said([str(rng.randrange(10**9)) for _ in range(2_000)]) for _ in range(40)]
    twins = NearDuplicates()
    twins.add("first", b"first", rows[0])
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number, row in enumerate(rows):
            twins.add(f"r{number}", b"gold", row)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 40 * 4_000 + (1 << 16)


def test_a_full_disk_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = NearDuplicates()

    def full(_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(twins._shingles, "write", full)
    with pytest.raises(StorageError, match="No space left on device; make room, or set TMPDIR"):
        twins.add("r0", b"gold", said(["a", "b"]))
