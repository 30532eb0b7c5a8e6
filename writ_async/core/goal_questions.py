"""How the parameters of goals are asked about in everyday words: what a domain tells whoever has a text read anew.

A domain keeps them in a TOML file beside its goals. What it leaves out is asked by the parameter's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import msgspec


class WishWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to what is wished for: what it means, and the objectives of which it is true."""

    means: str
    goals: tuple[str, ...] = ()


class ParamQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question on a wish.

    at: the places in `Goal.params` that it asks for, with dots between names; lists have no names of their own, and a
        place holds all that is below it.
    choices: what may be answered, by the value in `params` (`true`, `false` or a word), in words; without them the
        answer is a value as it was said.
    meant, where: the choice that is meant by an objective (`*`: by any), if its goal has something at one of the
        places `where` and nothing at these.
    unsaid: choices that are meant, too, where a customer says nothing on it.
    """

    ask: str
    at: tuple[str, ...] = ()
    choices: Mapping[str, str] = {}
    meant: Mapping[str, str] = {}
    where: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()


class GoalQuestions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All questions of a domain by name, and the answers to what is wished for; `ignored` places are not asked for."""

    wishes: Mapping[str, WishWords] = {}
    params: Mapping[str, ParamQuestion] = {}
    ignored: tuple[str, ...] = ("who",)


def load_goal_questions(package: str, name: str) -> GoalQuestions:
    """The questions in a package's TOML file. Raises `msgspec.ValidationError` where it does not fit."""
    return msgspec.toml.decode(files(package).joinpath(name).read_bytes(), type=GoalQuestions)
