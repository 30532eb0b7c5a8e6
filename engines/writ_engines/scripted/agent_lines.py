"""What the scripted agent says: sayings whose forms are put together from parts, so that few sentences are said twice.

>>> from random import Random
>>> saying = saying_of(("[Shall|May] I go ahead?", "Would you like me to[ proceed| go on]?"))
>>> saying.ways, saying.draw(Random(1)) == saying.draw(Random(1))
(4, True)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from math import prod
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.files import load_phrases

_PHRASES: Final = load_phrases(__package__ or "", "agent_lines.toml")
_CHOICE: Final = re.compile(r"\[([^\]]*)\]|<(\w+)>")
_ARTICLES: Final = ("", "", "the ", "your ")
_OF_MONEY: Final = ("amount", "price")
_LISTS: Final = (
    (" (", ": ", "; ", ")."),
    (" (", " ", "; ", ")."),
    (" – ", ": ", "; ", "."),
    (", with ", " ", "; ", "."),
    (", with ", ": ", "; ", "."),
    (", that is ", ": ", "; ", "."),
    (" as follows: ", " ", "; ", "."),
)
"""How arguments are listed: what stands before them, between name and value, between two of them, and at the end."""


class Saying(msgspec.Struct, frozen=True):
    """One thing to say: templates, each a row of places, each with its alternatives."""

    templates: tuple[tuple[tuple[str, ...], ...], ...]

    @property
    def ways(self) -> int:
        """How many different texts it can come to, at most."""
        return sum(prod(map(len, places)) for places in self.templates)

    def draw(self, rng: Random) -> str:
        """One form of it."""
        return _put_together(rng.choice(self.templates), rng)

    def draw_each(self, rng: Random) -> list[str]:
        """A form of each template, in an order by chance: texts of which no two are alike."""
        return [_put_together(places, rng) for places in rng.sample(self.templates, len(self.templates))]


def _put_together(places: tuple[tuple[str, ...], ...], rng: Random) -> str:
    draw = rng.random
    return "".join([place[0] if len(place) == 1 else place[int(draw() * len(place))] for place in places])


def _places_in(form: str) -> Iterator[tuple[str, ...]]:
    start = 0
    for found in _CHOICE.finditer(form):
        if found.start() > start:
            yield (form[start : found.start()],)
        yield tuple(found[1].split("|")) if found[2] is None else _PHRASES.tables["PARTS"][found[2]]
        start = found.end()
    if start < len(form):
        yield (form[start:],)


def slot_words(domain: Domain, name: str) -> str:
    """How an agent names a slot that it asks for, as the domain has it."""
    said = next((slot.words for slot in domain.slots if slot.name == name), "")
    return said or name.replace("_", " ")


def lay_out(opening: str, name: str, arguments: dict[str, Any], rng: Random) -> str:
    """A write in words, every argument listed; `opening` stands before its verb."""
    verb, _, what = name.replace("_", " ").partition(" ")
    opened, between, then, closed = rng.choice(_LISTS)
    short = rng.random() < 0.5
    listed = then.join(f"{_label(key, short)}{between}{value_in_words(value)}" for key, value in arguments.items())
    deed = f"{verb} {rng.choice(_ARTICLES)}{what}" if what else verb
    return f"{opening[0].upper()}{opening[1:]}{deed}{opened}{listed}{closed}"


def _label(key: str, short: bool) -> str:
    """The name of an argument in words; in short, an id goes by what it is the id of."""
    words = key.replace("_", " ")
    if short and words.endswith((" id", " ids")):
        head, _, last = words.rpartition(" ")
        return f"{head}s" if last == "ids" else head
    return words


def value_in_words(value: Any, key: str = "") -> str:
    """The value of an argument, or, with its name as `key`, of a field in one; an amount there has its sign."""
    if isinstance(value, dict):
        return ", ".join(value_in_words(item, name) for name, item in value.items())
    if isinstance(value, list | tuple):
        return " and ".join(map(value_in_words, value)) or "none"
    if key in _OF_MONEY and isinstance(value, int | float) and not isinstance(value, bool):
        return dollars(value)
    return str(value)


def dollars(amount: float) -> str:
    """An amount with its sign, cents where there are any.

    >>> dollars(12.5), dollars(120)
    ('$12.50', '$120')
    """
    return f"${amount:.0f}" if float(amount).is_integer() else f"${amount:.2f}"


@cache
def find(name: str) -> Saying:
    """The saying of a name in the file. Raises `AttributeError` for a name that there is not."""
    return saying_of(_PHRASES.find_forms(name))


@cache
def saying_of(forms: tuple[str, ...]) -> Saying:
    """The saying that is written as these forms."""
    return Saying(tuple(tuple(_places_in(form)) for form in forms))


def __getattr__(name: str) -> Saying:
    return find(name)
