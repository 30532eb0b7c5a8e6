"""Generated shops are consistent to the cent, and the same wherever they are drawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import combinations
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writ_domains.retail import DOMAIN
from writ_domains.retail.catalogue import CATALOGUE, CATEGORIES, DEBATABLE
from writ_domains.retail.goals.scales import ordered
from writ_domains.retail.schema import GiftCard, Order

from tests.support.shared_data import SHARED, needs_shared
from tools.rereading import retail_scales
from writ_async.core.state import State, World
from writ_async.errors import InputError

_worlds = st.builds(DOMAIN.generate, st.integers(0, 2**32), st.integers(1, 40))


def _check_order(world: World, order: Order) -> None:
    user = world.tables["users"][order.user_id]
    paid = order.payment_history[0]
    assert order.status in ("pending", "processed", "delivered", "cancelled")
    assert paid.transaction_type == "payment"
    assert paid.payment_method_id in user.payment_methods
    assert paid.amount == round(sum(item.price for item in order.items), 2)
    assert order.order_id in user.orders
    for item in order.items:
        product = world.tables["products"][item.product_id]
        variant = product.variants[item.item_id]
        assert (item.name, item.price, item.options) == (product.name, variant.price, variant.options)
    shipped = [item_id for parcel in order.fulfillments for item_id in parcel.item_ids]
    assert shipped == ([item.item_id for item in order.items] if order.status in ("processed", "delivered") else [])
    refunds = [(row.transaction_type, row.amount, row.payment_method_id) for row in order.payment_history[1:]]
    assert refunds == ([("refund", paid.amount, paid.payment_method_id)] if order.status == "cancelled" else [])
    assert (order.cancel_reason is not None) == (order.status == "cancelled")


@settings(deadline=None)
@given(_worlds)
def test_orders_users_and_products_agree(world: World) -> None:
    users, orders = world.tables["users"], world.tables["orders"]
    listed = [order_id for user in users.values() for order_id in user.orders]
    assert sorted(listed) == sorted(orders)
    for key, order in orders.items():
        assert key == order.order_id
        _check_order(world, order)
    for key, user in users.items():
        assert key == user.user_id
        assert all(orders[order_id].user_id == key for order_id in user.orders)
        assert user.payment_methods
        for method_id, method in user.payment_methods.items():
            assert method_id == method.id
            if isinstance(method, GiftCard):
                assert method.balance == round(method.balance, 2) > 0


@settings(deadline=None)
@given(_worlds)
def test_lookups_find_one_user_and_options_and_prices_one_variant(world: World) -> None:
    users, products = world.tables["users"].values(), world.tables["products"].values()
    assert len({user.email.lower() for user in users}) == len(users)
    assert len({(user.name, user.address.zip) for user in users}) == len(users)
    item_ids = [item_id for product in products for item_id in product.variants]
    assert len({*item_ids, *(product.product_id for product in products)}) == len(item_ids) + len(products)
    for product in products:
        variants = list(product.variants.values())
        assert len({tuple(sorted(one.options.items())) for one in variants}) == len(variants) >= 6
        assert all(abs(one.price - other.price) > 0.39 for one, other in combinations(variants, 2))
        assert sum(one.available for one in variants) >= 2


@settings(deadline=None, max_examples=20)
@given(_worlds)
def test_a_world_survives_its_json(world: World) -> None:
    state = State(world)
    text = json.dumps(DOMAIN.dump(state)).encode()
    assert State(DOMAIN.load(text)).digest() == state.digest()


def test_sizes_are_as_promised() -> None:
    world = DOMAIN.generate(3, 500)
    assert len(world.tables["users"]) == 500
    assert 1350 < len(world.tables["orders"]) < 1750
    assert len(world.tables["products"]) == 52
    assert len(DOMAIN.generate(3, 2).tables["products"]) == 8
    with pytest.raises(InputError, match="at least 1 user"):
        DOMAIN.generate(3, 0)


def test_seeds_and_sizes_give_worlds_of_their_own() -> None:
    digests = {DOMAIN.generate(seed, size).digest() for seed in range(4) for size in (5, 6)}
    assert len(digests) == 8


def test_the_catalogue_names_every_type_and_option_once() -> None:
    assert len({kind.name for kind in CATALOGUE}) == len(CATALOGUE)
    for kind in CATALOGUE:
        assert all(len(set(values)) == len(values) >= 2 for values in kind.axes.values())
        assert prod(map(len, kind.axes.values())) >= 6


def test_categories_are_of_products_that_there_are() -> None:
    names = {kind.name for kind in CATALOGUE}
    assert CATEGORIES.keys() == DEBATABLE.keys()
    for category, members in CATEGORIES.items():
        assert members <= names
        assert DEBATABLE[category] <= names
        assert members.isdisjoint(DEBATABLE[category])


def test_a_second_reading_puts_products_where_the_catalogue_does() -> None:
    for category, members in CATEGORIES.items():
        surely, perhaps = (set(text.split(", ")) for text in retail_scales.CATEGORIES[category])
        assert surely == {name.lower() for name in members}
        assert perhaps == {name.lower() for name in DEBATABLE[category]}


def test_what_can_be_compared_is_ordered_alike_by_a_second_reading() -> None:
    for kind in CATALOGUE:
        for values in kind.axes.values():
            scale = ordered(values)
            ranks = [retail_scales.rank(value, set(values)) for value in scale]
            assert ranks == sorted(set(ranks))


def test_two_shops_have_most_of_their_products_each_for_itself() -> None:
    shops = [{one.name for one in DOMAIN.generate(seed, 60).tables["products"].values()} for seed in range(8)]
    pairs = list(combinations(shops, 2))
    assert sum(len(one & other) for one, other in pairs) < len(pairs) * 52 / 3


@needs_shared
def test_no_product_is_one_of_the_benchmark() -> None:
    assert SHARED is not None
    file = SHARED / "tau2" / "data" / "tau2" / "domains" / "retail" / "db.json"
    theirs = {product["name"] for product in json.loads(file.read_bytes())["products"].values()}
    assert theirs.isdisjoint(kind.name for kind in CATALOGUE)


_SCRIPT = """
import hashlib, msgspec
from random import Random
from writ_domains.retail import DOMAIN
world = DOMAIN.generate(11, 60)
drafts = [recipe.make(world, Random(f"{recipe.name}/{n}")) for recipe in DOMAIN.recipes for n in range(5)]
print(world.digest(), hashlib.sha256(msgspec.json.encode(drafts)).hexdigest())
"""


def test_worlds_and_drafts_do_not_depend_on_the_hash_seed() -> None:
    seen = set()
    for hash_seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        seen.add(done.stdout)
    assert len(seen) == 1


def test_like_products_are_held_twice_in_an_order_and_in_two() -> None:
    world = DOMAIN.generate(3, 300)
    orders = list(world.tables["orders"].values())
    twice = [one for one in orders if len({item.product_id for item in one.items}) < len(one.items)]
    assert 0.04 < len(twice) / len(orders) < 0.2
    assert all(len({item.item_id for item in one.items}) == len(one.items) for one in twice)
    shared = 0
    for user in world.tables["users"].values():
        held = [{item.product_id for item in world.tables["orders"][key].items} for key in user.orders]
        shared += any(first & second for first, second in combinations(held, 2))
    assert shared > 30
