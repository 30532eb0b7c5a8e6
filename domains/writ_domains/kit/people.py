"""People for generated worlds: names, addresses, e-mail addresses and user ids, unique where a lookup needs it.

A world generator draws its names (`draw_names`), and of those its people (`draw_people`); recipes that need one more
name or address take it from all that there are.
"""

from __future__ import annotations

from importlib.resources import files
from random import Random
from typing import Final

import msgspec


class Names(msgspec.Struct, frozen=True):
    """Names of people and places. A city comes with its state and the first digits of its zips."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]


class _File(msgspec.Struct, frozen=True):
    """The file of names; words are parted by white space."""

    first: str
    last: str
    streets: str
    cities: tuple[tuple[str, str, str], ...]


def _read_names() -> Names:
    file = msgspec.toml.decode(files(__package__ or "").joinpath("names.toml").read_bytes(), type=_File)
    return Names(tuple(file.first.split()), tuple(file.last.split()), tuple(file.streets.split()), file.cities)


# A list of our own, not that of a library: a world stays as it is when a library has a new release.
ALL_NAMES: Final = _read_names()
"""All that there are."""

_SHARES: Final = (("first", 120), ("last", 140), ("streets", 80), ("cities", 50))
"""How many names of a kind a world has: about a quarter, so that another seed's world has others."""
STREET_KINDS: Final = ("Avenue", "Boulevard", "Court", "Drive", "Lane", "Place", "Road", "Street", "Terrace", "Way")
UNIT_KINDS: Final = ("Apt", "Suite", "Unit", "Floor")
MAIL_HOSTS: Final = ("example.com", "example.org", "example.net", "mail.example", "post.example")


class Name(msgspec.Struct, frozen=True, gc=False):
    """A person's name."""

    first_name: str
    last_name: str


class Address(msgspec.Struct, frozen=True, gc=False):
    """A postal address, fields in the order in which τ²-bench prints them."""

    address1: str
    address2: str
    city: str
    country: str
    state: str
    zip: str


class Person(msgspec.Struct, frozen=True, gc=False):
    """One drawn person. `user_id` has the form `first_last_1234`."""

    user_id: str
    name: Name
    address: Address
    email: str


def draw_names(rng: Random) -> Names:
    """The names that one world has."""
    return Names(**{kind: tuple(rng.sample(getattr(ALL_NAMES, kind), count)) for kind, count in _SHARES})


def draw_address(rng: Random, names: Names = ALL_NAMES) -> Address:
    """An address in the United States; the state and the first three digits of the zip fit the city."""
    city, state, prefix = names.cities[int(rng.random() * len(names.cities))]
    number = 1 + int(rng.random() * 998)
    street = names.streets[int(rng.random() * len(names.streets))]
    kind = STREET_KINDS[int(rng.random() * len(STREET_KINDS))]
    unit = UNIT_KINDS[int(rng.random() * len(UNIT_KINDS))]
    return Address(
        address1=f"{number} {street} {kind}",
        address2=f"{unit} {1 + int(rng.random() * 979)}",
        city=city,
        country="USA",
        state=state,
        zip=f"{prefix}{int(rng.random() * 100):02d}",
    )


def draw_people(rng: Random, count: int, names: Names = ALL_NAMES) -> list[Person]:
    """`count` people, with user ids, e-mail addresses and (first name, last name, zip) that nobody shares.

    E-mail addresses and names are unique ignoring case, as lookups do.
    """
    people: list[Person] = []
    ids: set[str] = set()
    mails: set[str] = set()
    keys: set[tuple[str, str, str]] = set()
    while len(people) < count:
        first = names.first[int(rng.random() * len(names.first))]
        last = names.last[int(rng.random() * len(names.last))]
        stem = f"{first.lower()}_{last.lower()}"
        user_id = f"{stem}_{1000 + int(rng.random() * 9000)}"
        host = MAIL_HOSTS[int(rng.random() * len(MAIL_HOSTS))]
        email = f"{first.lower()}.{last.lower()}{100 + int(rng.random() * 9900)}@{host}"
        address = draw_address(rng, names)
        key = (first, last, address.zip)
        if user_id in ids or email in mails or key in keys:
            continue
        ids.add(user_id)
        mails.add(email)
        keys.add(key)
        people.append(Person(user_id, Name(first, last), address, email))
    return people


def draw_digits(rng: Random, count: int, taken: set[str]) -> str:
    """A string of `count` digits, the first not zero, that is not in `taken`; adds it there."""
    low = 10 ** (count - 1)
    while True:
        digits = str(low + int(rng.random() * 9 * low))
        if digits not in taken:
            taken.add(digits)
            return digits
