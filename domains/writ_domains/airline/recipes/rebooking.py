"""Recipes that move a reservation to other flights."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_domains.airline.policy import StateView, may_change_flights
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.script import play, recipe, scenario
from writ_domains.airline.recipes.select import by_route, case_with_later_trips, describe, later_trips, payer
from writ_domains.airline.schedule import DAYS, FIRST_OPEN
from writ_domains.airline.schema import Reservation
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import pick

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
    return choose_one(rng, [window for window in windows if taken.isdisjoint(window)])


def _move(world: World, rng: Random, gold: Gold, known: bool) -> Draft:
    case = case_with_later_trips(world, rng, 1 if known else 2)
    trip = choose_one(
        rng,
        [
            trip
            for trip in later_trips(case)
            if trip.flight_type == "one_way"
            and may_change_flights(StateView(gold.state), trip) is not gold.refusal
            and by_route(case, trip)
        ],
    )
    nonstop = rng.random() < 0.4
    dates = _window(rng, trip, 1 if known else rng.choice((2, 3, 4, 5, 6) if nonstop else (2, 3, 4)))
    method = payer(rng, case.user)
    search: dict[str, Any] = {"dates": dates, **({"nonstop": True} if nonstop else {})}
    wanted = {"id": trip.reservation_id} if known else {"route": [trip.origin, trip.destination]}
    decision = play(gold, case.user, "rebook", trip=wanted, search=search, pay=describe(case.user, method))
    route = "" if known else words.Places(rng, gold).route(rng, trip)
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
        pick(rng, words.NONSTOP if nonstop else words.STOPS),
        "" if known else pick(rng, words.FORGOT),
        words.pay_with(rng, words.method(rng, case.user, method)),
    ]
    told: list[float] = []
    extra = decision.figures.get("extra", 0.0)
    if extra and rng.random() < 0.5:
        details.append(words.ask_price(rng, "how much I pay extra" if extra > 0 else "how much I get back"))
        told.append(extra)
    unknown = "" if known else words.NO_IDS
    no = pick(rng, words.ACCEPT_NO) if gold.refusal else ""
    return gold.draft(scenario(rng, case.user, wish, details, unknown=unknown, extra=no), told)


def _by_id(world: World, rng: Random, gold: Gold) -> Draft:
    return _move(world, rng, gold, known=True)


def _by_route(world: World, rng: Random, gold: Gold) -> Draft:
    return _move(world, rng, gold, known=False)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("rebook_by_id", "normal", _by_id),
    recipe("rebook_cheapest_day", "read-heavy", _by_route),
    recipe("refuse_rebooking", "refusal", _by_id),
    recipe("refuse_rebooking_by_route", "refusal", _by_route),
)
"""Recipes that move a reservation to other flights."""
