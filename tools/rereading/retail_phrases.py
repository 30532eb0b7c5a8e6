"""The phrases in which customers of the shop speak of orders, items and money, each with what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from tools.rereading.words import Rest

LEAST = r"cheapest|least expensive|lowest|smallest|least|lowest-priced"
MOST = r"most expensive|priciest|highest|largest|most|highest-priced"
_PICK = rf"(?P<pick>{LEAST}|{MOST})"
_STATUS = r"(?P<status>pending|delivered)"


class OrderRef(msgspec.Struct, frozen=True):
    """An order as it was described: by id, by what is in it, by the end of its id, or as the extreme one of a status.

    `pick` is "most" or "least"; `covered` asks for orders that the gift card could pay and does not pay yet.
    """

    order_id: str = ""
    holding: str = ""
    status: str = ""
    pick: str = ""
    covered: bool = False
    ends: str = ""
    same: bool = False


class Method(msgspec.Struct, frozen=True):
    """A way to pay as it was described; "original" is the one that paid for the order."""

    kind: str
    brand: str = ""
    last_four: str = ""


class New(msgspec.Struct, frozen=True):
    """What an item is swapped for: options in words, the extreme one of the other variants in stock, or the one that is
    `step` "up" or "down", "highest" or "lowest" in the option `axis`."""

    options: str = ""
    pick: str = ""
    step: str = ""
    axis: str = ""


class Item(msgspec.Struct, frozen=True):
    """Items as they were described: a product's name, the extreme one of several, all, all but that one, a category."""

    name: str = ""
    pick: str = ""
    every: bool = False
    category: str = ""


METHOD = re.compile(
    r"(?:(?:my|the|a|only) )*(?P<kind>gift card|paypal|credit card|visa|mastercard|amex|discover|card)"
    r"(?: (?:credit )?card)?(?: account| balance)?(?: on file| on my account| in my profile| I have)?"
    r"(?:(?: that ends| ending) (?:in|with) (?P<last>\d{4}))?(?= |$|<|[,.'])",
    re.IGNORECASE,
)
ORIGINAL = re.compile(
    r"(?:the |my )?(?:original payment method|payment method I used for the order|same way I paid|way I paid)"
    r"|whatever I paid with",
    re.IGNORECASE,
)
_UNIT = r"(?P<two>(?:Apt|Suite|Unit|Floor) \d+)"
_STREET = r"(?P<one>\d+ [A-Z][A-Za-z]+ [A-Z][a-z]+)"
_PLACE = r"(?:,| in) (?P<city>[A-Z][A-Za-z .]+), (?P<state>[A-Z]{2}),? (?P<zip>\d{5}), (?P<country>USA)"
ADDRESSES = (re.compile(rf"{_STREET}, {_UNIT}{_PLACE}"), re.compile(rf"{_UNIT}, {_STREET}{_PLACE}"))
ADDRESS_FRAME = re.compile(
    r"(?:the |my )?(?:new |right |correct )*address(?: (?:to use|I want|I mean|for it|on file))?(?: is\b| should be|:)"
    r"|it (?:should|has to|is to) (?:go|be sent) to|I (?:now )?live at|I live now at|as the (?:new )?address"
    r"|I want it sent to|I'd like it sent to|from now on my address is",
    re.IGNORECASE,
)

ORDER_ID = re.compile(r"(?:(?:my|the) )?(?:order (?:(?:with the )?number )?)?(?P<id>#W\d{7})\b")
_COVERED = re.compile(
    rf"whichever pending order is the (?P<a>{LEAST}|{MOST}) one that the gift card can pay completely"
    r" and does not pay yet"
    rf"|the (?P<b>{LEAST}|{MOST}) of my pending orders, apart from any on the gift card already,"
    r" that its balance is enough for"
    rf"|the (?P<c>{LEAST}|{MOST}) pending order, of those paid in another way,"
    r" that the gift card's balance covers in full"
    rf"|the pending order with the (?P<d>{LEAST}|{MOST}) total that (?:my|the) gift card can cover"
    r" and is not used for already"
)
_EXTREME_ORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"whichever of my {_STATUS} orders (?:has|cost me|is|was) the {_PICK}(?: total)?",
        rf"the {_STATUS} order (?:of mine )?with the {_PICK} (?:total|price)",
        rf"the {_STATUS} order (?:(?:that|which) cost me|I paid) the {_PICK}(?: for)?",
        rf"(?:my|the) {_PICK} (?:of my )?{_STATUS} orders?(?: I have| of mine)?",
    )
)
_ORDER_END = re.compile(
    r"(?:my|the) order (?:whose number ends in|that ends with the digits|with) (?P<ends>\d{4})"
    r"(?: as the last four digits)?"
)
_CATEGORY = re.compile(
    r"(?:whatever|everything that is|all the) (?:(?P<kitchen>belongs in a kitchen|for the kitchen|kitchen things)"
    r"|(?P<camping>for camping|one takes along on a camping trip|camping gear)|(?P<clothes>clothing|one wears|clothes))"
)
_STEP = re.compile(
    r"(?:the version|whichever version in stock|one that is) (?:with the |has the |a )"
    r"(?P<word>next higher|next lower|highest|lowest|most in|least in|step up in|step down in) (?P<axis>[a-z ]+?)"
    r"(?: that is in stock| you have in stock|, as far as it's in stock)?"
    r"(?=,? in exchange for| instead of| in place of| and to |$)"
)
_STEPS = {
    "next higher": "up", "step up in": "up", "next lower": "down", "step down in": "down",
    "most in": "highest", "least in": "lowest",
}  # fmt: skip
_ONE_OF = re.compile(
    rf"(?:(?:any |some |the right )?(?<!every )one of) my {_STATUS} orders|whichever of my (?P<s2>pending"
    rf"|delivered) orders it is in"
    r"|whichever (?P<s3>pending|delivered) order it is in|the (?P<s4>pending|delivered) order that has it"
)
_SAME_ORDER = re.compile(r"the same order")
_ALL_DELIVERED = re.compile(
    r"(?:(?:everything|all items) (?:in|from) )?(?:(?:all|every one) )?(?:of )?my delivered orders"
    r"(?:,? (?:taken |put )?together|, with every item in them| whole)?"
    r"|(?:everything|every item|all items)(?: that has been| that was)? delivered to me"
    r"|(?:every item|everything|all the items) of each order that has been delivered to me"
    r"|(?:all )?the orders (?:I've received|I've got so far|that have arrived)|all (?:the "
    r"|my )?orders that (?:were|have been) delivered"
    r"|(?:(?:all items|everything) of )?all orders that have arrived"
    r"|(?:all|everything) that (?:I've received|has arrived)(?: so far)?"
)
_ALL_PENDING = re.compile(
    r"(?:all|each|every one)(?: of)? my pending orders|every pending order of mine"
    r"|(?:every|each) order of mine that is (?:still )?pending"
    r"|all orders that are (?:still )?pending(?: on my account)?"
    r"|everything that I have on order and that is still pending"
)
_EXTREME_ITEMS = (
    re.compile(rf"(?:the |that )?(?:single |one )?(?P<pick>{LEAST}|{MOST}) (?:item|thing|piece)(?! of)"),
    re.compile(rf"(?:whichever|whatever) item is (?P<pick>{LEAST}|{MOST})"),
    re.compile(
        rf"(?:the )?(?:single |one )?(?:item|thing|piece) (?:with the {_PICK} price"
        r"|(?:that cost|I paid) (?:the )?(?P<p2>most|least)(?: for)?)"
    ),
)
_ALL_BUT = re.compile(
    r"(?:every item|everything|all items|all of it)(?: other than|,? except|,? but|,? apart from) (<J\d+>),?"
)
_EVERY = re.compile(r"everything|every item|all items|all of it")
_ONE_ITEM = re.compile(r"one item")
_NEW_OPTIONS = re.compile(
    r"(?:one|(?:an?|the|another) (?:one|version|variant|kind|model)|another one|the same thing) with (?P<options>.+?)"
    r"(?=,? in exchange for| instead of| in place of| instead$| in its place| and everything else| and to |$)"
)
_NEW_PICK = re.compile(
    rf"(?:the )?{_PICK} (?:of (?:the|its) )?other (?:available )?(?:variants?|versions?|one)"
    r"(?: of (?:that product|the same product|it))?"
    r"(?: that is (?:in stock now|in stock|available))?"
    rf"|(?:whichever|whatever) other (?:version|variant)(?: of (?:it|that product|the same product)"
    rf"| in stock)? (?:is|costs the)"
    rf" (?P<p2>{LEAST}|{MOST})(?: and (?:is )?(?:in stock|available))?"
)


class Phrases:
    """Names the phrases of sentences, in a shop that sells products of these names."""

    def __init__(self, product_names: Iterable[str]) -> None:
        names = "|".join(re.escape(name) for name in sorted(product_names, key=len, reverse=True))
        self._holding = (
            re.compile(
                rf"(?:my|the) order (?:with|containing|that has|that includes|(?:in which|where) I (?:bought"
                rf"|got)) (?:the|my|a)"
                rf" (?P<name>{names})"
                r"(?: in it)?\b",
                re.IGNORECASE,
            ),
            re.compile(rf"(?:my|the) (?P<name>{names}) order\b", re.IGNORECASE),
        )
        self._bare = re.compile(rf"\b(?:an? )?(?P<name>{names})\b", re.IGNORECASE)
        self._item = re.compile(rf"(?:my|the|that|this) (?P<name>{names})\b(?! order)", re.IGNORECASE)

    def name(self, rest: Rest) -> None:
        """Name everything in a clause: D and P all delivered or pending orders, I, J and B items, M payment methods,
        N what an item is swapped for, O orders, S one order of a status, X other products."""
        rest.name("N", _STEP, lambda m: New(step=_STEPS.get(m["word"], m["word"]), axis=m["axis"]))
        rest.name("N", _NEW_PICK, lambda m: New(pick=_pick(m["pick"] or m["p2"])))
        rest.name("N", _NEW_OPTIONS, lambda m: New(options=m["options"].strip(" ,")))
        for pattern in self._holding:
            rest.name("O", pattern, lambda m: OrderRef(holding=m["name"].lower()))
        rest.name("O", ORDER_ID, lambda m: OrderRef(order_id=m["id"]))
        rest.name("O", _ORDER_END, lambda m: OrderRef(ends=m["ends"]))
        rest.name("O", _SAME_ORDER, lambda m: OrderRef(same=True))
        rest.name("O", _COVERED, lambda m: OrderRef(status="pending", pick=_pick(_said(m)), covered=True))
        rest.name("P", _ALL_PENDING, lambda m: "pending")
        rest.name("S", _ONE_OF, lambda m: _said(m))
        for pattern in _EXTREME_ORDERS:
            rest.name("O", pattern, lambda m: OrderRef(status=m["status"], pick=_pick(m["pick"])))
        rest.name("D", _ALL_DELIVERED, lambda m: "delivered")
        for pattern in _EXTREME_ITEMS:
            rest.name(
                "J",
                pattern,
                lambda m: Item(pick=_pick(m["pick"] if "pick" in m.groupdict() and m["pick"] else m["p2"])),
            )
        rest.name("B", _ALL_BUT, lambda m: Item(pick=rest.kept[int(m[1][2:-1])][1].pick, every=True))
        rest.name("J", _CATEGORY, lambda m: Item(category=str(m.lastgroup)))
        rest.name("J", _EVERY, lambda m: Item(every=True))
        rest.name("J", _ONE_ITEM, lambda m: Item())
        rest.name("I", self._item, lambda m: Item(name=m["name"].lower()))
        rest.name("X", self._bare, lambda m: m["name"].lower())
        rest.name("M", METHOD, as_method)


def _said(found: re.Match[str]) -> str:
    return next(word for word in found.groups() if word)


def _pick(word: str) -> str:
    return "least" if re.fullmatch(LEAST, word) else "most"


def as_method(found: re.Match[str]) -> Method:
    kind = found["kind"].lower()
    if kind in ("visa", "mastercard", "amex", "discover"):
        return Method("credit card", brand=kind, last_four=found["last"] or "")
    return Method("credit card" if kind == "card" else kind, last_four=found["last"] or "")
