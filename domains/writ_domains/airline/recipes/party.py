"""Who flies, with how many bags, insured or not, and who pays: all of a booking but its flights."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from writ_async.core.goal import Decision
from writ_async.core.task import Fact
from writ_domains.airline import phrases
from writ_domains.airline.policy import FREE_BAGS
from writ_domains.airline.recipes.customers import draw_newcomer, method_params, play, say_method
from writ_domains.airline.schema import CABINS, CabinName, CreditCard, Insurance, Passenger, User
from writ_domains.kit.gold import Gold
from writ_domains.kit.phrasing import listing, pick


class Party(msgspec.Struct, frozen=True):
    """Everything about a booking that does not depend on its flights; passengers as params.

    `details` are first-person sentences, `pins` those of them that settle something.
    """

    user: User
    cabin: CabinName
    passengers: tuple[dict[str, Any], ...]
    bags: int
    insurance: Insurance
    details: tuple[str, ...]
    facts: tuple[Fact, ...]
    pins: tuple[tuple[str, str], ...]


def _company(
    rng: Random, user: User, count: int
) -> tuple[list[Passenger], list[dict[str, Any]], list[str], list[Fact]]:
    """Passengers beside the user, saved ones and new ones; the same as params; sentences on them, and facts."""
    people: list[Passenger] = []
    wanted: list[dict[str, Any]] = []
    details: list[str] = []
    facts: list[Fact] = []
    saved = [p for p in user.saved_passengers if p.first_name != user.name.first_name]
    for place in range(count):
        free = [p for p in saved if p not in people]
        if free and rng.random() < 0.6:
            person = pick(rng, free)
            wanted.append({"saved": f"{person.first_name} {person.last_name}"})
            name = f"{person.first_name} {person.last_name}"
            details.append(pick(rng, phrases.SAVED_PASSENGER).format(name=name))
        else:
            me = Passenger(user.name.first_name, user.name.last_name, user.dob)
            person = draw_newcomer(rng, [*people, *saved, me])
            wanted.append(msgspec.structs.asdict(person))
            name = f"{person.first_name} {person.last_name}"
            said = pick(rng, phrases.BORN_ON)
            facts.append(Fact(f"passenger_{place + 2}", name, said.format(name, person.dob)))
        people.append(person)
    return people, wanted, details, facts


def _who(rng: Random, others: list[Passenger]) -> list[str]:
    if not others:
        return [pick(rng, phrases.ALONE)]
    names = listing([f"{person.first_name} {person.last_name}" for person in others])
    count = len(others) + 1
    return [
        pick(rng, phrases.PASSENGERS).format(count=count, names=names),
        pick(rng, phrases.PASSENGERS_IN_ORDER).format(names=names),
    ]


def _say_bags(rng: Random, bags: int, others: bool) -> str:
    if bags == 0:
        return pick(rng, phrases.NO_BAGS)
    word, whose = "bag" if bags == 1 else "bags", " for everybody together" if others else ""
    return pick(rng, phrases.BAGS).format(bags=bags, word=word, whose=whose)


def draw_party(rng: Random, user: User) -> Party:
    """A random party of one to four people."""
    cabin: CabinName = pick(rng, (*CABINS, "economy"))
    others, wanted, details, facts = _company(rng, user, pick(rng, (0, 0, 0, 1, 1, 2, 3)))
    count = len(others) + 1
    free = FREE_BAGS[user.membership][cabin] * count
    beyond = (free, free + 1, free + 2) if free <= 5 else (count + 1,)
    bags = pick(rng, (0, 1, 1, 2, count, *beyond))
    insurance: Insurance = "yes" if rng.random() < 0.4 else "no"
    who = _who(rng, others)
    sentences = [*who, *details, _say_bags(rng, bags, bool(others)), pick(rng, phrases.INSURED[insurance])]
    return Party(
        user,
        cabin,
        ({"me": True}, *wanted),
        bags,
        insurance,
        tuple(sentences),
        tuple(facts),
        (("passengers", who[-1]),) if others else (),
    )


def _sources(rng: Random, gold: Gold, user: User) -> tuple[list[dict[str, Any]], str]:
    """Payment methods as params, the last of which pays the rest, and how the user says so."""
    methods = list(user.payment_methods.values())
    cards = [method for method in methods if isinstance(method, CreditCard)]
    partial = [m for m in methods if not isinstance(m, CreditCard) and m.amount >= 1 and m.amount % 1 == 0]
    if cards and partial and rng.random() < 0.35:
        first, rest = pick(rng, partial), pick(rng, cards)
        said = (say_method(user, first, rng), say_method(user, rest, rng))
        text = pick(rng, phrases.PAY_IN_PARTS).format(*said)
        return [method_params(user, first), method_params(user, rest)], gold.pin("payments", text)
    method = pick(rng, methods)
    text = pick(rng, phrases.PAY_ALL).format(say_method(user, method, rng))
    return [method_params(user, method)], text


def book(rng: Random, gold: Gold, party: Party, searches: list[dict[str, Any]]) -> tuple[Decision, list[str]]:
    """Play the booking of what the searches show best; gives the decision, and sentences on who flies and pays."""
    params, said = _booking(rng, gold, party, searches)
    return play(gold, party.user, "book", **params), [*party.details, said]


def _booking(rng: Random, gold: Gold, party: Party, searches: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """The params of a booking but for who books, and a sentence on who pays."""
    paying, said = _sources(rng, gold, party.user)
    for kind, text in party.pins:
        gold.pin(kind, text)
    params = {
        "searches": searches,
        "cabin": party.cabin,
        "passengers": list(party.passengers),
        "bags": party.bags,
        "insurance": party.insurance,
        "pay": paying,
    }
    return params, said


def play_booking(
    rng: Random,
    gold: Gold,
    party: Party,
    searches: list[dict[str, Any]],
    better: CabinName,
    lower: CabinName,
    draw_limit: Callable[[Random, float], int],
) -> tuple[int, list[str]]:
    """Play a booking in a better cabin within a budget, else in a lower one; gives the budget in dollars and sentences.

    `draw_limit` draws the budget near what the better cabin costs.
    """
    params, said = _booking(rng, gold, party, searches)
    params["cabin"] = better
    most = draw_limit(rng, gold.weigh("book", {"who": {"user_id": party.user.user_id}, **params}).figures["total"])
    options = [
        {"objective": "book", "params": {**params, "most": most}},
        {"objective": "book", "params": {**params, "cabin": lower}},
    ]
    play(gold, party.user, "first_possible", options=options)
    return most, [*party.details, said]
