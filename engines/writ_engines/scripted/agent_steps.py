"""How the scripted agent has a user take steps with tools of the user's own: asked for in words, told of after."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from writ_async.core.domain import Domain
from writ_async.core.task import Action
from writ_async.core.user_actions import UserAction
from writ_async.language.steps import readings_told
from writ_engines.scripted import agent_lines as lines


def ask_for_steps(actions: Sequence[Action], domain: Domain, rng: Random) -> str:
    """What the user is asked to do, one step after the other."""
    asked = [_step_in_words(action, domain, rng) for action in actions]
    return lines.ASK_STEPS.draw(rng).format(lines.THEN.draw(rng).join(asked))


def _step_in_words(action: Action, domain: Domain, rng: Random) -> str:
    in_words = _words_for(action, domain)
    values = {key: lines.value_in_words(value).replace("_", " ") for key, value in action.arguments.items()}
    if in_words is None:
        listed = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
        return action.name.replace("_", " ") + (f" ({listed})" if listed else "")
    return lines.saying_of(in_words.asks).draw(rng).format(**values)


def is_told_of(actions: Sequence[Action], said: str, domain: Domain) -> bool:
    """Whether a user's words tell of steps: every reading of a look, of what was done anything at all.

    Where nothing is known of a step's readings, a question back tells nothing of it.
    """
    told = {one.name for one in readings_told(said, domain.user_actions)}
    for action in actions:
        wanted = _readings_wanted(action, domain)
        if not told >= wanted or (not wanted and said.rstrip().endswith("?")):
            return False
    return True


def _readings_wanted(action: Action, domain: Domain) -> set[str]:
    in_words = _words_for(action, domain)
    if in_words is None or domain.writes(action):
        return set()
    return {reading.name for reading in in_words.readings if not reading.aside}


def _words_for(action: Action, domain: Domain) -> UserAction | None:
    return next((one for one in domain.user_actions if one.tool == action.name), None)
