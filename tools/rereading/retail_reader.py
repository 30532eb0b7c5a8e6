"""From the words of a customer of the shop to wishes: what is to be done, to which order, with which items."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from tools.rereading.retail_phrases import (
    ADDRESS_FRAME,
    ADDRESSES,
    LEAST,
    METHOD,
    MOST,
    ORDER_ID,
    ORIGINAL,
    Item,
    Method,
    New,
    OrderRef,
    Phrases,
    as_method,
)
from tools.rereading.retail_questions import question_in
from tools.rereading.words import NotUnderstood, Rest, sentences, without_politeness


class Wish(msgspec.Struct):
    """One thing that is to be done. `told` is the amount to be named.

    `swaps` are pairs of what goes and what comes, out of one order or out of all those with the status `scope`. Where
    the wish fails because of `when`, or costs more than `limit`, there is another one `instead`.
    """

    act: str
    order: OrderRef | None = None
    source: OrderRef | None = None
    scope: str = ""
    items: list[Item] = []
    swaps: list[tuple[Item, New]] = []
    method: Method | None = None
    address: dict[str, str] | None = None
    reason: str = ""
    keep: str = ""
    told: str = ""
    city: str = ""
    limit: float | None = None
    when: str = ""
    instead: Wish | None = None
    saving: str = ""


class Request(msgspec.Struct):
    """Everything that a customer wants, in order; `in_order` is set where the order matters."""

    wishes: list[Wish] = []
    in_order: bool = False
    loose: Wish = msgspec.field(default_factory=lambda: Wish("facts"))


_REASON = re.compile(r"no longer needed|ordered by mistake")
_DIFFERENCE = re.compile(r"\b(?:any|the|a) (?:price )?difference\b", re.IGNORECASE)
_REFUND = re.compile(r"refund|money back|(?:the )?money (?:should|is|has|put|paid|on)\b")
_ASKS = re.compile(r"\b(?:know|hear|be told)\b")
_TOLD = (
    ("difference", re.compile(r"difference in price|price difference|price changes")),
    ("refund", re.compile(r"refund|get back")),
)
_KEEP_REST = re.compile(
    r"nothing else (?:about it |there )?to (?:change|be)\b|other options (?:should|must|are to) (?:remain|stay|be)\b"
    r"|rest of its options should be|every (?:other )?option should (?:stay|remain)"
    r"|in (?:all )?other respects it should be"
    r"|(?:everything else|the rest) (?:about it )?should (?:stay|remain)",
    re.IGNORECASE,
)
_KEEP_ONE = re.compile(
    r"(?:keep (?:the|its) (?P<a>[a-z ]+)|its (?P<b>[a-z ]+) (?:has to|must|should) stay (?:as it is|the same|unchanged)"
    r"|have the same (?P<c>[a-z ]+?)(?: as the one I have| as now)?"
    r"|the (?P<d>[a-z ]+) (?:must|has to|should) be the same(?: as now| as before)?)$",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"no wishes about (?:its )?color|don't mind (?:which|what) options|options (?:do not|don't) matter"
    r"|only the price matters"
    r"|(?:fine|happy|content) with whatever options",
    re.IGNORECASE,
)
_SAVING = re.compile(
    r"saves me (?:the )?most|save the most with|(?:biggest|largest) saving|(?:lowers|cuts"
    r"|reduces) the price by the (?:largest|biggest) amount"
    r"|where I save (?:the )?most"
)
_IN_ORDER = re.compile(
    r"in (?:exactly |just )?(?:that|this) order|in the order in which I (?:name|say|said)|the order matters",
    re.IGNORECASE,
)
_CITY = re.compile(
    r"my (?P<a>[A-Z][A-Za-z ]+) address, which|my address in (?P<b>[A-Z][A-Za-z ]+);"
    r"|the one in (?P<c>[A-Z][A-Za-z ]+) that I've"
)
_LIMIT = re.compile(r"\$(\d+)")
_AT_MOST = re.compile(r"at most|or less|not cost more than|up to .* no more")
_ELSE = (
    ("neither", re.compile(r"\bneither\b|both are unavailable")),
    (
        "stock",
        re.compile(
            r"(?:isn't|not) in stock|(?:version|one) not be available|out of stock|(?:don't|doesn't) have that one"
        ),
    ),
    ("delivered", re.compile(r"arrived in the meantime|been delivered|because it was delivered")),
    ("late", re.compile(r"too late to redirect|can't be changed any more|not be possible any more")),
    ("short", re.compile(r"isn't enough on it|not hold enough|doesn't cover it")),
    ("cost", re.compile(r"more than that|cost more,|^otherwise\b", re.IGNORECASE)),
)
_DEFAULT_ADDRESS = re.compile(
    r"default address|address (?:in|on|of) my (?:account|profile)|my account's default address"
    r"|(?:into|in|on) my profile",
    re.IGNORECASE,
)

_DECISIVE = re.compile(
    rf"\b(?:{LEAST}|{MOST}|pending|delivered|processed|cancel\w*|orders?|items?|address|pay\w*|refund\w*|gift|card"
    r"|price|difference|options?|colou?r|size|stock|available|unless|if|except|other than|only|nothing|instead|every\w*"
    r"|all|each|both|return\w*|exchange\w*|swap\w*|trade|trading|send|ship\w*|receiv\w*|not|without|version|variant|\d+)\b",
    re.IGNORECASE,
)
_STORY = re.compile(
    r"\bonly getting to it\b|\brearranged everything\b|\bno longer live at my old (?:address|place)\b"
    r"|\bnew place to live\b",
    re.IGNORECASE,
)
"""Decisive words in a sense that decides nothing."""
_RESTORE = re.compile(
    r"\breinstated?\b|\brestore\b|\bcancellation of <O\d+> undone\b"
    r"|<O\d+> (?:after all, although|back, which was cancelled)"
)
_CONNECTIVES = re.compile(
    r"\b(?:my )?(?:default|new) (?:one|address)|\bas (?:the|my) default (?:one|address)|\bwhere\b|\bthe one of\b"
    r"|\bwas shipped to"
    r"|\b(?:and have it|get rid of|have|start a|order by order|with|instead|start|for all|in them|in it|and send"
    r"|and the|the new address too|new address|address|to|sent|send|shipped|delivered|both|every)\b"
)
"""What holds the parts of a wish together."""
_VERBS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("cancel", re.compile(r"\bcancel(?:led)?\b|\bcall(?:ed)? (?:<[OP]\d+> )?off\b|\bstop\b|\bby cancelling them\b")),
    ("pay", re.compile(
        r"\bpay for\b|<O\d+> paid with\b|\bpayment (?:method )?(?:of|for)\b"
            r"|\brather than the current payment method for\b"
    )),
    ("ship", re.compile(
        r"\bshipping address of\b|\bto a (?:new|different) address\b|\bto another address\b|\bwhere <O\d+> is sent\b"
        r"|\bto the same address as\b|\bto where\b|\bto the (?:same )?address that\b"
    )),
    ("swap", re.compile(r"\b(?:in exchange for|exchanged?|traded?|swap(?:ped)?|switch(?:ed)?|replaced?|changed?"
                        r"|(?:instead|in place) of)\b")),
    ("return", re.compile(
        r"\b(?:send|give|hand) back\b|\breturns?\b|\btaken back\b|\bsend <\w+>[ ,].*\bback\b(?: for a refund)?"
            r"|\bback for a refund\b"
    )),
)  # fmt: skip


class Reader:
    """Reads requests to a shop that sells products of these names."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def read(self, request: str, facts: Iterable[str]) -> Request:
        """The wishes in a request, completed by what the customer says when asked. Raises `NotUnderstood`."""
        found = Request()
        for sentence in sentences(request):
            self._read_sentence(sentence, found)
        for fact in facts:
            for sentence in sentences(fact):
                rest = Rest(sentence)
                if not self._modifier(rest, found, found.loose):
                    raise NotUnderstood(f"fact {sentence!r}")
        _complete(found)
        return found

    def _read_sentence(self, sentence: str, found: Request) -> None:
        rest = Rest(without_politeness(sentence))
        asked = Rest(rest.text)
        self._phrases.name(asked)
        if question := question_in(asked):
            orders, items, methods = asked.named("O"), asked.named("I"), asked.named("M")
            asking = Wish("ask", orders[0] if orders else None, items=items, told=question[0], keep=question[1])
            asking.method = methods[0] if methods else None
            found.wishes.append(asking)
            return
        if found.wishes and self._otherwise(sentence, found.wishes[-1], found):
            return
        if self._modifier(rest, found, found.wishes[-1] if found.wishes else found.loose):
            rest.must_be_idle(_DECISIVE)
            return
        clauses = re.split(r",? and to (?=[a-z])", rest.text)
        wishes = [wish for clause in clauses if (wish := self._wish(Rest(clause), found)) is not None]
        for wish in wishes:
            before = found.wishes[-1] if found.wishes else None
            if wish.act == "swap" and wish.order and wish.order.same and before and before.act == "swap":
                before.swaps += wish.swaps
                continue
            if wish.order and wish.order.same and before:
                wish.order = before.order
            found.wishes.append(wish)

    def _otherwise(self, sentence: str, wish: Wish, found: Request) -> bool:
        """Read what is to be done where a wish cannot be met. False where a sentence does not say that."""
        text = sentence.rstrip(".!?")
        if (limit := _LIMIT.search(text)) and _AT_MOST.search(text):
            wish.limit = float(limit[1])
            return True
        when = next((name for name, pattern in _ELSE if pattern.search(text)), "")
        if not when or not re.match(r"in case|if|should|otherwise|when", text, re.IGNORECASE):
            return False
        clause = without_politeness(
            re.sub(r"^(?:otherwise |[^,]*, )(?:I'll |I'd rather )?", "", text, flags=re.IGNORECASE)
        )
        if when == "neither":
            if not re.search(r"nothing should be changed|leave everything|keep what I have", clause):
                raise NotUnderstood(sentence)
            return True
        wish.when = when
        rest = Rest(clause.replace(" and everything else as it is", ""))
        self._phrases.name(rest)
        reason = _REASON.search(clause)
        if when == "stock" and len(new := rest.named("N")) == 1:
            kept = "rest" if "everything else as it is" in clause else ""
            wish.instead = Wish("swap", wish.order, swaps=[(wish.swaps[0][0], new[0])], keep=kept)
        elif when == "cost" and reason and re.search(r"\bcancel", clause):
            wish.instead = Wish("cancel", wish.order, reason=reason[0])
        elif when == "delivered" and re.search(
            r"send all of it back|return (?:everything in it|all its items)", clause
        ):
            wish.instead = Wish("return", wish.order, items=[Item(every=True)])
        elif when == "late" and _DEFAULT_ADDRESS.search(clause):
            wish.instead = Wish("profile")
        elif when == "short":
            wish.instead = self._wish(Rest(clause), found)
        if wish.instead is None:
            raise NotUnderstood(sentence)
        return True

    def _modifier(self, rest: Rest, found: Request, wish: Wish) -> bool:
        """Read a sentence that says more about a wish. False where it is none."""
        for pattern in ADDRESSES:
            if where := rest.take(pattern):
                rest.take(ADDRESS_FRAME)
                wish.address = {
                    "address1": where["one"], "address2": where["two"], "city": where["city"],
                    "state": where["state"], "country": where["country"], "zip": where["zip"],
                }  # fmt: skip
                return True
        if city := _CITY.search(rest.text):
            wish.city, rest.text = next(name for name in city.groups() if name), ""
            return True
        if _IN_ORDER.search(rest.text):
            found.in_order, rest.text = True, ""
            return True
        if _SAVING.search(rest.text):
            status = re.search(r"\b(pending|delivered) orders\b", rest.text)
            if not status:
                raise NotUnderstood(rest.text)
            wish.saving, rest.text = status[1], ""
            return True
        asked = [name for name, pattern in _TOLD if pattern.search(rest.text)]
        if _ASKS.search(rest.text) and asked:
            wish.told = asked[0]
            rest.text = ""
            return True
        if (reason := _REASON.search(rest.text)) and not ORDER_ID.search(rest.text):
            wish.reason, rest.text = reason[0], ""
            return True
        kept = _KEEP_ONE.search(rest.text)
        if kept and not any(verb.search(rest.text) for _, verb in _VERBS):
            wish.keep, rest.text = next(word for word in kept.groups() if word), ""
            return True
        if _KEEP_REST.search(rest.text):
            wish.keep, rest.text = "rest", ""
            return True
        if _FREE.search(rest.text):
            wish.keep, rest.text = "nothing", ""
            return True
        return self._money(rest, wish)

    def _money(self, rest: Rest, wish: Wish) -> bool:
        if wish.act == "cancel" and wish.instead:
            wish = wish.instead
        about_difference = _DIFFERENCE.search(rest.text)
        method = METHOD.search(rest.text)
        if not (about_difference or (_REFUND.search(rest.text) and not _VERBS[4][1].search(rest.text))):
            return False
        if ORIGINAL.search(rest.text) and not about_difference:
            wish.method = Method("original")
        elif method:
            wish.method = as_method(method)
        else:
            return False
        rest.text = ""
        return True

    def _wish(self, rest: Rest, found: Request) -> Wish | None:
        """The wish of a clause, or None where it is idle talk. Raises `NotUnderstood`."""
        rest.take(_STORY)
        self._phrases.name(rest)
        text = rest.text
        verbs = {act: verb for act, verb in _VERBS if verb.search(text)}
        wish = self._placed(rest, verbs)
        if wish is not None:
            for verb in verbs.values():
                while rest.take(verb):
                    pass
            while rest.take(_DEFAULT_ADDRESS):
                pass
            rest.text = _CONNECTIVES.sub(" ", rest.text)
        rest.must_be_idle(_DECISIVE)
        return wish

    def _placed(self, rest: Rest, verbs: dict[str, Any]) -> Wish | None:
        """Which wish the named phrases and verbs make up."""
        orders, methods = rest.named("O"), rest.named("M")
        items, new = rest.named("I", "J", "B"), rest.named("N")
        scopes = rest.named("S", "D")
        pending = rest.named("P")
        profile = _DEFAULT_ADDRESS.search(rest.text) or re.search(r"default (?:one|address)", rest.text)
        if new:
            if len(new) != 1 or len(items) != 1 or len(orders) + len(scopes) > 1:
                raise NotUnderstood(rest.text)
            scope = scopes[0] if scopes else ""
            return Wish("swap", order=orders[0] if orders else OrderRef(same=True) if not scope else None,
                        scope=scope, swaps=[(items[0], new[0])])  # fmt: skip
        if "swap" in verbs and len(other := rest.named("X")) == 1 and len(items) == 1 and orders:
            rest.text = rest.text.replace("get", "")
            return Wish("other", order=orders[0], items=items, keep=other[0])
        if orders and _RESTORE.search(rest.text):
            rest.text = ""
            return Wish("restore", order=orders[0])
        if profile and orders and not methods:
            return Wish("profile", source=orders[0])
        if profile:
            return Wish("move", scope="pending") if pending else Wish("profile")
        if "ship" in verbs and orders and not items:
            return Wish("ship", order=orders[0], source=orders[1] if len(orders) > 1 else None)
        if "pay" in verbs and orders and methods:
            return Wish("pay", order=orders[0], method=methods[0])
        if "cancel" in verbs and (orders or pending) and not items:
            return Wish("cancel", order=orders[0] if orders else None, scope="" if orders else "pending")
        if "return" in verbs and (items or scopes):
            if orders:
                return Wish("return", order=orders[0], items=items)
            if not scopes or "<S" in rest.text:
                raise NotUnderstood(rest.text)
            return Wish("return", scope="delivered", items=items or [Item(every=True)])
        if orders or items or new or (verbs and methods):
            raise NotUnderstood(rest.text)
        return None


def _complete(found: Request) -> None:
    """Give what was said apart from the wishes to the wishes that lack it."""
    loose = found.loose
    for wish in [*found.wishes, *(one.instead for one in found.wishes if one.instead)]:
        if wish.act in ("ship", "profile", "move") and wish.address is None and not wish.source and not wish.city:
            wish.address = loose.address
        if wish.act in ("swap", "return") and wish.method is None:
            wish.method = loose.method
        if wish.act == "cancel" and not wish.reason:
            wish.reason = loose.reason
    for wish in found.wishes:
        if other := wish.instead:
            other.address = other.address or wish.address
            other.method = other.method or wish.method
