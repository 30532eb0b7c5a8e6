"""From wishes to writes at an airline, by looking at every trip of the customer and every flight of the days named."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tools.rereading.airline_choosing import Answer, chosen
from tools.rereading.airline_flights import Timetable
from tools.rereading.airline_money import payer, shares
from tools.rereading.airline_phrases import Trip
from tools.rereading.airline_questions import balances
from tools.rereading.airline_wishes import Request, Wish
from tools.rereading.outcome import HandedOver, Outcome, Refused, Take, Write
from tools.rereading.words import NotUnderstood, Unsound, best, one

Record = dict[str, Any]

NOW = datetime(2024, 5, 15, 15)
TODAY = "2024-05-15"
FREE_BAGS = {"regular": (0, 1, 2), "silver": (1, 2, 3), "gold": (2, 3, 4)}
_WHEN = {"cost": "costs more", "flights": "flights of reservation", "cancel": "may not be cancelled"}
"""For each condition of another wish, what a refusal for that reason says."""
CABINS = ("basic_economy", "economy", "business")
BAG, INSURANCE = 50, 30


def answer(request: Request, db: Record, user_id: str, take: Take, choice: Answer | None = None) -> Outcome:
    """What the wishes come to, each taken in the state that those before it left; `choice` says which trip is meant.

    Raises `Unsound`.
    """
    outcome = Outcome(in_order=request.in_order)
    for wish in request.wishes:
        desk = Desk(db, user_id, request.born, choice)
        try:
            if wish.act == "ask":
                outcome.told.append(desk.tell(wish))
                continue
            made = desk.fulfil_or_else(wish)
            for write, _ in made:
                db = take(write)
                outcome.writes.append(write)
        except Refused as why:
            outcome.refused.append(str(why))
            outcome.handed_over |= isinstance(why, HandedOver)
            continue
        if wish.told:
            outcome.told.append(abs(sum(amount for _, amount in made)))
    return outcome


class Desk:
    """A database as one customer's requests meet it."""

    def __init__(self, db: Record, user_id: str, born: dict[str, str], choice: Answer | None = None) -> None:
        self.choice = choice
        self.timetable = Timetable(db["flights"])
        self.user: Record = db["users"][user_id]
        self.born = born
        self.trips = [db["reservations"][one] for one in self.user["reservations"]]
        self.alive = [trip for trip in self.trips if trip["status"] != "cancelled"]

    def fulfil(self, wish: Wish) -> list[tuple[Write, float]]:
        """The writes of a wish, each with the amount that goes with it. Raises `Refused`."""
        made: list[tuple[Write, float]] = []
        for each in self._for_each(wish):
            made += getattr(self, f"_{each.act}")(each)
        return made

    def _for_each(self, wish: Wish) -> list[Wish]:
        """The wish for every trip that is meant, where it was named by where it leads."""
        if wish.trip is None or not wish.trip.to:
            return [wish]
        there = [trip for trip in self._coming() if trip["destination"] == wish.trip.to]
        return [
            msgspec.structs.replace(wish, trip=Trip(reservation_id=trip["reservation_id"]))
            for trip in chosen(there, self.choice, starts, paid)
        ]

    def fulfil_or_else(self, wish: Wish) -> list[tuple[Write, float]]:
        """The writes of a wish, or of the other wish for the case that it fails for the reason named."""
        try:
            made = self.fulfil(wish)
            if wish.limit is not None and sum(amount for _, amount in made) > wish.limit:
                raise Refused("it costs more than the customer would pay")
        except Refused as why:
            if wish.instead is None or _WHEN[wish.when] not in str(why):
                raise
            return self.fulfil(wish.instead)
        return made

    def tell(self, wish: Wish) -> str | float:
        """The answer to a question."""
        if wish.told_of == "fare":
            legs = self.timetable.chosen(wish, wish.origins, wish.destination, wish.days, wish.cabin, 1)
            return self.timetable.fare(legs, wish.cabin)
        if wish.trip is None:
            return balances(wish.told_of, list(self.user["payment_methods"].values()))
        trip = self._trip(wish)
        if wish.told_of == "free bags":
            return FREE_BAGS[self.user["membership"]][CABINS.index(trip["cabin"])] * len(trip["passengers"])
        if wish.told_of == "status":
            due = [leg for leg in trip["flights"] if leg["date"] <= TODAY]
            leg = one(due, "flights up to today")
            return str(self.timetable.entry(leg["flight_number"], leg["date"])["status"])
        return paid(trip) if wish.told_of == "paid" else str(trip["cabin"])

    # Trips -----------------------------------------------------------------------------------------------------------

    def _trip(self, wish: Wish) -> Record:
        said = wish.trip
        if said is None or said.every:
            raise NotUnderstood("which trip is meant")
        found: Record
        if said.reservation_id:
            found = one(
                [trip for trip in self.trips if trip["reservation_id"] == said.reservation_id], said.reservation_id
            )
        elif said.route:
            found = one(
                [trip for trip in self.alive if (trip["origin"], trip["destination"]) == said.route], "on that route"
            )
        elif said.passenger:
            found = one(
                [trip for trip in self.alive if said.passenger in map(full_name, trip["passengers"])], "with them"
            )
        elif said.cabin:
            found = best(
                [trip for trip in self._coming() if trip["cabin"] == said.cabin], paid, most=said.pick == "most",
                what="extreme by what was paid",
            )  # fmt: skip
        else:
            days = self._coming()
            found = best(days, lambda trip: datetime.fromisoformat(starts(trip)).timestamp(), most=said.pick == "last",
                         what=f"{said.pick} of all trips")  # fmt: skip
        if wish.route_check and (found["origin"], found["destination"]) != wish.route_check:
            raise Unsound("the trip goes elsewhere")
        return found

    def _coming(self) -> list[Record]:
        return [trip for trip in self.alive if starts(trip) > TODAY]

    def _statuses(self, trip: Record) -> list[str]:
        return [self.timetable.entry(leg["flight_number"], leg["date"])["status"] for leg in trip["flights"]]

    def _flown(self, trip: Record) -> bool:
        return any(status in ("landed", "flying") for status in self._statuses(trip))

    # Wishes ----------------------------------------------------------------------------------------------------------

    def _cancel(self, wish: Wish) -> list[tuple[Write, float]]:
        if not wish.reason:
            raise Unsound("no reason is given")
        if wish.trip and wish.trip.every:
            if not wish.after_today and len(self._coming()) != len(self.alive):
                raise Unsound("whether trips that have begun count is open")
            trips = [trip for trip in self._coming() if self._may_cancel(trip, wish.reason)]
            if not trips:
                raise Refused("no trip may be cancelled")
        else:
            trips = [self._trip(wish)]
        for trip in trips:
            if trip["status"] == "cancelled":
                raise Unsound("the trip is cancelled already")
            if self._flown(trip):
                raise HandedOver("a trip of which a part has been flown is cancelled by a person")
            if not self._may_cancel(trip, wish.reason):
                raise Refused(f"reservation {trip['reservation_id']} may not be cancelled")
        return [(Write("cancel_reservation", {"reservation_id": trip["reservation_id"]}), paid(trip)) for trip in trips]

    def _may_cancel(self, trip: Record, reason: str) -> bool:
        recent = NOW - datetime.fromisoformat(trip["created_at"]) <= timedelta(hours=24)
        covered = trip["insurance"] == "yes" and reason in ("health", "weather")
        lost = "cancelled" in self._statuses(trip)
        return not self._flown(trip) and (recent or covered or lost or trip["cabin"] == "business")

    def _lost(self, wish: Wish) -> list[tuple[Write, float]]:
        if wish.trip and wish.trip.every:
            trips = [trip for trip in self.alive if "cancelled" in self._statuses(trip) and self._deserves(trip)]
            if not trips:
                raise Refused("no flight was cancelled, or no compensation is due")
        else:
            trips = [self._trip(wish)]
            if "cancelled" not in self._statuses(trips[0]):
                raise Refused("no flight of the reservation was cancelled")
        return [self._certificate(trip, 100) for trip in trips]

    def _delay(self, wish: Wish) -> list[tuple[Write, float]]:
        trip = self._trip(wish)
        if not wish.later:
            raise Refused("a delay is made good only after a change or a cancellation")
        if "delayed" not in self._statuses(trip):
            raise Refused("no flight of the reservation is delayed")
        return [self._certificate(trip, 50)]

    def _deserves(self, trip: Record) -> bool:
        member = self.user["membership"] in ("silver", "gold")
        return member or trip["insurance"] == "yes" or bool(trip["cabin"] == "business")

    def _certificate(self, trip: Record, each: int) -> tuple[Write, float]:
        if not self._deserves(trip):
            raise Refused("a regular member without insurance gets none below business")
        amount = each * len(trip["passengers"])
        return Write("send_certificate", {"user_id": self.user["user_id"], "amount": amount}), amount

    def _bags(self, wish: Wish) -> list[tuple[Write, float]]:
        trip = self._trip(wish)
        total = trip["total_baggages"] + wish.bags
        charged = self._charged(total, trip["cabin"], len(trip["passengers"]))
        price = BAG * max(0, charged - trip["nonfree_baggages"])
        arguments = {
            "reservation_id": trip["reservation_id"],
            "total_baggages": total,
            "nonfree_baggages": charged,
            "payment_id": payer(self.user, wish.methods, price),
        }
        return [(Write("update_reservation_baggages", arguments), price)]

    def _charged(self, bags: int, cabin: str, people: int) -> int:
        return max(0, bags - FREE_BAGS[self.user["membership"]][CABINS.index(cabin)] * people)

    def _cabin(self, wish: Wish) -> list[tuple[Write, float]]:
        trip = self._trip(wish)
        if self._flown(trip):
            raise Refused(f"reservation {trip['reservation_id']} has been flown")
        if trip["cabin"] == wish.cabin:
            raise Unsound("the trip is in that cabin already")
        more = self._extra(trip, wish.cabin)
        if more is None:
            raise Refused("not enough seats")
        return [
            self._changed(
                wish, trip, wish.cabin, [(leg["flight_number"], leg["date"]) for leg in trip["flights"]], more
            )
        ]

    def _extra(self, trip: Record, cabin: str) -> float | None:
        """What another cabin costs more for all passengers, or None where there is no room."""
        people, more = len(trip["passengers"]), 0
        for leg in trip["flights"]:
            entry = self.timetable.entry(leg["flight_number"], leg["date"])
            if entry["status"] != "available" or entry["available_seats"][cabin] < people:
                return None
            more += (entry["prices"][cabin] - leg["price"]) * people
        return more

    def _upgrade(self, wish: Wish) -> list[tuple[Write, float]]:
        if not wish.after_today:
            raise Unsound("which trips count is open")
        fits = [(trip, more) for trip in self._coming() if trip["cabin"] != wish.cabin
                if (more := self._extra(trip, wish.cabin)) is not None]  # fmt: skip
        trip, _ = best(fits, lambda pair: pair[1], most=False, what="cheapest to move")
        named = Wish("cabin", trip=Trip(reservation_id=trip["reservation_id"]), cabin=wish.cabin, methods=wish.methods)
        return self._cabin(named)

    def _rebook(self, wish: Wish) -> list[tuple[Write, float]]:
        trip = self._trip(wish)
        cabin = wish.cabin or trip["cabin"]
        if not (wish.keeps_cabin or wish.cabin) or wish.nonstop is None:
            raise Unsound("whether the cabin stays, or stops are fine, is open")
        if trip["cabin"] == "basic_economy" or self._flown(trip):
            raise Refused(f"the flights of reservation {trip['reservation_id']} may not be changed")
        if bool(wish.direction) != (trip["flight_type"] == "round_trip"):
            raise Unsound("which direction is meant is open")
        there = [leg["destination"] for leg in trip["flights"]].index(trip["destination"]) + 1
        ends = (
            (trip["destination"], trip["origin"]) if wish.direction == "back" else (trip["origin"], trip["destination"])
        )
        new = self.timetable.chosen(wish, [ends[0]], ends[1], wish.days, cabin, len(trip["passengers"]))
        legs = [(leg[0]["flight_number"], leg[1]) for leg in new]
        old = [(leg["flight_number"], leg["date"]) for leg in trip["flights"]]
        if wish.direction:
            legs = legs + old[there:] if wish.direction == "out" else old[:there] + legs
            if sorted(legs, key=lambda leg: leg[1]) != legs:
                raise Unsound("the way back begins before the way there")
        before = {leg: row["price"] for leg, row in zip(old, trip["flights"], strict=True) if cabin == trip["cabin"]}
        price = sum(before.get(leg) or self.timetable.entry(*leg)["prices"][cabin] for leg in legs)
        if wish.goal == "cheapest" and not wish.direction and set(legs) & before.keys():
            raise Unsound("a flight of the trip is among the new ones, and keeps what was paid for it")
        more = len(trip["passengers"]) * (price - sum(leg["price"] for leg in trip["flights"]))
        return [self._changed(wish, trip, cabin, legs, more)]

    def _cabins(self, wish: Wish) -> list[tuple[Write, float]]:
        if not wish.after_today or wish.trip is None:
            raise Unsound("which trips count is open")
        trips = [trip for trip in self._coming() if trip["cabin"] == wish.trip.cabin]
        named = [msgspec.structs.replace(wish, trip=Trip(reservation_id=trip["reservation_id"])) for trip in trips]
        return [write for one in named for write in self._cabin(one)]

    def _insure(self, wish: Wish) -> list[tuple[Write, float]]:
        self._trip(wish)
        raise Refused("insurance cannot be added after the booking")

    def _unbag(self, wish: Wish) -> list[tuple[Write, float]]:
        self._trip(wish)
        raise Refused("bags cannot be taken away")

    def _elsewhere(self, wish: Wish) -> list[tuple[Write, float]]:
        self._trip(wish)
        raise Refused("the destination cannot change")

    def _changed(
        self, wish: Wish, trip: Record, cabin: str, legs: list[tuple[str, str]], more: float
    ) -> tuple[Write, float]:
        arguments = {
            "reservation_id": trip["reservation_id"],
            "cabin": cabin,
            "flights": [{"flight_number": number, "date": day} for number, day in legs],
            "payment_id": payer(self.user, wish.methods, more),
        }
        return Write("update_reservation_flights", arguments), more

    def _fewer(self, wish: Wish) -> list[tuple[Write, float]]:
        trip = self._trip(wish)
        one([man for man in trip["passengers"] if full_name(man) == wish.who], f"called {wish.who}")
        raise Refused("the number of passengers cannot change")

    def _person(self, wish: Wish) -> list[tuple[Write, float]]:
        trip = self._trip(wish)
        old = one([man for man in trip["passengers"] if full_name(man) == wish.who], f"called {wish.who}")
        name = wish.new_name or wish.who
        first, _, last = name.partition(" ")
        if name not in self.born and first != old["first_name"]:
            raise Unsound(f"{name} has no date of birth")
        new = {"first_name": first, "last_name": last, "dob": self.born.get(name, old["dob"])}
        if new == old:
            raise Unsound("nothing changes")
        everybody = [new if man is old else man for man in trip["passengers"]]
        arguments = {"reservation_id": trip["reservation_id"], "passengers": everybody}
        return [(Write("update_reservation_passengers", arguments), 0)]

    # Flights to be booked --------------------------------------------------------------------------------------------

    def _book(self, wish: Wish) -> list[tuple[Write, float]]:
        if wish.round_trip is None or not wish.insurance or wish.people is None or not wish.cabin:
            raise Unsound("something about the booking is open")
        everybody = [self._traveller(name) for name in [None, *(wish.order or wish.people)]]
        count = len(everybody)
        if count != wish.count or sorted(wish.order or wish.people) != sorted(wish.people):
            raise Unsound("how many travel, or who, is open")
        legs = self.timetable.chosen(wish, wish.origins, wish.destination, wish.days, wish.cabin, count)
        origin = legs[0][0]["origin"]
        if wish.round_trip:
            legs += self.timetable.chosen(wish, [wish.destination], origin, wish.days_back, wish.cabin, count)
        charged = self._charged(wish.bags, wish.cabin, count)
        total = count * self.timetable.fare(legs, wish.cabin) + BAG * charged
        total += INSURANCE * count if wish.insurance == "yes" else 0
        arguments = {
            "user_id": self.user["user_id"],
            "origin": origin,
            "destination": wish.destination,
            "flight_type": "round_trip" if wish.round_trip else "one_way",
            "cabin": wish.cabin,
            "flights": [{"flight_number": flight["flight_number"], "date": day} for flight, day in legs],
            "passengers": everybody,
            "payment_methods": shares(self.user, wish.methods, total),
            "total_baggages": wish.bags,
            "nonfree_baggages": charged,
            "insurance": wish.insurance,
        }
        return [(Write("book_reservation", arguments), total)]

    def _traveller(self, name: str | None) -> dict[str, str]:
        if name is None:
            return {**self.user["name"], "dob": self.user["dob"]}
        saved = [man for man in self.user["saved_passengers"] if full_name(man) == name]
        if name in self.born:
            first, _, last = name.partition(" ")
            return {"first_name": first, "last_name": last, "dob": self.born[name]}
        return dict(one(saved, f"saved passengers {name}"))


def full_name(man: Record) -> str:
    """A passenger's name."""
    return f"{man['first_name']} {man['last_name']}"


def starts(trip: Record) -> str:
    """The day of a trip's first flight."""
    return str(min(leg["date"] for leg in trip["flights"]))


def paid(trip: Record) -> float:
    """What was paid for a trip altogether."""
    return float(sum(row["amount"] for row in trip["payment_history"]))
