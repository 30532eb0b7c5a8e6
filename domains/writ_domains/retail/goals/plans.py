"""Other ways of writing down a call to the shop's tools that mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from writ_async.core.state import State
from writ_async.core.task import Action

_MOST = 5


def plans(state: State, action: Action) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """The items of a call in every other order (each new item stays with its old one), up to five of them."""
    items = action.arguments.get("item_ids")
    if items is None or not 2 <= len(items) <= _MOST:
        return
    new = action.arguments.get("new_item_ids")
    for order in permutations(range(len(items))):
        if order == tuple(range(len(items))):
            continue
        changed = {**action.arguments, "item_ids": [items[place] for place in order]}
        if new is not None:
            changed["new_item_ids"] = [new[place] for place in order]
        yield "items", (Action(action.name, changed),)
