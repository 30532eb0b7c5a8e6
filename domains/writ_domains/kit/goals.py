"""What goals of several domains share: fetching cells, decisions on one write, counter-worlds, other encodings.

>>> [list(order) for order in other_orders("ab")]
[['b', 'a']]
>>> from writ_async.core.state import State
>>> from writ_domains.retail import DOMAIN, TOOLS
>>> fetch = fetch_with_tools(TOOLS, "get_user_details")
>>> fetch["get_user_details"](State(DOMAIN.generate(1, 20)), "nobody_1000") is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, Final, TypeVar

from writ_async.core.goal import Decision, Edit, Key, NothingFits, Objective, Option, Reader
from writ_async.core.state import State
from writ_async.core.task import Action
from writ_async.core.tool import Tool, ToolError

T = TypeVar("T")
Fetch = Callable[..., Any]
Params = Mapping[str, Any]
_MOST_REORDERED: Final = 5

ChangeRecord = Callable[[Reader, Any, Params, Decision], Iterator[Any]]
"""Other versions of a record that a world could well hold, those most likely to matter first."""


def fetch_with_tools(tools: Mapping[str, Tool], *names: str) -> dict[str, Fetch]:
    """`GoalRules.fetch` for read tools whose results can be compared as they are; None where the tool refuses."""

    def fetching(function: Callable[..., Any]) -> Fetch:
        def fetch(state: State, *arguments: Any) -> Any:
            try:
                return function(state, *arguments)
            except ToolError:
                return None

        return fetch

    return {name: fetching(tools[name].function) for name in names}


def decide_write(
    reader: Reader,
    name: str,
    arguments: dict[str, Any],
    refused: str = "",
    sums: Sequence[str] = (),
    figures: Mapping[str, float] | None = None,
) -> Decision:
    """The decision on one write, with the margin of whatever was compared to find it."""
    return Decision(
        writes=(Action(name, arguments),),
        refused=refused,
        margin=reader.margin,
        least=reader.least,
        sums=tuple(sums),
        figures=figures or {},
    )


def first_possible(objectives: Mapping[str, Objective]) -> Objective:
    """An objective of several, in order of preference: the first that the data and the policy allow is done.

    `options` is a list of `{"objective", "params"}`, whose params lack only `who`. With `"leave": true` the user wants
    nothing else where none is possible, and the decision is what the first one is refused for; without it a world in
    which none is possible has no answer.
    """

    def decide(reader: Reader, params: Params) -> Decision:
        refused: Decision | None = None
        for option in params["options"]:
            try:
                decision = objectives[option["objective"]](reader, {"who": params["who"], **option["params"]})
            except NothingFits:
                continue
            if not decision.refused:
                return decision
            refused = refused or decision
        if refused is None or not params.get("leave"):
            raise NothingFits("none of the options is possible")
        return refused

    return decide


def options_of(params: Params) -> list[Option]:
    """The options of `first_possible`; without their limit `most` they are done whatever they cost."""
    given = [(one["objective"], {"who": params["who"], **one["params"]}) for one in params["options"]]
    return [Option(name, wish, {key: item for key, item in wish.items() if key != "most"}) for name, wish in given]


def change_records(
    kinds: Mapping[type, tuple[str, str, ChangeRecord]],
) -> Callable[[Reader, Key, Params, Decision], Iterator[tuple[Edit, ...]]]:
    """`GoalRules.changes` for cells that show a record: by its type the table, the field of the id, and the changes."""

    def changes(reader: Reader, key: Key, params: Params, decision: Decision) -> Iterator[tuple[Edit, ...]]:
        record = reader.cells[key]
        if type(record) in kinds:
            table, id_field, change = kinds[type(record)]
            for other in change(reader, record, params, decision):
                yield ((table, getattr(record, id_field), other),)

    return changes


def other_orders(items: Sequence[T], most: int = _MOST_REORDERED) -> Iterator[tuple[T, ...]]:
    """The items in every other order; none of a single item, or of more than `most`."""
    if 2 <= len(items) <= most:
        orders = permutations(items)
        next(orders)
        yield from orders
