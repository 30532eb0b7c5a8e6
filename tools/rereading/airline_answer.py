"""From wishes to writes at an airline, by looking at every trip of the customer and every flight of the days named."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tools.rereading.airline_flights import Timetable
from tools.rereading.airline_phrases import Method, Trip
from tools.rereading.airline_reader import Request, Wish
from tools.rereading.outcome import Outcome, Refused, Take, Write
from tools.rereading.words import NotUnderstood, Unsound, best, one

Record = dict[str, Any]

NOW = datetime(2024, 5, 15, 15)
TODAY = "2024-05-15"
FREE_BAGS = {"regular": (0, 1, 2), "silver": (1, 2, 3), "gold": (2, 3, 4)}
CABINS = ("basic_economy", "economy", "business")
BAG, INSURANCE = 50, 30


def answer(request: Request, db: Record, user_id: str, take: Take) -> Outcome:
    """What the wishes come to, each taken in the state that those before it left. Raises `Unsound`."""
    outcome = Outcome(in_order=request.in_order)
    for wish in request.wishes:
        desk = Desk(db, user_id, request.born)
        try:
            made = desk.fulfil(wish)
            for write, _ in made:
                db = take(write)
                outcome.writes.append(write)
        except Refused as why:
            outcome.refused.append(str(why))
            continue
        if wish.told:
            outcome.told.append(abs(sum(amount for _, amount in made)))
    return outcome


class Desk:
    """A database as one customer's requests meet it."""

    def __init__(self, db: Record, user_id: str, born: dict[str, str]) -> None:
        self.timetable = Timetable(db["flights"])
        self.user: Record = db["users"][user_id]
        self.born = born
        self.trips = [db["reservations"][one] for one in self.user["reservations"]]
        self.alive = [trip for trip in self.trips if trip["status"] != "cancelled"]

    def fulfil(self, wish: Wish) -> list[tuple[Write, float]]:
        """The writes of a wish, each with the amount that goes with it. Raises `Refused`."""
        made: list[tuple[Write, float]] = getattr(self, f"_{wish.act}")(wish)
        return made

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
        if "delayed" not in self._statuses(trip) or not wish.later:
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
            "payment_id": self._pays(wish, price),
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
        if not wish.keeps_cabin or wish.nonstop is None:
            raise Unsound("whether the cabin stays, or stops are fine, is open")
        if trip["cabin"] == "basic_economy" or self._flown(trip):
            raise Refused(f"the flights of reservation {trip['reservation_id']} may not be changed")
        if trip["flight_type"] == "round_trip":
            raise Unsound("a round trip cannot be put on flights of one direction")
        people = len(trip["passengers"])
        legs = self.timetable.cheapest(wish, [trip["origin"]], trip["destination"], wish.days, trip["cabin"], people)
        more = people * (self.timetable.fare(legs, trip["cabin"]) - sum(leg["price"] for leg in trip["flights"]))
        return [self._changed(wish, trip, trip["cabin"], [(leg[0]["flight_number"], leg[1]) for leg in legs], more)]

    def _changed(
        self, wish: Wish, trip: Record, cabin: str, legs: list[tuple[str, str]], more: float
    ) -> tuple[Write, float]:
        arguments = {
            "reservation_id": trip["reservation_id"],
            "cabin": cabin,
            "flights": [{"flight_number": number, "date": day} for number, day in legs],
            "payment_id": self._pays(wish, more),
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
        legs = self.timetable.cheapest(wish, wish.origins, wish.destination, wish.days, wish.cabin, count)
        origin = legs[0][0]["origin"]
        if wish.round_trip:
            legs += self.timetable.cheapest(wish, [wish.destination], origin, wish.days_back, wish.cabin, count)
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
            "payment_methods": self._shares(wish, total),
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

    # Money -----------------------------------------------------------------------------------------------------------

    def _method(self, said: Method) -> Record:
        fits = [
            way
            for way in self.user["payment_methods"].values()
            if way["source"] == said.source
            and (not said.brand or way.get("brand") == said.brand)
            and (not said.last_four or way.get("last_four") == said.last_four)
            and (said.amount is None or way.get("amount") == said.amount)
            and (not said.method_id or way["id"] == said.method_id)
        ]
        found: Record = one(fits, f"payment methods {said}")
        return found

    def _pays(self, wish: Wish, amount: float) -> str:
        """The one method that a change is charged or refunded to. Raises `Refused` where it may not or cannot."""
        if len(wish.methods) != 1:
            raise Unsound("how to pay is open")
        method = self._method(wish.methods[0])
        if method["source"] == "certificate" or (method["source"] == "gift_card" and method["amount"] < amount):
            raise Refused(f"{method['id']} does not hold enough")
        return str(method["id"])

    def _shares(self, wish: Wish, total: float) -> list[dict[str, Any]]:
        """What each method pays: all that the first holds, and the rest with the next."""
        shares = []
        for said in wish.methods:
            method = self._method(said)
            share = int(min(total, method.get("amount", total)))
            total -= share
            if share:
                shares.append({"payment_id": method["id"], "amount": share})
        if total:
            raise Refused("the payment methods do not hold enough")
        return shares


def full_name(man: Record) -> str:
    """A passenger's name."""
    return f"{man['first_name']} {man['last_name']}"


def starts(trip: Record) -> str:
    """The day of a trip's first flight."""
    return str(min(leg["date"] for leg in trip["flights"]))


def paid(trip: Record) -> float:
    """What was paid for a trip altogether."""
    return float(sum(row["amount"] for row in trip["payment_history"]))
