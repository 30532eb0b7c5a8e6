"""The words for what a tool does, by its name and by what the domain says that it is about."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from writ_async.core.domain import Domain
from writ_async.verify.confirming.patterns import DEED_OF, DEEDS, deed_pattern

_NOTHING = frozenset({"\0"})


class ToolWords(msgspec.Struct, frozen=True):
    """The words for what a tool does: its verbs, those of which one names it, and what it and all others are about."""

    stems: frozenset[str]
    verbs: re.Pattern[str]
    named: re.Pattern[str]
    topic: re.Pattern[str]
    others: re.Pattern[str]


def stems_of(name: str) -> frozenset[str]:
    """The stems of the verbs that want done what a tool does."""
    first = re.split(r"[_\W]|(?<=[a-z])(?=[A-Z])", name)[0].casefold()
    deed = DEED_OF.get(first, "")
    return frozenset((*(DEEDS[deed] if deed else ()), first))


def tool_words(name: str, domain: Domain) -> ToolWords:
    """The words for what a tool does. Where the domain says what it is about, one of those words has to name it."""
    return _tool_words(name, tuple(domain.telling.deeds.items()))


@lru_cache(maxsize=256)
def _tool_words(tool: str, deeds: tuple[tuple[str, tuple[str, ...]], ...]) -> ToolWords:
    stems, own = stems_of(tool), frozenset(dict(deeds).get(tool, ()))
    others = frozenset(stem for _, about in deeds for stem in about) - own
    return ToolWords(stems, _verbs(stems), _verbs(own or stems), _verbs(own or _NOTHING), _verbs(others or _NOTHING))


@lru_cache(maxsize=64)
def made_noun(name: str) -> re.Pattern[str]:
    """What a tool makes, by the noun in its name, where it is not said to be a new one."""
    return re.compile(rf"(?<! new)(?<! another) {re.escape(name.rsplit('_', 1)[-1])}s?(?= )")


@lru_cache(maxsize=256)
def _verbs(stems: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf" {deed_pattern(stems)} ")
