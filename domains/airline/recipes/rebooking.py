"""Recipes that move a reservation to other flights."""

from __future__ import annotations

from random import Random
from typing import Final

from domains.airline.policy_rules import may_change_flights
from domains.airline.recipes import words
from domains.airline.recipes.base import Gold, Unfit, one, recipe, scenario
from domains.airline.recipes.itineraries import cheapest, itineraries, region
from domains.airline.recipes.select import by_route, case_with_later_trips, difference, later_trips, payer, read_all
from domains.airline.schedule import DAYS, FIRST_OPEN
from domains.airline.schema import Reservation
from domains.common.phrasing import pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World

_WHY: Final = (
    "Something came up on the day I had planned.",
    "I have more time than I thought.",
    "I'm free on other days now.",
    "My appointment was moved.",
    "I'm flexible and want to save money.",
    "I can't travel on the original day any more.",
    "",
)


def _window(rng: Random, trip: Reservation, length: int) -> list[str]:
    """Days in a row that can be booked and on which no flight of the trip leaves."""
    starts = range(FIRST_OPEN, len(DAYS) - length)
    taken = {leg.date for leg in trip.flights}
    windows = [list(DAYS[start : start + length]) for start in starts]
    return one(rng, [window for window in windows if taken.isdisjoint(window)])


def _move(world: World, rng: Random, known: bool) -> Draft:
    case = case_with_later_trips(world, rng, 1 if known else 2, most=7)
    gold = Gold(world)
    trip = one(
        rng,
        [
            trip
            for trip in later_trips(case)
            if trip.flight_type == "one_way" and may_change_flights(gold.state, trip) and by_route(case, trip)
        ],
    )
    people = len(trip.passengers)
    dates = _window(rng, trip, 1 if known else rng.choice((2, 3)))
    searches = region([trip.origin], trip.destination, dates)
    options = itineraries(gold.state, searches, trip.cabin, people)
    best = cheapest(options)
    if not known and best.cell == 0 and rng.random() < 0.6:
        raise Unfit("the first search would have been enough")
    old = [leg.price for leg in trip.flights]
    extra = (best.fare - sum(old)) * people
    method = payer(rng, case.user, extra)
    places = words.Places(rng, gold)
    route = places.route(rng, trip)
    if known:
        gold.profile(case.user)
        gold.trip(trip)
    else:
        read_all(gold, case)
    for search in searches:
        gold.search(*search)
    difference(gold, best.fares, old, people)
    gold.write(
        "update_reservation_flights",
        [cell for cell in gold.cells if cell.name != "list_all_airports"],
        reservation_id=trip.reservation_id,
        cabin=trip.cabin,
        flights=[{"flight_number": number, "date": date} for number, date, _ in best.flights],
        payment_id=method.id,
    )
    named = f"my reservation {trip.reservation_id}" if known else f"my trip {route}"
    when = words.days(rng, dates)
    wish = pick(
        rng,
        (
            f"move {named} to the cheapest flights on {when}",
            f"change {named} to {when}, to whatever costs least",
            f"rebook {named} onto the lowest fare on {when}",
            f"put {named} on other flights: the cheapest ones on {when}",
        ),
    )
    details = [
        pick(rng, _WHY),
        pick(rng, ("I stay in the same cabin.", "The cabin stays the same.", "I keep my cabin.")),
        pick(
            rng,
            (
                "Nonstop or one stop are both fine.",
                "It can be nonstop or have one stop.",
                "One stop is fine, and so is nonstop.",
            ),
        ),
        pick(
            rng,
            (
                "If two options cost the same, I take the one that leaves earlier.",
                "Should prices be equal, the earlier departure wins.",
            ),
        ),
        "" if known else pick(rng, words.FORGOT),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[int] = []
    if extra and rng.random() < 0.5:
        details.append(words.ask_price(rng, "how much I pay extra" if extra > 0 else "how much I get back"))
        told.append(abs(extra))
    unknown = "" if known else words.NO_IDS
    return gold.draft(scenario(rng, case.user, wish, details, unknown=unknown), told)


def _by_id(world: World, rng: Random) -> Draft:
    return _move(world, rng, known=True)


def _by_route(world: World, rng: Random) -> Draft:
    return _move(world, rng, known=False)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("rebook_by_id", "normal", _by_id),
    recipe("rebook_cheapest_day", "read-heavy", _by_route),
)
"""Recipes that move a reservation to other flights."""
