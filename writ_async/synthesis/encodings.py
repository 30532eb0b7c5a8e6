"""Encoding equivalence: whatever means the same leads to the same state, or the request settles which is meant.

Two things may be open in a gold solution: how one call is written down (the domain's `plans`: permutations of lists,
splits of payments, one call or two), and in which order the writes are made. Both are replayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import msgspec

from writ_async.core.domain import Domain, why_forbidden
from writ_async.core.goal import GoalRules
from writ_async.core.state import Entity, State, World
from writ_async.core.task import Action
from writ_async.synthesis.solver import apply_action

WRITES = "writes"
"""The kind under which the order of writes is pinned."""
MOST = 5
"""How many writes that touch each other are permuted; more have to be pinned."""


class Step(msgspec.Struct, frozen=True):
    """One gold write, the params of the goal that it answers, and the states before and after it."""

    action: Action
    params: Mapping[str, Any]
    before: State
    after: State


class TracingState(State):
    """A state that remembers which entities were looked at and which were written."""

    __slots__ = ("looked", "written")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.looked: set[tuple[str, str]] = set()
        self.written: set[tuple[str, str]] = set()

    def get(self, table: str, key: str) -> Entity | None:
        """The entity as this state sees it."""
        if isinstance(key, str):
            self.looked.add((table, key))
        return super().get(table, key)

    def put(self, table: str, key: str, entity: Entity) -> None:
        """Write one entity."""
        self.written.add((table, key))
        super().put(table, key, entity)


def open_choices(
    rules: GoalRules, domain: Domain, world: World, steps: Sequence[Step]
) -> tuple[dict[str, int], set[str]]:
    """How many other encodings and orders were replayed by kind, and the kinds of those that led to another state."""
    counts: dict[str, int] = {}
    differ: set[str] = set()
    for step in steps:
        wanted = step.after.digest_value()
        for kind, calls in rules.plans(step.before, step.action):
            state = step.before.fork()
            if _can_make_all(domain, state, [(call, step.params) for call in calls]):
                counts[kind] = counts.get(kind, 0) + 1
                if state.digest_value() != wanted:
                    differ.add(kind)
    for group in _dependent_groups(domain, world, steps) if rules.ways is None else ():
        if len(group) > MOST:
            differ.add(WRITES)
            continue
        gold = _digest_after(domain, world, group)
        for order in permutations(group):
            if list(order) == group:
                continue
            counts[WRITES] = counts.get(WRITES, 0) + 1
            if _digest_after(domain, world, order) not in (None, gold):
                differ.add(WRITES)
    return counts, differ


def _can_make_all(domain: Domain, state: State, calls: Sequence[tuple[Action, Mapping[str, Any]]]) -> bool:
    """Make calls; False when the policy forbids one or its tool refuses, so that nobody could go this way."""
    return all(
        not why_forbidden(domain, state, call.name, call.arguments, params) and apply_action(domain, state, call)
        for call, params in calls
    )


def _digest_after(domain: Domain, world: World, steps: Sequence[Step]) -> int | None:
    state = State(world)
    return state.digest_value() if _can_make_all(domain, state, [(s.action, s.params) for s in steps]) else None


def _dependent_groups(domain: Domain, world: World, steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Groups of writes that touch each other's entities, in gold order; writes of different groups commute."""
    traces: list[TracingState] = []
    for step in steps:
        trace = TracingState(world)
        for table, key, entity in step.before.touched():
            State.put(trace, table, key, entity)
        apply_action(domain, trace, step.action)
        traces.append(trace)
    group = list(range(len(steps)))
    for late, one in enumerate(traces):
        for early in range(late):
            other = traces[early]
            if (one.written & (other.looked | other.written)) or (other.written & one.looked):
                group = [group[early] if place == group[late] else place for place in group]
    for name in dict.fromkeys(group):
        members = [step for step, place in zip(steps, group, strict=True) if place == name]
        if len(members) > 1:
            yield members
