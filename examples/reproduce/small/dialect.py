"""The dialect: a task of the shop in about a hundred tokens, and its actions as the shop's own tool calls.

A request keeps its words; products are one token each (`knitting_kit`). Everything with an id is a place (`@3`),
totals of orders are ranks among the customer's own (`$2`): `names.py` gives both other tokens in every row.

    ... cancel the priciest of my pending orders ... GO FIND @0 READ @0 paypal @3 @4 orders @1 @2
    READ @1 bird_feeder @4 pending $0 @1 READ @2 lamp kettle @5 pending $1 @2 BY most CANCEL @2 no_longer_needed ok DONE

An action is a verb with its places; what follows it is what the agent sees, cut to the fields that decide. Before a
write the agent says to itself how what it writes about was asked for: `BY most`, `TO least`, `WITH paypal`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from writ_domains.kit.people import Address
from writ_domains.retail.goals.meant import total
from writ_domains.retail.goals.objectives import address_arguments
from writ_domains.retail.schema import CreditCard, Order, User

from writ_async import Action, State, Task, World

GO: Final = "GO"
DONE: Final = "DONE"
FIND: Final = "FIND"
READ: Final = "READ"
OK: Final = "ok"
ERROR: Final = "error"
ORIGINAL: Final = "original"
THOUGHTS: Final = ("BY", "TO", "WITH")
CHOICES: Final = ("most", "least", "name", "all")
VERBS: Final = (FIND, READ, *THOUGHTS, "CANCEL", "PAY", "RETURN", "SHIP", "LIVE", DONE)
REASONS: Final = {"no_longer_needed": "no longer needed", "ordered_by_mistake": "ordered by mistake"}
MOST_ORDERS: Final = 8
MOST_TOTALS: Final = 12
MOST_IDS: Final = 40
"""Sizes of the pools of tokens for totals and ids, and the most orders that a customer may have here."""

_WORD = re.compile(r"#W\d+|[a-z0-9_']+", re.IGNORECASE)
_FINDING = ("find_user_id_by_email", "find_user_id_by_name_zip")
_IDENTITY = frozenset({"email", "name", "zip"})


class Untranslatable(Exception):
    """A task that the dialect has no words for; its text says which."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One task in the dialect. `request` is what the user says; `places` has the number of each id of the customer.

    `totals` are those of the customer's orders, from the least on: a token is the rank of one among them.
    """

    task: Task
    user: str
    request: tuple[str, ...]
    places: dict[str, int]
    totals: tuple[float, ...]

    def place(self, value: str) -> str:
        """The token of an id. Raises `Untranslatable` for one of nobody here."""
        if value not in self.places:
            raise Untranslatable(f"{value} is none of the customer's")
        return f"@{self.places[value]}"

    def value(self, token: str) -> str | None:
        """The id that a token stands for; None where it stands for none."""
        if not token.startswith("@"):
            return None
        return next((value for value, place in self.places.items() if f"@{place}" == token), None)


def _address_id(address: Address) -> str:
    """An address as one text, to have a place like an id."""
    return "at " + ", ".join(address_arguments(address).values())


def _product_token(name: str) -> str:
    """A product as one token: `knitting_kit`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def compile_task(task: Task, world: World) -> Case:
    """A task in the dialect. Raises `Untranslatable` where it asks for what the dialect does not have."""
    if task.communicate or not task.goals or task.scenario.change or task.scenario.choice:
        raise Untranslatable("the dialect tells no values, and nobody is asked in it")
    user = _user_of(task, world)
    orders: list[Order] = [world.tables["orders"][key] for key in user.orders]
    if len(orders) > MOST_ORDERS:
        raise Untranslatable("too many orders")
    if any(len({item.name for item in order.items}) < len(order.items) for order in orders):
        raise Untranslatable("two items of one product in an order")
    ids = [user.user_id, *user.orders, *user.payment_methods]
    ids += [one.last_four for one in user.payment_methods.values() if isinstance(one, CreditCard)]
    ids += map(_address_id, [user.address, *(order.address for order in orders)])
    places = {value: number for number, value in enumerate(dict.fromkeys(ids))}
    totals = tuple(sorted({total(order) for order in orders}))
    if len(totals) > MOST_TOTALS or len(places) > MOST_IDS:
        raise Untranslatable("too many amounts or ids")
    said = " ".join([task.scenario.request, *(f.text for f in task.scenario.facts if f.slot not in _IDENTITY)])
    request = tuple(_request_tokens(said, places, world))
    return Case(task=task, user=user.user_id, request=request, places=places, totals=totals)


def _user_of(task: Task, world: World) -> User:
    who = task.goals[0].params["who"]
    users: Mapping[str, User] = world.tables["users"]
    for user in users.values():
        if "email" in who:
            if user.email == who["email"]:
                return user
        elif (user.name.first_name, user.name.last_name, user.address.zip) == (
            who["first_name"],
            who["last_name"],
            who["zip"],
        ):
            return user
    raise Untranslatable("the customer is not in the world")


def _request_tokens(said: str, places: Mapping[str, int], world: World) -> list[str]:
    """The words of a request, with products and ids as tokens of their own."""
    names = sorted({product.name.lower() for product in world.tables["products"].values()}, key=len, reverse=True)
    text = said.lower()
    for name in names:
        text = re.sub(rf"\b{re.escape(name)}\b", _product_token(name), text)
    words = [word.upper() if word.startswith("#w") else word for word in _WORD.findall(text)]
    return [f"@{places[word]}" if word in places else word for word in words]


def _action_tokens(case: Case, number: int) -> list[str]:
    """A gold call of the task as an action. Raises `Untranslatable` for a tool that the dialect lacks."""
    action = (case.task.actions or ())[number]
    given = action.arguments
    if action.name in _FINDING:
        return [FIND]
    if action.name == "get_user_details":
        return [READ, case.place(given["user_id"])]
    if action.name == "get_order_details":
        return [READ, case.place(given["order_id"])]
    if action.name == "cancel_pending_order":
        reason = next(token for token, words in REASONS.items() if words == given["reason"])
        return ["CANCEL", case.place(given["order_id"]), reason]
    if action.name == "modify_pending_order_payment":
        return ["PAY", case.place(given["order_id"]), case.place(given["payment_method_id"])]
    if action.name == "modify_pending_order_address":
        return ["SHIP", case.place(given["order_id"]), case.place(_address_id(Address(**_without(given, "order_id"))))]
    if action.name == "modify_user_address":
        return ["LIVE", case.place(_address_id(Address(**_without(given, "user_id"))))]
    raise Untranslatable(f"the dialect has no {action.name}")


def _without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def _return_tokens(case: Case, number: int, world: World) -> list[str]:
    """A gold return as an action, its items by their products."""
    given = (case.task.actions or ())[number].arguments
    names = {item.item_id: _product_token(item.name) for item in world.tables["orders"][given["order_id"]].items}
    goal = next(goal for goal in case.task.goals if number in goal.writes)
    original = goal.objective == "return_all" or goal.params.get("refund", {}).get("original")
    method = ORIGINAL if original else case.place(given["payment_method_id"])
    return ["RETURN", case.place(given["order_id"]), *(names[item] for item in given["item_ids"]), method]


def gold_actions(case: Case, world: World) -> list[list[str]]:
    """All gold calls of the task as actions, in order, before each write what was thought. Raises `Untranslatable`."""
    found: list[list[str]] = []
    for number, action in enumerate(case.task.actions or ()):
        found += _thoughts(case, number)
        returns = action.name == "return_delivered_order_items"
        found.append(_return_tokens(case, number, world) if returns else _action_tokens(case, number))
    return found


def _thoughts(case: Case, number: int) -> list[list[str]]:
    """What the agent says to itself before a gold write: by what the order is chosen, the address, and what pays.

    That is the request in other words, and nothing that would have to be read: `BY most WITH @7 PAY @4 @6`.
    """
    goal = next((goal for goal in case.task.goals if number in goal.writes), None)
    if goal is None:
        return []
    found = [["BY", "all"]] if goal.objective in ("cancel_all", "return_all") else []
    if "order" in goal.params:
        found.append(["BY", _choice(goal.params["order"])])
    if "like" in goal.params.get("address", {}):
        found.append(["TO", _choice(goal.params["address"]["like"])])
    method = goal.params.get("pay") or goal.params.get("refund") or {}
    if "source" in method:
        found.append(["WITH", case.place(method["last_four"]) if "last_four" in method else method["source"]])
    return found


def _choice(wanted: Mapping[str, Any]) -> str:
    return ("most" if wanted["most"] else "least") if "most" in wanted else "name"


def is_complete(action: Sequence[str]) -> bool:
    """Whether an action has all its places; a return ends with what the refund goes to."""
    verb = action[0]
    if verb in (FIND, DONE):
        return True
    if verb in (READ, "LIVE", *THOUGHTS):
        return len(action) == 2
    if verb == "RETURN":
        return len(action) > 3 and (action[-1] == ORIGINAL or action[-1].startswith("@"))
    return len(action) == 3


def compile_action(case: Case, action: Sequence[str], state: State) -> Action | None:
    """The tool call that an action stands for; None where its tokens name nothing."""
    verb = action[0]
    if verb == FIND:
        who = case.task.goals[0].params["who"]
        return Action(_FINDING[0 if "email" in who else 1], dict(who))
    subject = case.value(action[1])
    if subject is None:
        return None
    if verb == READ:
        if subject == case.user:
            return Action("get_user_details", {"user_id": subject})
        return Action("get_order_details", {"order_id": subject}) if subject.startswith("#") else None
    address = next((one for one in _addresses(case, state) if _address_id(one) == case.value(action[-1])), None)
    if verb in ("LIVE", "SHIP"):
        if address is None:
            return None
        if verb == "LIVE":
            return Action("modify_user_address", {"user_id": case.user, **address_arguments(address)})
        return Action("modify_pending_order_address", {"order_id": subject, **address_arguments(address)})
    order = state.get("orders", subject)
    if order is None:
        return None
    given: dict[str, Any] = {"order_id": subject}
    if verb == "CANCEL":
        reason = REASONS.get(action[2])
        return None if reason is None else Action("cancel_pending_order", {**given, "reason": reason})
    method = order.payment_history[0].payment_method_id if action[-1] == ORIGINAL else case.value(action[-1])
    if method is None:
        return None
    if verb == "PAY":
        return Action("modify_pending_order_payment", {**given, "payment_method_id": method})
    items = {_product_token(item.name): item.item_id for item in order.items}
    chosen = [items.get(name) for name in action[2:-1]]
    if None in chosen:
        return None
    return Action("return_delivered_order_items", {**given, "item_ids": chosen, "payment_method_id": method})


def _order(state: State, order_id: str) -> Order:
    found: Any = state.get("orders", order_id)
    assert isinstance(found, Order)
    return found


def _addresses(case: Case, state: State) -> list[Address]:
    user: Any = state.get("users", case.user)
    return [user.address, *(_order(state, order).address for order in user.orders)]


def observation(case: Case, call: Action, state: State) -> list[str]:
    """What the agent sees of a call that succeeded."""
    if call.name in _FINDING:
        return [case.place(case.user)]
    if call.name == "get_user_details":
        user: Any = state.get("users", case.user)
        seen = []
        for method in user.payment_methods.values():
            seen += [str(method.__struct_config__.tag), case.place(method.id)]
            seen += [case.place(method.last_four)] if isinstance(method, CreditCard) else []
        return [*seen, case.place(_address_id(user.address)), "orders", *(case.place(order) for order in user.orders)]
    if call.name == "get_order_details":
        order = _order(state, call.arguments["order_id"])
        seen = [_product_token(item.name) for item in order.items]
        to, paid = case.place(_address_id(order.address)), f"${case.totals.index(total(order))}"
        return [*seen, to, order.status.split(" ")[0], paid, case.place(order.order_id)]
    return [OK]
