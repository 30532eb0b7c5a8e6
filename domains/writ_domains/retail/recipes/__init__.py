"""Recipes of the shop: ways to draw a task, with its gold calls, from any world of the domain."""

from typing import Final

from writ_domains.retail.recipes import (
    addresses,
    asked,
    asking,
    cancelling,
    changing_minds,
    falling_back,
    paying,
    relative,
    returning,
    several,
    swapping,
)
from writ_domains.retail.recipes.customers import (
    Customer,
    among_all,
    among_orders,
    every,
    having,
    on_named,
    recipe,
    recipe_of_change,
    with_products_of,
)

_PENDING: Final = having("pending")
_DELIVERED: Final = having("delivered")
_AMONG_PENDING: Final = having("pending", 2, orders=3)
_AMONG_TWO: Final = having("pending", orders=2)
_AMONG_DELIVERED: Final = having("delivered", 1, orders=3)


def _has_either(customer: Customer) -> bool:
    """Whether a customer has an order that is pending or delivered."""
    return _PENDING(customer) or _DELIVERED(customer)


def _has_like_items(customer: Customer) -> bool:
    """Whether an order of a customer that is pending or delivered holds two items of one product."""
    return any(asked.has_like_items(status, customer) for status in ("pending", "delivered"))


def _has_shared(customer: Customer) -> bool:
    """Whether several orders of a customer hold one product, and are pending."""
    return bool(asked.shared_by_pending(customer))


RECIPES: Final = (
    recipe("cancel_order", "normal", cancelling.cancel_order, fits=_PENDING),
    recipe("return_items", "normal", returning.return_items, fits=_DELIVERED),
    recipe("exchange_item", "normal", swapping.exchange_item, fits=_DELIVERED),
    recipe("modify_item", "normal", swapping.modify_item, fits=_PENDING),
    recipe("ship_elsewhere", "normal", addresses.ship_elsewhere, fits=_PENDING),
    recipe("pay_otherwise", "normal", paying.pay_otherwise, fits=_PENDING),
    recipe("change_profile_address", "normal", addresses.change_profile_address, span=on_named(1, 2)),
    recipe(
        "errands_by_id",
        "write-intensive",
        several.errands_by_id,
        fits=several.has_several,
        span=several.errands_on_named,
    ),
    recipe(
        "errands_by_item",
        "write-intensive",
        several.errands_by_item,
        fits=several.has_several,
        span=several.errands_on_described,
    ),
    recipe(
        "move_house",
        "write-intensive",
        addresses.move_house,
        fits=having("pending", 1, several.MOST - 1),
        span=every("pending", 1, 1),
    ),
    recipe(
        "clear_pending",
        "write-intensive",
        cancelling.clear_pending,
        fits=having("pending", 2, several.MOST),
        span=every("pending"),
    ),
    recipe(
        "return_everything",
        "write-intensive",
        returning.return_everything,
        fits=having("delivered", 2, 6),
        span=every("delivered"),
    ),
    recipe(
        "several_of_one_order",
        "write-intensive",
        several.several_of_one_order,
        fits=_PENDING,
        span=several.on_one_order,
    ),
    recipe(
        "refund_pays_next", "write-intensive", paying.refund_pays_next, fits=having("pending", 2), span=paying.two_named
    ),
    recipe(
        "all_and_extreme",
        "write-intensive",
        several.all_and_extreme,
        fits=several.has_both_and_few,
        span=every("pending", 1, 2, with_products_of("delivered")),
    ),
    recipe(
        "extremes_together",
        "write-intensive",
        several.extremes_together,
        fits=several.has_both,
        span=several.two_extremes,
    ),
    recipe("cancel_extreme_order", "read-heavy", cancelling.cancel_extreme_order, fits=_AMONG_PENDING, span=among_all),
    recipe("pay_extreme_order", "read-heavy", paying.pay_extreme_order, fits=_AMONG_PENDING, span=among_all),
    recipe("pay_covered_order", "read-heavy", paying.pay_covered_order, fits=having("pending", 2), span=among_all),
    recipe("return_extreme_item", "read-heavy", returning.return_extreme_item, fits=_AMONG_DELIVERED, span=among_all),
    recipe(
        "return_all_but_one",
        "read-heavy",
        returning.return_all_but_one,
        fits=having("delivered", 2, orders=3),
        span=among_all,
    ),
    recipe(
        "exchange_extreme_item", "read-heavy", swapping.exchange_extreme_item, fits=_AMONG_DELIVERED, span=among_all
    ),
    recipe(
        "exchange_for_savings",
        "read-heavy",
        swapping.exchange_for_savings,
        fits=having("delivered", orders=2),
        span=with_products_of("delivered"),
    ),
    recipe(
        "modify_for_savings",
        "read-heavy",
        swapping.modify_for_savings,
        fits=having("pending", orders=2),
        span=with_products_of("pending"),
    ),
    recipe(
        "address_of_extreme_order",
        "read-heavy",
        addresses.address_of_extreme_order,
        fits=lambda customer: len(customer.orders) >= 3,
        span=among_all,
    ),
    recipe(
        "ship_like_extreme_order",
        "read-heavy",
        addresses.ship_like_extreme_order,
        fits=lambda customer: len(customer.orders) >= 4 and several.has_both(customer),
        span=among_orders,
    ),
    recipe("second_choice", "normal", falling_back.second_choice, fits=_has_either),
    recipe("within_budget", "normal", falling_back.within_budget, fits=_PENDING),
    recipe("cancel_or_return", "normal", falling_back.cancel_or_return, fits=_has_either),
    recipe("ship_or_live", "normal", falling_back.ship_or_live, fits=_PENDING),
    recipe("pay_or_pay", "normal", falling_back.pay_or_pay, fits=_PENDING),
    recipe("modify_items", "normal", swapping.modify_items, fits=_PENDING),
    recipe("return_category", "normal", returning.return_category, fits=_DELIVERED),
    recipe_of_change("keep_after_all", changing_minds.keep_after_all, fits=_PENDING),
    recipe_of_change("another_version", changing_minds.another_version, fits=_has_either),
    recipe_of_change("return_or_exchange", changing_minds.return_or_exchange, fits=_DELIVERED),
    recipe("next_version", "normal", relative.next_version, fits=_has_either),
    recipe("ship_to_city", "normal", relative.ship_to_city, fits=_AMONG_TWO, span=among_all),
    recipe(
        "live_in_city", "normal", relative.live_in_city, fits=lambda customer: len(customer.orders) >= 2, span=among_all
    ),
    recipe("order_by_its_end", "normal", relative.order_by_its_end, fits=_PENDING, span=on_named(3, 4)),
    recipe("which_to_return", "normal", asked.which_to_return, fits=lambda one: asked.has_like_items("delivered", one)),
    recipe("which_to_swap", "normal", asked.which_to_swap, fits=_has_like_items),
    recipe("which_order", "normal", asked.which_order, fits=_has_shared, span=among_all),
    recipe("both_orders", "write-intensive", asked.both_orders, fits=_has_shared, span=asked.on_each),
    recipe("partly", "normal", falling_back.partly, fits=_PENDING, span=on_named(2, 2)),
    recipe("ask_about_order", "information", asking.ask_about_order),
    recipe(
        "ask_about_extreme_order", "information", asking.ask_about_extreme_order, fits=_AMONG_PENDING, span=among_all
    ),
    recipe("ask_for_balance", "information", asking.ask_for_balance),
    recipe("refuse_cancelling", "refusal", cancelling.refuse_cancelling),
    recipe("hand_over_cancelled", "refusal", cancelling.hand_over_cancelled, fits=having("cancelled")),
    recipe("refuse_shipping", "refusal", addresses.refuse_shipping),
    recipe("refuse_return", "refusal", returning.refuse_return),
    recipe("refuse_out_of_stock", "refusal", swapping.refuse_out_of_stock),
    recipe("neither_version", "refusal", relative.neither_version, fits=_has_either),
    recipe("refuse_other_product", "refusal", swapping.refuse_other_product, fits=_has_either),
    recipe("refuse_poor_gift_card", "refusal", paying.refuse_poor_gift_card, fits=_PENDING),
    recipe("refuse_wrong_refund", "refusal", returning.refuse_wrong_refund, fits=_DELIVERED),
)
"""All recipes of the shop."""

__all__ = ["RECIPES"]
