"""How airline customers say things: airports, days, cabins, payment methods, reasons.

All texts are first-person and turn into the second person by `kit.phrasing.second_person`.
"""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Final

from writ_domains.airline.policy import Reason
from writ_domains.airline.schedule import AIRPORTS
from writ_domains.airline.schema import CabinName, PaymentMethod, Reservation, User
from writ_domains.kit.gold import Gold
from writ_domains.kit.payment import MethodForms, name_method
from writ_domains.kit.phrasing import pick

NEW_YORK: Final = ("JFK", "LGA", "EWR")
NO_IDS: Final = "You do not remember any reservation id or flight number."

_REASONS: Final[dict[Reason, tuple[str, ...]]] = {
    "change of plan": (
        "My plans have changed.",
        "The event I was going to was called off, so my plans have changed.",
        "It's simply a change of plan.",
        "Something came up at work and my plans have changed.",
        "I changed my mind about travelling, so it's a change of plan.",
        "My family moved the reunion, which changes my plans.",
        "The meeting went online, so I don't need to travel any more. A change of plan, basically.",
        "I decided to stay at home after all; my plans have changed.",
        "The friend I wanted to visit is away, so it's a change of plan.",
        "My holiday request was turned down, so my plans have changed.",
    ),
    "health": (
        "I'm ill and my doctor told me not to fly, so the reason is my health.",
        "I broke my ankle, so it's for health reasons.",
        "The reason is my health: I'm about to have surgery.",
        "I've caught a bad infection and can't travel for health reasons.",
        "I have back trouble and can't sit through a flight; it's a health matter.",
        "My doctor put me on bed rest, so it's for health reasons.",
        "It's because of my health; I have a high fever.",
    ),
    "weather": (
        "A big storm is forecast for that day, so the reason is the weather.",
        "It's because of the weather: heavy thunderstorms are expected.",
        "There's a hurricane warning there, so it's weather-related.",
        "The weather is the reason; flooding is expected where I'm going.",
        "I don't want to travel into a tornado warning. The reason is the weather.",
        "Severe hail is on the way, so the weather is my reason.",
    ),
    "airline cancelled": (
        "The reason is that the airline cancelled a flight of it.",
        "I want that because the airline called off one of the flights.",
    ),
    "other": ("It's for another reason.", "I have my own reasons."),
}
OCCASIONS: Final = (
    "I'm going to a friend's wedding.",
    "It's for a work meeting.",
    "I want to see my grandparents.",
    "I'm moving and need to get there.",
    "It's my best friend's birthday.",
    "I have a job interview there.",
    "I'm visiting my sister.",
    "There's a concert I don't want to miss.",
    "I'm giving a talk at a conference.",
    "It's for a short holiday.",
    "I'm going to look at a flat there.",
    "My cousin is graduating.",
    "I promised my parents a visit.",
    "I have a court date there.",
    "I'm joining a training course.",
    "It's for a trade fair.",
    "",
    "",
    "",
)
FORGOT: Final = (
    "I don't have the reservation number at hand.",
    "I can't find the confirmation e-mail with the reservation number.",
    "I don't remember the reservation number, so it has to be looked up.",
    "I've lost the booking number.",
    "I have no idea what the reservation id is.",
    "I don't know the reservation number.",
    "I deleted the e-mail with the reservation id.",
    "The reservation id escapes me.",
    "I never wrote down the reservation id.",
)
STOPS: Final = (
    "Nonstop or one stop are both fine.",
    "I don't mind one stop, nonstop is fine too.",
    "It can be nonstop or with one stop.",
    "A connection with one stop is as good as a nonstop flight.",
)
NONSTOP: Final = (
    "It has to be nonstop.",
    "Only nonstop flights come into question.",
    "I don't want any stops.",
    "Connections are out, I only fly nonstop.",
)
ONE_STEP: Final = (
    "All bags should be added in one step.",
    "I want them added in a single step, not one by one.",
    "Please do it in one single change.",
    "It has to be one change for all of them together.",
)
IN_ORDER: Final = (
    "It has to happen in the order in which I say it.",
    "The order matters: one after the other, as I said.",
    "I want these things done in exactly that order.",
)
ACCEPT_NO: Final = (
    "If the agent explains that something is not possible, you accept it and ask for nothing else.",
    "You take a clear no for an answer.",
    "You do not argue when you are told that the rules do not allow it.",
)
_VOUCHERS: Final = {"gift_card": "gift card", "certificate": "travel certificate"}
_CABINS: Final[dict[CabinName, tuple[str, ...]]] = {
    "basic_economy": ("basic economy", "basic economy class", "the basic economy cabin"),
    "economy": ("economy", "economy class", "the economy cabin"),
    "business": ("business", "business class", "the business cabin"),
}

_METHODS: Final = MethodForms(
    card=(
        "my {brand} card ending in {last}",
        "the credit card ending in {last}",
        "my card that ends in {last}",
        "the {brand} card with the last digits {last}",
    ),
    only_card=("my credit card", "the credit card in my profile", "the credit card on file"),
    only={
        source: (f"my {word}", f"the {word} in my profile", f"the only {word} I have")
        for source, word in _VOUCHERS.items()
    },
    worth={
        source: (f"my {word} worth ${{worth}}", f"the {word} with ${{worth}} on it", f"my ${{worth}} {word}")
        for source, word in _VOUCHERS.items()
    },
    id={source: f"my {word} {{id}}" for source, word in _VOUCHERS.items()},
)


def reason(rng: Random, why: Reason) -> str:
    """A sentence that gives the reason of a cancellation."""
    return pick(rng, _REASONS[why])


def cabin(rng: Random, name: CabinName) -> str:
    """A cabin in words."""
    return pick(rng, _CABINS[name])


def day(rng: Random, iso: str) -> str:
    """A day of 2024 as a customer says it; the form holds either the ISO date or "May 20"."""
    when = date.fromisoformat(iso)
    plain = f"{when:%B} {when.day}"
    return pick(rng, (plain, plain, iso, f"{when:%A}, {plain}", f"{plain}, 2024", f"{plain} (a {when:%A})"))


def days(rng: Random, dates: list[str]) -> str:
    """Several days to choose among: "May 20, May 21 or May 22"."""
    said = dates
    if rng.random() < 0.7:
        said = [f"{date.fromisoformat(iso):%B} {date.fromisoformat(iso).day}" for iso in dates]
    return " or ".join(filter(None, (", ".join(said[:-1]), said[-1])))


def clock(time: str) -> str:
    """A scheduled time as HH:MM."""
    return time[:5]


class Places:
    """Airports in one manner of speaking: by code, by city and code, or by city, which has the agent look codes up."""

    def __init__(self, rng: Random, gold: Gold) -> None:
        self.manner = pick(rng, ("code", "both", "city"))
        self._gold = gold

    def say(self, iata: str) -> str:
        """One airport. In the city manner the list of airports becomes part of the gold reads."""
        city = AIRPORTS[iata]
        if self.manner == "code":
            return iata
        if self.manner == "both" or iata in NEW_YORK:
            return f"{city} ({iata})"
        self._gold.read_first("list_all_airports")
        return city

    def route(self, rng: Random, trip: Reservation) -> str:
        """Where a reservation goes from and to."""
        here, there = self.say(trip.origin), self.say(trip.destination)
        return pick(rng, (f"from {here} to {there}", f"to {there} from {here}"))


def method(rng: Random, user: User, chosen: PaymentMethod) -> str:
    """A payment method, told apart from all others in the profile."""
    return name_method(user.payment_methods, chosen, _METHODS, rng)


def pay_with(rng: Random, said: str) -> str:
    """A sentence on what a change is paid with, or refunded to."""
    return pick(
        rng,
        (
            f"I'd like to use {said} for any charge or refund.",
            f"I want to use {said} for the payment.",
            f"I'll settle it with {said}.",
            f"Any difference should go through {said}.",
            f"Whatever it costs or gives back goes through {said}.",
            f"The payment method I want is {said}.",
            f"For the money, I choose {said}.",
        ),
    )


def ask_price(rng: Random, what: str = "the total price") -> str:
    """A sentence that asks for an amount."""
    return pick(
        rng,
        (
            f"I also want to know {what}.",
            f"I'd like to hear {what} as well.",
            f"I need to know {what} too.",
            f"I'd also like to be told {what}.",
            f"And I want to know {what} in dollars.",
        ),
    )
