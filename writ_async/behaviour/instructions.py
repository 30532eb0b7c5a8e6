"""Says a behaviour to a model that plays the user: second-person instructions, in one of thousands of wordings."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from writ_async.behaviour.axes import VALUES
from writ_async.core.behaviour import Behaviour, Trait

_SECOND: Final = {"my": "your", "i": "you", "me": "you"}
_FIRST_PERSON: Final = re.compile(r"\b(?:my|I|me)\b")
_INTRO: Final = (
    "This is how you talk:",
    "Your manner in this conversation:",
    "Tell your request in this way:",
    "How you come across:",
    "Play your part like this:",
    "Keep to this style from start to end:",
)
_LIMIT: Final = (
    "None of this changes what you want or what you know.",
    "Your wishes and your facts stay exactly as they are.",
    "This is about the way you say things, never about what you ask for.",
    "Whatever the style, do not add wishes or facts of your own.",
)


def render_instruction(behaviour: Behaviour, rng: Random) -> str:
    """The second-person text of a behaviour; empty for one without traits. Costs O(traits)."""
    if not behaviour.traits:
        return ""
    said = [_instruction_sentence(trait, rng) for trait in behaviour.traits]
    return " ".join([rng.choice(_INTRO), *rng.sample(said, len(said)), rng.choice(_LIMIT)])


def _instruction_sentence(trait: Trait, rng: Random) -> str:
    detail = _FIRST_PERSON.sub(lambda found: _SECOND[found[0].lower()], trait.detail.replace("_", " "))
    return rng.choice(VALUES[trait.label].instructions).format(detail=detail)


def count_wordings(behaviour: Behaviour) -> int:
    """In how many ways the templates can say a behaviour."""
    count, order = len(_INTRO) * len(_LIMIT), 1
    for number, trait in enumerate(behaviour.traits, start=1):
        count *= len(VALUES[trait.label].instructions)
        order *= number
    return count * order
