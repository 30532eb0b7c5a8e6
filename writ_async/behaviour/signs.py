"""Was a behaviour really shown? One sign per value of each axis, read off the words and the turns of a conversation.

The signs know nothing of who played the user. They are made of everyday markers and of the order in which the pieces of
the scenario were told, so that a model's rendering is recognised as well as a script's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from writ_async.core.behaviour import Trait, wrong_version
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task
from writ_async.core.utterances import Unit, is_heard, units_of, words_of

_CLOSING: Final = re.compile(r"###[A-Z-]+###")
_ASKS_YES: Final = re.compile(
    r"yes/no|yes or no|confirm|proceed|go ahead|shall i|should i|is that right|is that correct|agree|would you like me"
)
_MORE: Final = re.compile(r"anything else|something else|other questions|further assist|else i can|what else|what next")
_FOREIGN: Final = re.compile(
    r"\b(?:hola|gracias|por favor|bonjour|merci|salut|guten tag|danke|bitte|ciao|grazie|adios|bonsoir|oui|sí|prego)\b"
)
_LEARNER: Final = re.compile(
    r"\b(?:am (?:wanting|needing|having|not speaking)|are not my|my english|excuse please|please to|it are"
    r"|that are right|name are|id are|code are|email are)\b"
)
_OPEN_END: Final = re.compile(r"[\w')]$")


class UserTurn(msgspec.Struct, frozen=True):
    """One message of the user: its words, what the agent had said, the pieces first told in it, the calls before."""

    text: str
    heard: str
    told: tuple[Unit, ...]
    calls: int


class Talk(msgspec.Struct, frozen=True):
    """The user's side of a conversation. Closing tokens are no turns."""

    units: tuple[Unit, ...]
    turns: tuple[UserTurn, ...]

    @property
    def text(self) -> str:
        """All that the user said, in lower case."""
        return "\n".join(turn.text for turn in self.turns).casefold()


def talk_of(task: Task, messages: Sequence[Message]) -> Talk:
    """The user's turns, each with the pieces of the scenario that were first told in it; O(words)."""
    units = tuple(unit for unit in units_of(task) if unit.part != "greeting")
    open_units = list(units)
    words: set[str] = set()
    turns: list[UserTurn] = []
    heard, calls = "", 0
    for message in messages:
        if isinstance(message, AssistantMessage):
            heard = message.content or heard
            calls += len(message.tool_calls)
        elif isinstance(message, UserMessage) and (text := _CLOSING.sub("", message.content or "").strip()):
            words |= words_of(text)
            told = tuple(unit for unit in open_units if is_heard(unit, words))
            open_units = [unit for unit in open_units if unit not in told]
            turns.append(UserTurn(text, heard.casefold(), told, calls))
    return Talk(units, tuple(turns))


def unexpressed(task: Task, messages: Sequence[Message]) -> list[Trait]:
    """The traits of a task's behaviour that the conversation does not show."""
    if task.behaviour is None:
        return []
    talk = talk_of(task, messages)
    return [trait for trait in task.behaviour.traits if not _SIGNS[f"{trait.axis}={trait.value}"](talk, trait, task)]


Sign = Callable[[Talk, Trait, Task], bool]


def _says(pattern: str) -> Sign:
    found = re.compile(pattern)
    return lambda talk, trait, task: found.search(talk.text) is not None


def _matches(pattern: re.Pattern[str]) -> Sign:
    """A sign that is there when a pattern matches what was said, upper and lower case as they are."""
    return lambda talk, trait, task: bool(pattern.search(talk.text))


def _says_not(*signs: Sign) -> Sign:
    return lambda talk, trait, task: not any(sign(talk, trait, task) for sign in signs)


def _facts(talk: Talk) -> list[Unit]:
    return [unit for unit in talk.units if unit.part == "fact"]


def _opening(talk: Talk) -> tuple[Unit, ...]:
    return talk.turns[0].told if talk.turns else ()


def _at_once(talk: Talk, trait: Trait, task: Task) -> bool:
    wrongly = task.behaviour.trait("correction") if task.behaviour is not None else None
    due = [unit for unit in talk.units if wrongly is None or unit.slot != wrongly.detail]
    return set(_opening(talk)) >= set(due)


def _on_request(talk: Talk, trait: Trait, task: Task) -> bool:
    told = [(turn, unit) for turn in talk.turns for unit in turn.told if unit.part == "fact"]
    return all("?" in turn.heard and turn is not talk.turns[0] for turn, _ in told)


def _drip(talk: Talk, trait: Trait, task: Task) -> bool:
    telling = sum(bool(turn.told) for turn in talk.turns)
    return telling >= min(3, len(talk.units))


def _goal_last(talk: Talk, trait: Trait, task: Task) -> bool:
    places = {unit: place for place, turn in enumerate(talk.turns) for unit in turn.told}
    goals = [places.get(unit, -1) for unit in talk.units if unit.part == "goal"]
    return bool(goals) and min(goals) > 0 and len(_opening(talk)) > 0


def _asks_then_tells(pattern: str) -> Sign:
    """A question or refusal of that kind in answer to the agent's question, and a fact told later."""
    found = re.compile(pattern)

    def sign(talk: Talk, trait: Trait, task: Task) -> bool:
        for place, turn in enumerate(talk.turns):
            if place and found.search(turn.text.casefold()) and "?" in turn.heard:
                return any(unit.part == "fact" for later in talk.turns[place + 1 :] for unit in later.told)
        return False

    return sign


def _other_first(talk: Talk, trait: Trait, task: Task) -> bool:
    """An answer that told a fact, and not the one asked for, which was told afterwards."""
    for place, turn in enumerate(talk.turns):
        told = [unit for unit in turn.told if unit.part == "fact"]
        asked = [unit for unit in _facts(talk) if _slot_word(unit) in turn.heard.replace("email address", "email")]
        later = {unit for after in talk.turns[place + 1 :] for unit in after.told}
        if place and told and asked and not set(asked) & set(told) and set(asked) & later:
            return True
    return False


def _slot_word(unit: Unit) -> str:
    return {"user_id": "user id", "zip": "zip"}.get(unit.slot, unit.slot.replace("_", " "))


def _fragments(talk: Talk, trait: Trait, task: Task) -> bool:
    return sum(bool(re.search(r"\.\.\.|…", turn.text)) or turn.text[:1].islower() for turn in talk.turns) >= 1


def _cut_off(talk: Talk, trait: Trait, task: Task) -> bool:
    if len(talk.turns) < 2 or not _OPEN_END.search(talk.turns[0].text):
        return False
    again = words_of(talk.turns[1].text)
    return any(is_heard(unit, again) for unit in talk.units if unit.part == "goal")


def _adds(talk: Talk, trait: Trait, task: Task) -> bool:
    late = [turn for turn in talk.turns[1:] if any(unit.part != "fact" for unit in turn.told)]
    return any(_ASKS_YES.search(turn.heard) for turn in late)


def _corrects(talk: Talk, trait: Trait, task: Task) -> bool:
    fact = next((fact for fact in task.scenario.facts if fact.slot == trait.detail), None)
    if fact is None:
        return False
    wrong, right = wrong_version(fact.value).casefold(), fact.value.casefold()
    places = [place for place, turn in enumerate(talk.turns) if wrong in turn.text.casefold()]
    return bool(places) and any(right in turn.text.casefold() for turn in talk.turns[places[0] + 1 :])


def _mentions(text: str, phrase: str) -> bool:
    """Whether most of the telling words of a phrase occur in a text."""
    wanted = {word for word in words_of(phrase) if len(word) >= 4}
    return len(wanted & words_of(text)) >= 0.6 * len(wanted)


def _wishes_first(talk: Talk, trait: Trait, task: Task) -> bool:
    goals = {unit for unit in talk.units if unit.part == "goal"}
    first = bool(talk.turns) and _mentions(talk.turns[0].text, trait.detail)
    return first and not goals & set(_opening(talk))


def _conditional(talk: Talk, trait: Trait, task: Task) -> bool:
    for turn in talk.turns:
        text = turn.text.casefold()
        if _mentions(text, trait.detail) and re.search(r"\b(?:if|in case|otherwise|unless|should that)\b", text):
            return True
    return False


def _vague(pattern: str) -> Sign:
    found = re.compile(pattern)

    def sign(talk: Talk, trait: Trait, task: Task) -> bool:
        if len(talk.turns) < 2 or not found.search(talk.turns[0].text.casefold()):
            return False
        return not any(unit.part == "goal" for unit in _opening(talk))

    return sign


def _insists(least: int) -> Sign:
    def sign(talk: Talk, trait: Trait, task: Task) -> bool:
        first = task.behaviour.trait("infeasible") if task.behaviour is not None else None
        return first is not None and sum(_mentions(turn.text, first.detail) for turn in talk.turns) > least

    return sign


def _replies(talk: Talk) -> list[str]:
    """The answers to questions for a yes."""
    return [turn.text.casefold() for turn in talk.turns if _ASKS_YES.search(turn.heard) and turn.calls]


def _explicit(talk: Talk, trait: Trait, task: Task) -> bool:
    return any(re.search(r"\b(?:yes|yeah|yep|i confirm|correct)\b", reply) for reply in _replies(talk))


def _implicit(talk: Talk, trait: Trait, task: Task) -> bool:
    replies = _replies(talk)
    return bool(replies) and any(not re.search(r"\b(?:yes|yeah|yep|i confirm)\b", reply) for reply in replies)


def _recap(talk: Talk, trait: Trait, task: Task) -> bool:
    asked = r"\b(?:recap|sum\b|summar|once more|one more time|again|repeat|go over|go through)"
    return any(re.search(asked, reply) for reply in _replies(talk))


def _one_at_a_time(talk: Talk, trait: Trait, task: Task) -> bool:
    late = [turn for turn in talk.turns[1:] if any(unit.wish for unit in turn.told)]
    return bool(late) and all(turn.calls for turn in late)


def _minimal(talk: Talk, trait: Trait, task: Task) -> bool:
    later = [len(turn.text.split()) for turn in talk.turns[1:]]
    return not later or min(later) <= 3


def _surplus(talk: Talk) -> int:
    """Words beyond those of the pieces that had to be told."""
    return len(talk.text.split()) - sum(len(unit.text.split()) for unit in talk.units)


def _bursts(talk: Talk, trait: Trait, task: Task) -> bool:
    return any(turn.text.count("\n") >= 2 for turn in talk.turns) or "\n" in (talk.turns[0].text if talk.turns else "")


def _always(talk: Talk, trait: Trait, task: Task) -> bool:
    return bool(talk.turns)


_TONES: Final = {
    "anxious": _says(r"\b(?:worried|nervous|anxious|scared|afraid|panic|worry|stress)"),
    "angry": _says(
        r"ridiculous|annoyed|fed up|unacceptable|take my business|angry|furious|outrag|fixed now|sick of|last time"
    ),
}
_ASIDES: Final = _says(r"by the way|out of curiosity|just wondering|incidentally|reminds me|funny story|speaking of")
_KNOWS: Final = _says(
    r"i know (?:how|your|the)|many times|all the time|skip the basics|i'm familiar|as (?:usual|always), "
)
_LEARNS: Final = _says(r"never done|not good with|my first time|new to|(?:don't|do not) know how|beginner|go slowly")
_SPEAKS_FOREIGN: Final = _matches(_FOREIGN)
_LEARNS_ENGLISH: Final = _matches(_LEARNER)
_TYPOS: Final = _says(
    r"\b(?:plese|wnat|woudl|becuase|wiht|taht|hvae|thier|shoud|abuot|thx|coud|hlep|jsut|wich|tihs|waht|teh|adn|im"
    r"|liek|neeed|u|pls|dont|cant|ive|recieve|definately|adress|tommorow|acount|pleas|ur)\b"
)
_INTERRUPTS: Final = _says(r"i'm back|i am back|interrupted|at the door|hold on a|the phone is ringing")
_COURTLY: Final = _says(r"grateful|obliged|so kind|kindly|kind regards|would you be so|sincerely|dear sir|humbly")

_SIGNS: Final[dict[str, Sign]] = {
    "disclosure=all_at_once": _at_once,
    "disclosure=on_request": _on_request,
    "disclosure=drip": _drip,
    "disclosure=reversed": _goal_last,
    "verbosity=minimal": _minimal,
    "verbosity=standard": lambda talk, trait, task: _surplus(talk) < 120,
    "verbosity=rambling": lambda talk, trait, task: _surplus(talk) >= 40,
    "cooperation=answers_asked": _on_request,
    "cooperation=other_first": _other_first,
    "cooperation=withholds_once": _asks_then_tells(
        r"rather not|why do you need|prefer not|really need|don't like giving"
    ),
    "cooperation=refuses_optional": _says(r"private|to myself|none of your|not go into"),
    "utterances=whole": lambda talk, trait, task: not _cut_off(talk, trait, task),
    "utterances=fragments": _fragments,
    "utterances=typos": _TYPOS,
    "utterances=cut_off": _cut_off,
    "drift=adds_at_confirmation": _adds,
    "correction=self_corrects": _corrects,
    "fallback=conditional": _conditional,
    "ambiguity=vague_object": _vague(r"\b(?:thing|things|something|stuff|matter|issue)\b"),
    "ambiguity=vague_time": _vague(r"\b(?:while|back|other day|ago|recent|recently|at some point|one of these days)\b"),
    "infeasible=unavailable_first": _wishes_first,
    "tone=calm": _says_not(*_TONES.values()),
    "tone=anxious": _TONES["anxious"],
    "tone=angry": _TONES["angry"],
    "tangents=question": _ASIDES,
    "tangents=opinion": _ASIDES,
    "tangents=opinion_question": _ASIDES,
    "tangents=anecdote": _ASIDES,
    "ignorance=asks_where": _asks_then_tells(r"\bwhere\b.*\?"),
    "ignorance=asks_meaning": _asks_then_tells(r"what (?:do you|does that|is that) mean|what do you mean|don't follow"),
    "ignorance=mixes_terms": _says(r"mix(?:ing)? up|confuse|get .* confused"),
    "expertise=average": _says_not(_KNOWS, _LEARNS),
    "expertise=novice": _LEARNS,
    "expertise=expert": _KNOWS,
    "language=plain": _says_not(_SPEAKS_FOREIGN, _LEARNS_ENGLISH),
    "language=code_switching": _SPEAKS_FOREIGN,
    "language=second_language": _LEARNS_ENGLISH,
    "language=formal": _COURTLY,
    "persistence=repeats_denied": _insists(2),
    "persistence=false_claim": lambda talk, trait, task: (
        _insists(1)(talk, trait, task) and bool(re.search(r"told|promised|assured|said (?:it|that)", talk.text))
    ),
    "confirmation=explicit": _explicit,
    "confirmation=implicit": _implicit,
    "confirmation=recap_first": _recap,
    "confirmation=one_at_a_time": _one_at_a_time,
    "channel=plain": lambda talk, trait, task: not _bursts(talk, trait, task),
    "channel=multi_message": _bursts,
    "channel=spelled_out": _says(r"\b\w(?:[-–. ]\w){2,}\b"),
    "channel=interrupted": _INTERRUPTS,
}
