"""What a domain says of its users' tools: by which words an agent asks for one, and how a user tells what it showed.

Patterns are regular expressions over one sentence in lower case. Values of readings are compared in lower case, a blank
for each underscore.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

ANY = "*"
"""Stands for any value of an argument: its patterns have the value as their first group."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a user's tool shows, which people speak of.

    name: what it is called; tools that show the same thing have readings of the same name.
    shown: a pattern on the tool's result, upper and lower case aside; its first group that is there is the value.
    stands_for: what such a value is called where it is called otherwise than it is shown.
    about: patterns of sentences that speak of it; where it is empty, a value's words say enough by themselves.
    values: the values that can be shown, each with the patterns by which it is said beside its own words.
    told: patterns whose first group is the value that is said, where the values cannot be listed.
    said: how the user says it, in the first person, with `{}` for the value.
    aside: it need not be told for the result to be known.
    """

    name: str
    shown: str
    stands_for: dict[str, str] = {}
    about: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = {}
    told: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    aside: bool = False

    def __hash__(self) -> int:
        return hash((self.name, self.shown))


class UserAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tool of the user in words.

    tool: its name. heard: patterns of an agent's sentence that asks for it.
    asks: how an agent asks for it, as it stands after "please", with the arguments' names as gaps (`{mode}`).
    arguments: for each argument, its values, each with the patterns by which an agent's sentence names it; its own
    words do so, too. `ANY` takes the value from the pattern. An argument that is not in it is left out of the call.
    done: how the user says that it was done, in the first person. claimed: patterns of a sentence that says so.
    readings: what its result shows.
    """

    tool: str
    heard: tuple[str, ...]
    asks: tuple[str, ...]
    arguments: dict[str, dict[str, tuple[str, ...]]] = {}
    done: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()

    def __hash__(self) -> int:
        return hash((self.tool, self.heard))


@lru_cache(maxsize=1024)
def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for several; nothing fits none."""
    return re.compile("|".join(f"(?:{one})" for one in patterns) if patterns else r"(?!)")


@lru_cache(maxsize=1024)
def _shown(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def readings_in(action: UserAction, content: str) -> dict[str, str]:
    """The values that a result shows, by the names of the readings; what it does not show is left out."""
    return {name: as_value(text) for name, text in texts_in(action, content).items()}


def texts_in(action: UserAction, content: str) -> dict[str, str]:
    """The same as they are said, in capitals or not."""
    found: dict[str, str] = {}
    for reading in action.readings:
        match = _shown(reading.shown).search(content)
        text = "" if match is None else next((group for group in match.groups() if group), "").strip()
        if text:
            found[reading.name] = reading.stands_for.get(text.casefold(), text).replace("_", " ")
    return found


def as_value(text: str) -> str:
    """A value as values are compared."""
    return text.replace("_", " ").strip().casefold()


_CHOICE = re.compile(r"\[([^\]|]*)(?:\|[^\]]*)?\]")


def plain_report(action: UserAction, content: str) -> str:
    """What a user says of a result, in the first form of each saying: that it was done, and every reading in it."""
    shown = texts_in(action, content)
    told = [_CHOICE.sub(r"\1", form) for form in action.done[:1]]
    told += [
        _CHOICE.sub(r"\1", form).format(shown[reading.name])
        for reading in action.readings
        for form in reading.said[:1]
        if reading.name in shown
    ]
    return " ".join(told) or content
