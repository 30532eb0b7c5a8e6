"""What a run may cost, in tokens, dollars or hours: when that is spent, what is live ends and no more begins."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio
import msgspec

from writ_async.errors import InputError
from writ_async.runs.progress import Progress, Watcher

_SECONDS = 0.25  # between two looks


class Budget(msgspec.Struct, frozen=True):
    """Most tokens and dollars over all rows of a run, and most hours of one command; 0 is any number."""

    tokens: float = 0
    dollars: float = 0
    hours: float = 0


def parse_budget(text: str) -> Budget:
    """The budget of `tokens=5e6,dollars=20,hours=8`. Raises `InputError` for another name, or no number above 0."""
    given: dict[str, float] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition("=")
        if name not in Budget.__struct_fields__:
            raise InputError(f"--budget: unknown {name!r}; known: {', '.join(Budget.__struct_fields__)}")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            raise InputError(f"--budget: {name} must be a number above 0, not {value!r}")
        given[name] = number
    return Budget(**given)


def why_over(budget: Budget, progress: Progress, hours: float) -> str:
    """What of a budget is spent, in words; empty while nothing is."""
    if budget.hours and hours >= budget.hours:
        return f"{budget.hours:g} hours are over"
    if budget.tokens or budget.dollars:
        total = progress.summary.total()
        if budget.tokens and total.tokens >= budget.tokens:
            return f"{total.tokens:,} of {budget.tokens:,.0f} tokens are spent"
        dollars = sum(used.dollars for used in total.usage.values())
        if budget.dollars and dollars >= budget.dollars:
            return f"${dollars:,.2f} of ${budget.dollars:,.2f} are spent"
    return ""


def watch_budget(budget: Budget, began: float, watch: Watcher | None, say: Callable[[str], None]) -> Watcher:
    """A watcher that drains the run once the budget is spent, and `say`s why; `watch` goes on beside it.

    `began` is when the command did, on the loop's clock.
    """

    async def look(progress: Progress) -> None:
        async with anyio.create_task_group() as group:
            if watch is not None:
                group.start_soon(watch, progress)
            while True:
                await anyio.sleep(_SECONDS)
                if reason := why_over(budget, progress, (anyio.current_time() - began) / 3600):
                    say(reason)
                    progress.drain()
                    return

    return look
