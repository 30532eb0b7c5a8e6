"""Recipes that change the cabin of a reservation."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.baggage import add_phrase
from writ_domains.airline.recipes.script import play, recipe, scenario
from writ_domains.airline.recipes.select import case_with_later_trips, describe, later_trips, payer
from writ_domains.airline.schema import CABINS, CabinName, Reservation
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick

_COMFORT: Final = (
    "I'd like more legroom.",
    "I want to arrive rested.",
    "It's a treat for my birthday.",
    "My company pays for it.",
    "I have a bad back.",
    "I need to work on the plane.",
    "It's an anniversary trip.",
    "",
    "",
)


def other_cabin(rng: Random, trip: Reservation) -> CabinName:
    """A cabin that a trip is not in, a better one more often."""
    place = CABINS.index(trip.cabin)
    better = CABINS[place + 1 :]
    return pick(rng, better) if better and rng.random() < 0.75 else pick(rng, [c for c in CABINS if c != trip.cabin])


def _by_id(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    trip = choose_one(rng, later_trips(case))
    cabin = other_cabin(rng, trip)
    method = payer(rng, case.user)
    decision = play(
        gold, case.user, "recabin", trip={"id": trip.reservation_id}, cabin=cabin, pay=describe(case.user, method)
    )
    extra = decision.figures["extra"]
    said = words.cabin(rng, cabin)
    up = CABINS.index(cabin) > CABINS.index(trip.cabin)
    verbs = (
        ("upgrade reservation {} to {}", "move my booking {} up to {}", "have my reservation {} upgraded to {}")
        if up
        else ("downgrade reservation {} to {}", "move my booking {} down to {}", "switch my reservation {} to {}")
    )
    wish = pick(rng, (*verbs, "change the cabin of my reservation {} to {}")).format(trip.reservation_id, said)
    details = [
        pick(rng, _COMFORT) if up else pick(rng, ("I need to save money.", "Money is a little tight.", "")),
        pick(rng, ("The flights themselves stay the same.", "All flights stay as they are.", "I keep all my flights.")),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[float] = []
    if extra and rng.random() < 0.5:
        details.append(words.ask_price(rng, "how much I pay extra" if extra > 0 else "how much I get back"))
        told.append(extra)
    return gold.draft(scenario(rng, case.user, wish, details), told)


def _cheapest_upgrade(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 2, most=9)
    target: CabinName = pick(rng, ("business", "business", "economy"))
    method = payer(rng, case.user)
    decision = play(gold, case.user, "recabin", trip={"upgrade": target}, cabin=target, pay=describe(case.user, method))
    extra = decision.figures["extra"]
    said = words.cabin(rng, target)
    wish = pick(
        rng,
        (
            f"move one of my trips to {said}: the one where that costs the least extra",
            f"move the trip with the smallest surcharge to {said}",
            f"have whichever of my trips is cheapest to change moved to {said}",
            f"get {said} on one trip, namely where the difference in price is smallest",
        ),
    )
    details = [
        pick(
            rng,
            (
                f"I mean trips that start after today and aren't in {said} yet.",
                f"Only trips that leave after today and aren't in {said} already come into question.",
                f"It's about my trips with a start after today that are not in {said}.",
            ),
        ),
        pick(
            rng,
            (
                "A trip only counts if all its flights have enough seats in that cabin.",
                "Trips without enough free seats in that cabin are out.",
                "It has to have seats for everybody on every flight, of course.",
            ),
        ),
        pick(
            rng,
            (
                "The extra cost is for all passengers of the trip together; money that comes back counts as less.",
                "I compare the extra cost of whole reservations, all passengers included, refunds counted as minus.",
                "What counts is the surcharge for all passengers of a booking in total, a refund being the smallest.",
            ),
        ),
        pick(rng, _COMFORT),
        pick(rng, words.FORGOT),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[float] = []
    if extra > 0 and rng.random() < 0.5:
        details.append(words.ask_price(rng, "what the change costs"))
        told.append(extra)
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS), told)


def _upgrade_then_bags(world: World, rng: Random, gold: Gold) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    trip = choose_one(rng, [trip for trip in later_trips(case) if trip.cabin != "business"])
    cabin: CabinName = pick(rng, CABINS[CABINS.index(trip.cabin) + 1 :])
    method = payer(rng, case.user, cards_only=True)
    paying = describe(case.user, method)
    more = rng.randint(1, 3)
    where = {"id": trip.reservation_id}
    upgrade = play(gold, case.user, "recabin", trip=where, cabin=cabin, pay=paying)
    play(gold, case.user, "bags", trip=where, more=more, pay=paying)
    said = words.cabin(rng, cabin)
    wish = pick(
        rng,
        (
            f"first upgrade reservation {trip.reservation_id} to {said} and after that {add_phrase(rng, more)} there",
            f"move my booking {trip.reservation_id} up to {said}, and then {add_phrase(rng, more)}",
            f"change reservation {trip.reservation_id} to {said} first; once that is done, {add_phrase(rng, more)}",
        ),
    )
    order = (
        "The cabin has to be changed before the bags are added.",
        "I want it in that order, cabin first and bags second.",
        "The bags come second, so that the allowance of the new cabin counts.",
    )
    details = [
        pick(rng, _COMFORT),
        gold.pin("writes", pick(rng, order)),
        gold.pin("calls", pick(rng, words.ONE_STEP)) if more > 1 else "",
        pick(rng, ("My flights stay as they are.", "I keep the same flights.")),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[float] = []
    extra = upgrade.figures["extra"]
    if extra and rng.random() < 0.4:
        details.append(words.ask_price(rng, "what the change of cabin costs"))
        told.append(extra)
    return gold.draft(scenario(rng, case.user, wish, details), told)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("cabin_by_id", "normal", _by_id),
    recipe("cheapest_upgrade", "read-heavy", _cheapest_upgrade),
    recipe("upgrade_then_bags", "write-intensive", _upgrade_then_bags),
)
"""Recipes that change the cabin of a reservation."""
