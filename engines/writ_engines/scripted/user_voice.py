"""The voice of the scripted user: how what is said is coloured, without a word of its content being lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random

from writ_async.behaviour.pieces import sentences_of
from writ_async.core.behaviour import Behaviour
from writ_async.core.task import Task
from writ_engines.scripted import user_lines as lines
from writ_engines.scripted.user_plays import Play

_LEAD = re.compile(
    r"^(?:I'd like to|I want to|I need to|I would like to|I'm hoping to|I'm trying to|What I need is to"
    r"|My request is to|Can you help me|Could you help me to|I want|I need) "
)
_NOTHING = re.compile(r"(?!)")


class UserVoice:
    """Makes messages with the remarks, tone and spelling of some plays. Values that matter are never touched."""

    __slots__ = ("_kept_texts", "_later", "_left", "_opened", "_pattern", "_plays", "_respelled", "_rng")

    def __init__(self, task: Task, behaviour: Behaviour, plays: Sequence[Play], rng: Random) -> None:
        self._plays = plays
        self._rng = rng
        self._kept_texts = partial(_protected_texts, task, behaviour)
        self._pattern: re.Pattern[str] | None = None
        self._opened = False
        self._respelled = False
        self._later = [play.later for play in plays if play.later is not None]
        self._left = [later.times for later in self._later]

    def message(self, pieces: Iterable[str], *, lead: Iterable[str] = (), confirms: bool = False) -> str:
        """The message made of some pieces; the first one that a user says is its opening.

        `lead` is said before them, in plain spelling: it is what the behaviour adds, not what the task holds.
        """
        said = [*filter(None, lead), *(self._respell_piece(piece) for piece in pieces if piece)]
        if self._opened:
            # What is added comes after the words, for an answer has to come first.
            said += self._later_lines(confirms)
        else:
            self._opened = True
            said = self._with_opening_lines(said)
        return self._join_pieces(said)

    def _with_opening_lines(self, said: list[str]) -> list[str]:
        """The opening with what a behaviour adds to it once."""
        choose = self._rng.choice
        head, tail = said[:1], said[1:]
        for play in self._plays:
            if play.begins:
                head.insert(0, choose(play.begins))
            if play.remarks:
                head.append(choose(play.remarks))
            if play.remarks_somewhere:
                (head if self._rng.random() < 0.5 else tail).append(choose(play.remarks_somewhere))
            if play.rambles:
                first, second, third = self._rng.sample(play.rambles, 3)
                head, tail = [*head, first], [second, *tail, third]
            if play.ends:
                tail.append(choose(play.ends))
        said = [*head, *tail]
        if len(said) < 3 and any(play.in_lines for play in self._plays):
            return [choose(lines.HELLO), choose(lines.FURTHER[1:3]), *said]
        return said

    def _later_lines(self, confirms: bool) -> list[str]:
        added: list[str] = []
        for index, later in enumerate(self._later):
            if (
                self._left[index]
                and (later.confirming or not confirms)
                and (later.chance == 1 or self._rng.random() < later.chance)
            ):
                self._left[index] -= 1
                added.append(self._rng.choice(later.lines))
        return added

    def _respell_piece(self, piece: str) -> str:
        """One piece in the user's language and spelling."""
        for play in self._plays:
            if play.respell is not None:
                before = piece
                piece = self._change_around_kept(piece, partial(play.respell, self._rng))
                if play.respell_surely is not None:
                    if piece == before and not self._respelled:
                        piece = self._change_around_kept(piece, play.respell_surely)
                    self._respelled = self._respelled or piece != before
        return piece

    @property
    def _kept(self) -> re.Pattern[str]:
        """What no voice may touch; few users change anything, so it is compiled for those alone."""
        if self._pattern is None:
            self._pattern = self._kept_texts()
        return self._pattern

    def _join_pieces(self, said: list[str]) -> str:
        between = "\n" if any(play.in_lines for play in self._plays) else " "
        if any(play.fragments for play in self._plays):
            said = [" ... ".join(self._as_fragment(sentence) for sentence in sentences_of(piece)) for piece in said]
            between = between if between == "\n" else " ... "
        return between.join(said)

    def _as_fragment(self, sentence: str) -> str:
        short = _LEAD.sub("", sentence).rstrip(".!")
        first = short.split(" ", 1)[0]
        if first.isalpha() and first[1:].islower() and not self._kept.match(short):
            short = short[:1].lower() + short[1:]
        return short

    def _change_around_kept(self, text: str, change: Callable[[str], str]) -> str:
        """A text changed wherever it says nothing that has to stay as it is."""
        parts: list[str] = []
        end = 0
        for kept in self._kept.finditer(text):
            parts += [change(text[end : kept.start()]), kept[0]]
            end = kept.end()
        return "".join([*parts, change(text[end:])])


def spell_out(value: str) -> str:
    """The first word of a value letter by letter, or an empty text where it has no word of three letters."""
    found = re.search(r"[A-Za-z]{3,}", value)
    return "-".join(found[0].upper()) if found else ""


def _protected_texts(task: Task, behaviour: Behaviour) -> re.Pattern[str]:
    """What no voice may touch: values of facts, texts among the gold arguments, wishes of the behaviour."""
    texts = {fact.value for fact in task.scenario.facts}
    texts.update(trait.detail for trait in behaviour.traits)
    for one in task.open_choice.candidates if task.open_choice is not None else ():
        texts.update(one.marks)
    for action in task.actions or ():
        texts.update(_strings_in(action.arguments))
    kept = sorted((text for text in texts if len(text) > 1), key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, kept)), re.I) if kept else _NOTHING


def _strings_in(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings_in(item)
