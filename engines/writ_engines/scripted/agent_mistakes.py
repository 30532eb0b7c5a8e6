"""The mistakes that the scripted agent can make, and which of them one conversation gets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from random import Random

from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_engines.scripted.agent_missteps import MISSTEPS, has_room

MISTAKES: dict[str, str] = {
    "skipped_evidence": "a read that a write rests on is left out",
    "wrong_write": "a write is made with an argument that is not the right one",
    "early_write": "a write is made before the reads that it rests on, unconfirmed",
    "unconfirmed_write": "a right write is made without asking the user first",
    "extra_write": "a write is made once more than was asked for",
    "hallucinated_tool": "a tool is called that does not exist; the agent recovers",
    "malformed_json": "a call is sent with broken arguments, then once more in order",
    "giving_up": "the agent apologises and ends before all writes are made",
    "endless_talk": "the agent asks on and on and never comes to the point",
    **MISSTEPS,
}


def parse_rates(text: str, kinds: Iterable[str] = tuple(MISTAKES), option: str = "mistakes") -> dict[str, float]:
    """Rates by kind from `0.2` (spread evenly over all kinds) or `kind=rate,kind=rate`.

    Raises `InputError` for an unknown kind, a rate outside 0 to 1, or rates that sum to more than 1.
    """
    if not text:
        return {}
    known = tuple(kinds)
    if "=" not in text:
        rate = _parse_rate(text, option, option)
        return {kind: rate / len(known) for kind in known}
    rates: dict[str, float] = {}
    for pair in text.split(","):
        kind, _, value = pair.partition("=")
        if kind not in known:
            raise InputError(f"{option}: unknown kind {kind!r}; known: {', '.join(known)}")
        rates[kind] = _parse_rate(value, kind, option)
    if sum(rates.values()) > 1 + 1e-9:
        raise InputError(f"{option}: the rates sum to {sum(rates.values()):g}; a conversation gets one at most")
    return rates


def _parse_rate(text: str, what: str, option: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise InputError(f"{option}: {what} must be a rate from 0 to 1, not {text!r}")
    return rate


def choose_mistake(
    task: Task, domain: Domain, world: World | None, rates: Mapping[str, float], rng: Random, *, any_kind: bool = False
) -> str | None:
    """The mistake of one conversation, or None. One that the task gives no room for is not made.

    With `any_kind` another one is made in its place.
    """
    point = rng.random()
    for kind, rate in rates.items():
        if point < rate:
            if can_be_made(kind, task, domain, world):
                return kind
            others = [one for one in rates if one != kind and can_be_made(one, task, domain, world)] if any_kind else []
            return rng.choice(others) if others else None
        point -= rate
    return None


def can_be_made(kind: str, task: Task, domain: Domain, world: World | None) -> bool:
    """Whether a task gives room for a mistake; for some its world has to be known."""
    if kind in MISSTEPS:
        return world is not None and has_room(kind, task, domain, world)
    actions = task.actions or ()
    writes = [action for action in actions if action.requestor == "assistant" and domain.writes(action)]
    if kind == "early_write":
        return any(certificate.cells and certificate.write is not None for certificate in task.certificates)
    if kind == "skipped_evidence":
        # Something else has to be read as well, or there is no call to note it at.
        return any(certificate.cells for certificate in task.certificates) and len(actions) > 1
    if kind in ("wrong_write", "unconfirmed_write", "extra_write", "giving_up"):
        return bool(writes)
    if kind == "malformed_json":
        return bool(actions)
    return True
