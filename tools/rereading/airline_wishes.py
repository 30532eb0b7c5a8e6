"""What an airline's customer may wish for."""

from __future__ import annotations

import msgspec

from tools.rereading.airline_phrases import Method, Trip


class Wish(msgspec.Struct):
    """One thing that is to be done. `reason` is of a cancellation: "plans", "health", "weather" or "airline".

    `goal` says which flights: "cheapest", "second", "fastest", or those that leave or arrive "earliest" or "latest"
    ("leave latest"). `direction` is "out" or "back" where only one half of a round trip changes. Where the wish fails
    because of `when`, or costs more than `limit`, there is another one `instead`, or the same one in `other_cabin`.
    """

    act: str
    trip: Trip | None = None
    route_check: tuple[str, str] | None = None
    cabin: str = ""
    bags: int = 0
    reason: str = ""
    told: bool = False
    told_of: str = ""
    who: str = ""
    new_name: str = ""
    origins: list[str] = []
    destination: str = ""
    days: list[str] = []
    days_back: list[str] = []
    nonstop: bool | None = None
    round_trip: bool | None = None
    not_before: str = ""
    before: str = ""
    at: str = ""
    there_by: str = ""
    people: list[str] | None = None
    order: list[str] | None = None
    count: int | None = None
    insurance: str = ""
    methods: list[Method] = []
    later: bool = False
    goal: str = ""
    direction: str = ""
    limit: float | None = None
    when: str = ""
    instead: Wish | None = None
    other_cabin: str = ""
    keeps_cabin: bool = False
    after_today: bool = False


class Request(msgspec.Struct):
    """Everything that a customer wants, in order, and the dates of birth that were said, by name."""

    wishes: list[Wish] = []
    in_order: bool = False
    reason: str = ""
    born: dict[str, str] = {}
