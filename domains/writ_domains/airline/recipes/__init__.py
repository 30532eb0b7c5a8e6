"""Recipes of the airline: ways to draw a task, with its gold calls, from any world of the domain."""

from typing import Final

from writ_async.core.domain import Recipe
from writ_domains.airline.recipes import (
    asking,
    baggage,
    booking,
    cabins,
    cancelling,
    compensation,
    falling_back,
    passengers,
    rebooking,
    several,
)
from writ_domains.airline.recipes.customers import recipe

RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("book_by_departure", "normal", booking.book_by_departure),
    recipe("book_cheapest", "read-heavy", booking.book_cheapest),
    recipe("book_cheapest_nonstop", "read-heavy", booking.book_cheapest_nonstop),
    recipe("book_fastest", "read-heavy", booking.book_fastest),
    recipe("book_by_time", "read-heavy", booking.book_by_time),
    recipe("book_second_cheapest", "read-heavy", booking.book_second_cheapest),
    recipe("book_within_budget", "read-heavy", falling_back.book_within_budget),
    recipe("book_cheapest_round_trip", "read-heavy", booking.book_cheapest_round_trip),
    recipe("rebook_by_id", "normal", rebooking.rebook_by_id),
    recipe("rebook_cheapest_day", "read-heavy", rebooking.rebook_cheapest_day),
    recipe("rebook_by_time", "read-heavy", rebooking.rebook_by_time),
    recipe("rebook_or_cancel", "normal", falling_back.rebook_or_cancel),
    recipe("upgrade_within_budget", "normal", falling_back.upgrade_within_budget),
    recipe("cancel_or_upgrade", "normal", falling_back.cancel_or_upgrade),
    recipe("partly", "normal", falling_back.partly),
    recipe("ask_about_trip", "information", asking.ask_about_trip),
    recipe("ask_about_flight", "information", asking.ask_about_flight),
    recipe("ask_about_vouchers", "information", asking.ask_about_vouchers),
    recipe("ask_for_fare", "information", asking.ask_for_fare),
    recipe("refuse_rebooking", "refusal", rebooking.rebook_by_id),
    recipe("refuse_rebooking_by_route", "refusal", rebooking.rebook_cheapest_day),
    recipe("cabin_by_id", "normal", cabins.cabin_by_id),
    recipe("cheapest_upgrade", "read-heavy", cabins.cheapest_upgrade),
    recipe("upgrade_then_bags", "write-intensive", cabins.upgrade_then_bags),
    recipe("bags_by_id", "normal", baggage.bags_by_id),
    recipe("bags_on_soonest_trip", "read-heavy", baggage.bags_on_soonest_trip),
    recipe("bags_by_route", "normal", baggage.bags_by_route),
    recipe("passenger_by_id", "normal", passengers.passenger_by_id),
    recipe("passenger_unknown_trip", "normal", passengers.passenger_unknown_trip),
    recipe("refuse_fewer_passengers", "refusal", passengers.refuse_fewer_passengers),
    recipe("cancel_by_id", "normal", cancelling.cancel_by_id),
    recipe("cancel_several", "write-intensive", cancelling.cancel_several),
    recipe("cancel_all_cancellable", "write-intensive", cancelling.cancel_all_cancellable),
    recipe("cancel_only_cancellable", "read-heavy", cancelling.cancel_only_cancellable),
    recipe("cancel_priciest_business", "read-heavy", cancelling.cancel_priciest_business),
    recipe("cancel_soonest_trip", "read-heavy", cancelling.cancel_soonest_trip),
    recipe("refuse_cancelling", "refusal", cancelling.cancel_by_id),
    recipe("refuse_soonest_trip", "refusal", cancelling.cancel_soonest_trip),
    recipe("cancel_lost_flight", "normal", compensation.cancel_lost_flight),
    recipe("certificate_by_id", "normal", compensation.certificate_by_id),
    recipe("certificate_unknown_trip", "read-heavy", compensation.certificate_unknown_trip),
    recipe("delay_cancel_certificate", "write-intensive", compensation.delay_cancel_certificate),
    recipe("refuse_certificate", "refusal", compensation.certificate_by_id),
    recipe("refuse_false_claim", "refusal", compensation.refuse_false_claim),
    recipe("several_changes", "write-intensive", several.several_changes),
    recipe("several_searches", "write-intensive", several.several_searches),
)
"""All recipes of the airline."""

__all__ = ["RECIPES"]
