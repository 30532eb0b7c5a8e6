"""Which requests meet which fault: drawn from a seed, or listed; and the least of a list that still shows a failure.

Whether a request meets a fault depends on the seed, on what the request is for, and on how often that was asked for,
never on when it comes: so a schedule means the same over sockets and in virtual time, and under any concurrency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Strike(msgspec.Struct, frozen=True, order=True):
    """One fault. `call` is the request's id or path, `attempt` counts from 0; `draw` seeds what is drawn of it."""

    call: str
    attempt: int
    fault: str
    draw: int


class Outage(msgspec.Struct, frozen=True, order=True):
    """A server that is gone for a while, by its number: it `dies`, or its name is `unknown`. Times are in seconds."""

    server: int
    begin: float
    seconds: float
    how: str = "dies"


class Script(msgspec.Struct, frozen=True):
    """A whole schedule as a file has it: `python bench/faults.py --script FILE` plays it again.

    Of so many `conversations` those of the ids in `only` are played, all where there is none.
    """

    engine: str
    conversations: int
    only: tuple[str, ...] = ()
    strikes: tuple[Strike, ...] = ()
    outages: tuple[Outage, ...] = ()
    servers: int = 1
    batch: int = 1


class Schedule:
    """Tells each request what it meets; `met` are the strikes that came to it. Without `listed` they are drawn."""

    def __init__(
        self,
        seed: int = 0,
        rate: float = 0.0,
        weights: Mapping[str, float] | None = None,
        *,
        listed: Sequence[Strike] | None = None,
        outages: Sequence[Outage] = (),
    ) -> None:
        self._seed = seed
        self._rate = rate
        self._names = list(weights or {})
        self._weights = list((weights or {}).values())
        self._listed = None if listed is None else {(strike.call, strike.attempt): strike for strike in listed}
        self._asked = Counter[str]()
        self.outages = tuple(outages)
        self.met: list[Strike] = []
        self.requests = 0

    def next_strike(self, call: str) -> Strike | None:
        """What the next request for a call meets; None where it is answered as it should be."""
        attempt = self._asked[call]
        self._asked[call] += 1
        self.requests += 1
        if self._listed is not None:
            strike = self._listed.get((call, attempt))
        else:
            rng = Random(f"{self._seed}/{call}/{attempt}")
            if rng.random() >= self._rate:
                return None
            strike = Strike(call, attempt, rng.choices(self._names, self._weights)[0], rng.getrandbits(31))
        if strike is not None:
            self.met.append(strike)
        return strike


def shrink(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """The least of some items that still `fails`: without any one of those that are left, it does not.

    ddmin (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002), complements only.
    """
    left = list(items)
    parts = 2
    while len(left) >= 2:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            rest = left[:start] + left[start + size :]
            if fails(rest):
                left, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(left), 2 * parts)
    return [] if len(left) == 1 and fails([]) else left


def read_script(path: str | Path) -> Script:
    """A script from its file."""
    return msgspec.json.decode(Path(path).read_bytes(), type=Script)


def write_script(script: Script, path: str | Path) -> None:
    """Write a script to be played again."""
    Path(path).write_bytes(msgspec.json.format(msgspec.json.encode(script)) + b"\n")
