"""Records and worlds. Every record is frozen; a world is tables of records by id, drawn from a seed alone.

A generator leaves no ties where a recipe compares: whoever asks for the loan that is due first must have one.
"""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec
from writ_domains.kit.people import Name, draw_digits, draw_people
from writ_domains.kit.tables import load_and_dump

from writ_async import World

NAME: Final = "lending"
_LOANS: Final = 4
_TITLES: Final = (
    "Deep Water", "The Long Field", "Salt and Iron", "A Quiet House", "North of Noon", "Paper Boats", "Low Tide",
    "The Glass Orchard", "Winter Keys", "A Map of Rain",
)  # fmt: skip


class Member(msgspec.Struct, frozen=True, gc=False):
    """A member and the ids of the member's loans."""

    member_id: str
    name: Name
    loans: tuple[str, ...]


class Loan(msgspec.Struct, frozen=True, gc=False):
    """A book that is lent: due at the end of a day of the year, its price in euros."""

    loan_id: str
    member_id: str
    title: str
    due_day: int
    price: float
    renewed: bool = False
    lost: bool = False


load, dump = load_and_dump(NAME, {"members": Member, "loans": Loan})


def generate(seed: int, size: int) -> World:
    """Draw a world of `size` members."""
    rng = Random(seed)
    members: dict[str, Member] = {}
    loans: dict[str, Loan] = {}
    taken: set[str] = set()
    for person in draw_people(rng, size):
        own = [
            Loan(
                loan_id=draw_digits(rng, 6, taken),
                member_id=person.user_id,
                title=title,
                due_day=due_day,
                price=rng.randrange(800, 4000) / 100,
                renewed=rng.random() < 0.3,
            )
            for title, due_day in zip(rng.sample(_TITLES, _LOANS), rng.sample(range(1, 60), _LOANS), strict=True)
        ]
        loans.update({loan.loan_id: loan for loan in own})
        members[person.user_id] = Member(person.user_id, person.name, tuple(loan.loan_id for loan in own))
    return World(NAME, {"members": members, "loans": loans})
