"""What the scripted seats say, in a few styles, so that no two conversations need to read alike."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.files import load_phrases

_PHRASES: Final = load_phrases(__package__ or "", "agent_lines.toml")


def slot_words(domain: Domain, name: str) -> str:
    """How an agent names a slot that it asks for, as the domain has it."""
    said = next((slot.words for slot in domain.slots if slot.name == name), "")
    return said or name.replace("_", " ")


def asks_for(slot: str, heard: str) -> bool:
    """Whether a question, in lower case, asks for the slot of that name."""
    return slot.replace("_", " ") in heard.replace("e-mail", "email").replace("email address", "email")


class SpeechStyle(msgspec.Struct, frozen=True):
    """How one user talks: a fixed choice per conversation, from its seed."""

    upfront: bool
    yes: str
    nothing_more: str

    @staticmethod
    def draw(rng: Random) -> SpeechStyle:
        """A style by chance."""
        return SpeechStyle(
            rng.random() < 0.5, rng.choice(_PHRASES.forms["YES"]), rng.choice(_PHRASES.forms["NOTHING_MORE"])
        )


def describe_call(name: str, arguments: dict[str, Any]) -> str:
    """A write in words, every argument listed."""
    what = name.replace("_", " ")
    listed = "; ".join(f"{key.replace('_', ' ')}: {_value_in_words(value)}" for key, value in arguments.items())
    return f"This is what I am about to do: {what} ({listed})."


def _value_in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_value_in_words(item) for item in value.values())
    if isinstance(value, list | tuple):
        return " and ".join(_value_in_words(item) for item in value) or "none"
    return str(value)


def __getattr__(name: str) -> tuple[str, ...]:
    """The forms of a name in the file."""
    return _PHRASES.find_forms(name)
