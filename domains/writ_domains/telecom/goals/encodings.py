"""Other ways of writing down a call to the carrier's tools that mean the same: there are none."""

from __future__ import annotations

from collections.abc import Iterator

from writ_async.core.state import State
from writ_async.core.task import Action


def other_encodings(state: State, action: Action) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Nothing: every argument is an id, an amount, or the name of a setting."""
    yield from ()
