"""The phrases in which passengers speak of trips, flights, people and money, each with what it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import msgspec

from tools.rereading.words import NotUnderstood, Rest, Unsound

Regex = re.Pattern[str]


class Trip(msgspec.Struct, frozen=True):
    """A reservation as it was described: by id, by route, by a passenger, or as the extreme one of several.

    `pick` is "first" or "last" by the day of the first flight, "most" or "least" by what was paid (among those in
    `cabin`), "upgrade" for the one that is cheapest to move; `every` names a whole
    group: "cancellable", "lost", or "cabin". `to` is where a coming trip leads that is described by nothing else.
    """

    reservation_id: str = ""
    route: tuple[str, str] | None = None
    passenger: str = ""
    pick: str = ""
    cabin: str = ""
    every: str = ""
    to: str = ""


class Method(msgspec.Struct, frozen=True):
    """A way to pay as it was described: `source`, and whatever else was said about it."""

    source: str
    brand: str = ""
    last_four: str = ""
    amount: int | None = None
    method_id: str = ""


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = re.compile(
    rf"(?:(?P<before>{'|'.join(_DAYS)}),? )?(?:(?P<month>{'|'.join(_MONTHS)}) (?P<day>\d{{1,2}})"
    rf"(?:, (?P<year>\d{{4}}))?"
    rf"|(?P<iso>2024-\d\d-\d\d))(?: \(an? (?P<after>{'|'.join(_DAYS)})\))?"
)
_BIRTHDAY = re.compile(r"\b(?:19\d\d|200\d|201\d)-\d\d-\d\d\b")
_CLOCK = re.compile(r"\b(\d\d:\d\d)\b")
_ID = r"(?P<id>(?=[A-Z]*\d|[A-Z]{6}\b)[A-Z0-9]{6})\b"
_TRIP_ID = re.compile(
    rf"(?:(?:my|the) )?(?:\b(?:reservation|booking|trip)s? )?(?:with the (?:reservation )?(?:number|id) )?\b{_ID}"
)
_LIST = r"(?P<cities><A\d+>(?:(?:, | or )<A\d+>)*)"
_ROUTES = (
    re.compile(rf"from {_LIST} to (?P<to><A\d+>)"),
    re.compile(rf"to (?P<to><A\d+>) from {_LIST}"),
    re.compile(r"between (?P<cities><A\d+>) and (?P<to><A\d+>)"),
)
_CABIN = re.compile(r"(?:the )?(?P<cabin>basic economy|economy|business)(?: class| cabin)?\b(?! card)", re.IGNORECASE)
_PERSON = re.compile(r"\b[A-Z][a-zA-Z-]+ [A-Z][a-zA-Z-]+\b(?:'s\b)?")
_METHOD = re.compile(
    r"(?<!\w)(?:(?:my|the|a|only) )*(?:\$(?P<a>\d+) )?(?P<kind>gift card(?!s)|travel certificate(?!s)"
    r"|credit card|(?:visa|mastercard|amex)(?: card)?|card(?!s))(?![a-z])"
    r"(?: I have| in my profile| on my profile| on file)?"
    r"(?: with the last digits (?P<l1>\d{4})|(?: that ends| ending) (?:in|with) (?P<l2>\d{4}))?"
    r"(?: worth \$(?P<b>\d+)| with \$(?P<c>\d+) on it)?(?: (?P<id>(?:gift_card|certificate|credit_card)_\d+))?"
)
_MONEY_PRICE = r"(?P<pick>most expensive|priciest|cheapest|least expensive)"
_EXTREME_TRIPS = (
    re.compile(
        rf"(?:the )?{_MONEY_PRICE} (?:one )?of my <C(?P<cabin>\d+)> trips"
        r" that (?:(?:start|leave) after|leave later than) today"
    ),
    re.compile(rf"one <C(?P<cabin>\d+)> booking that starts after today: the {_MONEY_PRICE}"),
    re.compile(rf"my {_MONEY_PRICE} <C(?P<cabin>\d+)> reservation with a start after today"),
)
_WHEN = (
    r"(?:the (?:very )?|my )?(?P<a>first|last|soonest|next|latest) (?:of my trips|trip)(?: I have)?"
    r"(?: that (?:leaves?|starts?))?"
    r"(?: after today)?",
    r"(?:the (?:one )?|whichever )?trip of mine that (?:starts|leaves|departs|comes)"
    r" (?P<b>first|last|latest|after all the others)(?: after today)?",
    r"whichever trip I have that (?:begins|departs) (?P<f>first|last)(?: after today)?",
    r"the trip I take (?P<g>next)(?: after today)?",
    r"whichever trip of mine starts (?P<e>first|last)(?: after today)?",
    r"whichever of my trips starts (?P<c>latest|earliest|first|last)(?: after today)?",
    r"my trip with the (?P<d>latest|earliest) start(?: after today)?",
)
_UPGRADE = re.compile(
    r"one of my trips to <C(?P<a>\d+)>: the one where that costs the least extra"
    r"|whichever of my trips is cheapest to change moved to <C(?P<b>\d+)>"
    r"|the trip with the smallest surcharge to <C(?P<c>\d+)>"
    r"|<C(?P<d>\d+)> on one trip, namely where the difference in price is smallest"
)
_CANCELLABLE = re.compile(
    r"(?:every|each|all|whichever|any) ?(?:of )?(?:my )?(?:coming |future )?(?:trips|trip|bookings|booking"
    r"|reservations|reservation)"
    r"(?: cancelled)?(?: that| for which)? (?:(?:the airline's|the) rules still let me cancel"
    r"|may be cancelled under the rules"
    r"|the rules allow it|can still be cancelled(?: with a refund)?(?:, be it one or more)?)"
    r"|the coming (?:reservations|trips|bookings) I can still cancel, and cancel each of them"
    r"|my (?:coming|future) (?:trips|bookings) and cancel (?:each|every one) that the rules let me cancel"
)
_ALL_IN = re.compile(
    r"(?:each|all|every one) of my (?:trips|reservations|bookings)(?: that are)? in <C(?P<cabin>\d+)>(?= |$)"
    r"|(?:each|every) (?:booking|trip|reservation) of mine in <C(?P<c2>\d+)>(?= |$)"
)
_LOST = re.compile(
    r"(?:every|each) trip on which the airline (?:cancelled|called off) a flight|(?:every|each) trip that lost one"
    r"|(?:every|each) trip of mine with a flight that the airline (?:cancelled|called off)"
    r"|each trip of mine that lost a flight because the airline cancelled it"
    r"|whichever of my trips had a flight (?:called off|cancelled)|(?:every"
    r"|each) trip of mine that had a flight (?:cancelled|called off)"
)
_OF_PASSENGER = (
    re.compile(r"the one trip (?:that has|on which) (?P<who><W\d+>)(?: is| as) a passenger"),
    re.compile(r"(?P<who><W\d+>) is on just one of my trips, and that's the one"),
    re.compile(r"the only booking of mine that lists (?P<who><W\d+>)"),
    re.compile(r"the trip is the one with (?P<who><W\d+>); there's only one such booking", re.IGNORECASE),
)
_THERE = re.compile(
    r"(?:my|the) (?:(?P<coming>coming|upcoming|future) )?(?:trip|reservation|booking) to (?P<to><A\d+>)"
    r"(?(coming)| that (?:I have (?:coming up|ahead of (?:me|I))|is still to come))"
)
_EARLY = ("first", "soonest", "next", "earliest")


class Phrases:
    """Names the phrases of sentences, given the airports by city and code."""

    def __init__(self, airports: Mapping[str, str]) -> None:
        self._codes = {name: code for code, city in airports.items() for name in (code, city, f"{city} ({code})")}
        names = sorted(self._codes, key=len, reverse=True)
        self._airport = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def name(self, rest: Rest) -> None:
        """Name everything in a sentence: A airports, C cabins, D days, H clock times, B birthdays, M payment methods,
        R routes, T trips, W people."""
        kept = rest.kept
        rest.name("B", _BIRTHDAY, lambda m: m[0])
        rest.name("D", _DAY, _day)
        rest.name("H", _CLOCK, lambda m: m[1])
        rest.name("M", _METHOD, _method)
        rest.name("T", _TRIP_ID, lambda m: Trip(reservation_id=m["id"]))
        rest.name("A", self._airport, lambda m: self._codes[m[0]])
        rest.name("C", _CABIN, lambda m: m["cabin"].lower().replace(" ", "_"))
        rest.name("W", _PERSON, lambda m: m[0].removesuffix("'s"))
        for pattern in _ROUTES:
            rest.name("R", pattern, lambda m: (_cities(m["cities"], kept), _cities(m["to"], kept)[0]))
        for pattern in _EXTREME_TRIPS:
            rest.name("T", pattern, lambda m: Trip(
                pick="most" if m["pick"] in ("most expensive", "priciest") else "least", cabin=kept[int(m["cabin"])][1]
            ))  # fmt: skip
        rest.name("T", _THERE, lambda m: Trip(to=_cities(m["to"], kept)[0]))
        rest.name("U", _UPGRADE, lambda m: kept[int(next(one for one in m.groups() if one))][1])
        rest.name("T", _CANCELLABLE, lambda m: Trip(every="cancellable"))
        rest.name("T", _ALL_IN, lambda m: Trip(every="cabin", cabin=kept[int(m["cabin"] or m["c2"])][1]))
        rest.name("T", _LOST, lambda m: Trip(every="lost"))
        for pattern in map(re.compile, _WHEN):
            rest.name("T", pattern, lambda m: Trip(
                pick="first" if next(one for one in m.groups() if one) in _EARLY else "last"
            ))  # fmt: skip
        for pattern in _OF_PASSENGER:
            rest.name("T", pattern, lambda m: Trip(passenger=kept[int(m["who"][2:-1])][1]))
        rest.name(
            "T",
            re.compile(r"(?:my|the) (?:trip|reservation|booking) (<R\d+>)"),
            lambda m: _by_route(kept[int(m[1][2:-1])][1]),
        )


def _by_route(route: tuple[list[str], str]) -> Trip:
    if len(route[0]) != 1:
        raise NotUnderstood("a trip from several airports")
    return Trip(route=(route[0][0], route[1]))


def _cities(text: str, kept: list[tuple[str, str]]) -> list[str]:
    return [kept[int(index)][1] for index in re.findall(r"<A(\d+)>", text)]


def _day(found: re.Match[str]) -> str:
    """A day as YYYY-MM-DD; days without a year are of 2024. Raises `Unsound` where the weekday is another one."""
    said = found["iso"] or f"{found['year'] or 2024}-{_MONTHS.index(found['month']) + 1:02d}-{int(found['day']):02d}"
    weekday = found["before"] or found["after"]
    if weekday and _DAYS[date.fromisoformat(said).weekday()] != weekday:
        raise Unsound(f"{said} is no {weekday}")
    return said


def _method(found: re.Match[str]) -> Method:
    kind = found["kind"].removesuffix(" card")
    amount = found["a"] or found["b"] or found["c"]
    return Method(
        {"gift": "gift_card", "travel certificate": "certificate"}.get(kind, "credit_card"),
        brand=kind if kind in ("visa", "mastercard", "amex") else "",
        last_four=found["l1"] or found["l2"] or "",
        amount=int(amount) if amount else None,
        method_id=found["id"] or "",
    )
