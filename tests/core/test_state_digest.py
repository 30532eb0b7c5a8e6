"""The digest that a state keeps is always the one that hashing all its entities anew would give."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.state import State, World, entity_hash

operations = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "digest", "fork", "switch"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y", "new"]),
        st.sampled_from([0, 1, 1.0, "1", [1], {"k": [1, 2]}, 10**30]),
    ),
    max_size=30,
)


def hashed_anew(state: State) -> str:
    total = sum(entity_hash(table, key, entity) for table in state.world.tables for key, entity in state.items(table))
    return f"{total % 2**128:032x}"


@given(operations)
def test_a_kept_digest_is_the_digest_of_all_entities(steps: list[tuple[str, str, str, Any]]) -> None:
    world = World("toy", {"a": {"x": 1, "y": {"k": [1, 2]}}, "b": {"x": 2, "z": "1"}})
    stock = world.digest()
    states, at = [State(world)], 0
    for step, table, key, value in steps:
        state = states[at]
        if step == "put":
            state.put(table, key, value)
        elif step == "remove":
            state.remove(table, key)
        elif step == "digest":
            assert state.digest() == hashed_anew(state)
        elif step == "fork":
            states.append(state.fork())
        else:
            at = (at + 1) % len(states)
    for state in states:
        assert state.digest() == hashed_anew(state)
        assert state.digest() == hashed_anew(state)
    assert world.digest() == State(world).digest() == stock


def test_writing_an_entity_back_gives_the_first_digest_again() -> None:
    state = State(World("toy", {"a": {"x": 1}}))
    first = state.digest()
    state.put("a", "x", 2)
    changed = state.digest()
    state.put("a", "x", 1)
    assert state.digest() == first != changed
    state.remove("a", "x")
    state.put("a", "x", 2)
    assert state.digest() == changed


def test_a_key_that_cannot_be_written_leaves_the_digest_alone() -> None:
    state = State(World("toy", {"a": {"x": 1}}))
    state.put("a", "x", 2)
    digest = state.digest()
    key: Any = ["x"]
    with pytest.raises(TypeError):
        state.put("a", key, 3)
    other = state.fork()
    other.put("a", "x", 5)
    assert state.digest() == digest != other.digest()
