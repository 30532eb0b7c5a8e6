"""The tools of the airline, in the order in which a model is shown them."""

from __future__ import annotations

from typing import Final

from writ_async.core.domain import make_tools, read
from writ_async.core.state import State
from writ_domains.airline import lookup
from writ_domains.airline.booking import book_reservation
from writ_domains.airline.schema import AirportCode, Reservation, User
from writ_domains.airline.search import search_direct_flight, search_onestop_flight
from writ_domains.airline.updates import (
    cancel_reservation,
    send_certificate,
    update_reservation_baggages,
    update_reservation_flights,
    update_reservation_passengers,
)
from writ_domains.kit.tools import calculate, transfer_to_human_agents

AIRPORTS: Final = {
    "SFO": "San Francisco",
    "JFK": "New York",
    "LAX": "Los Angeles",
    "ORD": "Chicago",
    "DFW": "Dallas",
    "DEN": "Denver",
    "SEA": "Seattle",
    "ATL": "Atlanta",
    "MIA": "Miami",
    "BOS": "Boston",
    "PHX": "Phoenix",
    "IAH": "Houston",
    "LAS": "Las Vegas",
    "MCO": "Orlando",
    "EWR": "Newark",
    "CLT": "Charlotte",
    "MSP": "Minneapolis",
    "DTW": "Detroit",
    "PHL": "Philadelphia",
    "LGA": "LaGuardia",
}
"""The airports of the network and their cities."""

_AIRPORT_LIST: Final = [AirportCode(iata, city) for iata, city in AIRPORTS.items()]


@read
def get_reservation_details(state: State, reservation_id: str) -> Reservation:
    """Show everything about one reservation: flights, passengers, payments, bags and insurance.

    Args:
        reservation_id: Id of the reservation, six letters and digits such as 'K7QX2B'.
    """
    return lookup.reservation(state, reservation_id)


@read
def get_user_details(state: State, user_id: str) -> User:
    """Show a user's profile with payment methods, membership, saved passengers and the ids of all reservations.

    Args:
        user_id: Id of the user, such as 'ines_okafor_2741'.
    """
    return lookup.user(state, user_id)


@read
def list_all_airports(state: State) -> list[AirportCode]:
    """List the airports that the airline flies to, each with its code and city."""
    return _AIRPORT_LIST


@read
def get_flight_status(state: State, flight_number: str, date: str) -> str:
    """Tell how a flight stands on a given day, for instance 'available', 'delayed' or 'landed'.

    Args:
        flight_number: Number of the flight, such as 'HAT042'.
        date: Day of departure as YYYY-MM-DD, for instance '2024-05-21'.
    """
    return lookup.flight_date(state, flight_number, date).status


TOOLS: Final = make_tools(
    (
        book_reservation,
        calculate,
        cancel_reservation,
        get_reservation_details,
        get_user_details,
        list_all_airports,
        search_direct_flight,
        search_onestop_flight,
        send_certificate,
        transfer_to_human_agents,
        update_reservation_baggages,
        update_reservation_flights,
        update_reservation_passengers,
        get_flight_status,
    )
)
"""All tools by name."""
