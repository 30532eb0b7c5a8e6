"""The tools of the airline, in the order in which a model is shown them."""

from __future__ import annotations

from typing import Final

from writ_async.core.tool import make_tools
from writ_domains.airline.tools import booking, profiles, reads, reservations
from writ_domains.kit.tools import calculate, transfer_to_human_agents

TOOLS: Final = make_tools(
    (
        booking.book_reservation,
        calculate,
        reservations.cancel_reservation,
        reads.get_reservation_details,
        reads.get_user_details,
        reads.list_all_airports,
        reads.search_direct_flight,
        reads.search_onestop_flight,
        profiles.send_certificate,
        transfer_to_human_agents,
        reservations.update_reservation_baggages,
        reservations.update_reservation_flights,
        reservations.update_reservation_passengers,
        reads.get_flight_status,
    )
)
"""All tools by name."""
