"""How tasks are drawn: what a user wants, in the user's first person. A draw without one right outcome is tried again.

`gold` decides and plays the goals. Take draws from `rng` alone, and always in the same order.
"""

from __future__ import annotations

from random import Random
from typing import Final

from writ_domains.kit.gold import Gold, choose_one, choose_some, recipe_maker
from writ_domains.kit.identity import Identity, identify_by_user_id
from writ_domains.kit.phrasing import pick
from writ_domains.kit.wishes import Request, Wish, draft_request

from writ_async import Draft, World
from writ_lending.goals import GOALS
from writ_lending.tools import TOOLS
from writ_lending.world import Loan, Member

_RENEW: Final = ('renew my loan of "{}"', 'keep "{}" for longer', 'have my loan of "{}" extended')
_LOST: Final = ('report that I lost "{}"', 'tell you that my copy of "{}" is lost', 'report "{}" as lost')
_PRICE: Final = ("Please tell me what I have to pay for it.", "How much will it cost me?")
_FIRST_DUE: Final = ("the loan of mine that is due first", "whichever of my loans is due soonest")
_ALLOWED: Final = "Only loans that I have not renewed yet count."


def _draw_member(world: World, rng: Random) -> tuple[Identity, list[Loan]]:
    member: Member = choose_one(rng, tuple(world.tables["members"].values()))
    return identify_by_user_id(member.member_id, member.name, rng), [world.tables["loans"][one] for one in member.loans]


def _renew(title: str, rng: Random) -> Wish:
    return Wish("renew", {"loan": {"title": title}}, pick(rng, _RENEW).format(title))


def _renew_by_title(world: World, rng: Random, gold: Gold) -> Draft:
    identity, loans = _draw_member(world, rng)
    return draft_request(Request((_renew(choose_one(rng, loans).title, rng),)), identity, gold, rng)


def _renew_first_due(world: World, rng: Random, gold: Gold) -> Draft:
    identity, _ = _draw_member(world, rng)
    wish = Wish("renew", {"loan": {"due": "first"}}, f"renew {pick(rng, _FIRST_DUE)}", remarks=(_ALLOWED,))
    return draft_request(Request((wish,)), identity, gold, rng)


def _renew_and_report(world: World, rng: Random, gold: Gold) -> Draft:
    identity, loans = _draw_member(world, rng)
    lost, *renewed = (loan.title for loan in choose_some(rng, loans, 2, 3))
    params = {"loan": {"title": lost}}
    report = Wish("report_lost", params, pick(rng, _LOST).format(lost), question=pick(rng, _PRICE), answer="price")
    return draft_request(Request((*(_renew(title, rng) for title in renewed), report)), identity, gold, rng)


_recipe = recipe_maker(GOALS, TOOLS)
RECIPES = (
    _recipe("renew_by_title", "normal", _renew_by_title),
    _recipe("renew_first_due", "read-heavy", _renew_first_due),
    _recipe("renew_and_report", "write-intensive", _renew_and_report),
    _recipe("refuse_second_renewal", "refusal", _renew_by_title),
)
