"""No manner of a user undoes another one, or what the task itself asks of the user."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.support.crowd import environments, plain_tasks, told_tasks
from writ_async.behaviour.axes import VALUES
from writ_async.behaviour.sampling import PLAIN_SHARE
from writ_async.errors import InputError
from writ_async.synthesis.behaviours import parse_behaviours, parse_plain_share, with_behaviours

N = 1000
CROWDS = (1, 2, 3)
"""Seeds of the manners that the same tasks are told in."""
OPPOSITES = (
    ("verbosity=rambling", r"quiet|brief|short"),
    ("verbosity=minimal", r"chatty"),
    ("tangents", r"quiet|in a hurry"),
    ("tone=angry", r"calm|patient and|polite|cheerful|friendly|relaxed|warm"),
    ("tone=anxious", r"calm|relaxed"),
    ("confirmation=one_at_a_time", r"in one go"),
    ("confirmation=implicit", r"say yes"),
    ("infeasible", r"no other requests|anything else|nothing else|further wishes"),
    ("fallback", r"no other requests|anything else|nothing else|further wishes"),
    ("pressure", r"you do not argue when|^you take a clear no|accept it and ask"),
)
"""Axes or values, each with words of a task's own instructions that say the opposite."""


def test_no_drawn_manner_is_the_opposite_of_another_or_of_the_tasks_own_instructions() -> None:
    drawn: Counter[str] = Counter()
    for task in (task for seed in CROWDS for task in told_tasks(N, seed)):
        traits = task.behaviour.traits if task.behaviour is not None else ()
        told = task.scenario.task_instructions.casefold()
        for trait in traits:
            drawn.update((trait.axis, trait.label))
            assert not VALUES[trait.label].is_against(told), (trait.label, told)
            assert all(VALUES[trait.label].goes_with(VALUES[other.label]) for other in traits if other is not trait)
            for what, words in OPPOSITES:
                if what in (trait.axis, trait.label):
                    assert re.search(words, told) is None, (trait.label, told)
    assert all(drawn[what] >= 5 for what, _ in OPPOSITES), drawn


def test_what_has_to_be_one_change_beside_an_order_of_wishes_says_what_is_in_it() -> None:
    for task in plain_tasks(N):
        if any(pin.kind == "writes" for pin in (task.proof.pins if task.proof else ())):
            said = task.scenario.request.casefold()
            for one in re.findall(r"[^.]*\b(?:one|single) (?:single )?(?:change|step|go)\b[^.]*", said):
                assert re.search(r"\bbags?\b|\bitems?\b", one), said


def test_a_share_of_the_users_has_no_manner_at_all() -> None:
    tasks = plain_tasks(N)[:400]
    told = with_behaviours(tasks, environments(), 4, plain=PLAIN_SHARE)[0]
    plain = [task for task in told if task.behaviour is None]
    assert 0.10 * len(tasks) < len(plain) < 0.20 * len(tasks)
    others = {task.id: task for task in with_behaviours(tasks, environments(), 4)[0]}
    assert all(task == others[task.id] for task in told if task.behaviour is not None)


def test_the_share_is_a_setting() -> None:
    assert parse_plain_share("on") == parse_plain_share("tone=none") == PLAIN_SHARE
    assert parse_plain_share("tone=angry") == 0
    assert parse_plain_share("plain=0.4, tone=angry") == 0.4
    assert parse_behaviours("plain=0.4, tone=angry") == {"tone": "angry"}
    for wrong in ("plain=2", "plain=often"):
        with pytest.raises(InputError, match="from 0 to 1"):
            parse_plain_share(wrong)
