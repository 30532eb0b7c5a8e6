"""Recipes of the airline: ways to draw a task, with its gold calls, from any world of the domain."""

from typing import Final

from writ_async.core.domain import Reach, Recipe
from writ_async.core.level import MANY, Extent
from writ_domains.airline.recipes import (
    asked,
    asking,
    baggage,
    booking,
    cabins,
    cancelling,
    changing_minds,
    claiming,
    compensation,
    falling_back,
    passengers,
    rebooking,
    several,
)
from writ_domains.airline.recipes.customers import recipe


def _one(least: int, most: int, by: str = "") -> Reach:
    """One write that rests on so many cells, more of them the more there is of what `by` names."""
    return Reach(Extent((1, 1), (least, most)), by)


def _none(least: int, most: int, by: str = "") -> Reach:
    """So many cells, and nothing to write."""
    return Reach(Extent((0, 0), (least, most)), by)


def _some(fewest: int, writes: int, least: int, most: int, by: str) -> Reach:
    """From `fewest` to so many writes."""
    return Reach(Extent((fewest, writes), (least, most)), by)


RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("book_by_departure", "normal", booking.book_by_departure, _one(2, 2)),
    recipe("book_cheapest", "read-heavy", booking.book_cheapest, _one(3, MANY, "days and airports")),
    recipe("book_cheapest_nonstop", "read-heavy", booking.book_cheapest_nonstop, _one(3, MANY, "days and airports")),
    recipe("book_fastest", "read-heavy", booking.book_fastest, _one(3, MANY, "days and airports")),
    recipe("book_by_time", "read-heavy", booking.book_by_time, _one(1, 9)),
    recipe("book_second_cheapest", "read-heavy", booking.book_second_cheapest, _one(3, MANY, "days and airports")),
    recipe("book_within_budget", "read-heavy", falling_back.book_within_budget, _one(3, MANY, "days and airports")),
    recipe("book_cheapest_round_trip", "read-heavy", booking.book_cheapest_round_trip, _one(5, MANY, "days")),
    recipe("rebook_by_id", "normal", rebooking.rebook_by_id, _one(3, 4)),
    recipe("rebook_cheapest_day", "read-heavy", rebooking.rebook_cheapest_day, _one(4, 16, "days")),
    recipe("rebook_by_time", "read-heavy", rebooking.rebook_by_time, _one(2, 9)),
    recipe("rebook_or_cancel", "normal", falling_back.rebook_or_cancel, _one(2, 8, "flights")),
    recipe("upgrade_within_budget", "normal", falling_back.upgrade_within_budget, _one(2, 8, "flights")),
    recipe("cancel_or_upgrade", "normal", falling_back.cancel_or_upgrade, _one(2, 6, "flights")),
    recipe("rebook_with_cabin", "normal", rebooking.rebook_with_cabin, _one(4, 16, "days")),
    recipe("rebook_one_leg", "normal", rebooking.rebook_one_leg, _one(2, 8, "flights")),
    recipe("recabin_all", "write-intensive", cabins.recabin_all, _some(2, 4, 4, MANY, "trips")),
    recipe("cancel_then_book", "write-intensive", booking.cancel_then_book, _some(2, 2, 3, 16, "days")),
    recipe("certificate_claimed_count", "normal", claiming.certificate_claimed_count, _one(2, 5, "flights")),
    recipe("refuse_claimed_insurance", "refusal", claiming.refuse_claimed_insurance, _none(1, 3)),
    recipe("refuse_claimed_booking_time", "refusal", claiming.refuse_claimed_booking_time, _none(1, 3)),
    recipe("refuse_claimed_membership", "refusal", claiming.refuse_claimed_membership, _none(1, 3)),
    recipe("refuse_delay_alone", "refusal", claiming.refuse_delay_alone, _none(1, 3)),
    recipe("refuse_late_insurance", "refusal", claiming.refuse_late_insurance, _none(1, 3)),
    recipe("refuse_other_destination", "refusal", claiming.refuse_other_destination, _none(1, 3)),
    recipe("refuse_fewer_bags", "refusal", claiming.refuse_fewer_bags, _none(1, 3)),
    recipe("partly", "normal", falling_back.partly, _one(2, 2)),
    recipe("which_trip", "normal", asked.which_trip, _one(2, MANY, "trips")),
    recipe("both_trips", "write-intensive", asked.both_trips, _some(2, 2, 2, MANY, "trips")),
    recipe("ask_about_trip", "information", asking.ask_about_trip, _none(1, 3)),
    recipe("ask_about_flight", "information", asking.ask_about_flight, _none(1, 3)),
    recipe("ask_about_vouchers", "information", asking.ask_about_vouchers, _none(1, 3)),
    recipe("ask_for_fare", "information", asking.ask_for_fare, _none(3, MANY, "days and airports")),
    recipe("refuse_rebooking", "refusal", rebooking.rebook_by_id, _none(0, 3)),
    recipe("refuse_rebooking_by_route", "refusal", rebooking.rebook_cheapest_day, _none(0, 3)),
    recipe("cabin_by_id", "normal", cabins.cabin_by_id, _one(2, 8, "flights")),
    recipe("cheapest_upgrade", "read-heavy", cabins.cheapest_upgrade, _one(2, MANY, "trips")),
    recipe("upgrade_then_bags", "write-intensive", cabins.upgrade_then_bags, _some(2, 2, 3, 8, "flights")),
    recipe("keep_after_all", "normal", changing_minds.keep_after_all, _one(2, 9, "flights")),
    recipe("another_cabin", "normal", changing_minds.another_cabin, _one(2, 9, "flights")),
    recipe("other_bags", "normal", changing_minds.other_bags, _one(2, 9)),
    recipe("bags_by_id", "normal", baggage.bags_by_id, _one(2, 2)),
    recipe("bags_on_soonest_trip", "read-heavy", baggage.bags_on_soonest_trip, _one(2, MANY, "trips")),
    recipe("bags_by_route", "normal", baggage.bags_by_route, _one(2, 2)),
    recipe("passenger_by_id", "normal", passengers.passenger_by_id, _one(2, 2)),
    recipe("passenger_unknown_trip", "normal", passengers.passenger_unknown_trip, _one(2, 2)),
    recipe("refuse_fewer_passengers", "refusal", passengers.refuse_fewer_passengers, _none(1, 3)),
    recipe("cancel_by_id", "normal", cancelling.cancel_by_id, _one(2, 2)),
    recipe("cancel_several", "write-intensive", cancelling.cancel_several, _some(2, 6, 2, 4, "trips")),
    recipe(
        "cancel_all_cancellable", "write-intensive", cancelling.cancel_all_cancellable, _some(2, 6, 2, MANY, "trips")
    ),
    recipe("cancel_only_cancellable", "read-heavy", cancelling.cancel_only_cancellable, _one(2, MANY, "trips")),
    recipe("cancel_priciest_business", "read-heavy", cancelling.cancel_priciest_business, _one(2, MANY, "trips")),
    recipe("cancel_soonest_trip", "read-heavy", cancelling.cancel_soonest_trip, _one(2, MANY, "trips")),
    recipe("refuse_cancelling", "refusal", cancelling.cancel_by_id, _none(1, 3)),
    recipe("hand_over_flown_trip", "refusal", cancelling.hand_over_flown_trip, _none(2, 8, "flights")),
    recipe("refuse_soonest_trip", "refusal", cancelling.cancel_soonest_trip, _none(2, MANY, "trips")),
    recipe("cancel_lost_flight", "normal", compensation.cancel_lost_flight, _one(2, 5, "flights")),
    recipe("certificate_by_id", "normal", compensation.certificate_by_id, _one(2, 5, "flights")),
    recipe("certificate_unknown_trip", "read-heavy", compensation.certificate_unknown_trip, _one(2, MANY, "trips")),
    recipe(
        "delay_cancel_certificate",
        "write-intensive",
        compensation.delay_cancel_certificate,
        _some(2, 2, 2, 6, "flights"),
    ),
    recipe("refuse_certificate", "refusal", compensation.certificate_by_id, _none(1, 3)),
    recipe("refuse_false_claim", "refusal", compensation.refuse_false_claim, _none(2, 8, "flights")),
    recipe("several_changes", "write-intensive", several.several_changes, _some(2, 6, 2, 8, "trips")),
    recipe("several_searches", "write-intensive", several.several_searches, _some(2, 4, 4, MANY, "trips and days")),
)
"""All recipes of the airline."""

__all__ = ["RECIPES"]
