"""A second model's part in checking a phraser, played by the independent reading of `tools/rereading`.

It sees nothing but the prompt: it reads the texts by its own rules, and tells what it read as the answers to the
questions that it is asked. What it cannot read it leaves out.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from writ_domains.retail.catalogue import CATALOGUE

from tools.rereading import airline, retail_reader
from tools.rereading.airline_phrases import Method as TravelMethod
from tools.rereading.airline_wishes import Wish as TravelWish
from tools.rereading.retail_phrases import ADDRESSES, METHOD, Item, OrderRef, Phrases
from tools.rereading.words import NotUnderstood, Unsound, in_first_person, sentences
from writ_async.core.engine import Request

Answers = dict[str, Any]
_PROMPT = re.compile(
    r"request: (?P<request>.*?)(?:\nscenario: (?P<scenario>.*?))?"
    r"\nWhat the customer says when asked: (?P<facts>.*?)\n\nThe questions:\n(?P<questions>.*)",
    re.DOTALL,
)
_OTHER_WORDS = (
    (r"Okay, so this is what I'm after\. |Let me know what you need from me\.|^Listen, |^Mind: |^Mind you: ", ""),
    (r"That is what I want\.$|You want that\.$|I want that\.$", ""),
    (r"lowest-priced", "cheapest"),
    (r"(?:;|,) and (?=(?!I come back|I return)I |My |The )", ". "),
    (r"Hello dear support team, (\w)", lambda found: found[1].upper()),
)
_ORDER_MATTERS = re.compile(r"\border\b(?! [#\w]*\d)|\bfirst\b|\bbefore\b|\bsecond\b|\bafter that\b", re.IGNORECASE)
_ONE_MORE = re.compile(r"\b(?:cancel|return|refund) everything else\b|\bhave a manager\b|\bgive me a discount\b")
_DAY = r"(?:2024-\d\d-\d\d|May \d+)"
_ALL_DAYS = re.compile(rf"{_DAY},? and {_DAY}")
_NOTHING_AT_ALL = re.compile(r"nothing should be changed|leave everything|keep what I have")


def answer_prompt(request: Request) -> str:
    """The answers to a prompt of `MeaningCheck` as JSON."""
    asked = _PROMPT.fullmatch(str(request.messages[-1].content))
    assert asked is not None, request.messages[-1].content
    shop = "order_id" in asked["questions"] or "send items back" in asked["questions"]
    answers = {}
    for name in ("request", "scenario"):
        if (text := asked[name]) is None:
            continue
        text = in_first_person(text) if name == "scenario" else text
        for old, new in _OTHER_WORDS:
            text = re.sub(old, new, text)
        try:
            wishes = _of_shop(text, asked["facts"]) if shop else _of_airline(text, asked["facts"])
        except (NotUnderstood, Unsound, StopIteration):
            continue
        if _ONE_MORE.search(text):
            wishes.append({"wish": "other"})
        answers[name] = {"in_order": "yes" if _ORDER_MATTERS.search(text) else "no", "wishes": wishes}
    return json.dumps(answers)


@lru_cache(maxsize=1)
def _shop_reader() -> retail_reader.Reader:
    return retail_reader.Reader(Phrases(tuple(sorted(product.name for product in CATALOGUE))))


def _of_shop(text: str, facts: str) -> list[Answers]:
    found: list[Answers] = []
    more = [one for one in sentences(facts) if METHOD.search(one) or any(form.search(one) for form in ADDRESSES)]
    for wish in _shop_reader().read(text, more).wishes:
        found.append(_shop_wish(wish, text) | {"stands_in": "no"})
        if wish.limit is not None:
            found[-1]["limit"] = wish.limit
        if wish.instead is not None:
            other = wish.instead
            other.order = other.order or wish.order
            found.append(_shop_wish(other, text) | {"stands_in": "yes"})
            if _NOTHING_AT_ALL.search(text):
                found[-1]["leave"] = True
    return found


def _shop_wish(wish: retail_reader.Wish, text: str) -> Answers:
    kinds = {"profile": "live", "restore": "bring_back", "other": "other_product", "ask": "tell"}
    kind = kinds.get(wish.act, wish.act)
    if wish.scope and wish.act in ("cancel", "return") and (not wish.items or wish.items[0].every):
        kind = f"{wish.act}_all"
    told: Answers = {"wish": kind, "reason": wish.reason or None, "city": wish.city or None}
    if wish.order is not None:
        told |= _order(wish.order, "order")
    if wish.source is not None:
        told |= _order(wish.source, "like")
    items = [*wish.items, *(old for old, _ in wish.swaps)]
    told |= _items(items, plural=wish.scope == "")
    for _, new in wish.swaps:
        parts = re.split(r", | and |;", new.options) if new.options else []
        told.setdefault("new_options", []).extend(
            re.sub(r"^a \w+$", "yes", re.sub(r"^(.*) as the \w+$", r"\1", part)) for part in parts
        )
        told["price"] = {"least": "lowest", "most": "highest"}.get(new.pick)
        if new.step:
            told |= {"scale": new.axis, "up": new.step in ("up", "highest"), "end": new.step in ("highest", "lowest")}
    if wish.keep not in ("", "rest", "nothing"):
        told["option" if wish.act == "ask" else "kept_options"] = wish.keep
    if wish.saving:
        told["saving"] = True
    if wish.saving or any(one.pick for one in items):
        told["items_status"] = [one for one in (wish.scope, wish.saving) if one]
    if wish.method is not None:
        told["method"] = True if wish.method.kind == "original" else wish.method.kind.replace(" ", "_")
        told["card"] = wish.method.last_four or None
    if wish.address is not None:
        names = {"street": "address1", "unit": "address2", "city": "city", "state": "state", "zip": "zip"}
        told |= {name: wish.address[part] for name, part in names.items()}
    if wish.act == "ask":
        told["told"] = {"total": "paid", "versions": "count"}.get(wish.told, wish.told)
    if wish.act == "other":
        told["told"] = "other product"
    return told


def _order(order: OrderRef, name: str) -> Answers:
    told: Answers = {
        f"{name}_id": order.order_id or None, f"{name}_with": order.holding or None,
        f"{name}_ends": order.ends or None, f"{name}_status": order.status or None,
    }  # fmt: skip
    if order.pick:
        told[f"{name}_cost"] = order.pick == "most"
    if order.covered:
        told[f"{name}_covered"] = True
    return told


def _items(items: list[Item], *, plural: bool) -> Answers:
    told: Answers = {"items": [one.name for one in items if one.name]}
    for one in items:
        if one.category:
            told["category"] = one.category
        if one.every and one.pick:
            told["all_but"] = one.pick == "most"
        elif one.pick:
            told["extreme_item"] = one.pick == "most"
        elif one.every and plural:
            told["all_items"] = True
    return told


def _of_airline(text: str, facts: str) -> list[Answers]:
    read = airline.read(text, [facts], {})
    found: list[Answers] = []
    for wish in read.wishes:
        found.append(_travel_wish(wish, text, read.born) | {"stands_in": "no"})
        if wish.instead is not None:
            found.append(_travel_wish(wish.instead, text, read.born) | {"stands_in": "yes"})
    return found


_REASONS = {"plans": "change of plan", "airline": "airline cancelled"}
_GOALS = {"": "cheapest", "second": "second cheapest"}
_TOLD = {"free bags": "free_bags", "status": "flight_status"}
_HELD = {"both balances": "both", "gift cards": "gift_card", "certificates": "certificate"}


def _travel_wish(wish: TravelWish, text: str, born: dict[str, str]) -> Answers:
    kinds = {
        "cabin": "recabin", "cabins": "recabin_all", "upgrade": "recabin", "person": "passenger",
        "fewer": "head_count", "lost": "compensate", "delay": "compensate", "unbag": "bags", "ask": "tell",
    }  # fmt: skip
    kind = kinds.get(wish.act, wish.act)
    trip = wish.trip
    told: Answers = {"wish": kind, "cabin": wish.cabin.replace(" ", "_") or None, "limit": wish.limit}
    if trip is not None:
        if trip.every in ("cancellable", "lost"):
            told["wish"] = f"{kind}_all"
        told |= {"trip_id": trip.reservation_id or None, "route": trip.route, "with_passenger": trip.passenger or None}
        told["trip_to"] = trip.to or None
        if trip.every == "cabin":
            told["from_cabin"] = trip.cabin.replace(" ", "_")
        if trip.pick in ("first", "last"):
            told["start"] = trip.pick
        elif trip.pick in ("most", "least"):
            told |= {"paid": trip.pick, "paid_cabin": trip.cabin.replace(" ", "_")}
        elif trip.pick == "upgrade":
            told["upgraded"] = told["cabin"]
    if wish.act == "cancel":
        told["reason"] = _REASONS.get(wish.reason, wish.reason)
    if wish.act in ("lost", "delay"):
        told["event"] = "cancelled" if wish.act == "lost" else "delayed"
        told["told"] = "delay"
    if wish.act in ("insure", "elsewhere"):
        told["told"] = {"insure": "insurance", "elsewhere": "destination"}[wish.act]
    if wish.act == "unbag":
        found = re.search(r"(\d+) (?:checked )?(?:bags? )?(?:fewer|off|of the checked bags)", text)
        told["more_bags"] = found and -int(found[1])
    if wish.act == "bags":
        told["more_bags"] = wish.bags
    told |= _flying(wish, text) if wish.act in ("book", "rebook") or wish.told_of == "fare" else {}
    if wish.act == "book":
        told |= _party(wish, born)
    told |= _paying(wish.methods)
    if wish.act in ("person", "fewer"):
        told |= {"old_traveller": wish.who, "last_name": wish.new_name.split()[-1] if wish.new_name else None}
        if wish.new_name and wish.new_name.split()[0] != wish.who.split()[0]:
            told["first_name"] = wish.new_name.split()[0]
        told["born"] = born.get(wish.new_name) or born.get(wish.who)
    if wish.act == "ask":
        told["told"] = "vouchers" if wish.told_of in _HELD else _TOLD.get(wish.told_of, wish.told_of)
        told["held"] = _HELD.get(wish.told_of)
    return told


def _flying(wish: TravelWish, text: str) -> Answers:
    days = [*wish.days, *wish.days_back]
    alternatives = not _ALL_DAYS.search(text)
    goal = _GOALS.get(wish.goal) or " ".join(
        {"leave": "departure", "arrive": "arrival"}.get(word, word) for word in reversed(wish.goal.split())
    )
    told: Answers = {
        "dates": days if alternatives else None, "pick": goal, "nonstop": True if wish.nonstop else None,
        "not_before": wish.not_before or None, "before": wish.before or None, "leaves_at": wish.at or None,
        "there_by": wish.there_by or None, "half": wish.direction or None,
    }  # fmt: skip
    if wish.act != "rebook":
        both = wish.round_trip
        told["from"] = [*wish.origins, *([wish.destination] if both else [])]
        told["to"] = [wish.destination, *(wish.origins[:1] if both else [])]
    return told


def _party(wish: TravelWish, born: dict[str, str]) -> Answers:
    new = [name for name in wish.people or [] if name in born]
    return {
        "flies": True, "insurance": wish.insurance, "bags": wish.bags,
        "saved": [name for name in wish.people or [] if name not in born],
        "first_name": [name.split()[0] for name in new], "last_name": [name.split()[-1] for name in new],
        "born": [born[name] for name in new],
    }  # fmt: skip


def _paying(methods: list[TravelMethod]) -> Answers:
    return {
        "method": [one.source.replace(" ", "_") for one in methods],
        "card": [one.last_four for one in methods if one.last_four],
        "amount": [one.amount for one in methods if one.amount is not None],
    }
