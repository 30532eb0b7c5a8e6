"""The manner of the scripted user: how what is said is coloured, without a word of its content being lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from random import Random

from writ_async.behaviour.pieces import sentences_of
from writ_async.core.behaviour import Behaviour
from writ_async.core.task import Task
from writ_engines.scripted import user_lines as lines

_LEAD = re.compile(
    r"^(?:I'd like to|I want to|I need to|I would like to|I'm hoping to|I'm trying to|What I need is to"
    r"|My request is to|Can you help me|Could you help me to|I want|I need) "
)
_WORD = re.compile(r"[\w'#@.]*\w")
_TYPO_RATE = 0.4
_LATER = 0.4


class Manner:
    """Colours messages: fillers, tone, language, spelling. Values that matter are never touched."""

    __slots__ = ("_budget", "_keep", "_mistyped_once", "_opened", "_rng", "behaviour")

    def __init__(self, task: Task, behaviour: Behaviour, rng: Random) -> None:
        self.behaviour = behaviour
        self._rng = rng
        self._keep = _protected(task, behaviour)
        self._opened = False
        self._mistyped_once = False
        self._budget = {"tone": 2, "rambling": 1}

    def finish(self, pieces: Iterable[str], *, lead: Iterable[str] = (), confirms: bool = False) -> str:
        """The message made of some pieces; the first one a user says is its opening.

        `lead` is said before them, in plain spelling: it is what the behaviour adds, not what the task holds.
        """
        said = [*filter(None, lead), *(self._spoken(piece) for piece in pieces if piece)]
        if self._opened:
            said = self._go_on(said, confirms)
        else:
            self._opened = True
            said = self._open(said)
        return self._join(said)

    def _open(self, said: list[str]) -> list[str]:
        """The opening with what a behaviour adds to it once."""
        value, rng = self.behaviour.value, self._rng
        head, tail = said[:1], said[1:]
        if value("language") == "formal":
            head, tail = [*head, rng.choice(lines.FORMAL[0])], [*tail, rng.choice(lines.FORMAL[1])]
        if value("language") == "code_switching":
            head, tail = [rng.choice(lines.FOREIGN["before"]), *head], [*tail, rng.choice(lines.FOREIGN["after"])]
        if value("language") == "second_language":
            tail.append(rng.choice(lines.SECOND_LANGUAGE))
        if value("expertise") in lines.EXPERTISE:
            head.append(rng.choice(lines.EXPERTISE[value("expertise")]))
        if value("tone") in lines.TONE:
            (head if rng.random() < 0.5 else tail).append(rng.choice(lines.TONE[value("tone")]))
        if value("verbosity") == "rambling":
            first, second, third = rng.sample(lines.RAMBLE, 3)
            head, tail = [*head, first], [second, *tail, third]
        if value("cooperation") == "refuses_optional":
            tail.append(rng.choice(lines.PRIVATE))
        if value("ignorance") == "mixes_terms":
            tail.append(rng.choice(lines.IGNORANCE["mixes_terms"]))
        if value("channel") == "interrupted":
            head.append(rng.choice(lines.INTERRUPTED))
        if value("tangents") in lines.TANGENT:
            tail.append(rng.choice(lines.TANGENT[value("tangents")]))
        said = [*head, *tail]
        if value("channel") == "multi_message":
            said = [rng.choice(lines.HELLO), rng.choice(lines.FURTHER[1:3]), *said] if len(said) < 3 else said
        return said

    def _go_on(self, said: list[str], confirms: bool) -> list[str]:
        """A later message; what a behaviour adds comes after the words, for an answer has to come first."""
        value, rng = self.behaviour.value, self._rng
        if value("tone") in lines.TONE and self._budget["tone"] and rng.random() < _LATER:
            self._budget["tone"] -= 1
            said = [*said, rng.choice(lines.TONE[value("tone")])]
        if value("verbosity") == "rambling" and self._budget["rambling"] and not confirms:
            self._budget["rambling"] -= 1
            said = [*said, rng.choice(lines.RAMBLE)]
        return said

    def _spoken(self, piece: str) -> str:
        """One piece in the user's language and spelling."""
        value = self.behaviour.value
        if value("language") == "second_language":
            piece = self._outside(piece, _broken_grammar)
        if value("utterances") == "typos":
            mistyped = self._outside(piece, self._mistyped)
            if mistyped == piece and not self._mistyped_once:
                mistyped = self._outside(piece, _all_mistyped)
            self._mistyped_once = self._mistyped_once or mistyped != piece
            piece = mistyped
        return piece

    def _join(self, said: list[str]) -> str:
        between = "\n" if self.behaviour.value("channel") == "multi_message" else " "
        if self.behaviour.value("utterances") == "fragments":
            said = [" ... ".join(self._fragment(sentence) for sentence in sentences_of(piece)) for piece in said]
            between = between if between == "\n" else " ... "
        return between.join(said)

    def _fragment(self, sentence: str) -> str:
        short = _LEAD.sub("", sentence).rstrip(".!")
        first = short.split(" ", 1)[0]
        if first.isalpha() and first[1:].islower() and not (self._keep and self._keep.match(short)):
            short = short[:1].lower() + short[1:]
        return short

    def _mistyped(self, text: str) -> str:
        def slip(found: re.Match[str]) -> str:
            typo = lines.TYPOS.get(found[0].casefold())
            return typo if typo is not None and self._rng.random() < _TYPO_RATE else found[0]

        return _WORD.sub(slip, text)

    def _outside(self, text: str, change: Callable[[str], str]) -> str:
        """A text changed wherever it says nothing that has to stay as it is."""
        if self._keep is None:
            return change(text)
        parts: list[str] = []
        place = 0
        for kept in self._keep.finditer(text):
            parts += [change(text[place : kept.start()]), kept[0]]
            place = kept.end()
        return "".join([*parts, change(text[place:])])


def spell(value: str) -> str:
    """The first word of a value letter by letter, or an empty text where it has no word of three letters."""
    found = re.search(r"[A-Za-z]{3,}", value)
    return "-".join(found[0].upper()) if found else ""


def _all_mistyped(text: str) -> str:
    return _WORD.sub(lambda found: lines.TYPOS.get(found[0].casefold(), found[0]), text)


def _broken_grammar(text: str) -> str:
    for pattern, instead in lines.GRAMMAR:
        text = re.sub(pattern, instead, text)
    return text


def _protected(task: Task, behaviour: Behaviour) -> re.Pattern[str] | None:
    """What no manner may touch: values of facts, texts among the gold arguments, wishes of the behaviour."""
    texts = {fact.value for fact in task.scenario.facts}
    texts.update(trait.detail for trait in behaviour.traits)
    for action in task.actions or ():
        texts.update(_strings(action.arguments))
    kept = sorted((text for text in texts if len(text) > 1), key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, kept)), re.I) if kept else None


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
