"""Recipes that book a trip."""

from __future__ import annotations

from random import Random
from typing import Final

from domains.airline.recipes import words
from domains.airline.recipes.base import Gold, Unfit, one, pick_case, recipe, scenario
from domains.airline.recipes.itineraries import Itinerary, cheapest, itineraries, region
from domains.airline.recipes.party import book, draw_party
from domains.airline.schedule import DAYS, FIRST_OPEN
from domains.airline.search import direct_flights, routes
from domains.airline.tools import AIRPORTS
from domains.common.phrasing import listing, pick
from writ_async.domain import Draft, Recipe
from writ_async.state import World

_TIE: Final = (
    "If two options cost the same, I take the one that leaves earlier.",
    "Should prices be equal, the earlier departure wins.",
    "With equal prices I prefer the earlier departure.",
)
_ONE_WAY: Final = ("It's a one way trip.", "I only need one way.", "One way is enough.", "The trip is one way.")
_STOPS: Final = (
    "Nonstop or one stop are both fine.",
    "I don't mind one stop, nonstop is fine too.",
    "It can be nonstop or with one stop.",
    "A connection with one stop is as good as a nonstop flight.",
)


def _in_cabin(rng: Random, cabin: str) -> str:
    return pick(
        rng, ("I want to fly in {}.", "The cabin is {}.", "It should be in {}.", "I'd like to sit in {}.")
    ).format(cabin)


def _by_departure(world: World, rng: Random) -> Draft:
    user = pick_case(world, rng).user
    gold = Gold(world)
    flight = one(rng, routes(gold.state).direct(None, None))
    date = pick(rng, DAYS[FIRST_OPEN:])
    party = draw_party(rng, user)
    found = list(direct_flights(gold.state, flight.origin, flight.destination, date))
    time = flight.scheduled_departure_time_est
    match = [option for option in found if option.scheduled_departure_time_est == time]
    if len(match) != 1 or match[0].available_seats.of(party.cabin) < len(party.passengers):
        raise Unfit("no single flight with seats at that time")
    places = words.Places(rng, gold)
    here, there = places.say(flight.origin), places.say(flight.destination)
    gold.profile(user)
    gold.search(flight.origin, flight.destination, date)
    fare = match[0].prices.of(party.cabin)
    total, paying = book(
        rng, gold, party, flight.origin, flight.destination, "one_way", [(flight.flight_number, date, fare)]
    )
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
        *party.details,
        paying,
    ]
    told: list[int] = []
    if rng.random() < 0.5:
        details.append(words.ask_price(rng))
        told.append(total)
    return gold.draft(scenario(rng, user, wish, details, facts=party.facts), told)


def _hours(rng: Random) -> tuple[str, str, str]:
    """Earliest and latest departure, and the sentence that asks for them; often no limit."""
    draw = rng.random()
    if draw < 0.5:
        return "00:00:00", "24:00:00", ""
    hour = rng.randint(7, 13)
    if draw < 0.75:
        text = pick(rng, ("I can't leave before {}.", "The first flight must not leave before {}."))
        return f"{hour:02d}:00:00", "24:00:00", text.format(f"{hour:02d}:00")
    hour += 3
    text = pick(rng, ("I have to leave before {}.", "The first flight must leave before {}."))
    return "00:00:00", f"{hour:02d}:00:00", text.format(f"{hour:02d}:00")


def _window(rng: Random) -> list[str]:
    """Two or three days in a row that can be booked."""
    length = rng.choice((2, 2, 3))
    start = rng.randrange(FIRST_OPEN, len(DAYS) - length)
    return list(DAYS[start : start + length])


def _decisive(rng: Random, options: list[Itinerary], best: Itinerary) -> None:
    """Turn away most draws whose answer is in the first search, so that looking no further does not pay."""
    if len({option.cell for option in options}) < 2 or (best.cell == 0 and rng.random() < 0.6):
        raise Unfit("one search would have been enough")


def _cheapest_window(world: World, rng: Random) -> Draft:
    user = pick_case(world, rng).user
    gold = Gold(world)
    party = draw_party(rng, user)
    several = rng.random() < 0.4
    origins = rng.sample(words.NEW_YORK, rng.choice((2, 2, 3))) if several else [pick(rng, tuple(AIRPORTS))]
    destination = pick(rng, [code for code in AIRPORTS if code not in origins and code not in words.NEW_YORK])
    dates = _window(rng)[: 2 if several else 3]
    after, before, limit = _hours(rng)
    searches = region(origins, destination, dates)
    options = [
        option
        for option in itineraries(gold.state, searches, party.cabin, len(party.passengers))
        if after <= option.departure < before
    ]
    best = cheapest(options)
    _decisive(rng, options, best)
    places = words.Places(rng, gold)
    here = listing([places.say(origin) for origin in origins]).replace(" and ", " or ")
    there = places.say(destination)
    gold.profile(user)
    for search in searches:
        gold.search(*search)
    total, paying = book(rng, gold, party, best.origin, destination, "one_way", best.flights)
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
        pick(rng, _STOPS),
        limit,
        pick(rng, _TIE),
        pick(rng, _ONE_WAY),
        *party.details,
        paying,
    ]
    told: list[int] = []
    if rng.random() < 0.5:
        details.append(words.ask_price(rng))
        told.append(total)
    return gold.draft(scenario(rng, user, wish, details, facts=party.facts), told)


def _round_trip(world: World, rng: Random) -> Draft:
    user = pick_case(world, rng).user
    gold = Gold(world)
    party = draw_party(rng, user)
    origin, destination = rng.sample(list(AIRPORTS), 2)
    start = rng.randrange(FIRST_OPEN, len(DAYS) - 6)
    there_on, back_on = DAYS[start], DAYS[start + rng.randint(3, 5)]
    seats = len(party.passengers)
    outward, inward = region([origin], destination, [there_on]), region([destination], origin, [back_on])
    out = itineraries(gold.state, outward, party.cabin, seats)
    back = itineraries(gold.state, inward, party.cabin, seats)
    best_out, best_back = cheapest(out), cheapest(back)
    _decisive(rng, out, best_out)
    places = words.Places(rng, gold)
    here, there = places.say(origin), places.say(destination)
    gold.profile(user)
    for search in (*outward, *inward):
        gold.search(*search)
    flights = best_out.flights + best_back.flights
    total, paying = book(rng, gold, party, origin, destination, "round_trip", flights)
    cabin = words.cabin(rng, party.cabin)
    wish = pick(
        rng,
        (
            f"book a round trip from {here} to {there} in {cabin}",
            f"fly from {here} to {there} and back in {cabin}, as a round trip",
            f"get a round trip between {here} and {there} in {cabin}, starting from {here}",
        ),
    )
    out_day, back_day = words.day(rng, there_on), words.day(rng, back_on)
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
        pick(rng, _STOPS),
        *party.details,
        paying,
    ]
    told: list[int] = []
    if rng.random() < 0.5:
        details.append(words.ask_price(rng))
        told.append(total)
    return gold.draft(scenario(rng, user, wish, details, facts=party.facts), told)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("book_by_departure", "normal", _by_departure),
    recipe("book_cheapest", "read-heavy", _cheapest_window),
    recipe("book_cheapest_round_trip", "read-heavy", _round_trip),
)
"""Recipes that book a trip."""
