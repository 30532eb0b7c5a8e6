"""Descriptions that fit several things, of which the user says when asked which one is meant.

A description with the key `which` is such a one. Under it stands the answer in the domain's own form; or `{}` where
none was given, `{"place": n}` for the n-th that fits, `{"all": true}` for all of them.

>>> from writ_async.core.task import Candidate
>>> cups = ["a red cup", "a blue cup"]
>>> def pick(fit, which):
...     return [cup for cup in fit if which["color"] in cup]
>>> def told(fit):
...     return [Candidate(cup, (cup.split()[1],)) for cup in fit]
>>> meant(cups, {"color": "blue"}, pick, told, ("cup",))
'a blue cup'
>>> try:
...     meant(cups, {}, pick, told, ("cup",))
... except Ambiguous as exc:
...     [one.marks for one in exc.candidates]
[('red',), ('blue',)]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from writ_async.core.goal import EVERY, Ambiguous, Decision, NothingFits, Objective, Reader, choosing, leaves_open
from writ_async.core.task import Candidate
from writ_domains.kit.goals import Params

T = TypeVar("T")


def meant(
    fit: Sequence[T],
    which: Params,
    pick: Callable[[Sequence[T], Params], Sequence[T]],
    tell_apart: Callable[[Sequence[T]], Sequence[Candidate]],
    nouns: Sequence[str],
) -> T:
    """The one that is meant of those that fit a description. `pick` gives those that fit an answer, too.

    Raises `NothingFits`, and `Ambiguous` with all candidates where there are several and no answer, or all are meant.
    """
    if "place" in which:
        if which["place"] >= len(fit):
            raise NothingFits("there are not so many")
        return fit[which["place"]]
    if not fit:
        raise NothingFits("nothing fits the description")
    if not which or which == EVERY:
        if len(fit) == 1:
            return fit[0]
        raise Ambiguous("more than one fits the description", tell_apart(fit), nouns)
    chosen = pick(fit, which)
    if not chosen:
        raise NothingFits("none of them is the one that is meant")
    if len(chosen) > 1:
        raise Ambiguous("the answer fits more than one")
    return chosen[0]


def of_each(objective: Objective) -> Objective:
    """The objective, made of each in turn where the user means all of several; what the policy forbids is left out."""

    def decide(reader: Reader, params: Params) -> Decision:
        try:
            return objective(reader, params)
        except Ambiguous as exc:
            count = len(exc.candidates)
            if not count or not leaves_open(params) or choosing(params, EVERY) != params:
                raise
        each = [objective(reader, choosing(params, {"place": place})) for place in range(count)]
        allowed = [one for one in each if not one.refused]
        if not allowed:
            return each[0]
        figures: dict[str, float] = {}
        for one in allowed:
            for name, amount in one.figures.items():
                figures[name] = figures.get(name, 0.0) + amount
        return Decision(
            writes=tuple(write for one in allowed for write in one.writes),
            several=True,
            sums=tuple(dict.fromkeys(expression for one in allowed for expression in one.sums)),
            figures=figures,
        )

    return decide


def marks_apart(values: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Of the values of each of several things those that no other one has, in their order."""
    return [
        tuple(
            dict.fromkeys(
                value
                for value in mine
                if value and not any(value in others for other, others in enumerate(values) if other != place)
            )
        )
        for place, mine in enumerate(values)
    ]
