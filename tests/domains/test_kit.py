"""The kit that domains are written on: its examples run, and gold calls are played as told."""

from __future__ import annotations

import doctest
import importlib
from random import Random

import pytest
from writ_domains.kit.goals import first_possible, other_orders
from writ_domains.kit.gold import Gold, Unfit, choose_one, choose_some, recipe_maker
from writ_domains.kit.payment import MethodForms, describe_method, find_method, name_method
from writ_domains.retail import DOMAIN, TOOLS
from writ_domains.retail.goals import RULES
from writ_domains.retail.schema import CreditCard, GiftCard, Order, PaymentMethod

from writ_async.core.domain import Draft
from writ_async.core.goal import Ambiguous, Decision, NothingFits, Reader
from writ_async.core.state import State, World
from writ_async.core.task import Scenario


@pytest.mark.parametrize("name", ["choosing", "gold", "goals", "identity", "payment", "sums", "tables", "wishes"])
def test_the_example_of_each_module_runs(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"writ_domains.kit.{name}"))
    assert found.attempted
    assert not found.failed


def _pending(world: World) -> Order:
    orders: list[Order] = [order for order in world.tables["orders"].values() if order.status == "pending"]
    return orders[0]


def test_a_cell_is_read_once_and_a_first_read_moves_the_writes() -> None:
    world = DOMAIN.generate(1, 30)
    order = _pending(world)
    gold = Gold(world, RULES, TOOLS)
    gold.read_first("list_all_product_types")
    gold.read_first("list_all_product_types")
    who = {"email": world.tables["users"][order.user_id].email}
    decision = gold.play_goal("cancel", {"who": who, "order": {"id": order.order_id}, "reason": "no longer needed"})
    draft = gold.draft(Scenario("You want to cancel."), [-12.50])
    names = [action.name for action in draft.actions]
    assert names == [
        "list_all_product_types", "find_user_id_by_email", "get_order_details", "cancel_pending_order",
    ]  # fmt: skip
    assert draft.goals[0].writes == (3,)
    assert draft.actions[3] == decision.writes[0]
    assert draft.communicate == ("12.5",)
    with pytest.raises(Unfit, match="cancelled"):
        gold.play_goal("cancel", {"who": who, "order": {"id": order.order_id}, "reason": "no longer needed"})


def test_a_refusal_plays_reads_but_no_write() -> None:
    world = DOMAIN.generate(1, 30)
    order = next(order for order in world.tables["orders"].values() if order.status == "delivered")
    who = {"email": world.tables["users"][order.user_id].email}
    gold = Gold(world, RULES, TOOLS, refusal=True)
    gold.play_goal("cancel", {"who": who, "order": {"id": order.order_id}, "reason": "no longer needed"})
    draft = gold.draft(Scenario("You want to cancel."), [3.0])
    assert [action.name for action in draft.actions] == ["find_user_id_by_email", "get_order_details"]
    assert (draft.goals[0].writes, draft.communicate) == ((), ())
    assert not list(gold.state.touched())


@pytest.mark.parametrize("error", [Unfit("no"), NothingFits("none"), Ambiguous("two"), None])
def test_a_recipe_tries_again_where_a_draw_does_not_fit(error: Exception | None) -> None:
    seen: list[int] = []

    def build(world: World, rng: Random, gold: Gold) -> Draft | None:
        seen.append(len(gold.actions))
        if len(seen) % 3:
            if error is not None:
                raise error
            return None
        return gold.draft(Scenario("You want nothing."))

    world = DOMAIN.generate(1, 10)
    assert recipe_maker(RULES, TOOLS, tries=5)("nothing", "normal", build).make(world, Random(0)) is not None
    assert recipe_maker(RULES, TOOLS, tries=2)("nothing", "normal", build).make(world, Random(0)) is None
    assert seen == [0] * 5


def test_nothing_to_choose_from_does_not_fit() -> None:
    with pytest.raises(Unfit):
        choose_one(Random(0), [])
    with pytest.raises(Unfit):
        choose_some(Random(0), ["a"], 2, 3)
    assert sorted(choose_some(Random(0), ["a", "b"], 2, 5)) == ["a", "b"]


def test_a_method_is_found_by_what_describes_it() -> None:
    methods: dict[str, PaymentMethod] = {
        "one": CreditCard("one", "visa", "1111"),
        "two": CreditCard("two", "visa", "2222"),
        "gift": GiftCard("gift", 5.0),
    }
    for method in methods.values():
        assert find_method(methods, describe_method(methods, method)) is method
    with pytest.raises(Ambiguous):
        find_method(methods, {"source": "credit_card"})
    with pytest.raises(NothingFits):
        find_method(methods, {"source": "paypal"})


def test_a_method_that_could_be_another_one_is_not_named() -> None:
    forms = MethodForms(
        card=("the {brand} card {last}",), only_card=("my card",), only={"gift_card": ("my gift card",)}
    )
    methods: dict[str, PaymentMethod] = {
        "one": CreditCard("one", "visa", "1111"),
        "two": CreditCard("two", "visa", "1111"),
        "first": GiftCard("first", 5.0),
        "second": GiftCard("second", 5.0),
    }
    for method in methods.values():
        with pytest.raises(Unfit):
            name_method(methods, method, forms, Random(0))
    assert name_method({"gift": methods["first"]}, methods["first"], forms, Random(0)) == "my gift card"


def test_many_items_are_not_put_in_every_order() -> None:
    assert len(list(other_orders("abc"))) == 5
    assert not list(other_orders("a"))
    assert not list(other_orders("abcdef"))


def _first_possible(world: World, order: Order, *statuses: str, leave: bool = False) -> Decision:
    """What is done with an order of which each option asks for a write that one status allows."""
    who = {"email": world.tables["users"][order.user_id].email}
    by_status = {
        "pending": {"objective": "cancel", "params": {"order": {"id": order.order_id}, "reason": "no longer needed"}},
        "delivered": {
            "objective": "return",
            "params": {"order": {"id": order.order_id}, "items": {"all": True}, "refund": {"original": True}},
        },
    }
    options = [by_status[status] for status in statuses]
    decide = first_possible(RULES.objectives)
    return decide(Reader(State(world), RULES.fetch), {"who": who, "options": options, "leave": leave})


@pytest.mark.parametrize("statuses", [("pending", "delivered"), ("delivered", "pending")])
def test_of_several_options_the_first_that_is_possible_is_done(statuses: tuple[str, str]) -> None:
    world = DOMAIN.generate(1, 60)
    orders: list[Order] = list(world.tables["orders"].values())
    for status, name in (("pending", "cancel_pending_order"), ("delivered", "return_delivered_order_items")):
        order = next(order for order in orders if order.status == status)
        decision = _first_possible(world, order, *statuses)
        assert ([action.name for action in decision.writes], decision.refused) == ([name], "")
    processed = next(order for order in orders if order.status == "processed")
    with pytest.raises(NothingFits):
        _first_possible(world, processed, *statuses)
    assert "processed" in _first_possible(world, processed, *statuses, leave=True).refused


def test_a_wish_that_is_taken_back_is_read_for_and_never_made() -> None:
    recipes = [recipe for recipe in DOMAIN.recipes if recipe.name == "keep_after_all"]
    world = DOMAIN.generate(1, 60)
    for seed in range(12):
        draft = recipes[0].make(world, Random(seed))
        assert draft is not None
        assert draft.first_wish is not None
        assert draft.scenario.change
        assert draft.scenario.change in draft.scenario.said
        writes = [action for action in draft.actions if TOOLS[action.name].kind == "write"]
        assert len(writes) == 1
        assert writes[0] != draft.first_wish.action
        assert 0 < draft.first_wish.after < len(draft.actions)
