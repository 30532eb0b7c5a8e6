"""Recipes that book a trip."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any, Final

from writ_async.core.domain import Draft
from writ_async.core.level import ANY_EXTENT
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.lookups import routes
from writ_domains.airline.policy import StateView, may_cancel
from writ_domains.airline.recipes.customers import (
    LONGEST,
    MOST_SEARCHED,
    Places,
    days_within,
    draft,
    draw_customer,
    later_trips,
    perhaps_ask,
    play,
    say_cabin,
    say_day,
    say_days,
    say_reason,
)
from writ_domains.airline.recipes.party import book, draw_party
from writ_domains.airline.schedule import DAYS, FIRST_OPEN
from writ_domains.airline.schema import CabinName
from writ_domains.kit.gold import Gold, choose_one, choose_some
from writ_domains.kit.phrasing import listing, pick

_NEAR: Final = 3  # airports of a metropolis
_TIMES: Final = ("earliest departure", "latest departure", "earliest arrival", "latest arrival")


def _say_in_cabin(cabin: CabinName, rng: Random) -> str:
    said = say_cabin(cabin, rng)
    return pick(rng, phrases.IN_CABIN).format(said)


def book_by_departure(world: World, rng: Random, gold: Gold) -> Draft:
    """The nonstop flight that leaves at a time."""
    user = draw_customer(world, rng, gold).user
    flight = choose_one(rng, routes(gold.state).direct(None, None))
    date = pick(rng, DAYS[FIRST_OPEN:])
    party = draw_party(rng, user)
    time = flight.scheduled_departure_time_est
    search = {"from": [flight.origin], "to": flight.destination, "dates": [date], "nonstop": True, "at": time}
    decision, people = book(rng, gold, party, [search])
    places = Places(rng, gold)
    here, there = places.say(flight.origin), places.say(flight.destination)
    wish = pick(rng, phrases.BOOK_ON).format(here, there, say_day(date, rng))
    details = [
        pick(rng, phrases.OCCASIONS),
        pick(rng, phrases.NONSTOP_AT).format(time=time[:5]),
        pick(rng, phrases.ONE_WAY),
        _say_in_cabin(party.cabin, rng),
        *people,
    ]
    question, due = perhaps_ask(gold, rng, "the total price", decision.figures["total"])
    return draft(gold, rng, user, wish, [*details, question], facts=party.facts, due=due)


def _hours(rng: Random) -> tuple[dict[str, str], str]:
    """Limits on the times of a trip as params, and the sentence that asks for them; often none."""
    draw = rng.random()
    hour = rng.randint(7, 13)
    if draw < 0.4:
        return {}, ""
    if draw < 0.6:
        text = pick(rng, phrases.LEAVE_AFTER)
        return {"after": f"{hour:02d}:00:00"}, text.format(f"{hour:02d}:00")
    if draw < 0.8:
        text = pick(rng, phrases.LEAVE_BEFORE)
        return {"before": f"{hour + 3:02d}:00:00"}, text.format(f"{hour + 3:02d}:00")
    text = pick(rng, phrases.ARRIVE_BY)
    return {"by": f"{hour + 6:02d}:00:00"}, text.format(f"{hour + 6:02d}:00")


def window(rng: Random, least: int, most: int) -> list[str]:
    """Days in a row that can be booked."""
    length = rng.randint(least, most)
    start = rng.randrange(FIRST_OPEN, len(DAYS) - length)
    return list(DAYS[start : start + length])


def draw_any_size(rng: Random, days: tuple[int, int]) -> tuple[int, int]:
    """How many airports and how many days to look through, as they come."""
    return rng.choice((1, 1, 1, 2, 3, 3)), rng.randint(*days)


def draw_size(rng: Random, gold: Gold, per: int, days: tuple[int, int], beside: int = 1) -> tuple[int, int]:
    """How many airports and how many days to look through: as they come, or what the extent needs.

    `per` is how many searches one airport takes on one day, `days` how many it is as they come, `beside` how many
    cells are read beside the searches. Raises `Unfit`.
    """
    if gold.extent == ANY_EXTENT:
        return draw_any_size(rng, days)
    least, most = gold.extent.cells
    sizes = [(count, length) for count in range(1, _NEAR + 1) for length in range(1, LONGEST + 1)]
    cells = {size: beside + size[0] * size[1] * per for size in sizes}
    return choose_one(rng, [size for size in sizes if least <= cells[size] <= min(most, MOST_SEARCHED)])


def _best(
    rng: Random,
    gold: Gold,
    world: World,
    trip: tuple[list[str], str],
    days: int,
    nonstop: bool,
    rank: str = "",
) -> Draft:
    """The best option by a rank on some days; without a rank the cheapest, perhaps with limits on its times.

    `trip` has the airports to leave from, and the one to go to.
    """
    origins, destination = trip
    user = draw_customer(world, rng, gold).user
    party = draw_party(rng, user)
    dates = window(rng, days, days)
    limits, limit = ({"rank": rank}, "") if rank else _hours(rng)
    search: dict[str, Any] = {"from": origins, "to": destination, "dates": dates, **limits}
    if nonstop:
        search["nonstop"] = True
    decision, people = book(rng, gold, party, [search])
    places = Places(rng, gold)
    here = listing([places.say(origin) for origin in origins]).replace(" and ", " or ")
    there = places.say(destination)
    cabin = say_cabin(party.cabin, rng)
    when = say_days(dates, rng)
    forms = phrases.BOOK_RANKED[rank] if rank else phrases.BOOK_CHEAPEST
    wish = pick(rng, forms).format(cabin=cabin, here=here, there=there, when=when)
    details = [
        pick(rng, phrases.OCCASIONS),
        pick(rng, phrases.ONLY_RANK[rank] if rank else phrases.ONLY_PRICE),
        pick(rng, phrases.NONSTOP if nonstop else phrases.STOPS),
        limit,
        pick(rng, phrases.ONE_WAY),
        *people,
    ]
    question, due = perhaps_ask(gold, rng, "the total price", decision.figures["total"])
    return draft(gold, rng, user, wish, [*details, question], facts=party.facts, due=due)


def airports(rng: Random, gold: Gold, count: int) -> tuple[list[str], str]:
    """One airport to leave from, or several near one another; and one to go to."""
    known = routes(gold.state)
    origins = choose_some(rng, known.metropolis, count, count) if count > 1 else [choose_one(rng, known.airports)]
    away = [code for code in known.airports if code not in origins and code not in known.metropolis]
    return origins, choose_one(rng, away)


def _best_between(world: World, rng: Random, gold: Gold, rank: str = "", nonstop: bool = False) -> Draft:
    """The best option by a rank between airports that are drawn."""
    per, usual = (1, (2, 7)) if nonstop else (2, (2, 4))
    count, days = draw_size(rng, gold, per, usual)
    return _best(rng, gold, world, airports(rng, gold, count), days, nonstop, rank)


def book_cheapest(world: World, rng: Random, gold: Gold) -> Draft:
    """The lowest fare on some days, with one stop or none, from one airport or several."""
    return _best_between(world, rng, gold)


def book_cheapest_nonstop(world: World, rng: Random, gold: Gold) -> Draft:
    """The lowest nonstop fare on some days."""
    flights, near = list(routes(gold.state).direct(None, None)), routes(gold.state).metropolis
    count, days = draw_size(rng, gold, 1, (2, 7))
    if count > 1:
        flights = [one for one in flights if one.origin in near and one.destination not in near]
    flight = choose_one(rng, flights)
    origins = choose_some(rng, near, count, count) if count > 1 else [flight.origin]
    return _best(rng, gold, world, (origins, flight.destination), days, True)


def book_fastest(world: World, rng: Random, gold: Gold) -> Draft:
    """The fastest trip on some days from one airport or several, the wait between two flights included."""
    return _best_between(world, rng, gold, "fastest", rng.random() < 0.3)


def book_second_cheapest(world: World, rng: Random, gold: Gold) -> Draft:
    """The lowest fare but one."""
    return _best_between(world, rng, gold, "second cheapest")


def book_by_time(world: World, rng: Random, gold: Gold) -> Draft:
    """The option that leaves or arrives first or last on a day, from one airport or several.

    Of several days the first or the last one would decide alone, and nobody would have to look at the others.
    """
    rank, nonstop = pick(rng, _TIMES), rng.random() < 0.3
    return _best(rng, gold, world, airports(rng, gold, rng.randint(1 + nonstop, _NEAR)), 1, nonstop, rank)


def cancel_then_book(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip is cancelled, and after that the cheapest other one is booked on its route, on other days."""
    customer = draw_customer(world, rng, gold, 1)
    view, user = StateView(gold.state), customer.user
    trip = choose_one(rng, [trip for trip in later_trips(customer) if may_cancel(view, trip, "change of plan")])
    play(gold, user, "cancel", trip={"id": trip.reservation_id}, reason="change of plan")
    party = draw_party(rng, user)
    days = days_within(rng, gold, 1, 2, (1, 3))
    dates = window(rng, days, days)
    search = {"from": [trip.origin], "to": trip.destination, "dates": dates}
    decision, people = book(rng, gold, party, [search])
    places = Places(rng, gold)
    here, there, cabin = places.say(trip.origin), places.say(trip.destination), say_cabin(party.cabin, rng)
    book_it = pick(rng, phrases.BOOK_CHEAPEST).format(cabin=cabin, here=here, there=there, when=say_days(dates, rng))
    wish = pick(rng, phrases.CANCEL_THEN).format(id=trip.reservation_id, then=book_it)
    details = [
        say_reason("change of plan", rng),
        gold.pin("writes", pick(rng, phrases.IN_ORDER)),
        pick(rng, phrases.STOPS),
        pick(rng, phrases.ONE_WAY),
        *people,
    ]
    question, due = perhaps_ask(gold, rng, "the total price of the new booking", decision.figures["total"])
    return draft(gold, rng, user, wish, [*details, question], facts=party.facts, due=due)


def book_cheapest_round_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """The lowest fare each way."""
    user = draw_customer(world, rng, gold).user
    party = draw_party(rng, user)
    origin, destination = choose_one(rng, list(permutations(routes(gold.state).airports, 2)))
    length = days_within(rng, gold, 1, 4, (1, 3))
    start = rng.randrange(FIRST_OPEN, len(DAYS) - 2 * length - 3)
    back = start + length + rng.randint(1, 3)
    outward, inward = list(DAYS[start : start + length]), list(DAYS[back : back + length])
    searches = [
        {"from": [origin], "to": destination, "dates": outward},
        {"from": [destination], "to": origin, "dates": inward},
    ]
    decision, people = book(rng, gold, party, searches)
    places = Places(rng, gold)
    here, there = places.say(origin), places.say(destination)
    cabin = say_cabin(party.cabin, rng)
    wish = pick(rng, phrases.BOOK_ROUND_TRIP).format(here=here, there=there, cabin=cabin)
    out_day, back_day = say_days(outward, rng), say_days(inward, rng)
    details = [
        pick(rng, phrases.OCCASIONS),
        pick(rng, phrases.OUT_AND_BACK).format(out_day=out_day, back_day=back_day),
        pick(rng, phrases.CHEAPEST_EACH_WAY),
        pick(rng, phrases.STOPS),
        *people,
    ]
    question, due = perhaps_ask(gold, rng, "the total price", decision.figures["total"])
    return draft(gold, rng, user, wish, [*details, question], facts=party.facts, due=due)
