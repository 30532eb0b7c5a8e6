"""Recipes that change the cabin of a reservation."""

from __future__ import annotations

from random import Random

from writ_async.core.domain import Draft
from writ_async.core.level import Extent
from writ_async.core.state import World
from writ_domains.airline import phrases
from writ_domains.airline.recipes.baggage import add_phrase
from writ_domains.airline.recipes.customers import (
    choose_method,
    draft,
    draw_customer,
    later_trips,
    method_params,
    perhaps_ask,
    play,
    say_cabin,
    say_payment,
)
from writ_domains.airline.schema import CABINS, CabinName, Reservation
from writ_domains.kit.gold import Gold, Unfit, choose_one
from writ_domains.kit.phrasing import pick


def other_cabin(rng: Random, trip: Reservation) -> CabinName:
    """A cabin that a trip is not in, a better one more often."""
    place = CABINS.index(trip.cabin)
    better = CABINS[place + 1 :]
    return pick(rng, better) if better and rng.random() < 0.75 else pick(rng, [c for c in CABINS if c != trip.cabin])


def cabin_by_id(world: World, rng: Random, gold: Gold) -> Draft:
    """A reservation that is named."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, later_trips(customer))
    cabin = other_cabin(rng, trip)
    method = choose_method(customer.user, rng)
    decision = play(
        gold,
        customer.user,
        "recabin",
        trip={"id": trip.reservation_id},
        cabin=cabin,
        pay=method_params(customer.user, method),
    )
    extra = decision.figures["extra"]
    said = say_cabin(cabin, rng)
    up = CABINS.index(cabin) > CABINS.index(trip.cabin)
    wish = pick(rng, phrases.UPGRADE_BY_ID if up else phrases.DOWNGRADE_BY_ID).format(trip.reservation_id, said)
    details = [
        pick(rng, phrases.COMFORT) if up else pick(rng, phrases.SAVE_MONEY),
        pick(rng, phrases.KEEP_FLIGHTS),
        say_payment(customer.user, method, rng),
    ]
    question, due = perhaps_ask(gold, rng, "how much I pay extra" if extra > 0 else "how much I get back", extra)
    return draft(gold, rng, customer.user, wish, [*details, question], due=due)


def cheapest_upgrade(world: World, rng: Random, gold: Gold) -> Draft:
    """The trip for which the change costs the least extra."""
    customer = draw_customer(world, rng, gold, 2, beside=(1, 9))
    target: CabinName = pick(rng, ("business", "business", "economy"))
    method = choose_method(customer.user, rng)
    decision = play(
        gold, customer.user, "recabin", trip={"upgrade": target}, cabin=target, pay=method_params(customer.user, method)
    )
    extra = decision.figures["extra"]
    said = say_cabin(target, rng)
    wish = pick(rng, phrases.CHEAPEST_UPGRADE).format(said=said)
    details = [
        pick(rng, phrases.NOT_IN_CABIN).format(said=said),
        pick(rng, phrases.SEATS_FOR_ALL),
        pick(rng, phrases.EXTRA_FOR_ALL),
        pick(rng, phrases.COMFORT),
        pick(rng, phrases.FORGOT),
        say_payment(customer.user, method, rng),
    ]
    question, due = perhaps_ask(gold, rng, "what the change costs", max(extra, 0.0))
    return draft(gold, rng, customer.user, wish, [*details, question], unknown=phrases.NO_IDS, due=due)


def recabin_all(world: World, rng: Random, gold: Gold) -> Draft:
    """All coming trips in one cabin are to be flown in another one."""
    customer = draw_customer(world, rng, gold, max(2, gold.extent.writes[0]), beside=(0, 4))
    old, new = rng.sample(CABINS, 2)
    least, most = gold.extent.cut(Extent((2, 4))).writes
    if not least <= sum(trip.cabin == old for trip in later_trips(customer)) <= most:
        raise Unfit("another number of trips in that cabin")
    method = choose_method(customer.user, rng, cards_only=True)
    play(gold, customer.user, "recabin_all", from_cabin=old, cabin=new, pay=method_params(customer.user, method))
    was, said = say_cabin(old, rng), say_cabin(new, rng)
    wish = pick(rng, phrases.RECABIN_ALL).format(old=was, new=said)
    details = [
        pick(rng, phrases.AFTER_TODAY),
        pick(rng, phrases.KEEP_FLIGHTS),
        pick(rng, phrases.FORGOT),
        say_payment(customer.user, method, rng),
    ]
    return draft(gold, rng, customer.user, wish, details, unknown=phrases.NO_IDS)


def upgrade_then_bags(world: World, rng: Random, gold: Gold) -> Draft:
    """Another cabin first, and then bags under its allowance."""
    customer = draw_customer(world, rng, gold, 1)
    trip = choose_one(rng, [trip for trip in later_trips(customer) if trip.cabin != "business"])
    cabin: CabinName = pick(rng, CABINS[CABINS.index(trip.cabin) + 1 :])
    method = choose_method(customer.user, rng, cards_only=True)
    paying = method_params(customer.user, method)
    more = rng.randint(1, 3)
    where = {"id": trip.reservation_id}
    upgrade = play(gold, customer.user, "recabin", trip=where, cabin=cabin, pay=paying)
    play(gold, customer.user, "bags", trip=where, more=more, pay=paying)
    said = say_cabin(cabin, rng)
    forms = [(form, add_phrase(rng, more)) for form in phrases.UPGRADE_THEN_BAGS]
    form, add = pick(rng, forms)
    wish = form.format(id=trip.reservation_id, said=said, add=add)
    details = [
        pick(rng, phrases.COMFORT),
        gold.pin("writes", pick(rng, phrases.CABIN_BEFORE_BAGS)),
        gold.pin("calls", pick(rng, phrases.BAGS_IN_ONE_STEP)) if more > 1 else "",
        pick(rng, phrases.SAME_FLIGHTS),
        say_payment(customer.user, method, rng),
    ]
    extra = upgrade.figures["extra"]
    question, due = perhaps_ask(gold, rng, "what the change of cabin costs", extra, chance=0.4)
    return draft(gold, rng, customer.user, wish, [*details, question], due=due)
