"""What a scripted user who errs with their own tools does: another step than was asked for, a reading never seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random
from typing import Any

from writ_async.core.domain import Domain
from writ_async.core.user_actions import ANY, UserAction, as_value
from writ_engines.scripted.agent_lines import saying_of


def other_step(
    asked: UserAction, arguments: Mapping[str, Any], domain: Domain, spared: Collection[str], rng: Random
) -> tuple[UserAction, dict[str, Any]] | None:
    """Another write of the user's than was asked for, with arguments; None where there is none.

    Not one of the `spared` tools, for which the agent asks sooner or later.
    """
    found: list[tuple[UserAction, dict[str, Any]]] = []
    for action in domain.user_actions:
        tool = domain.user_tools.get(action.tool)
        if tool is None or tool.kind != "write" or action.tool in spared or action.tool == asked.tool:
            continue
        given: dict[str, Any] = {}
        for name, values in action.arguments.items():
            fixed = [value for value in values if value != ANY]
            if name in arguments:
                given[name] = arguments[name]
            elif fixed:
                given[name] = rng.choice(fixed)
        read = tool.read_arguments(given)
        if read is not None and tool.required <= given.keys():
            found.append((action, {key: read[key] for key in given}))
    return rng.choice(found) if found else None


def false_report(
    asked: UserAction, shown: Mapping[str, str], spared: Collection[str], seen: Collection[str], rng: Random
) -> str:
    """What a user tells who has not looked: values that were not shown last; empty where none can be made up.

    `spared` are values that the user has from elsewhere, `seen` the names of readings that another look shows anyway.
    """
    told = []
    for reading in asked.readings:
        values = [
            value for value in map(as_value, reading.values) if value != shown.get(reading.name) and value not in spared
        ]
        if values and reading.said and not reading.aside and reading.name not in seen:
            told.append(saying_of(reading.said).draw(rng).format(rng.choice(values)))
    return " ".join(told)


def has_room_for(kind: str, tools: Collection[str], domain: Domain) -> bool:
    """Whether a user who is asked for these tools can make a slip of a kind with them."""
    asked = [action for action in domain.user_actions if action.tool in tools]
    writes = [action for action in asked if domain.user_tools[action.tool].kind == "write"]
    if kind == "skipped_step":
        return any(action.done for action in writes)
    if kind == "acted_unasked":
        others = [action for action in domain.user_actions if action.tool not in tools]
        return bool(writes) and any(domain.user_tools[action.tool].kind == "write" for action in others)
    looks = [action for action in asked if domain.user_tools[action.tool].kind == "read"]
    return any(reading.values and reading.said and not reading.aside for one in looks for reading in one.readings)
