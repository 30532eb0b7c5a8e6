"""The text of a result is what `json.dumps` writes of it, whatever is in it."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.result_text import encode_result


class Part(msgspec.Struct, frozen=True):
    """A part of an entity."""

    name: str
    price: float
    sizes: dict[str, int] = {}


class Entity(msgspec.Struct, frozen=True):
    """What tools give: texts, numbers, what is unset, and parts of the same."""

    text: str
    number: float
    count: int
    is_open: bool
    parts: tuple[Part, ...]
    note: str | None = None


texts = st.text(max_size=12) | st.sampled_from(["1e5", "12e-3", 'a "b" \\ c', "\x7f", "é", "\u2028", "0.00001", "null"])
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1e16, 1e-5, 0.1, 348.0])
parts = st.builds(Part, texts, numbers, st.dictionaries(texts, st.integers(-(2**70), 2**70), max_size=3))
entities = st.builds(
    Entity,
    texts,
    numbers,
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.lists(parts, max_size=3).map(tuple),
    texts | st.none(),
)


@given(entities)
def test_an_entity_is_written_as_json_does(entity: Entity) -> None:
    assert encode_result(entity) == json.dumps(msgspec.to_builtins(entity))


@given(st.lists(entities | st.lists(entities, max_size=2), max_size=3))
def test_and_so_are_lists_of_them(found: list[Entity | list[Entity]]) -> None:
    assert encode_result(found) == json.dumps(msgspec.to_builtins(found))


def test_numbers_outside_of_entities_are_texts() -> None:
    assert encode_result([1, True, None, "a"]) == '["1", "True", null, "a"]'
    assert encode_result({"a": 1.5}) == '{"a": "1.5"}'
