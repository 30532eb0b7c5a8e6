"""Counter-worlds: one cell shows something else; is the answer to a goal another one then?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from writ_async.core.goal import Ambiguous, Decision, Edit, GoalRules, Key, NothingFits, Reader
from writ_async.core.state import State
from writ_async.core.task import Goal


def counter_state(state: State, edits: tuple[Edit, ...]) -> State:
    """A state with some entities replaced."""
    other = state.fork()
    for table, key, entity in edits:
        if entity is None:
            other.remove(table, key)
        else:
            other.put(table, key, entity)
    return other


class _CounterReader(Reader):
    """Reads a counter-world: what `known` has of every cell but the one that `changed`.

    A goal is decided in some fifty of them for one proof, nearly always by cells that are known. So `cells` are kept,
    but nothing of the order of reading: neither `parents` nor what is `quiet`.
    """

    __slots__ = ()

    def read(self, key: Key, by: Key | None = None, *, quiet: bool = False) -> Any:
        """The result of a cell. Raises `NothingFits` when the tool would find nothing."""
        cells = self.cells
        result = cells.get(key)
        if result is None:
            assert self.known is not None
            if key != self.changed:
                result = self.known.get(key)
            if result is None:
                result = self.fetch[key[0]](self.state, *key[1:])
                if result is None:
                    raise NothingFits(f"{key[0]} finds nothing")
            cells[key] = result
        return result

    def each(self, keys: Sequence[Key], by: Key | None = None) -> Iterator[Any]:
        """The results of candidate cells, one by one."""
        self.scanned += len(keys)
        return map(self.read, keys)


def changes_only(rules: GoalRules, reader: Reader, key: Key, edits: tuple[Edit, ...]) -> bool:
    """Whether edits alter the result of one cell and of no other that was read."""
    other = counter_state(reader.state, edits)
    for cell, before in reader.cells.items():
        after = rules.fetch[cell[0]](other, *cell[1:])
        same = after is before or after == before
        if same == (cell == key):
            return False
    return True


def can_be_altered(rules: GoalRules, reader: Reader, key: Key, goal: Goal, decision: Decision) -> bool:
    """Whether the domain offers a change after which a cell shows something else."""
    return any(
        rules.fetch[key[0]](counter_state(reader.state, edits), *key[1:]) != reader.cells[key]
        for edits in rules.changes(reader, key, goal.params, decision)
    )


def find_refutation(
    rules: GoalRules, reader: Reader, goal: Goal, decision: Decision, key: Key, edits: tuple[Edit, ...]
) -> list[int]:
    """Which writes of a decision are no longer right after edits to one cell; the number of writes stands for
    "something else is due, or to be told, as well". Of a decision without writes that happen, 0 stands for the whole.
    Empty when nothing changes, or the user's own assertions would be false.
    """
    other = _CounterReader(counter_state(reader.state, edits), rules.fetch, reader.cells, key)
    try:
        outcome = rules.objectives[goal.objective](other, goal.params)
    except NothingFits:
        return list(range(1 if decision.refused else max(1, len(decision.writes))))
    except Ambiguous:
        return []
    if decision.refused:
        same = outcome.refused and (outcome.writes, outcome.handed_over) == (decision.writes, decision.handed_over)
        return [] if same else [0]
    if not decision.writes:
        return [] if outcome.answer() == decision.answer() else [0]
    if outcome.refused:
        return list(range(len(decision.writes)))
    if outcome.writes == decision.writes:
        return [] if outcome.told == decision.told else [len(decision.writes)]
    if not decision.several:
        return list(range(len(decision.writes)))
    lost = [place for place, write in enumerate(decision.writes) if write not in outcome.writes]
    if any(write not in decision.writes for write in outcome.writes) and not lost:
        lost.append(len(decision.writes))
    return lost
