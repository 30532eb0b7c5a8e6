"""Puts wishes into a draft: gold calls, certificates, and one scenario told in the first and the second person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import msgspec

from domains.common.phrasing import ask, greeting, instructions, pick, second_person, sentences, told
from domains.retail.recipes import wording
from domains.retail.recipes.gold import Gold, Unfit
from domains.retail.recipes.shopper import Identity, Shopper, identify, no_order_ids, shoppers
from domains.retail.recipes.wishes import Wish, distinct
from writ_async.domain import Draft, Recipe
from writ_async.state import World
from writ_async.task import Cell, Fact, Kind, Scenario

_TRIES: Final = 30
_BACKGROUND: Final = 0.5
_NEXT: Final = (
    "I also want to {}.",
    "Besides, I'd like to {}.",
    "Next, I want to {}.",
    "After that, I need to {}.",
    "Another thing: I'd like to {}.",
    "On top of that, I want to {}.",
)
_LAST: Final = (
    "Finally, I want to {}.",
    "And last, I'd like to {}.",
    "The last thing is to {}.",
    "To finish, I need to {}.",
)


class Plan(msgspec.Struct, frozen=True, gc=False):
    """The wishes of one draw, in the order in which they are to be carried out.

    `unknown`: the customer knows no order id. `reads` are made before the first write. `intro` is a first-person
    sentence that is said before the wishes.
    """

    wishes: tuple[Wish, ...]
    unknown: bool = False
    reads: tuple[Cell, ...] = ()
    intro: str = ""


Idea = Callable[[World, Shopper, Gold, Random], Plan]


def having(status: str, least: int = 1, most: int = 100, orders: int = 1) -> Callable[[Shopper], bool]:
    """Whether a customer has so many orders of a status, and at least `orders` in all."""
    return lambda shopper: len(shopper.orders) >= orders and least <= len(shopper.with_status(status)) <= most


def recipe(name: str, kind: Kind, idea: Idea, *, fits: Callable[[Shopper], bool] = lambda _: True) -> Recipe:
    """A recipe that tries an idea on customers drawn at random, of those that fit."""

    def candidates(world: World) -> tuple[Shopper, ...]:
        return tuple(shopper for shopper in shoppers(world) if fits(shopper))

    def make(world: World, rng: Random) -> Draft | None:
        pool = world.index(f"retail.recipes.{name}", candidates)
        for _ in range(_TRIES if pool else 0):
            shopper, gold = pick(rng, pool), Gold(world)
            try:
                return compose(shopper, idea(world, shopper, gold, rng), gold, rng)
            except Unfit:
                continue
        return None

    return Recipe(name, kind, make)


def compose(shopper: Shopper, plan: Plan, gold: Gold, rng: Random) -> Draft:
    """The draft of a plan. Raises `Unfit` when a gold call is refused."""
    identity = identify(shopper.user, rng)
    gold.read((identity.cell,))
    gold.read(plan.reads)
    for wish in plan.wishes:
        gold.write(wish.tool, wish.arguments, distinct((identity.cell, *wish.cells)))
    return Draft(
        scenario=_tell(plan, identity, rng),
        actions=tuple(gold.actions),
        certificates=tuple(gold.certificates),
        communicate=tuple(wish.answer for wish in plan.wishes if wish.answer),
    )


def _tell(plan: Plan, identity: Identity, rng: Random) -> Scenario:
    request, reason = [greeting(rng)], []
    facts = list(identity.facts)

    def remark(text: str) -> None:
        request.append(text)
        reason.append(second_person(text))

    if rng.random() < _BACKGROUND:
        remark(pick(rng, wording.BACKGROUND))
    if plan.intro:
        remark(plan.intro)
    spoken = [wish for wish in plan.wishes if wish.phrase]
    for number, wish in enumerate(spoken):
        if number == 0:
            request.append(ask(rng, wish.phrase))
            reason.append(told(rng, wish.phrase))
        else:
            remark(pick(rng, _LAST if number == len(spoken) - 1 else _NEXT).format(wish.phrase))
        for text in wish.remarks:
            remark(text)
        # With several wishes a detail that comes later would not say which wish it belongs to.
        for detail in wish.details:
            if len(spoken) == 1 and rng.random() < 0.5:
                facts.append(detail)
            else:
                remark(detail.text)
        if wish.question:
            remark(wish.question)
    unknown = [identity.unknown, no_order_ids(rng) if plan.unknown else ""]
    return Scenario(
        reason_for_call=sentences(*reason),
        known_info=second_person(sentences(*(fact.text for fact in facts))),
        unknown_info=sentences(*unknown),
        task_instructions=instructions(rng),
        request=sentences(*request),
        facts=_shuffled(facts, rng),
    )


def _shuffled(facts: Sequence[Fact], rng: Random) -> tuple[Fact, ...]:
    return tuple(rng.sample(facts, len(facts)))
