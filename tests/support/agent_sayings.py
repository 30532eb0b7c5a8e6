"""What the scripted agent says, recognised: patterns of all forms that a saying can come to."""

from __future__ import annotations

import re
from functools import cache

from writ_engines.scripted.agent_lines import Saying, find

from writ_async.files import load_phrases

OF_STEPS = ("ASK_STEPS", "THEN")
"""Sayings of which nearly all is a domain's own words for a step of its user."""
KINDS = tuple(one for one in load_phrases("writ_engines.scripted", "agent_lines.toml").forms if one not in OF_STEPS)
"""The names of all other sayings."""
LAY_OUT = "LAY_OUT"


@cache
def pattern_of(kind: str) -> re.Pattern[str]:
    """Any form of a saying; what fills its gap is a group."""
    return re.compile(text_of(kind))


def text_of(kind: str) -> str:
    """The pattern of a saying as text. Before a lay-out a form may begin with a capital."""
    ways = sorted(map(_way, find(kind).templates), key=len, reverse=True)
    return f"(?{'i' if kind == LAY_OUT else ''}:{'|'.join(ways)})"


def _way(places: tuple[tuple[str, ...], ...]) -> str:
    return "".join(
        f"(?:{'|'.join(map(_escaped, sorted(place, key=len, reverse=True)))})" if len(place) > 1 else _escaped(place[0])
        for place in places
    )


def _escaped(text: str) -> str:
    return re.sub(r"\\\{\w*\\\}", "(.{0,200}?)", re.escape(text))


def forms_covering(saying: Saying) -> list[str]:
    """Forms of a saying in which each of its parts stands at least once."""
    return [
        "".join(place[number % len(place)] for place in places)
        for places in saying.templates
        for number in range(max(map(len, places)))
    ]
