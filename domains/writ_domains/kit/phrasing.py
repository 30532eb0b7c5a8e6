"""Small helpers for recipes that phrase one request twice: as the user says it, and as the user's model is told it.

Recipes write sentences about the user in the first person. `second_person` turns one into the text for a model, so that
both always say the same. Sentences that speak *to* the agent ("could you ...") have no such form: write the wish itself
as a verb phrase ("cancel my order") and frame it with `ask` for the user and `told` for the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")
Forms = tuple[str, ...]
"""Ways of saying one thing, of which one is drawn; places for values are `{}` or `{name}`, groups of parts `[a|b]`."""

_GROUP: Final = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SECOND: Final = {
    "i'm": "you're",
    "i am": "you are",
    "am i": "are you",
    "i was": "you were",
    "i've": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
}
# Case matters: "ME" is a state, and "i" may be part of a value.
_FIRST_PERSON: Final = re.compile(
    r"(?<![\w.@-])(?:I'm|I am|[Aa]m I|I was|I've|I'd|I'll|I|[Mm]yself|[Mm]ine|[Mm]y|[Mm]e)(?![\w@-]|\.\w)"
)
_SENTENCE_START: Final = re.compile(r"(^|[.!?]\s+)([a-z])")

_ASKS: Final = (
    "I'd [|really |just |now ]like to {}[.|.|, please.]",
    "I'd like to {}[.|.|, please.]",
    "I [|really |just |do ]want to {}[.|.|, please.]",
    "I want to {}.",
    "I [|now |still |really ]need to {}[.|.|, please.]",
    "I need to {}.",
    "I [have|wish|intend|mean|hope|would like|would love] to {}.",
    "I'd [love|be glad|be happy|prefer|need] to {}.",
    "I'm [hoping|looking|planning|trying] to {}.",
    "I'm [here|writing|calling|in touch] to {}.",
    "I was [hoping|planning|meaning|going] to {}.",
    "I've [decided|come|planned|resolved] to {}.",
    "[Can|Could|Would|Will] you [|please ]help me [|to ]{}?",
    "Please help me [|to ]{}.",
    "I [could use|need] [your help|help|a hand] to {}.",
    "[Today|Now|So,|Well,|Okay,] I['d like| want| need| have] to {}.",
    "[My|The] [plan|idea|aim|wish|goal] is to {}.",
    "What I [need|want] is to {}.",
    "I [need|want|hope|mean] to {}.",
    "[Is it|Would it be] possible to {}?",
    "[Could|Can|May] I [|please |perhaps ]{}?",
    "[Could|Can] I {}, please?",
    "[May|Can|Could] I {}?",
    "I [was wondering|wonder] [if|whether] I could {}.",
    "I [must|have to] {}.",
    "[It would|It'd] be [great|good|nice|lovely] to {}.",
    "[Any chance|Any way|Is there a way] to {}?",
    "Let me {}, please.",
)
_TOLD: Final = (
    "You want to {}.",
    "You would like to {}.",
    "You need to {}.",
    "You wish to {}.",
    "You are contacting support to {}.",
    "Your goal is to {}.",
    "You have decided to {}.",
    "You hope to {}.",
    "You are looking to {}.",
    "You intend to {}.",
    "You have contacted the support team because you want to {}.",
    "What you want is to {}.",
    "You are writing in order to {}.",
    "Your request is to {}.",
)
_GREETINGS: Final = (
    "[Hi|Hello|Hey][| there][.|!]",
    "[Hi|Hello|Hey][| there].",
    "Good [morning|afternoon|evening|day][.|!| to you.]",
    "[Greetings|Hi again|Hello again|Hi folks|Hi team|Dear team|Hello support].",
    "[Hi|Hello|Hey], [I need|I could use] [|some |a little |a bit of ][help|support|assistance].",
    "[Hi|Hello|Hey], [I hope you can help|I hope you're well|thanks for your time|thanks for being there][.|!]",
    "[Hi|Hello|Hey], [a|just a|I have a] [quick|small|short|new] [one|matter|request|thing].",
    "", "", "",
)  # fmt: skip
_MANNERS: Final = (
    "You are friendly and answer questions directly.",
    "You are in a hurry and keep your messages short.",
    "You are polite and patient.",
    "You are a little impatient, but you stay civil.",
    "You are cheerful and chatty.",
    "You are calm and matter-of-fact.",
    "You are cautious and read every detail before you agree.",
    "You write in brief, plain sentences.",
    "You are organised and like things done in one go.",
    "You are a bit nervous about making changes.",
    "You are relaxed and easy to deal with.",
    "You are businesslike and come straight to the point.",
    "You are warm and thank the agent often.",
    "You are quiet and only say what is needed.",
)
_AGREEMENTS: Final = (
    "When the agent sums up exactly what you asked for, agree to it.",
    "Say yes once the agent's summary matches your request.",
    "If the agent asks you to confirm what you requested, confirm it.",
    "Confirm the change when the details are right.",
    "You accept the proposed action as soon as it is what you asked for.",
)
_LIMITS: Final = (
    "Do not ask for anything that is not said here.",
    "You have no requests beyond what is said here.",
    "Once all of this is dealt with, end the conversation.",
    "Whatever is not said here is not on your mind today.",
    "Do not add wishes of your own.",
)


def pick(rng: Random, options: Sequence[T]) -> T:
    """One of the options; of a text, one of each group of its parts as well, such as `[Hi|Hello]`.

    The draw depends on `rng`, on how many options there are, and on the groups alone.
    """
    chosen = options[rng.randrange(len(options))]
    return compose(rng, chosen) if isinstance(chosen, str) else chosen  # type: ignore[return-value]


def compose(rng: Random, form: str) -> str:
    """A form with one part drawn of each group; a part may be empty and may hold groups, those within drawn first."""
    if "[" not in form:
        return form
    pieces = _pieces(form)
    if pieces:
        return "".join([one if isinstance(one, str) else one[rng.randrange(len(one))] for one in pieces])
    while (group := _GROUP.search(form)) is not None:
        parts = group[1].split("|")
        form = f"{form[: group.start()]}{parts[rng.randrange(len(parts))]}{form[group.end() :]}"
    return form


@lru_cache(maxsize=8192)
def _pieces(form: str) -> tuple[str | list[str], ...]:
    """The texts of a form and the parts of its groups in turn; nothing for a form whose groups hold groups."""
    texts = _GROUP.split(form)
    if any("[" in text for text in texts[::2]):
        return ()
    return tuple(text.split("|") if place % 2 else text for place, text in enumerate(texts))


def second_person(text: str) -> str:
    """A first-person text about the user as an instruction to the user's model: "I'm Ann" becomes "You're Ann"."""
    turned = _FIRST_PERSON.sub(lambda found: _SECOND[found[0].lower()], text)
    return _SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), turned)


def ask(rng: Random, wish: str) -> str:
    """A first-person sentence that asks for a verb phrase such as "cancel my order"."""
    return pick(rng, _ASKS).format(wish)


def told(rng: Random, wish: str) -> str:
    """A second-person sentence that gives the user the same wish, itself turned to the second person."""
    return pick(rng, _TOLD).format(_FIRST_PERSON.sub(lambda found: _SECOND[found[0].lower()], wish))


def greeting(rng: Random) -> str:
    """How a user opens, possibly not at all."""
    return pick(rng, _GREETINGS)


def instructions(rng: Random) -> str:
    """Second-person `task_instructions`: a manner, when to confirm, and that nothing else is wanted."""
    return sentences(pick(rng, _MANNERS), pick(rng, _AGREEMENTS), pick(rng, _LIMITS))


def sentences(*parts: str) -> str:
    """The parts that are not empty, joined by spaces."""
    return " ".join(part for part in parts if part)


def listing(words: Sequence[str]) -> str:
    """Words in a row: "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def figure(value: float) -> str:
    """A sum of money as an answer has to contain it, without zeros at its end, which an agent may leave out."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
