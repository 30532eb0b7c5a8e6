"""How different the users of a run are: first turns, wordings, lengths, and how often each trait was really shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from writ_async.behaviour.axes import unshown_traits
from writ_async.behaviour.pieces import is_heard, pieces_of, words_of
from writ_async.core.message import Message, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory


class ShownCount(msgspec.Struct):
    """How often a value was asked for, and how often it was shown."""

    asked: int = 0
    shown: int = 0

    @property
    def rate(self) -> float:
        """The share that was shown; 1 where none was asked for."""
        return self.shown / self.asked if self.asked else 1.0


class Diversity(msgspec.Struct):
    """Measures over some conversations.

    first_turns: share of distinct first user turns. distinct_1, distinct_2: distinct words and pairs of words among all
    that users said. turns, words: means per conversation, and per user turn. first_slots: mean share of the scenario's
    pieces that the first turn told. combinations: distinct sets of traits. axes, values: what was shown of what was
    asked for.
    """

    conversations: int = 0
    first_turns: float = 0.0
    distinct_1: float = 0.0
    distinct_2: float = 0.0
    turns: float = 0.0
    words: float = 0.0
    first_slots: float = 0.0
    combinations: int = 0
    axes: dict[str, ShownCount] = {}
    values: dict[str, ShownCount] = {}


def measure_diversity(tasks: Mapping[str, Task], rows: Iterable[Trajectory]) -> Diversity:
    """The measures over finished conversations; `tasks` by id. One pass, O(words).

    A row in which the agent or the user was made to err says little of the user's manner: leave such rows out.
    """
    firsts: Counter[str] = Counter()
    singles: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    labels: set[str] = set()
    measures = Diversity(axes={}, values={})
    turns, slots = 0, 0.0
    for row in rows:
        task = tasks[row.task_id]
        said = _user_texts(row.messages)
        measures.conversations += 1
        turns += len(said)
        for text in said:
            words = text.casefold().split()
            singles.update(words)
            pairs.update(pairwise(words))
        if said:
            firsts[said[0]] += 1
            slots += _told_share(task, said[0])
        if task.behaviour is not None:
            labels.add(task.behaviour.label)
            _count_traits(measures, task, row.messages)
    if measures.conversations:
        measures.first_turns = len(firsts) / measures.conversations
        measures.distinct_1 = len(singles) / max(1, singles.total())
        measures.distinct_2 = len(pairs) / max(1, pairs.total())
        measures.turns = turns / measures.conversations
        measures.words = singles.total() / max(1, turns)
        measures.first_slots = slots / measures.conversations
    measures.combinations = len(labels)
    return measures


def _user_texts(messages: Sequence[Message]) -> list[str]:
    return [m.content for m in messages if isinstance(m, UserMessage) and m.content and "###" not in m.content]


def _told_share(task: Task, text: str) -> float:
    pieces = [piece for piece in pieces_of(task) if piece.part != "greeting"]
    words = words_of(text)
    return sum(is_heard(piece, words) for piece in pieces) / max(1, len(pieces))


def _count_traits(measures: Diversity, task: Task, messages: Sequence[Message]) -> None:
    missing = unshown_traits(task, messages)
    for trait in task.behaviour.traits if task.behaviour is not None else ():
        for counts, key in ((measures.axes, trait.axis), (measures.values, trait.label)):
            shown = counts.setdefault(key, ShownCount())
            shown.asked += 1
            shown.shown += trait not in missing
