"""What a request leaves open until its user is asked: that it does, and that the answer settles it.

A goal whose params hold an answer (`which`) is decided without it: the domain has to find several that fit, each with
writes of its own that the policy allows. With the answer the goal has one decision, which is that of one of them or of
all; and nothing that is said before tells which.
"""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.core.domain import Domain
from writ_async.core.goal import GoalRules, NothingFits, Reader, leaves_open, open_goal
from writ_async.core.state import State
from writ_async.core.task import Action, Goal, OpenChoice, Task


def find_choice(
    task: Task, domain: Domain, rules: GoalRules, goals: Sequence[tuple[Goal, State]]
) -> tuple[OpenChoice | None, str]:
    """What a task leaves open, and why that is no fair question; both empty where nothing is.

    `goals` come with the states in which they are decided.
    """
    found = [(goal, state) for goal, state in goals if leaves_open(goal.params)]
    if not found:
        return None, "the user has an answer to what is not open" if task.scenario.choice else ""
    if len(found) > 1:
        return None, "two goals leave something open"
    if not task.scenario.choice:
        return None, "the user has no answer to which one is meant"
    goal, state = found[0]
    try:
        opened = open_goal(rules, state, goal.objective, goal.params)
    except NothingFits as exc:
        return None, str(exc)
    choice = OpenChoice(opened.nouns, opened.candidates, _after(task, domain, opened.reader, goal))
    return choice, _why_not_settled(task, goal, choice)


def _after(task: Task, domain: Domain, reader: Reader, goal: Goal) -> int:
    """How many gold calls come before all is read by which the candidates are known."""
    read = [(key[0], domain.tools_for_cell(key[0])[key[0]].name_arguments(key[1:])) for key in reader.cells]
    before = (task.actions or ())[: goal.writes[0] if goal.writes else 0]
    places = [place for place, action in enumerate(before, 1) if (action.name, action.arguments) in read]
    return max(places, default=0)


def _why_not_settled(task: Task, goal: Goal, choice: OpenChoice) -> str:
    writes = [list(one.writes) for one in choice.candidates]
    gold = [(task.actions or ())[index] for index in goal.writes]
    every = [write for one in writes for write in one]
    if gold in writes or gold == every or _does_all_at_once(gold, every):
        return ""
    return "the gold writes are those of none of them, nor of all"


def _does_all_at_once(gold: Sequence[Action], every: Sequence[Action]) -> bool:
    """Whether one call does what one call of each candidate would: its lists hold all of theirs."""
    if len(gold) != 1:
        return False
    mine = gold[0].arguments
    return all(
        one.name == gold[0].name
        and one.arguments.keys() == mine.keys()
        and all(
            set(map(repr, value)) <= set(map(repr, mine[key])) if isinstance(value, list) else value == mine[key]
            for key, value in one.arguments.items()
        )
        for one in every
    )
