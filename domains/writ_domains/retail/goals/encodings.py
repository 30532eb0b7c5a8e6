"""Other ways of writing down a call to the shop's tools that mean the same."""

from __future__ import annotations

from collections.abc import Iterator

from writ_async.core.state import State
from writ_async.core.task import Action
from writ_domains.kit.goals import other_orders


def other_encodings(state: State, action: Action) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """The items of a call in every other order; each new item stays with its old one."""
    items, new = action.arguments.get("item_ids", ()), action.arguments.get("new_item_ids")
    for order in other_orders(range(len(items))):
        changed = {**action.arguments, "item_ids": [items[place] for place in order]}
        if new is not None:
            changed["new_item_ids"] = [new[place] for place in order]
        yield "items", (Action(action.name, changed),)
