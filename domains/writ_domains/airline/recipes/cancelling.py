"""Recipes that cancel reservations."""

from __future__ import annotations

from random import Random
from typing import Final

from writ_async.core.domain import Draft
from writ_async.core.level import Extent
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.policy import Reason, StateView, has_flown, is_active, may_cancel
from writ_domains.airline.recipes.customers import (
    Places,
    count_within,
    draft,
    draw_customer,
    later_trips,
    perhaps_ask,
    play,
    say_reason,
)
from writ_domains.kit.gold import Gold, Unfit, choose_one, choose_some
from writ_domains.kit.phrasing import listing, pick

MOST_CANCELLED: Final = 6
"""The most trips that a customer wants to cancel at once."""
REASONS: Final[tuple[Reason, ...]] = ("change of plan", "change of plan", "health", "weather")
"""Why customers cancel, of which one is drawn."""


def cancel_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip by its id, that may be cancelled; or one that may not, for a refusal."""
    customer = draw_customer(world, rng, gold, 1)
    why = pick(rng, REASONS)
    view = StateView(gold.state)
    fit = [trip for trip in later_trips(customer) if may_cancel(view, trip, why) is not gold.refusal]
    trip = choose_one(rng, fit)
    decision = play(gold, customer.user, "cancel", trip={"id": trip.reservation_id}, reason=why)
    places = Places(rng, gold)
    wish = pick(rng, phrases.CANCEL_BY_ID).format(trip.reservation_id)
    details = [say_reason(why, rng)]
    if rng.random() < 0.5:
        details.insert(0, f"It's the trip {places.route(rng, trip)}.")
    question, due = perhaps_ask(gold, rng, phrases.REFUND, decision.figures["refund"], chance=0.4)
    return draft(gold, rng, customer.user, wish, [*details, question], due=due)


def hand_over_flown_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """A trip by its id, of which a part has been flown, so that only a person may cancel it."""
    customer, view = draw_customer(world, rng, gold), StateView(gold.state)
    trip = choose_one(rng, [trip for trip in customer.trips if is_active(trip) and has_flown(view, trip)])
    why = pick(rng, REASONS)
    play(gold, customer.user, "cancel", trip={"id": trip.reservation_id}, reason=why)
    wish = pick(rng, phrases.CANCEL_BY_ID).format(trip.reservation_id)
    return draft(gold, rng, customer.user, wish, [say_reason(why, rng)])


def cancel_several(world: World, rng: Random, gold: Gold) -> Draft:
    """Two to six trips that are named."""
    customer = draw_customer(world, rng, gold, max(2, gold.extent.writes[0]))
    why = pick(rng, REASONS)
    view = StateView(gold.state)
    fit = [trip for trip in later_trips(customer) if may_cancel(view, trip, why)]
    count = count_within(rng, gold, 2, min(MOST_CANCELLED, len(fit)))
    trips = choose_some(rng, fit, count, count)
    for trip in trips:
        play(gold, customer.user, "cancel", trip={"id": trip.reservation_id}, reason=why)
    ids = listing([trip.reservation_id for trip in trips])
    wish = pick(rng, phrases.CANCEL_SEVERAL).format(count=len(trips), ids=ids)
    return draft(gold, rng, customer.user, wish, [say_reason(why, rng)])


def _all_allowed(world: World, rng: Random, gold: Gold, count: bool) -> Draft:
    """Every trip that the rules still let be cancelled: one of many, or several."""
    # Where several are cancelled, each rests on itself; the others are looked at to see that nothing is due for them.
    customer = draw_customer(world, rng, gold, 3, beside=(-MOST_CANCELLED, 0) if count else (0, 2))
    why = pick(rng, REASONS)
    fit = sum(may_cancel(StateView(gold.state), trip, why) for trip in later_trips(customer))
    least, most = gold.extent.cut(Extent((2, MOST_CANCELLED) if count else (1, 1))).writes
    if not least <= fit <= most:
        raise Unfit("another number of trips can be cancelled")
    play(gold, customer.user, "cancel_all", reason=why)
    wish = pick(rng, phrases.CANCEL_ALLOWED)
    details = [
        pick(rng, phrases.AFTER_TODAY),
        say_reason(why, rng),
        pick(rng, phrases.FORGOT),
        pick(rng, phrases.OTHERS_STAY),
    ]
    return draft(gold, rng, customer.user, wish, details, unknown=phrases.NO_IDS)


def cancel_only_cancellable(world: World, rng: Random, gold: Gold) -> Draft:
    """All trips that the rules still let be cancelled, which is but one."""
    return _all_allowed(world, rng, gold, False)


def cancel_all_cancellable(world: World, rng: Random, gold: Gold) -> Draft:
    """All trips that the rules still let be cancelled: several."""
    return _all_allowed(world, rng, gold, True)


def cancel_priciest_business(world: World, rng: Random, gold: Gold) -> Draft:
    """The dearest or cheapest of the business trips."""
    customer = draw_customer(world, rng, gold, 2, beside=(0, 0))
    why: Reason = "change of plan"
    if sum(trip.cabin == "business" for trip in later_trips(customer)) < 2:
        raise Unfit("fewer than two business trips")
    cheapest = rng.random() < 0.5
    decision = play(gold, customer.user, "cancel", trip={"paid": "least" if cheapest else "most"}, reason=why)
    word = pick(rng, phrases.CHEAPEST) if cheapest else pick(rng, phrases.DEAREST)
    wish = pick(rng, phrases.CANCEL_BUSINESS).format(word=word)
    details = [say_reason(why, rng), pick(rng, phrases.FORGOT), pick(rng, phrases.BY_TOTAL_PAID)]
    question, due = perhaps_ask(gold, rng, phrases.REFUND, decision.figures["refund"])
    return draft(gold, rng, customer.user, wish, [*details, question], unknown=phrases.NO_IDS, due=due)


def cancel_soonest_trip(world: World, rng: Random, gold: Gold) -> Draft:
    """The first or the last coming trip, which can be cancelled; or, for a refusal, cannot."""
    customer = draw_customer(world, rng, gold, 3, beside=(0, 1))
    why = pick(rng, REASONS)
    last = rng.random() < 0.5
    play(gold, customer.user, "cancel", trip={"start": "last" if last else "first"}, reason=why)
    wish = pick(rng, phrases.CANCEL_BY_START).format(
        which="last" if last else "first", next="latest" if last else "next"
    )
    details = [say_reason(why, rng), pick(rng, phrases.FORGOT), pick(rng, phrases.BY_FIRST_FLIGHT)]
    return draft(gold, rng, customer.user, wish, details, unknown=phrases.NO_IDS)
