"""Where orders are sent, and where the customer lives: addresses that are said, or that another order has."""

from __future__ import annotations

from random import Random

import msgspec

from writ_async.core.state import World
from writ_async.core.task import Fact
from writ_domains.kit.gold import Unfit
from writ_domains.kit.people import Address, draw_address
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish
from writ_domains.retail import phrases
from writ_domains.retail.recipes.customers import (
    Customer,
    Pointer,
    one_of,
    one_other_than,
    point,
    point_at_extreme,
    request,
)


def ship_to(address: Address, where: Pointer, rng: Random) -> Wish:
    """The wish to send a pending order to an address that the customer says."""
    said = pick(rng, phrases.ADDRESS).format(a=address)
    return Wish(
        objective="ship",
        params={"order": where.order, "address": msgspec.structs.asdict(address)},
        phrase=pick(rng, phrases.SHIP).format(where.text),
        details=(Fact("address", said, pick(rng, phrases.NEW_ADDRESS).format(said)),),
    )


def live_at(address: Address, rng: Random) -> Wish:
    """The wish to change the default address to one that the customer says."""
    said = pick(rng, phrases.ADDRESS).format(a=address)
    return Wish(
        objective="live",
        params={"address": msgspec.structs.asdict(address)},
        phrase=pick(rng, phrases.PROFILE),
        details=(Fact("address", said, pick(rng, phrases.HOME_ADDRESS).format(said)),),
    )


def ship_elsewhere(world: World, customer: Customer, rng: Random) -> Request:
    """A pending order to an address that is said."""
    where = point(customer, one_of(customer, "pending", rng), rng)
    return request(ship_to(draw_address(rng), where, rng), unknown=not where.by_id)


def change_profile_address(world: World, customer: Customer, rng: Random) -> Request:
    """A new default address that is said."""
    address = draw_address(rng)
    if address == customer.user.address:
        raise Unfit("the same address")
    return request(live_at(address, rng), unknown=False)


def address_of_extreme_order(world: World, customer: Customer, rng: Random) -> Request:
    """The default address becomes that of the dearest or cheapest order of a status."""
    where = point_at_extreme(pick(rng, ("pending", "delivered")), rng)
    phrase = pick(rng, phrases.HOME_LIKE_ORDER).format(where.text)
    return request(Wish("live", {"address": {"like": where.order}}, phrase))


def ship_like_extreme_order(world: World, customer: Customer, rng: Random) -> Request:
    """The dearest or cheapest pending order goes where an extreme delivered one went."""
    other, where = point_at_extreme("delivered", rng), point_at_extreme("pending", rng)
    phrase = pick(rng, phrases.SHIP_LIKE).format(where=where.text, other=other.text)
    return request(Wish("ship", {"order": where.order, "address": {"like": other.order}}, phrase))


def move_house(world: World, customer: Customer, rng: Random) -> Request:
    """A new default address, and the same for every pending order."""
    home = live_at(draw_address(rng), rng)
    wish = Wish("move", home.params, pick(rng, phrases.MOVE), details=home.details)
    return request(wish, intro=pick(rng, phrases.MOVED))


def refuse_shipping(world: World, customer: Customer, rng: Random) -> Request:
    """An order that is not pending is to go elsewhere."""
    where = point(customer, one_other_than(customer, "pending", rng), rng)
    return request(ship_to(draw_address(rng), where, rng), unknown=not where.by_id)
