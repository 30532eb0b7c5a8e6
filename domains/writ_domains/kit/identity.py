"""Who calls: how a user is found, what the user says for it, and what the user does not know.

>>> from random import Random
>>> identity = identify_by_user_id("ann_reed_1234", Name("Ann", "Reed"), Random(1))
>>> identity.who
{'user_id': 'ann_reed_1234', 'name': 'Ann Reed'}
>>> [fact.text for fact in identity.facts]
["I'm listed under the user id ann_reed_1234.", 'My full name is Ann Reed.']
"""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec

from writ_async.core.task import Fact
from writ_domains.kit.people import Name
from writ_domains.kit.phrasing import Forms, pick

USER_IDS: Final[Forms] = (
    "My [user id|user ID|account id|customer id] is {}.", "The user [id|ID] [on|of|for] my [account|profile] is {}.",
    "I'm [registered|signed up|listed] [under|with] [|the ]user id {}.", "My [profile|account]'s user id is {}.",
    "The user id I [sign in with|use with you] is {}.", "I sign in [with|under] [the|my] user id {}.",
    "[My user|User|My account] id: {}.", "My [user id|user ID|account id|customer id] is {}.",
)  # fmt: skip
NAMES: Final[Forms] = (
    "My [|full ]name is {}.", "The account [belongs to|is that of] {}.", "I'm [called|listed as|registered as] {}.",
    "I'm {}.", "I am {}.", "The name [on|of] my [account|profile] is {}.",
)  # fmt: skip
MORE_NAMES: Final[Forms] = (
    "My name is {}.", "I'm {}.", "My account is under the name {}.", "I am {}.", "My full name is {}.",
    "I'm registered as {}.", "I go by {}.",
)  # fmt: skip
ZIPS: Final[Forms] = (
    "My zip code is {}.", "I live in zip code {}.", "The zip code on my account is {}.", "My zip code: {}.",
    "My address is in the {} zip code.", "The zip of my address is {}.",
)  # fmt: skip
EMAILS: Final[Forms] = (
    "My email is {}.", "My email address is {}.", "The email on my account is {}.",
    "I'm registered with the email {}.", "My account uses the email {}.", "My email: {}.",
)  # fmt: skip
NO_EMAIL: Final[Forms] = (
    "You do not remember your email address.", "You cannot recall which email you signed up with.",
    "You no longer know the email address of your account.", "Your email address has slipped your mind.",
)  # fmt: skip


class Identity(msgspec.Struct, frozen=True, gc=False):
    """How a user is found: `who`, to be among a goal's params, the facts that say the same, and what is not known.

    `unknown` is a second-person sentence, or empty.
    """

    who: dict[str, str]
    facts: tuple[Fact, ...]
    unknown: str = ""


def say_fact(slot: str, value: str, forms: Forms, rng: Random) -> Fact:
    """A fact in one of the first-person forms, each of which has one place for the value."""
    return Fact(slot, value, pick(rng, forms).format(value))


def full_name(name: Name) -> str:
    """First and last name."""
    return f"{name.first_name} {name.last_name}"


def identify_by_user_id(user_id: str, name: Name, rng: Random) -> Identity:
    """By user id, with the name beside it."""
    called = full_name(name)
    facts = (say_fact("user_id", user_id, USER_IDS, rng), say_fact("name", called, NAMES, rng))
    return Identity({"user_id": user_id, "name": called}, facts)


def identify_by_email_or_zip(name: Name, email: str, zip_code: str, rng: Random) -> Identity:
    """By e-mail address, or by name and zip code where the address has slipped the user's mind."""
    named = say_fact("name", full_name(name), MORE_NAMES, rng)
    if rng.random() < 0.5:
        return Identity({"email": email}, (named, say_fact("email", email, EMAILS, rng)))
    who = {"first_name": name.first_name, "last_name": name.last_name, "zip": zip_code}
    return Identity(who, (named, say_fact("zip", zip_code, ZIPS, rng)), pick(rng, NO_EMAIL))
