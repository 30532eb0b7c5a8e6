"""What first prompts have in common: its text is made once, and never changes what is sent."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.sglang import seats
from writ_engines.sglang.seats import Opening
from writ_engines.sglang.wire import encode_ids

Ids = st.lists(st.integers(0, 3), max_size=12)


@given(prompts=st.lists(st.tuples(st.sampled_from([[], [5] * 8, [5] * 8 + [6, 7], [9, 9, 9]]), Ids), max_size=14))
def test_whatever_came_before_a_prompt_is_its_ids_as_text_and_as_numbers(
    prompts: list[tuple[list[int], list[int]]],
) -> None:
    opening = Opening()
    for first, rest in prompts:
        ids = [*first, *rest]
        assert b"[%b]" % opening.encode(array("i", ids)) == msgspec.json.encode(ids)
        assert opening.numbers(array("i", [*ids, 8])) == (*ids, 8)


def test_what_conversations_share_is_encoded_once_though_the_first_are_of_one_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system, opening = list(range(1000)), Opening()
    for task in (1, 1, 1, 2):
        opening.encode(array("i", [*system, task, task]))
    sizes: list[int] = []

    def encode(ids: Sequence[int]) -> bytes:
        sizes.append(len(ids))
        return encode_ids(ids)

    monkeypatch.setattr(seats, "encode_ids", encode)
    for task in range(3, 20):
        opening.encode(array("i", [*system, task, task]))
    assert sizes == [2] * 17


def test_the_numbers_of_what_is_shared_are_the_same_objects() -> None:
    system, opening = list(range(1000, 2000)), Opening()
    opening.encode(array("i", [*system, 3000]))
    opening.encode(array("i", [*system, 3001]))
    first, second = (opening.numbers(array("i", [*system, number])) for number in (4000, 4001))
    assert all(one is other for one, other in zip(first[:-1], second[:-1], strict=True))
