"""Puts wishes into a draft: gold calls, goals, and one scenario told in the first and the second person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import msgspec

from writ_async.core.domain import Draft, Recipe
from writ_async.core.state import World
from writ_async.core.task import Fact, Kind, Pin, Scenario
from writ_domains.kit.phrasing import ask, figure, greeting, instructions, pick, second_person, sentences, told
from writ_domains.retail.recipes import wording
from writ_domains.retail.recipes.gold import Gold, Unfit
from writ_domains.retail.recipes.shopper import Identity, Shopper, identify, no_order_ids, shoppers
from writ_domains.retail.recipes.wishes import Wish

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

    `unknown`: the customer knows no order id. `intro` is a first-person sentence that is said before the wishes.
    `ordered`: the customer insists on the order of the wishes.
    """

    wishes: tuple[Wish, ...]
    unknown: bool = False
    intro: str = ""
    ordered: bool = False


Idea = Callable[[World, Shopper, Random], Plan]


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
            shopper = pick(rng, pool)
            try:
                return compose(shopper, idea(world, shopper, rng), Gold(world, kind == "refusal"), rng)
            except Unfit:
                continue
        return None

    return Recipe(name, kind, make)


def compose(shopper: Shopper, plan: Plan, gold: Gold, rng: Random) -> Draft:
    """The draft of a plan. Raises `Unfit` when a goal has no single answer or a gold call is refused."""
    identity = identify(shopper.user, rng)
    answers: list[str] = []
    wishes: list[Wish] = []
    for wish in plan.wishes:
        decision = gold.reach(wish.objective, {"who": identity.who, **wish.params})
        due = abs(decision.figures.get(wish.answer, 0.0))
        if wish.question and due and not gold.refusal:
            answers.append(figure(due))
            wishes.append(wish)
        else:
            wishes.append(msgspec.structs.replace(wish, question=""))
    pin = pick(rng, wording.FIRST_THEN) if plan.ordered else ""
    return Draft(
        scenario=_tell(plan, wishes, identity, pin, gold.refusal, rng),
        actions=tuple(gold.actions),
        communicate=tuple(answers),
        goals=tuple(gold.goals),
        pins=(Pin("writes", pin),) if pin else (),
    )


def _tell(plan: Plan, wishes: Sequence[Wish], identity: Identity, pin: str, refusal: bool, rng: Random) -> Scenario:
    request, reason = [greeting(rng)], []
    facts = list(identity.facts)

    def remark(text: str) -> None:
        request.append(text)
        reason.append(second_person(text))

    if rng.random() < _BACKGROUND:
        remark(pick(rng, wording.BACKGROUND))
    if plan.intro:
        remark(plan.intro)
    for number, wish in enumerate(wishes):
        if number == 0:
            request.append(ask(rng, wish.phrase))
            reason.append(told(rng, wish.phrase))
        else:
            remark(pick(rng, _LAST if number == len(wishes) - 1 else _NEXT).format(wish.phrase))
        for text in wish.remarks:
            remark(text)
        # With several wishes a detail that comes later would not say which wish it belongs to.
        for detail in wish.details:
            if len(wishes) == 1 and rng.random() < 0.5:
                facts.append(detail)
            else:
                remark(detail.text)
        if wish.question:
            remark(wish.question)
    if pin:
        remark(pin)
    unknown = [identity.unknown, no_order_ids(rng) if plan.unknown else ""]
    return Scenario(
        reason_for_call=sentences(*reason),
        known_info=second_person(sentences(*(fact.text for fact in facts))),
        unknown_info=sentences(*unknown),
        task_instructions=sentences(instructions(rng), pick(rng, wording.ACCEPT_NO) if refusal else ""),
        request=sentences(*request),
        facts=_shuffled(facts, rng),
    )


def _shuffled(facts: Sequence[Fact], rng: Random) -> tuple[Fact, ...]:
    return tuple(rng.sample(facts, len(facts)))
