"""Recipes that book a trip."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_domains.airline.lookups import routes
from writ_domains.airline.recipes import words
from writ_domains.airline.recipes.party import book, draw_party
from writ_domains.airline.recipes.script import pick_case, recipe, scenario
from writ_domains.airline.schedule import AIRPORTS, DAYS, FIRST_OPEN
from writ_domains.kit.gold import Gold, choose_one
from writ_domains.kit.phrasing import listing, pick

_ONE_WAY: Final = ("It's a one way trip.", "I only need one way.", "One way is enough.", "The trip is one way.")


def _in_cabin(rng: Random, cabin: str) -> str:
    return pick(
        rng, ("I want to fly in {}.", "The cabin is {}.", "It should be in {}.", "I'd like to sit in {}.")
    ).format(cabin)


def _by_departure(world: World, rng: Random, gold: Gold) -> Draft:
    user = pick_case(world, rng).user
    flight = choose_one(rng, routes(gold.state).direct(None, None))
    date = pick(rng, DAYS[FIRST_OPEN:])
    party = draw_party(rng, user)
    time = flight.scheduled_departure_time_est
    search = {"from": [flight.origin], "to": flight.destination, "dates": [date], "nonstop": True, "at": time}
    decision, people = book(rng, gold, party, [search])
    places = words.Places(rng, gold)
    here, there = places.say(flight.origin), places.say(flight.destination)
    wish = pick(
        rng,
        (
            "book a flight from {} to {} on {}",
            "fly from {} to {} on {}",
            "get tickets from {} to {} for {}",
            "buy a ticket from {} to {} for {}",
        ),
    ).format(here, there, words.day(rng, date))
    details = [
        pick(rng, words.OCCASIONS),
        pick(
            rng,
            (
                f"I want the nonstop flight that leaves at {words.clock(time)}.",
                f"It has to be the nonstop departure at {words.clock(time)}.",
                f"The nonstop one with departure at {words.clock(time)} is the flight I want.",
            ),
        ),
        pick(rng, _ONE_WAY),
        _in_cabin(rng, words.cabin(rng, party.cabin)),
        *people,
    ]
    told: list[float] = []
    if rng.random() < 0.5:
        details.append(words.ask_price(rng))
        told.append(decision.figures["total"])
    return gold.draft(scenario(rng, user, wish, details, facts=party.facts), told)


def _hours(rng: Random) -> tuple[dict[str, str], str]:
    """Limits on the times of a trip as params, and the sentence that asks for them; often none."""
    draw = rng.random()
    hour = rng.randint(7, 13)
    if draw < 0.4:
        return {}, ""
    if draw < 0.6:
        text = pick(rng, ("I can't leave before {}.", "The first flight must not leave before {}."))
        return {"after": f"{hour:02d}:00:00"}, text.format(f"{hour:02d}:00")
    if draw < 0.8:
        text = pick(rng, ("I have to leave before {}.", "The first flight must leave before {}."))
        return {"before": f"{hour + 3:02d}:00:00"}, text.format(f"{hour + 3:02d}:00")
    text = pick(
        rng,
        ("I have to be there by {} on the day on which I leave.", "I must arrive on the day of departure, by {}."),
    )
    return {"by": f"{hour + 6:02d}:00:00"}, text.format(f"{hour + 6:02d}:00")


def _window(rng: Random, least: int, most: int) -> list[str]:
    """Days in a row that can be booked."""
    length = rng.randint(least, most)
    start = rng.randrange(FIRST_OPEN, len(DAYS) - length)
    return list(DAYS[start : start + length])


def _cheapest(rng: Random, gold: Gold, world: World, origins: list[str], destination: str, nonstop: bool) -> Draft:
    user = pick_case(world, rng).user
    party = draw_party(rng, user)
    most = 7 if nonstop else 4
    dates = _window(rng, 2, most)
    limits, limit = _hours(rng)
    search: dict[str, Any] = {"from": origins, "to": destination, "dates": dates, **limits}
    if nonstop:
        search["nonstop"] = True
    decision, people = book(rng, gold, party, [search])
    places = words.Places(rng, gold)
    here = listing([places.say(origin) for origin in origins]).replace(" and ", " or ")
    there = places.say(destination)
    cabin = words.cabin(rng, party.cabin)
    when = words.days(rng, dates)
    wish = pick(
        rng,
        (
            f"book the cheapest trip in {cabin} from {here} to {there} on {when}",
            f"find and book the lowest fare in {cabin} from {here} to {there}, leaving on {when}",
            f"travel from {here} to {there} on {when} in {cabin}, as cheaply as possible",
            f"get the least expensive seats in {cabin} to {there} from {here} for {when}",
        ),
    )
    details = [
        pick(rng, words.OCCASIONS),
        pick(
            rng,
            (
                "I want the cheapest of all those options.",
                "Only the price decides.",
                "The lowest fare is what matters to me.",
            ),
        ),
        pick(rng, words.NONSTOP if nonstop else words.STOPS),
        limit,
        pick(rng, _ONE_WAY),
        *people,
    ]
    told: list[float] = []
    if rng.random() < 0.5:
        details.append(words.ask_price(rng))
        told.append(decision.figures["total"])
    return gold.draft(scenario(rng, user, wish, details, facts=party.facts), told)


def _airports(rng: Random) -> tuple[list[str], str]:
    """One airport to leave from, or two or three in New York; and one to go to."""
    several = rng.random() < 0.5
    origins = rng.sample(words.NEW_YORK, rng.choice((2, 3, 3))) if several else [pick(rng, tuple(AIRPORTS))]
    return origins, pick(rng, [code for code in AIRPORTS if code not in origins and code not in words.NEW_YORK])


def _cheapest_window(world: World, rng: Random, gold: Gold) -> Draft:
    origins, destination = _airports(rng)
    return _cheapest(rng, gold, world, origins, destination, nonstop=False)


def _cheapest_nonstop(world: World, rng: Random, gold: Gold) -> Draft:
    flight = choose_one(rng, routes(gold.state).direct(None, None))
    origins = [flight.origin]
    if flight.origin in words.NEW_YORK and flight.destination not in words.NEW_YORK and rng.random() < 0.8:
        origins = rng.sample(words.NEW_YORK, rng.choice((2, 3)))
    return _cheapest(rng, gold, world, origins, flight.destination, nonstop=True)


def _round_trip(world: World, rng: Random, gold: Gold) -> Draft:
    user = pick_case(world, rng).user
    party = draw_party(rng, user)
    origin, destination = rng.sample(list(AIRPORTS), 2)
    length = rng.choice((1, 1, 2, 3))
    start = rng.randrange(FIRST_OPEN, len(DAYS) - 2 * length - 3)
    back = start + length + rng.randint(1, 3)
    outward, inward = list(DAYS[start : start + length]), list(DAYS[back : back + length])
    searches = [
        {"from": [origin], "to": destination, "dates": outward},
        {"from": [destination], "to": origin, "dates": inward},
    ]
    decision, people = book(rng, gold, party, searches)
    places = words.Places(rng, gold)
    here, there = places.say(origin), places.say(destination)
    cabin = words.cabin(rng, party.cabin)
    wish = pick(
        rng,
        (
            f"book a round trip from {here} to {there} in {cabin}",
            f"fly from {here} to {there} and back in {cabin}, as a round trip",
            f"get a round trip between {here} and {there} in {cabin}, starting from {here}",
        ),
    )
    out_day, back_day = words.days(rng, outward), words.days(rng, inward)
    details = [
        pick(rng, words.OCCASIONS),
        pick(
            rng,
            (
                f"I leave on {out_day} and come back on {back_day}.",
                f"Outbound is {out_day} and the return is {back_day}.",
                f"I want to go on {out_day} and return on {back_day}.",
            ),
        ),
        pick(
            rng,
            (
                "In each direction I want the cheapest option there is.",
                "I take the lowest fare each way.",
                "Both ways it should be the cheapest itinerary.",
            ),
        ),
        pick(rng, words.STOPS),
        *people,
    ]
    told: list[float] = []
    if rng.random() < 0.5:
        details.append(words.ask_price(rng))
        told.append(decision.figures["total"])
    return gold.draft(scenario(rng, user, wish, details, facts=party.facts), told)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("book_by_departure", "normal", _by_departure),
    recipe("book_cheapest", "read-heavy", _cheapest_window),
    recipe("book_cheapest_nonstop", "read-heavy", _cheapest_nonstop),
    recipe("book_cheapest_round_trip", "read-heavy", _round_trip),
)
"""Recipes that book a trip."""
