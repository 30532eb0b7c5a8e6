"""The solver: the answer of a goal, and the smallest set of cells that fixes it whatever the other cells hold.

A cell belongs to the certificate of a write exactly when there is a counter-world in which this cell alone shows
something else and the write is no longer right; or when its result is what another such cell is asked for with. The
counter-worlds come from the domain's `changes`; each is remembered by its ordinal, to be built again. A standing read
(the lookup of who asks) is always a prerequisite; any other cell that no change alters proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.goal import Decision, GoalRules, Key, Reader, decide_goal
from writ_async.core.state import State
from writ_async.core.task import Action, Cell, Goal
from writ_async.errors import InputError
from writ_async.synthesis.counter_worlds import can_be_altered, changes_only, find_refutation


class Support(msgspec.Struct, frozen=True):
    """A certificate: keys in order of reading, and for each the ordinal of the change that refutes the answer.

    The ordinal is None where a cell is needed only to ask for another one.
    """

    keys: tuple[Key, ...]
    counters: tuple[int | None, ...]


class Solution(msgspec.Struct, frozen=True):
    """The answer of a goal with its evidence: one support per write, and one for that nothing more is due, if any.

    `unaltered` are cells that no change of the domain alters, so that the supports prove nothing.
    """

    reader: Reader
    decision: Decision
    supports: tuple[Support, ...]
    rest: Support | None = None
    unaltered: tuple[Key, ...] = ()


def goal_rules_of(domain: Domain) -> GoalRules:
    """The goal rules of a domain. Raises `InputError` when it has none."""
    if domain.goals is None:
        raise InputError(f"domain {domain.name!r} states no goals, so its tasks cannot be proved")
    return domain.goals


def solve_goal(rules: GoalRules, state: State, goal: Goal) -> Solution:
    """The answer of a goal and its certificates. Raises `NothingFits` and `Ambiguous`."""
    reader, decision = decide_goal(rules, state, goal)
    count = 1 if decision.refused else max(1, len(decision.writes))
    found: list[dict[Key, int]] = [{} for _ in range(count + 1)]
    roots = {key for key in reader.cells if key[0] in rules.standing_reads}
    unaltered: list[Key] = []
    for key in list(reader.cells):
        if key in roots:
            continue
        for ordinal, edits in enumerate(rules.changes(reader, key, goal.params, decision)):
            lost = find_refutation(rules, reader, goal, decision, key, edits)
            # A change that touches other cells too proves nothing; looked at last, because it is seldom so.
            if lost and any(key not in found[place] for place in lost) and changes_only(rules, reader, key, edits):
                for place in lost:
                    found[place].setdefault(key, ordinal)
                if not decision.several or all(key in one for one in found):
                    break
        if not any(key in one for one in found) and not can_be_altered(rules, reader, key, goal, decision):
            unaltered.append(key)
    supports = tuple(_close_support(reader, counters, roots) for counters in found[:count])
    alone = {key: ordinal for key, ordinal in found[count].items() if not any(key in one for one in found[:count])}
    rest = _close_support(reader, alone, roots) if alone else None
    return Solution(reader, decision, supports, rest, tuple(unaltered))


def _close_support(reader: Reader, counters: Mapping[Key, int], roots: Iterable[Key]) -> Support:
    """Decisive cells with all cells that they are asked for with, and those that tell who asks, in order of reading."""
    needed = {*counters, *roots}
    for key in counters:
        parent = reader.parents[key]
        while parent is not None and parent not in needed:
            needed.add(parent)
            parent = reader.parents[parent]
    keys = tuple(key for key in reader.cells if key in needed)
    return Support(keys, tuple(counters.get(key) for key in keys))


def make_cell(domain: Domain, key: Key) -> Cell:
    """A key as a cell."""
    return Cell(key[0], domain.tools_for_cell(key[0])[key[0]].name_arguments(key[1:]))


def cell_key(domain: Domain, name: str, arguments: Mapping[str, Any]) -> Key:
    """A call of a read tool as a key."""
    names = domain.tools_for_cell(name)[name].schema["function"]["parameters"]["properties"]
    return (name, *(arguments[each] for each in names if each in arguments))


def apply_action(domain: Domain, state: State, action: Action) -> bool:
    """Make a call by its tool's function, without the text of its result; whether it succeeded."""
    try:
        domain.tools[action.name].function(state, **action.arguments)
    except Exception:  # a tool may fail in any way on arguments that do not fit
        return False
    return True
