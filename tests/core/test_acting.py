"""What a task begins with, and what a call brings about for the other side."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from writ_async.core.acting import act, apply, is_met, open_state
from writ_async.core.domain import Domain
from writ_async.core.state import State, World
from writ_async.core.task import EnvAssertion, EnvCall, InitialState
from writ_async.core.tool import ToolError, make_tools, write
from writ_async.errors import InputError


class Lamp(msgspec.Struct, frozen=True):
    """A lamp, and what its owner sees of it."""

    name: str
    on: bool = False
    seen: bool = False


@write
def switch(state: State, name: str) -> str:
    """Throw the switch.

    Args:
        name: Of which lamp.
    """
    lamp = state.get("lamps", name)
    if lamp is None:
        raise ToolError("there is no such lamp")
    state.put("lamps", name, msgspec.structs.replace(lamp, on=not lamp.on))
    return "done"


def look(state: State) -> None:
    for name, lamp in list(state.items("lamps")):
        if lamp.seen != lamp.on:
            state.put("lamps", name, msgspec.structs.replace(lamp, seen=lamp.on))


def burn(state: State, name: str, hours: int) -> None:
    if hours < 0:
        raise ToolError("hours are never negative")
    state.put("lamps", name, Lamp(name, on=hours > 0))


def sees(state: State, name: str) -> bool:
    lamp = state.get("lamps", name)
    if lamp is None:
        raise ToolError("there is no such lamp")
    return bool(lamp.seen)


def load(data: bytes) -> World:
    return World("lamps", {"lamps": msgspec.json.decode(data, type=dict[str, dict[str, Lamp]])["lamps"]})


def dump(state: State) -> dict[str, Any]:
    return {"lamps": msgspec.to_builtins(dict(state.items("lamps")))}


TOOLS = make_tools((switch,))
WORLD = World("lamps", {"lamps": {"a": Lamp("a"), "b": Lamp("b")}})
DOMAIN = Domain(
    name="lamps",
    policy="",
    tools=TOOLS,
    user_tools=TOOLS,
    generate=lambda seed, size: WORLD,
    load=load,
    dump=dump,
    after_call=look,
    setups={"user": {"burn": burn}},
    assertions={"user": {"sees": sees}},
)


def test_what_a_call_brings_about_is_done_where_it_succeeds_and_nowhere_else() -> None:
    state = State(WORLD)
    assert act(DOMAIN, state, "switch", {"name": "a"}, "user").content == "done"
    assert state.get("lamps", "a") == Lamp("a", on=True, seen=True)
    state = State(WORLD)
    state.put("lamps", "a", Lamp("a", on=True))
    assert act(DOMAIN, state, "switch", {"name": "c"}).error
    assert state.get("lamps", "a") == Lamp("a", on=True)
    apply(DOMAIN, state, "switch", {"name": "b"})
    assert [lamp.seen for _, lamp in state.items("lamps")] == [True, True]


def test_a_task_without_initial_state_begins_in_the_world_untouched() -> None:
    assert not open_state(None, DOMAIN, WORLD).is_touched
    assert open_state(InitialState(), DOMAIN, WORLD).digest() == WORLD.digest()


def test_data_is_put_over_the_records_and_then_calls_are_made_in_order() -> None:
    initial = InitialState(
        data={"lamps": {"b": {"on": True}, "c": {"name": "c"}}},
        calls=(EnvCall("user", "burn", {"name": "a", "hours": 2}), EnvCall("assistant", "switch", {"name": "c"})),
    )
    state = open_state(initial, DOMAIN, WORLD)
    assert [lamp for _, lamp in state.items("lamps")] == [Lamp(name, on=True, seen=True) for name in "abc"]
    assert state.digest() == open_state(initial, DOMAIN, WORLD).digest() != WORLD.digest()
    assert WORLD.tables["lamps"]["b"] == Lamp("b")


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (InitialState(calls=(EnvCall("assistant", "burn", {}),)), "has no function 'burn'"),
        (InitialState(calls=(EnvCall("user", "burn", {"name": "a"}),)), "cannot begin with 'burn': TypeError"),
        (InitialState(calls=(EnvCall("user", "burn", {"name": "a", "hours": -1}),)), "never negative"),
        (InitialState(data={"lamps": {"a": {"on": 3}}}), r"does not fit the database: .*\$\.*"),
    ],
)
def test_an_initial_state_that_cannot_be_had_is_one_line(initial: InitialState, message: str) -> None:
    with pytest.raises(InputError, match=message) as told:
        open_state(initial, DOMAIN, WORLD)
    assert "\n" not in str(told.value)


def test_an_assertion_says_what_has_to_be_answered_and_one_that_cannot_be_is_not_met() -> None:
    state = State(WORLD)
    for name, wanted, met in (("a", False, True), ("a", True, False), ("z", True, False), ("z", False, False)):
        assert is_met(DOMAIN, state, EnvAssertion("user", "sees", {"name": name}, wanted)) is met
    with pytest.raises(InputError, match="no assertion function 'smells'"):
        is_met(DOMAIN, state, EnvAssertion("user", "smells", {}))
