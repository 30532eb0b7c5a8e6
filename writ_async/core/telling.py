"""How writes and their arguments are spoken of between an agent and a customer, as data that a domain gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

ArgumentKind = Literal["record", "part", "variant", "payment", "address", "reason", "count", "follows", "told"]
"""What an argument of a write, or a field of one, is to the customer.

record: the id of what is written to. part: the id of something in it, or of several. variant: what a part becomes, in
the order of the parts. payment: who pays or gets the money. address: one of the fields that make up an address.
reason: a constant that stands for what the customer says in its own words. count: how many. follows: it follows from
the other arguments and need not be told. told: anything else, which has to be told as it is.
"""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer has to know of a write before it is made, and by which words.

    kinds: by the name of an argument, or of a field in it; what is not named is told by its name and shape.
    deeds: by tool, stems of words of which the agent has to say one to have named what it does, where the verb in the
        tool's name is not enough ("luggage").
    meanings: by constant, regular expressions of other words that mean it.
    takes_whole: tools that do away with a record and all its parts, so that agreement to one part is not enough.
    reminders: by tool, ways of saying what the policy has an agent remind the customer of before it; `[a|b]` stands for
        either.
    """

    kinds: Mapping[str, ArgumentKind] = {}
    deeds: Mapping[str, tuple[str, ...]] = {}
    meanings: Mapping[str, tuple[str, ...]] = {}
    takes_whole: frozenset[str] = frozenset()
    reminders: Mapping[str, tuple[str, ...]] = {}
