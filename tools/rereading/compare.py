"""Re-derives a task's gold from its words and its world, and says where the two differ."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from tools.rereading import airline, retail
from tools.rereading.outcome import Outcome, Refused, Take, Write
from tools.rereading.words import NotUnderstood, Unsound, in_first_person, without_taking_back
from writ_async import Domain, State, Task, World, call_tool
from writ_async.core.task import FirstWish

Derive = Callable[..., Outcome]
READERS: dict[str, Derive] = {"airline": airline.derive, "retail": retail.derive}
"""By domain: request, what else the customer says, the world as plain data, a way to write, and the answer to the
question which one is meant where there is one; gives the outcome."""


_THEN = "What you then say: "
_ANSWER = "What you answer then: "


class Finding(msgspec.Struct, frozen=True):
    """What a second reading of a task found: `what` is empty where it agrees with the gold.

    `unread` is set where the words were not understood, which says nothing about the gold.
    """

    task: Task
    what: str = ""
    unread: bool = False


def rederive(task: Task, world: World, domain: Domain) -> Finding:
    """Hold a task's gold against a second reading of its request, and of what a model is told to say."""
    derive = READERS.get(task.domain)
    if derive is None:
        return Finding(task, f"nobody reads requests of the domain {task.domain!r}", unread=True)
    scenario = task.scenario
    facts = [fact.text for fact in scenario.facts]
    voices = {"the request": (scenario.request, scenario.change, scenario.choice, facts)}
    if scenario.reason_for_call:
        known = [in_first_person(scenario.known_info)] if scenario.known_info else []
        told, change = in_first_person(scenario.reason_for_call), scenario.task_instructions.partition(_THEN)[2]
        choice = scenario.task_instructions.partition(_ANSWER)[2]
        voices["the instructions"] = (told, in_first_person(change), in_first_person(choice), known)
    db = _plain(world, domain)
    for voice, (request, change, choice, said) in voices.items():
        try:
            outcome = derive(request, said, db, _writer(world, domain, db), choice)
            differs = _differ_open(task, choice, partial(derive, request, said, db, _writer(world, domain, db)))
            if task.first_wish is not None:
                differs = _differ_first(task.first_wish, outcome)
                outcome = derive(without_taking_back(change), said, db, _writer(world, domain, db), choice)
        except NotUnderstood as why:
            return Finding(task, f"{voice}: not understood: {why}", unread=True)
        except Unsound as why:
            return Finding(task, f"{voice}: no single answer: {why}")
        if differs := differs or _differ(task, outcome, domain):
            return Finding(task, f"{voice}: {differs}")
    return Finding(task)


def _differ_open(task: Task, choice: str, derive_unasked: Callable[[], Outcome]) -> str:
    """Where a request that is to leave something open does not, or the other way round; an empty text elsewhere."""
    if bool(choice) != (task.open_choice is not None):
        return f"the customer answers {choice!r} to the question which one is meant"
    if not choice:
        return ""
    try:
        derive_unasked()
    except Unsound:
        return ""
    return "the request alone has an answer, so nobody has to ask"


def _differ_first(first: FirstWish, outcome: Outcome) -> str:
    """Where the wish that is taken back differs from what was read of it, or an empty text."""
    mine = [_key(one, False) for one in outcome.writes]
    theirs = [_key(Write(first.action.name, first.action.arguments), False)]
    return "" if mine == theirs else f"derived {mine} as the first wish, the task has {theirs}"


def _plain(world: World, domain: Domain) -> dict[str, Any]:
    return world.index("rederive.plain", lambda world: domain.dump(State(world)))


def _writer(world: World, domain: Domain, db: dict[str, Any]) -> Take:
    state = State(world)

    def take(write: Write) -> dict[str, Any]:
        nonlocal state
        tried = state.fork()
        result = call_tool(domain.tools, tried, write.name, write.arguments)
        if result.error:
            raise Refused(f"{write.name}: {result.content}")
        state = tried
        touched = list(state.touched())
        if any(table not in db or entity is None for table, _, entity in touched):
            return domain.dump(state)
        after = {table: dict(rows) for table, rows in db.items()}
        for table, key, entity in touched:  # what was not written is shared: a dump would copy all of it
            after[table][key] = msgspec.to_builtins(entity)
        return after

    return take


def _differ(task: Task, outcome: Outcome, domain: Domain) -> str:
    """Where a gold and an outcome differ, or an empty text."""
    gold = [
        Write(one.name, one.arguments)
        for one in task.actions or ()
        if one.name in domain.tools and domain.tools[one.name].kind == "write"
    ]
    strict = outcome.in_order
    mine, theirs = ([_key(one, strict) for one in writes] for writes in (outcome.writes, gold))
    if not strict:
        mine, theirs = sorted(mine), sorted(theirs)
    if mine != theirs:
        extra = "; ".join(one for one in mine if one not in theirs) or "no other write"
        lacking = "; ".join(one for one in theirs if one not in mine) or "nothing else"
        why = f" ({'; '.join(outcome.refused)})" if outcome.refused else ""
        return f"derived {extra}{why}, the gold has {lacking}"
    told, said = (sorted({_value(one) for one in values}) for values in (outcome.told, task.communicate or ()))
    if told != said:
        return f"derived that the customer is told {told}, the gold says {said}"
    if outcome.handed_over != any(one.name == domain.hand_over_tool for one in task.actions or ()):
        return f"derived that the customer is {'' if outcome.handed_over else 'not '}handed over"
    stated = task.proof.refused if task.proof else ""
    if bool(stated) != bool(outcome.refused):
        return f"derived the refusals {outcome.refused}, the task says {stated!r}"
    if stated and not any(_alike(stated, reason) for reason in outcome.refused):
        return f"refused because {outcome.refused}, the task says {stated!r}"
    return ""


def _value(told: str | float) -> str:
    """What a customer is told, the same for all ways to put it."""
    try:
        return f"{float(told):.2f}"
    except ValueError:
        return str(told).lower().replace("_", " ")


def _key(write: Write, in_order: bool) -> str:
    """A write as text, the same for all ways to put it: sets sorted, and pairs, too, where no order was asked."""
    arguments = dict(write.arguments)
    if "new_item_ids" in arguments:
        pairs = list(map(list, zip(arguments["item_ids"], arguments.pop("new_item_ids"), strict=True)))
        arguments["item_ids"] = pairs if in_order else sorted(pairs)
    elif "item_ids" in arguments:
        arguments["item_ids"] = sorted(arguments["item_ids"])
    if "payment_methods" in arguments:
        arguments["payment_methods"] = sorted(arguments["payment_methods"], key=lambda one: str(one["payment_id"]))
    return f"{write.name} {json.dumps(arguments, sort_keys=True)}"


_REASONS = (
    r"out of stock", r"\bis (?:cancelled|pending|processed|delivered)\b", r"\bperson\b", r"\bhold\b", r"already",
    r"original", r"same product", r"insurance cannot", r"taken away", r"destination", r"delay is made good",
    r"number of passengers", r"regular", r"no flight", r"flights of reservation|flown|basic",
    r"may not be cancelled|no ground",
)  # fmt: skip


def _alike(stated: str, derived: str) -> bool:
    """Whether two reasons are about the same thing: the same record if both name one, and the same rule."""
    ids = r"#W\d{7}|\b(?=[A-Z]*\d)[A-Z0-9]{6}\b|\b[A-Z]{6}\b"
    named, meant = set(re.findall(ids, stated)), set(re.findall(ids, derived))
    if named and meant and named != meant:
        return False
    return any((mine := set(re.findall(rule, derived))) and mine <= set(re.findall(rule, stated)) for rule in _REASONS)
