"""Who flies, with how many bags, insured or not, and who pays: all of a booking but its flights."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from domains.airline.booking import BAG_PRICE, INSURANCE_PRICE
from domains.airline.policy_rules import FREE_BAGS, may_pay_booking, nonfree_bags, price_of_booking
from domains.airline.recipes import words
from domains.airline.recipes.base import Gold, Unfit
from domains.airline.recipes.select import newcomer
from domains.airline.schema import CABINS, CabinName, CreditCard, FlightType, Insurance, Passenger, PaymentMethod, User
from domains.common.phrasing import listing, pick
from writ_async.task import Fact


class Party(msgspec.Struct, frozen=True):
    """Everything about a booking that does not depend on its flights. `details` are first-person sentences."""

    user: User
    cabin: CabinName
    passengers: tuple[Passenger, ...]
    bags: int
    nonfree: int
    insurance: Insurance
    details: tuple[str, ...]
    facts: tuple[Fact, ...]


def _company(rng: Random, user: User, count: int) -> tuple[list[Passenger], list[str], list[Fact]]:
    """Passengers beside the user: saved ones first, then new ones. With sentences on them, and facts."""
    people: list[Passenger] = []
    details: list[str] = []
    facts: list[Fact] = []
    saved = [p for p in user.saved_passengers if p.first_name != user.name.first_name]
    for place in range(count):
        free = [p for p in saved if p not in people]
        if free and rng.random() < 0.6:
            person = pick(rng, free)
            name = f"{person.first_name} {person.last_name}"
            details.append(
                pick(
                    rng,
                    (
                        f"{name} is saved in my profile.",
                        f"The data of {name} is among my saved passengers.",
                        f"My profile has {name} as a saved passenger.",
                    ),
                )
            )
        else:
            me = Passenger(user.name.first_name, user.name.last_name, user.dob)
            person = newcomer(rng, [*people, *saved, me])
            name = f"{person.first_name} {person.last_name}"
            said = pick(rng, ("{} was born on {}.", "{}'s date of birth is {}.", "The birthday of {} is {}."))
            facts.append(Fact(f"passenger_{place + 2}", name, said.format(name, person.dob)))
        people.append(person)
    return people, details, facts


def _who(rng: Random, others: list[Passenger]) -> list[str]:
    if not others:
        return [
            pick(rng, ("It's just me flying.", "I'm travelling alone.", "There's 1 passenger: me.", "It's only me."))
        ]
    names = listing([f"{person.first_name} {person.last_name}" for person in others])
    count = len(others) + 1
    return [
        pick(
            rng,
            (
                f"There are {count} passengers: me and {names}.",
                f"The passengers are me and {names}, so {count} people.",
                f"I'm flying together with {names}, {count} people in all.",
            ),
        ),
        pick(
            rng,
            (
                f"I should be listed first, then {names}.",
                f"The passenger list should have me first and then {names}.",
                f"In the booking I come first, followed by {names}.",
            ),
        ),
    ]


def _bags_said(rng: Random, bags: int, others: bool) -> str:
    word = "bag" if bags == 1 else "bags"
    if bags == 0:
        return pick(rng, ("I have 0 checked bags.", "There will be no checked bags, so 0.", "I need 0 checked bags."))
    return pick(
        rng,
        (
            f"I need {bags} checked {word} in total.",
            f"I want to check {bags} {word}" + (" for everybody together." if others else "."),
            f"There will be {bags} checked {word} altogether.",
        ),
    )


def draw_party(rng: Random, user: User) -> Party:
    """A random party of one to four people."""
    cabin: CabinName = pick(rng, (*CABINS, "economy"))
    others, details, facts = _company(rng, user, pick(rng, (0, 0, 0, 1, 1, 2, 3)))
    me = Passenger(user.name.first_name, user.name.last_name, user.dob)
    people = (me, *others)
    free = FREE_BAGS[user.membership][cabin] * len(people)
    beyond = (free, free + 1, free + 2) if free <= 5 else (len(people) + 1,)
    bags = pick(rng, (0, 1, 1, 2, len(people), *beyond))
    insurance: Insurance = "yes" if rng.random() < 0.4 else "no"
    insured = (
        ("I want travel insurance.", "I'd like to add the travel insurance.", "Travel insurance: yes.")
        if insurance == "yes"
        else ("I want no travel insurance.", "I don't need travel insurance: no.", "Travel insurance: no.")
    )
    sentences = [*_who(rng, others), *details, _bags_said(rng, bags, bool(others)), pick(rng, insured)]
    return Party(
        user,
        cabin,
        people,
        bags,
        nonfree_bags(user.membership, cabin, len(people), bags),
        insurance,
        tuple(sentences),
        tuple(facts),
    )


def _sources(rng: Random, user: User, total: int) -> tuple[list[tuple[PaymentMethod, int]], str]:
    """Payment methods with amounts that cover a total, and how the user says so."""
    methods = list(user.payment_methods.values())
    cards = [method for method in methods if isinstance(method, CreditCard)]
    whole = [m for m in methods if isinstance(m, CreditCard) or m.amount >= total]
    partial = [m for m in methods if not isinstance(m, CreditCard) and 1 <= m.amount < total and m.amount % 1 == 0]
    if cards and partial and rng.random() < 0.35:
        first, rest = pick(rng, partial), pick(rng, cards)
        assert not isinstance(first, CreditCard)
        used = int(first.amount)
        said = (words.method(rng, user, first), words.method(rng, user, rest))
        text = pick(
            rng,
            (
                "I want to use up {} first and put the rest on {}.",
                "I'll pay with the full amount of {}, then the remainder with {}.",
                "The payment is {} in full and, after that, {} for what is left.",
            ),
        ).format(*said)
        return [(first, used), (rest, total - used)], text
    if not whole:
        raise Unfit("nothing covers the price")
    method = pick(rng, whole)
    text = pick(
        rng,
        ("I'd like to pay with {}.", "I'll pay for everything with {}.", "The payment method is {}.", "I pay by {}."),
    ).format(words.method(rng, user, method))
    return [(method, total)], text


def book(
    rng: Random,
    gold: Gold,
    party: Party,
    origin: str,
    destination: str,
    flight_type: FlightType,
    flights: list[tuple[str, str, int]],
) -> tuple[int, str]:
    """Play the booking of flights given as (number, date, fare); gives the total, and how the user pays."""
    people, fares = len(party.passengers), [fare for _, _, fare in flights]
    total = price_of_booking(sum(fares), people, party.insurance, party.nonfree)
    payments, said = _sources(rng, party.user, total)
    if not may_pay_booking([method for method, _ in payments]):
        raise Unfit("these payment methods may not be combined")
    cells = [cell for cell in gold.cells if cell.name != "list_all_airports"]
    if party.nonfree:
        gold.calculate(f"{party.bags} - {FREE_BAGS[party.user.membership][party.cabin]} * {people}")
    sum_of_fares = str(fares[0]) if len(fares) == 1 else f"({' + '.join(map(str, fares))})"
    expression = f"{people} * {sum_of_fares}" if people > 1 else sum_of_fares
    expression += f" + {INSURANCE_PRICE} * {people}" if party.insurance == "yes" else ""
    expression += f" + {BAG_PRICE} * {party.nonfree}" if party.nonfree else ""
    if not expression.isdigit():
        gold.calculate(
            expression.strip("()") if expression.startswith("(") and expression.endswith(")") else expression
        )
    if len(payments) == 2:
        gold.calculate(f"{total} - {payments[0][1]}")
    arguments: dict[str, Any] = {
        "user_id": party.user.user_id,
        "origin": origin,
        "destination": destination,
        "flight_type": flight_type,
        "cabin": party.cabin,
        "flights": [{"flight_number": number, "date": date} for number, date, _ in flights],
        "passengers": [msgspec.to_builtins(person) for person in party.passengers],
        "payment_methods": [{"payment_id": method.id, "amount": amount} for method, amount in payments],
        "total_baggages": party.bags,
        "nonfree_baggages": party.nonfree,
        "insurance": party.insurance,
    }
    gold.write("book_reservation", cells, **arguments)
    return total, said
