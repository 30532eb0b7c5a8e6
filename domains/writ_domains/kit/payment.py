"""Payment methods of a profile: how a user names one, the same as a goal's params, and which one is meant by those.

Methods are tagged Structs with an `id`; a card has `brand` and `last_four`, others may hold an `amount`:

>>> from random import Random
>>> from writ_domains.retail.schema import CreditCard, PayPal
>>> methods = {"card_1": CreditCard("card_1", "visa", "4242"), "paypal_1": PayPal("paypal_1")}
>>> describe_method(methods, methods["card_1"])
{'source': 'credit_card', 'last_four': '4242'}
>>> find_method(methods, {"source": "paypal"}).id
'paypal_1'
>>> name_method(methods, methods["card_1"], CARD_FORMS, Random(2))
'my visa ending in 4242'
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from writ_async.core.goal import Ambiguous, NothingFits
from writ_domains.kit.gold import Unfit
from writ_domains.kit.phrasing import Forms, pick

Method = TypeVar("Method", bound=msgspec.Struct)
CARD: Final = "credit_card"
"""The source of cards, which are told apart by their last digits."""


class MethodForms(msgspec.Struct, frozen=True):
    """How payment methods are called: a card by `{brand}` and `{last}`, or vaguely where it is the only one.

    `only` holds, by source, what a method is called that is the only one of its source; `worth` what it is called by
    its `{worth}` in whole dollars, `id` by its `{id}`, where there are others.
    """

    card: Forms
    only_card: Forms
    only: Mapping[str, Forms] = {}
    worth: Mapping[str, Forms] = {}
    id: Mapping[str, str] = {}


CARD_FORMS: Final = MethodForms(
    card=(
        "my {brand} [|card ][ending in|that ends in|ending with] {last}",
        "the [|credit |{brand} ]card [ending in|that ends in|ending with] {last}",
        "my [|credit ]card [ending in|ending with|that ends in] {last}",
    ),
    only_card=("my credit card", "the credit card [on my account|on file|I have]", "my [|only ]credit card on file"),
)
"""Enough where a profile holds cards only."""


def source_of(method: msgspec.Struct) -> str:
    """The kind of a payment method: the tag of its type."""
    return str(method.__struct_config__.tag)


def _alike(methods: Mapping[str, Method], method: Method) -> list[Any]:
    return [other for other in methods.values() if type(other) is type(method)]


def _tells_by_worth(alike: list[Any], method: Any) -> bool:
    """Whether a whole amount of dollars tells a method apart."""
    worth = getattr(method, "amount", None)
    return worth is not None and worth == int(worth) and [other.amount for other in alike].count(worth) == 1


def describe_method(methods: Mapping[str, Method], method: Method) -> dict[str, Any]:
    """A payment method as params: its source, and what tells it apart where there are several."""
    alike, one, source = _alike(methods, method), _as_any(method), source_of(method)
    if source == CARD:
        return {"source": source, "last_four": one.last_four}
    if len(alike) == 1:
        return {"source": source}
    return {"source": source, "amount": one.amount} if _tells_by_worth(alike, one) else {"id": one.id}


def find_method(methods: Mapping[str, Method], wanted: Mapping[str, Any]) -> Method:
    """The one payment method that params describe. Raises `NothingFits` and `Ambiguous`."""
    fit = list(methods.values())
    for name, value in wanted.items():
        if name == "source":
            fit = [method for method in fit if source_of(method) == value]
        else:
            fit = [method for method in fit if getattr(method, name, None) == value]
    if not fit:
        raise NothingFits("no such payment method")
    if len(fit) > 1:
        raise Ambiguous("two such payment methods")
    return fit[0]


def name_method(methods: Mapping[str, Method], method: Method, forms: MethodForms, rng: Random) -> str:
    """A payment method as a user calls it. Raises `Unfit` when another one could be meant too."""
    alike, one, source = _alike(methods, method), _as_any(method), source_of(method)
    if source == CARD:
        if [other.last_four for other in alike].count(one.last_four) > 1:
            raise Unfit("two cards end alike")
        vague = forms.only_card if len(alike) == 1 else ()
        return pick(rng, (*forms.card, *vague)).format(brand=one.brand, last=one.last_four)
    if len(alike) == 1:
        return pick(rng, forms.only[source])
    if source in forms.worth and _tells_by_worth(alike, one):
        return pick(rng, forms.worth[source]).format(worth=int(one.amount))
    if source in forms.id:
        return forms.id[source].format(id=one.id)
    raise Unfit("two methods of one kind that have no name")


def _as_any(method: msgspec.Struct) -> Any:
    return method
