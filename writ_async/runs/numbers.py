"""The numbers of a run, by what its tasks are: scores, process, blame, tokens, seconds, dollars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Usage
from writ_async.runs.row_numbers import RowNumbers, RunRows
from writ_async.runs.scores import Score, group_name, score_tasks
from writ_async.runs.task_levels import TaskLevel, TaskLevels
from writ_async.verify.blame import Blame


class ProcessNumbers(msgspec.Struct, frozen=True):
    """How agents came to their outcomes: `reads` and `distinct_reads` are means per conversation.

    `complete`, `unproved`, `lucky`, `blind` and `unconfirmed` are shares of the `writes`, None where there is none.
    `wrong` is the share of conversations with a write that is no gold write, among those whose gold is known, and
    `first_wrong` the median place of the first such among the writes, from 1. `wrong_names` counts those by tool.
    """

    conversations: int
    reads: float
    distinct_reads: float
    writes: int
    complete: float | None
    unproved: float | None
    lucky: float | None
    blind: float | None
    unconfirmed: float | None
    wrong: float | None
    first_wrong: float | None
    wrong_names: dict[str, int]


class Spent(msgspec.Struct, frozen=True):
    """What conversations took: sums of tokens by seat, a model as judge among them, and seconds, over `timed` of them.

    `solved` conversations came to a success, of `solved_tasks` tasks. Dollars are None where some tokens have no price.
    """

    conversations: int
    solved: int
    solved_tasks: int
    usage: dict[str, Usage]
    seconds: float
    timed: int
    dollars: float | None
    agent_dollars: float | None

    def per_conversation(self, amount: float | None) -> float | None:
        """A sum over conversations as a mean."""
        return None if amount is None or not self.conversations else amount / self.conversations

    def per_solved_task(self, amount: float | None) -> float | None:
        """A sum over all conversations, those that failed included, per task that was solved at least once."""
        return None if amount is None or not self.solved_tasks else amount / self.solved_tasks


class Numbers(msgspec.Struct, frozen=True):
    """The numbers of some tasks of a run. `by` says what they have in common: `source`, `domain`, `kind`, `level`,
    `writes`, `burden`, `behaviour`, or `subset`; it is empty for all of them.
    """

    by: str
    score: Score
    process: ProcessNumbers | None
    blame: dict[str, int]
    spent: Spent


def count_numbers(found: RunRows, levels: TaskLevels) -> list[Numbers]:
    """The numbers of all tasks of a run, then by each thing that tasks may have in common, in the order of its names.

    O(rows) for each of the groups.
    """
    groups: list[tuple[str, str, list[str]]] = [("", "all", list(found.tasks))]
    for by, names_of in _axes(levels).items():
        ids: dict[str, list[str]] = {}
        for task in found.tasks.values():
            for name in names_of(task):
                ids.setdefault(name, []).append(task.id)
        groups += [(by, name, ids[name]) for name in (ids if by in ("source", "domain") else sorted(ids, key=_order))]
    with_rows = {row.task_id for row in found.rows}
    return [_numbers(found, *group) for group in groups if not with_rows.isdisjoint(group[2])]


def _axes(levels: TaskLevels) -> dict[str, Callable[[Task], Sequence[str]]]:
    def level(task: Task) -> TaskLevel:
        return levels.tasks[task.id]

    def traits(task: Task) -> Sequence[str]:
        if task.behaviour is None:
            return ()
        return [trait.label for trait in task.behaviour.traits] or ["plain"]

    ranges = burden_ranges(levels)
    return {
        "source": lambda task: [group_name(task)],
        "domain": lambda task: [task.domain],
        "kind": lambda task: [task.kind],
        "level": lambda task: [level(task).level] if level(task).level else [],
        "writes": lambda task: [level(task).level[:2]] if level(task).level else [],
        "burden": lambda task: [ranges[burden]] if (burden := level(task).burden) is not None else [],
        "behaviour": traits,
        "subset": lambda task: subsets_of(level(task)),
    }


_LEAST_TASKS = 10
"""Burdens of fewer tasks are put together with the next larger ones: an interval over less says nothing."""


def burden_ranges(levels: TaskLevels) -> dict[int, str]:
    """The range that each burden is told under, such as `9 to 16`; each has ten tasks, where there are ten."""
    counts = Counter(level.burden for level in levels.tasks.values() if level.burden is not None)
    ranges: list[list[int]] = [[]]
    for burden in sorted(counts):
        if sum(counts[one] for one in ranges[-1]) >= _LEAST_TASKS:
            ranges.append([])
        ranges[-1].append(burden)
    if len(ranges) > 1 and sum(counts[one] for one in ranges[-1]) < _LEAST_TASKS:
        last = ranges.pop()
        ranges[-1] += last
    return {burden: f"{one[0]}" if len(one) == 1 else f"{one[0]} to {one[-1]}" for one in ranges for burden in one}


def _order(name: str) -> tuple[int, str]:
    """Ranges by where they begin, all else by its letters."""
    first = name.partition(" ")[0]
    return (int(first) if first.isdigit() else 0, name)


READ_HEAVY, LISTED, OTHERS = "read-heavy, by burden", "read-heavy, as listed", "not read-heavy, by burden"


def subsets_of(level: TaskLevel) -> list[str]:
    """The subsets that a task belongs to."""
    found = [READ_HEAVY if level.heavy else OTHERS] if level.burden is not None else []
    return [*found, LISTED] if level.listed else found


def _numbers(found: RunRows, by: str, name: str, ids: Sequence[str]) -> Numbers:
    chosen = set(ids)
    rows = [row for row in found.rows if row.task_id in chosen]
    blame = Counter(row.blame.value for row in rows if row.blame is not None and row.judged)
    lost = sum(count for task_id, count in found.unjudged.items() if task_id in chosen)
    if lost:
        blame[Blame.INFRASTRUCTURE.value] += lost
    score = score_tasks(found, name, ids)
    return Numbers(by, score, _process(rows), {one.value: blame[one.value] for one in Blame}, count_spent(rows))


def _process(rows: Iterable[RowNumbers]) -> ProcessNumbers | None:
    found = [row.process for row in rows if row.process is not None]
    if not found:
        return None
    count, writes = len(found), sum(one.writes for one in found)
    labelled = sum(one.complete + one.unproved + one.lucky + one.blind for one in found)
    known = [one for one in found if one.first_wrong is not None]
    wrong = [one for one in known if one.first_wrong]

    def share(part: int) -> float | None:
        return part / labelled if labelled else None

    return ProcessNumbers(
        conversations=count,
        reads=sum(one.reads for one in found) / count,
        distinct_reads=sum(one.distinct_reads for one in found) / count,
        writes=writes,
        complete=share(sum(one.complete for one in found)),
        unproved=share(sum(one.unproved for one in found)),
        lucky=share(sum(one.lucky for one in found)),
        blind=share(sum(one.blind for one in found)),
        unconfirmed=share(sum(one.unconfirmed for one in found)),
        wrong=len(wrong) / len(known) if known else None,
        first_wrong=median(one.first_wrong or 0 for one in wrong) if wrong else None,
        wrong_names=dict(Counter(one.first_wrong_name for one in wrong).most_common()),
    )


def count_spent(rows: Sequence[RowNumbers]) -> Spent:
    """What some conversations took."""
    usage: dict[str, Usage] = {}
    for row in rows:
        for seat, used in row.usage.items():
            usage.setdefault(seat, Usage()).add(used)
    timed = [row.seconds for row in rows if row.seconds is not None]
    solved = [row.task_id for row in rows if row.solved]
    return Spent(
        conversations=len(rows),
        solved=len(solved),
        solved_tasks=len(set(solved)),
        usage=usage,
        seconds=sum(timed),
        timed=len(timed),
        dollars=_dollars(rows, list(usage)),
        agent_dollars=_dollars(rows, ("agent",)),
    )


def _dollars(rows: Iterable[RowNumbers], seats: Sequence[str]) -> float | None:
    """What these seats cost; None where nobody counted tokens, or a seat has tokens and none of them has a price."""
    total, counted = 0, 0
    for seat in seats:
        used = [row.usage[seat] for row in rows if seat in row.usage]
        cost = sum(one.nano_dollars for one in used)
        tokens = sum(one.prompt_tokens + one.completion_tokens for one in used)
        if tokens and not cost:
            return None
        total, counted = total + cost, counted + tokens
    return total / 1e9 if counted else None
