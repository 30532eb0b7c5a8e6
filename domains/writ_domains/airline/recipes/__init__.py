"""Recipes of the airline: ways to draw a task, with its gold calls, from any world of the domain."""

from typing import Final

from writ_async.core.domain import Recipe
from writ_domains.airline.recipes import (
    baggage,
    booking,
    cabins,
    cancelling,
    compensation,
    passengers,
    rebooking,
    several,
)
from writ_domains.airline.recipes.customers import recipe

RECIPES: Final[tuple[Recipe, ...]] = (
    recipe("book_by_departure", "normal", booking.book_by_departure),
    recipe("book_cheapest", "read-heavy", booking.book_cheapest),
    recipe("book_cheapest_nonstop", "read-heavy", booking.book_cheapest_nonstop),
    recipe("book_cheapest_round_trip", "read-heavy", booking.book_cheapest_round_trip),
    recipe("rebook_by_id", "normal", rebooking.rebook_by_id),
    recipe("rebook_cheapest_day", "read-heavy", rebooking.rebook_cheapest_day),
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
