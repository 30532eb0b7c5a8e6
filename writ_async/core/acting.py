"""What is done in an environment: calls with all that follows from them, and the state that a task begins in.

A domain whose users have tools may have records of both sides in one state. What a call of one side brings about in
those of the other is `Domain.after_call`, so that whoever makes a call of a conversation makes it through `act`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import Requestor
from writ_async.core.state import State, World
from writ_async.core.task import EnvAssertion, EnvCall, InitialState
from writ_async.core.tool import ToolError, ToolResult, apply_tool, call_tool
from writ_async.errors import InputError, describe_error


def act(
    domain: Domain, state: State, name: str, arguments: dict[str, Any], requestor: Requestor = "assistant"
) -> ToolResult:
    """Call a tool of one side as a conversation does: where it succeeds, what it brings about is done at once."""
    result = call_tool(domain.tools_of(requestor), state, name, arguments)
    if domain.after_call is not None and not result.error:
        domain.after_call(state)
    return result


def apply(
    domain: Domain, state: State, name: str, arguments: dict[str, Any], requestor: Requestor = "assistant"
) -> None:
    """The same for nothing but what it leaves behind: its result is not made a text."""
    if domain.after_call is None:
        apply_tool(domain.tools_of(requestor), state, name, arguments)
    else:
        act(domain, state, name, arguments, requestor)


def open_state(initial: InitialState | None, domain: Domain, world: World) -> State:
    """The state that a conversation begins in: the world, and what a task's initial state does to it.

    Costs what that writes; where it gives data, the whole database is read once for each world and data. Raises
    `InputError` where the initial state names what the domain does not have, or cannot be done in this world.
    """
    state = State(world)
    if initial is None:
        return state
    if initial.data or initial.user_data:
        _put_data({**(initial.data or {}), **(initial.user_data or {})}, domain, state)
    for call in initial.calls:
        function = _find_setup(domain, call)
        if function is None:
            raise InputError(f"domain {domain.name!r} has no function {call.func_name!r} to begin a task with")
        try:
            function(state, **call.arguments)
        except (ToolError, TypeError, ValueError, AttributeError, KeyError) as exc:
            raise InputError(f"a task cannot begin with {call.func_name!r}: {describe_error(exc)}") from None
        if domain.after_call is not None:
            domain.after_call(state)
    return state


def _find_setup(domain: Domain, call: EnvCall) -> Callable[..., Any] | None:
    """The function that a call before a conversation names: one of the domain's setups, or a tool; None for no such."""
    setup = domain.setups.get(call.env_type, {}).get(call.func_name)
    if setup is not None:
        return setup
    tool = domain.tools_of(call.env_type).get(call.func_name)
    return None if tool is None else tool.function


def is_met(domain: Domain, state: State, assertion: EnvAssertion) -> bool:
    """Whether a state is as an assertion says; one that cannot be answered in it is not met.

    Raises `InputError` where the domain has no such function.
    """
    function = domain.assertions.get(assertion.env_type, {}).get(assertion.func_name)
    if function is None:
        raise InputError(f"domain {domain.name} has no assertion function {assertion.func_name!r}")
    try:
        return bool(function(state, **assertion.arguments) == assertion.assert_value)
    except (ToolError, TypeError, ValueError, AttributeError, KeyError):
        return False


def _put_data(data: Mapping[str, Any], domain: Domain, state: State) -> None:
    """Write the records that an initial state gives values of."""
    key = f"initial data {msgspec.json.encode(data, order='deterministic').decode()}"

    def load(world: World) -> World:
        return domain.load(msgspec.json.encode(_merged(domain.dump(State(world)), data)))

    try:
        given = state.world.index(key, load)
    except msgspec.ValidationError as exc:
        raise InputError(f"the data that a task begins with does not fit the database: {exc}") from None
    for table, rows in given.tables.items():
        before = state.world.tables[table]
        for name, entity in rows.items():
            if before.get(name) != entity:
                state.put(table, name, entity)
        for name in before.keys() - rows.keys():
            state.remove(table, name)


def _merged(before: Any, given: Any) -> Any:
    """A value of JSON in which objects have the members that are given, at any depth; all else is replaced."""
    if isinstance(before, dict) and isinstance(given, dict):
        return {**before, **{key: _merged(before.get(key), value) for key, value in given.items()}}
    return given
