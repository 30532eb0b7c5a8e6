"""Recipes that change the cabin of a reservation."""

from __future__ import annotations

from random import Random
from typing import Final

from domains.airline.policy_rules import FREE_BAGS, nonfree_bags
from domains.airline.recipes import words
from domains.airline.recipes.baggage import add_phrase
from domains.airline.recipes.base import Gold, Unfit, best, one, recipe, scenario
from domains.airline.recipes.select import (
    case_with_later_trips,
    difference,
    fares,
    later_trips,
    legs_of,
    payer,
    read_all,
    search_legs,
)
from domains.airline.schema import CABINS, CabinName, Reservation
from domains.common.phrasing import pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World

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


def old_fares(trip: Reservation) -> list[int]:
    """What one passenger paid for each flight."""
    return [leg.price for leg in trip.flights]


def other_cabin(rng: Random, trip: Reservation) -> CabinName:
    """A cabin that a trip is not in, a better one more often."""
    place = CABINS.index(trip.cabin)
    better = CABINS[place + 1 :]
    return pick(rng, better) if better and rng.random() < 0.75 else pick(rng, [c for c in CABINS if c != trip.cabin])


def _by_id(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    gold = Gold(world)
    trip = one(rng, later_trips(case))
    cabin = other_cabin(rng, trip)
    new, old, people = fares(gold.state, trip, cabin), old_fares(trip), len(trip.passengers)
    extra = (sum(new) - sum(old)) * people
    method = payer(rng, case.user, extra)
    cells = [gold.profile(case.user), gold.trip(trip)]
    search_legs(gold, trip)
    difference(gold, new, old, people)
    gold.write(
        "update_reservation_flights",
        cells,
        reservation_id=trip.reservation_id,
        cabin=cabin,
        flights=legs_of(trip),
        payment_id=method.id,
    )
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
    told: list[int] = []
    if extra and rng.random() < 0.5:
        details.append(words.ask_price(rng, "how much I pay extra" if extra > 0 else "how much I get back"))
        told.append(abs(extra))
    return gold.draft(scenario(rng, case.user, wish, details), told)


def _cheapest_upgrade(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 2, most=7)
    gold = Gold(world)
    target: CabinName = "business"
    trips = [trip for trip in later_trips(case) if trip.cabin != target]
    if not 2 <= len(trips) <= 5 or sum(len(trip.flights) for trip in trips) > 11:
        raise Unfit("too few or too many trips to compare")
    costs = [
        ((sum(fares(gold.state, trip, target)) - sum(old_fares(trip))) * len(trip.passengers), trip) for trip in trips
    ]
    trip = best(costs, margin=10)
    extra = min(cost for cost, _ in costs)
    method = payer(rng, case.user, extra)
    read_all(gold, case)
    for candidate in trips:
        search_legs(gold, candidate)
    for candidate in trips:
        new = fares(gold.state, candidate, target)
        difference(gold, new, old_fares(candidate), len(candidate.passengers))
    gold.write(
        "update_reservation_flights",
        reservation_id=trip.reservation_id,
        cabin=target,
        flights=legs_of(trip),
        payment_id=method.id,
    )
    said = words.cabin(rng, target)
    wish = pick(
        rng,
        (
            f"upgrade one of my trips to {said}: the one where that costs the least extra",
            f"move the trip with the smallest surcharge up to {said}",
            f"have whichever of my trips is cheapest to upgrade moved to {said}",
            f"get {said} on one trip, namely where the difference in price is smallest",
        ),
    )
    details = [
        pick(
            rng,
            (
                "I mean trips that start after today and aren't in business yet.",
                "Only trips that leave after today and aren't business class already come into question.",
                "It's about my trips with a start after today that are in a lower cabin.",
            ),
        ),
        pick(
            rng,
            (
                "The extra cost is for all passengers of the trip together.",
                "I compare the extra cost for the whole reservation, all passengers included.",
                "What counts is the surcharge for all passengers of a booking in total.",
            ),
        ),
        pick(rng, _COMFORT),
        pick(rng, words.FORGOT),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[int] = []
    if extra > 0 and rng.random() < 0.5:
        details.append(words.ask_price(rng, "what the upgrade costs"))
        told.append(extra)
    return gold.draft(scenario(rng, case.user, wish, details, unknown=words.NO_IDS), told)


def _upgrade_then_bags(world: World, rng: Random) -> Draft:
    case = case_with_later_trips(world, rng, 1)
    gold = Gold(world)
    trip = one(rng, [trip for trip in later_trips(case) if trip.cabin != "business"])
    cabin: CabinName = pick(rng, CABINS[CABINS.index(trip.cabin) + 1 :])
    new, old, people = fares(gold.state, trip, cabin), old_fares(trip), len(trip.passengers)
    method = payer(rng, case.user, 0, cards_only=True)
    free = FREE_BAGS[case.user.membership][cabin]
    more = rng.randint(1, 3)
    bags = trip.total_baggages + more
    nonfree = nonfree_bags(case.user.membership, cabin, people, bags)
    if nonfree < trip.nonfree_baggages:
        raise Unfit("bags that were paid for would become free, which the policy does not speak of")
    cells = [gold.profile(case.user), gold.trip(trip)]
    search_legs(gold, trip)
    extra = difference(gold, new, old, people)
    gold.write(
        "update_reservation_flights",
        cells,
        reservation_id=trip.reservation_id,
        cabin=cabin,
        flights=legs_of(trip),
        payment_id=method.id,
    )
    gold.calculate(f"{trip.total_baggages} + {more}")
    if nonfree:
        gold.calculate(f"{bags} - {free} * {people}")
    gold.write(
        "update_reservation_baggages",
        cells,
        reservation_id=trip.reservation_id,
        total_baggages=bags,
        nonfree_baggages=nonfree,
        payment_id=method.id,
    )
    said = words.cabin(rng, cabin)
    wish = pick(
        rng,
        (
            f"first upgrade reservation {trip.reservation_id} to {said} and after that {add_phrase(rng, more)} there",
            f"move my booking {trip.reservation_id} up to {said}, and then {add_phrase(rng, more)}",
            f"change reservation {trip.reservation_id} to {said} first; once that is done, {add_phrase(rng, more)}",
        ),
    )
    details = [
        pick(rng, _COMFORT),
        pick(
            rng,
            (
                "The cabin has to be changed before the bags are added.",
                "I want it in that order, cabin first and bags second.",
                "The bags come second, so that the allowance of the new cabin counts.",
            ),
        ),
        pick(rng, ("My flights stay as they are.", "I keep the same flights.")),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[int] = []
    if extra and rng.random() < 0.4:
        details.append(words.ask_price(rng, "what the change of cabin costs"))
        told.append(abs(extra))
    return gold.draft(scenario(rng, case.user, wish, details), told)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("cabin_by_id", "normal", _by_id),
    recipe("cheapest_upgrade", "read-heavy", _cheapest_upgrade),
    recipe("upgrade_then_bags", "write-intensive", _upgrade_then_bags),
)
"""Recipes that change the cabin of a reservation."""
