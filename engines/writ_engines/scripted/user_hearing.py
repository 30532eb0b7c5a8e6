"""What the scripted user makes of an agent's question: which of the things that a user can be asked for it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from writ_async.core.domain import Slot
from writ_async.files import load_phrases
from writ_async.language.sentences import plain_text

_PHRASES: Final = load_phrases(__package__ or "", "user_hearing.toml")
_ABOUT_USER: Final = re.compile("|".join(_PHRASES.forms["ABOUT_USER"]))
_ASKS_FOR_REPORT: Final = re.compile("|".join(_PHRASES.forms["ASKS_FOR_REPORT"]))
_DO_SOMETHING: Final = re.compile("|".join(_PHRASES.forms["DO_SOMETHING"]))
_ABOUT_WISH: Final = re.compile("|".join(_PHRASES.forms["ABOUT_WISH"]))


def is_about_user(asking: str) -> bool:
    """Whether a question, in lower case, is about who the user is, whatever names it uses."""
    return _ABOUT_USER.search(asking) is not None


def is_about_wish(asking: str) -> bool:
    """Whether a question, in lower case, is about what the user wants done."""
    return _ABOUT_WISH.search(asking) is not None


def asks_to_do_something(said: str) -> bool:
    """Whether an agent's message asks the user to operate something."""
    return _DO_SOMETHING.search(plain_text(said)) is not None


def asks_for_report(said: str) -> bool:
    """Whether what an agent says beside its instructions only asks how they went."""
    return _ASKS_FOR_REPORT.search(plain_text(said)) is not None


class AskedSlots:
    """Recognises what is asked for by the names that people have for it: the slot's own, and those its domain adds."""

    __slots__ = ("_slots",)

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots: Mapping[str, Slot] = {slot.name: slot for slot in slots}

    def is_asked(self, name: str, asking: str) -> bool:
        """Whether a question, in lower case, asks for the slot of that name."""
        slot = self._slots.get(name, Slot(name))
        names = (slot.name.replace("_", " "), slot.words, *slot.other_words)
        return _pattern(tuple(filter(None, names))).search(asking.replace("email address", "email")) is not None


@lru_cache(maxsize=256)
def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{re.escape(name)}(?:e?s)?\b" for name in names))
