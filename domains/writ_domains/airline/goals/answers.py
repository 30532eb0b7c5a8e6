"""Questions that customers of the airline ask: each has one answer, a value that the agent has to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from writ_async.core.goal import Decision, NothingFits, Reader
from writ_domains.airline.goals.choose import Traveller, paid
from writ_domains.airline.goals.flights import best_option
from writ_domains.airline.policy import FREE_BAGS
from writ_domains.airline.schema import CreditCard, GiftCard, TravelCertificate
from writ_domains.kit.goals import Params
from writ_domains.kit.phrasing import figure

Answer = Callable[[Traveller, Params], str]


def _paid(traveller: Traveller, params: Params) -> str:
    return figure(paid(traveller.trip(params["trip"])))


def _free_bags(traveller: Traveller, params: Params) -> str:
    trip = traveller.trip(params["trip"])
    return str(FREE_BAGS[traveller.user.membership][trip.cabin] * len(trip.passengers))


def _flight_status(traveller: Traveller, params: Params) -> str:
    statuses = traveller.statuses(traveller.trip(params["trip"]))
    if len(statuses) != 1:
        raise NothingFits("not one flight up to today")
    return statuses[0]


def _cabin(traveller: Traveller, params: Params) -> str:
    return traveller.trip(params["trip"]).cabin.replace("_", " ")


def _vouchers(traveller: Traveller, params: Params) -> str:
    kinds = {"gift_card": (GiftCard,), "certificate": (TravelCertificate,), "both": (GiftCard, TravelCertificate)}
    methods = traveller.user.payment_methods.values()
    found = [
        one.amount for one in methods if not isinstance(one, CreditCard) and isinstance(one, kinds[params["kind"]])
    ]
    if not found:
        raise NothingFits("there is no such voucher")
    return figure(sum(found))


def _fare(traveller: Traveller, params: Params) -> str:
    option = best_option(traveller.reader, params["search"], params["cabin"], 1)
    return figure(getattr(option.fares, params["cabin"]))


ANSWERS: Final[dict[str, Answer]] = {
    "paid": _paid,
    "free_bags": _free_bags,
    "flight_status": _flight_status,
    "cabin": _cabin,
    "vouchers": _vouchers,
    "fare": _fare,
}
"""By what is asked for: what was paid for a trip, its free bags, the status of its one flight up to today, its cabin;
what is on gift cards, certificates or both (`kind`); what one passenger pays in a `cabin` for the best of a `search`.
"""


def tell(reader: Reader, params: Params) -> Decision:
    """The answer to a question: `what` names it, with `trip`, `search`, `cabin` and `kind` where it needs them."""
    said = ANSWERS[params["what"]](Traveller(reader, params["who"]), params)
    return Decision(writes=(), told=(said,), margin=reader.margin, least=reader.least)
