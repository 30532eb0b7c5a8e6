"""How the shop's recipes are made: an idea for customers drawn at random, of those that it fits."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_async.core.task import Kind
from writ_domains.kit.gold import Gold, choose_one, recipe_maker
from writ_domains.kit.identity import identify_by_email_or_zip
from writ_domains.kit.wishes import Request, Wish, draft_request
from writ_domains.retail.goals import RULES
from writ_domains.retail.recipes import wording
from writ_domains.retail.recipes.shopper import Shopper, shoppers
from writ_domains.retail.tools import TOOLS

Idea = Callable[[World, Shopper, Random], Request]
_make_recipe: Final = recipe_maker(RULES, TOOLS, tries=30)


def request(wishes: tuple[Wish, ...], *, unknown: bool = False, intro: str = "", ordered: bool = False) -> Request:
    """A customer's wishes; `unknown` where the customer knows no order id."""
    ids = wording.NO_ORDER_IDS if unknown else ()
    return Request(wishes, intro=intro, ordered=ordered, unknown=ids, background=wording.BACKGROUND)


def having(status: str, least: int = 1, most: int = 100, orders: int = 1) -> Callable[[Shopper], bool]:
    """Whether a customer has so many orders of a status, and at least `orders` in all."""
    return lambda shopper: len(shopper.orders) >= orders and least <= len(shopper.with_status(status)) <= most


def recipe(name: str, kind: Kind, idea: Idea, *, fits: Callable[[Shopper], bool] = lambda _: True) -> Recipe:
    """A recipe that tries an idea on customers drawn at random, of those that fit."""

    def candidates(world: World) -> tuple[Shopper, ...]:
        return tuple(shopper for shopper in shoppers(world) if fits(shopper))

    def build(world: World, rng: Random, gold: Gold) -> Draft:
        shopper = choose_one(rng, world.index(f"retail.recipes.{name}", candidates))
        wanted, user = idea(world, shopper, rng), shopper.user
        return draft_request(wanted, identify_by_email_or_zip(user.name, user.email, user.address.zip, rng), gold, rng)

    return _make_recipe(name, kind, build)
