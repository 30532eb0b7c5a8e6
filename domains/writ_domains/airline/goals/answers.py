"""Questions that customers of the airline ask: each has one answer, a value that the agent has to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from writ_async.core.goal import Decision, NothingFits, Reader
from writ_domains.airline.goals.choose import Traveller
from writ_domains.airline.goals.flights import best_option
from writ_domains.airline.policy import FREE_BAGS
from writ_domains.airline.schema import CreditCard, GiftCard, TravelCertificate
from writ_domains.kit.goals import Params
from writ_domains.kit.phrasing import figure

Said = tuple[str, tuple[str, ...]]
"""A value, and the expressions by which an agent works it out."""
Answer = Callable[[Traveller, Params], Said]


def _sum(amounts: Sequence[float]) -> Said:
    return figure(sum(amounts)), (" + ".join(map(str, amounts)),) if len(amounts) > 1 else ()


def _paid(traveller: Traveller, params: Params) -> Said:
    return _sum([payment.amount for payment in traveller.trip(params["trip"]).payment_history])


def _free_bags(traveller: Traveller, params: Params) -> Said:
    trip = traveller.trip(params["trip"])
    each, people = FREE_BAGS[traveller.user.membership][trip.cabin], len(trip.passengers)
    return str(each * people), (f"{each} * {people}",) if people > 1 else ()


def _flight_status(traveller: Traveller, params: Params) -> Said:
    statuses = traveller.statuses(traveller.trip(params["trip"]))
    if len(statuses) != 1:
        raise NothingFits("not one flight up to today")
    return statuses[0], ()


def _cabin(traveller: Traveller, params: Params) -> Said:
    return traveller.trip(params["trip"]).cabin.replace("_", " "), ()


def _vouchers(traveller: Traveller, params: Params) -> Said:
    kinds = {"gift_card": (GiftCard,), "certificate": (TravelCertificate,), "both": (GiftCard, TravelCertificate)}
    methods = traveller.user.payment_methods.values()
    found = [
        one.amount for one in methods if not isinstance(one, CreditCard) and isinstance(one, kinds[params["kind"]])
    ]
    if not found:
        raise NothingFits("there is no such voucher")
    return _sum(found)


def _fare(traveller: Traveller, params: Params) -> Said:
    option = best_option(traveller.reader, params["search"], params["cabin"], 1)
    return _sum([getattr(price, params["cabin"]) for price in option.prices])


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
    said, sums = ANSWERS[params["what"]](Traveller(reader, params["who"]), params)
    return Decision(writes=(), told=(said,), margin=reader.margin, least=reader.least, sums=sums)
