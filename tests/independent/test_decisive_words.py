"""Every word of a request that decides something is part of what is read: its opposite is another wish."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.support.open_choices import FAMILIES, open_tasks, place_of
from tools.rereading import airline, retail
from tools.rereading.compare import rederive
from tools.rereading.sample import tasks_of_families
from tools.rereading.words import NotUnderstood, Unsound
from writ_async.core.state import State
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import open_world

READ = {"airline": airline.read, "retail": retail.read}
OPPOSITES: dict[str, tuple[tuple[str, str], ...]] = {
    "airline": (
        ("most expensive", "cheapest"),
        ("starts last", "starts first"),
        ("last of my trips", "first of my trips"),
        ("my latest trip", "my next trip"),
        ("must leave before", "must not leave before"),
        ("have to leave before", "can't leave before"),
        ("business", "economy"),
        ("insurance: no", "insurance: yes"),
        ("round trip", "one way trip"),
        ("Connections are out, I only fly nonstop", "Nonstop or one stop are both fine"),
        ("gift card", "credit card"),
        ("There are 2 passengers", "There are 3 passengers"),
        ("1 more", "2 more"),
        ("health", "change of plan"),
    ),
    "retail": (
        ("cheapest", "most expensive"),
        ("least expensive", "priciest"),
        ("lowest-priced", "highest-priced"),
        ("lowest price", "highest price"),
        ("lowest total", "highest total"),
        ("smallest total", "largest total"),
        ("cost me the least", "cost me the most"),
        ("cost the least", "cost the most"),
        ("delivered order", "pending order"),
        ("no longer needed", "ordered by mistake"),
        ("gift card", "credit card"),
    ),
}


ANSWERS = (
    ("more expensive", "less expensive"),
    ("pricier", "cheaper"),
    ("cost more", "cost less"),
    ("cost me more", "cost me less"),
    ("higher price", "lower price"),
    ("paid more", "paid less"),
    ("earlier", "later"),
    ("first one", "second one"),
    ("both", "the cheaper one"),
    ("Both", "The cheaper one"),
    ("The two of them", "The cheaper of the two"),
)
"""The opposites of what is answered to the question which one is meant."""


def swapped(text: str, pairs: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """The text with one word for its opposite, for each that is in it; with the word."""
    for pair in pairs:
        for old, new in (pair, pair[::-1]):
            if new in old and re.search(rf"\b{re.escape(old)}\b", text) is None:
                continue
            changed = re.sub(rf"\b{re.escape(old)}\b", new, text, count=1)
            if changed != text:
                yield f"{old} -> {new}", changed


def said(task: Task, request: str, db: dict[str, Any]) -> object:
    """What is read from a request, or why it is not understood."""
    try:
        return READ[task.domain](request, [fact.text for fact in task.scenario.facts], db)
    except (NotUnderstood, Unsound) as why:
        return str(why)


@pytest.mark.parametrize("name", sorted(READ))
def test_the_opposite_of_a_decisive_word_is_another_wish_and_mostly_another_gold(name: str) -> None:
    domain = load_domain(name)
    changed: Counter[bool] = Counter()
    dumps: dict[str, dict[str, Any]] = {}
    for _, tasks in tasks_of_families(domain, 2, 22, 200, 1):
        for task in tasks:
            if rederive(task, open_world(task.world, None).world, domain).unread:
                continue
            environment = open_world(task.world, None)
            if task.world.digest not in dumps:
                dumps[task.world.digest] = domain.dump(State(environment.world))
            db = dumps[task.world.digest]
            for swap, request in swapped(task.scenario.request, OPPOSITES[name]):
                assert said(task, request, db) != said(task, task.scenario.request, db), (swap, request)
                other = msgspec.structs.replace(task.scenario, request=request, reason_for_call="")
                changed[
                    bool(rederive(msgspec.structs.replace(task, scenario=other), environment.world, domain).what)
                ] += 1
    assert changed.total() > 50
    assert changed[True] / changed.total() > 0.7  # a refusal stays one, and a lone candidate is both ends


@pytest.mark.parametrize("family", FAMILIES)
def test_the_opposite_answer_to_which_one_is_meant_has_another_gold(family: str) -> None:
    place = place_of(FAMILIES[family])
    changed = 0
    for task in open_tasks(family, 24):
        assert rederive(task, place.world, place.domain).what == ""
        for swap, choice in swapped(task.scenario.choice, ANSWERS):
            other = msgspec.structs.replace(task.scenario, choice=choice, reason_for_call="")
            finding = rederive(msgspec.structs.replace(task, scenario=other), place.world, place.domain)
            assert finding.what, (swap, task.scenario.choice)
            changed += 1
    assert changed >= 3


@pytest.mark.parametrize("family", FAMILIES)
def test_without_the_answer_the_words_have_no_single_answer(family: str) -> None:
    place = place_of(FAMILIES[family])
    for task in open_tasks(family):
        silent = msgspec.structs.replace(task.scenario, choice="", reason_for_call="")
        unasked = msgspec.structs.replace(task, scenario=silent, open_choice=None)
        assert "no single answer" in rederive(unasked, place.world, place.domain).what
