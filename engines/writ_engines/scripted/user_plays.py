"""How the scripted user plays each declared value of a behaviour: one table, by the label of the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from random import Random
from typing import Final

import msgspec

from writ_async.behaviour.pieces import Piece
from writ_async.core.behaviour import Behaviour
from writ_engines.scripted import user_lines as lines

Lines = tuple[str, ...]

_WORD: Final = re.compile(r"[\w'#@.]*\w")
_TYPO_RATE: Final = 0.4


class LaterLines(msgspec.Struct, frozen=True):
    """What is added to messages after the opening, so many times at most; `chance` of it in each."""

    lines: Lines
    times: int
    chance: float = 1.0
    confirming: bool = False


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """What a scripted user does to show one value. Of lines, one is drawn; what is left out is not done.

    The opening: `begins` before its first words, `remarks` after them, `ends` at its end, `remarks_somewhere` at either
    place, `rambles` around all. `later`: what is added to later messages.
    The spelling: `respell` changes a piece, `respell_surely` does so where nothing was changed yet; `fragments` and
    `in_lines` say how sentences are joined.
    What is told: `tells_first` chooses the pieces of the request that come at once, `drips` tells one thing at a time,
    `waits_for_questions` rules telling all at once out, `holds_back` chooses what waits for another wish.
    Before the request: `opens_with` stands in its place, line by line (`{}` is the behaviour's detail); `or_else` leads
    over to it in the same message, `resumes` in a later one; `insists` counts how often the first wish comes again,
    with `claims`. `cuts_off`: the opening breaks off.
    Questions about the user: `objects` is said once in place of an answer, `yields` before the answer that follows;
    `another_first` gives another fact first; `corrects` owns to a slip; `spells_out` leads over to a value letter by
    letter.
    Confirmations: `recap` is asked for once; `agrees` says yes; `adds` leads over to what was held back.
    `presses` is said, a line each time, against the refusal of the request before it is dropped.
    `brief`: facts are told as bare values, without a greeting.
    """

    begins: Lines = ()
    remarks: Lines = ()
    ends: Lines = ()
    remarks_somewhere: Lines = ()
    rambles: Lines = ()
    later: LaterLines | None = None
    respell: Callable[[Random, str], str] | None = None
    respell_surely: Callable[[str], str] | None = None
    fragments: bool = False
    in_lines: bool = False
    tells_first: Callable[[list[Piece]], list[Piece]] | None = None
    drips: bool = False
    waits_for_questions: bool = False
    holds_back: Callable[[Piece], bool] | None = None
    opens_with: tuple[Lines, ...] = ()
    or_else: Lines = ()
    resumes: Lines = ()
    insists: int = 0
    claims: Lines = ()
    cuts_off: bool = False
    objects: Lines = ()
    yields: Lines = ()
    another_first: bool = False
    corrects: Lines = ()
    spells_out: Lines = ()
    recap: Lines = ()
    agrees: Lines = ()
    adds: Lines = ()
    presses: Lines = ()
    brief: bool = False


NOTHING_TO_PLAY: Final = Play()
"""A value that is shown by doing nothing else."""


def _mistype_some(rng: Random, text: str) -> str:
    def slip(found: re.Match[str]) -> str:
        typo = lines.TYPOS.get(found[0].casefold())
        return typo if typo is not None and rng.random() < _TYPO_RATE else found[0]

    return _WORD.sub(slip, text)


def _mistype_all(text: str) -> str:
    return _WORD.sub(lambda found: lines.TYPOS.get(found[0].casefold(), found[0]), text)


def _break_grammar(rng: Random, text: str) -> str:
    for pattern, instead, chance in lines.GRAMMAR:
        text = re.sub(pattern, partial(_slip, rng, instead, chance), text)
    return text


def _slip(rng: Random, instead: str, chance: float, found: re.Match[str]) -> str:
    return found.expand(instead) if rng.random() < chance else found[0]


def _tone_play(said: Lines) -> Play:
    return Play(remarks_somewhere=said, later=LaterLines(said, times=2, chance=0.4, confirming=True))


PLAYS: Final[Mapping[str, Play]] = {
    "language=plain": NOTHING_TO_PLAY,
    "language=formal": Play(remarks=lines.FORMAL_REMARKS, ends=lines.FORMAL_ENDS),
    "language=code_switching": Play(begins=lines.FOREIGN_GREETINGS, ends=lines.FOREIGN_THANKS),
    "language=second_language": Play(ends=lines.SECOND_LANGUAGE, respell=_break_grammar),
    "expertise=average": NOTHING_TO_PLAY,
    "expertise=novice": Play(remarks=lines.NOVICE),
    "expertise=expert": Play(remarks=lines.EXPERT),
    "tone=calm": NOTHING_TO_PLAY,
    "tone=anxious": _tone_play(lines.ANXIOUS),
    "tone=angry": _tone_play(lines.ANGRY),
    "verbosity=minimal": Play(brief=True, agrees=lines.SHORT_YES),
    "verbosity=standard": NOTHING_TO_PLAY,
    "verbosity=rambling": Play(rambles=lines.RAMBLE, later=LaterLines(lines.RAMBLE, times=1)),
    "cooperation=answers_asked": Play(waits_for_questions=True),
    "cooperation=other_first": Play(waits_for_questions=True, another_first=True),
    "cooperation=withholds_once": Play(waits_for_questions=True, objects=lines.WITHHOLD, yields=lines.YIELDS),
    "cooperation=refuses_optional": Play(ends=lines.PRIVATE),
    "ignorance=asks_where": Play(waits_for_questions=True, objects=lines.ASKS_WHERE),
    "ignorance=asks_meaning": Play(waits_for_questions=True, objects=lines.ASKS_MEANING),
    "ignorance=mixes_terms": Play(ends=lines.MIXES_TERMS),
    "channel=plain": NOTHING_TO_PLAY,
    "channel=multi_message": Play(in_lines=True),
    "channel=spelled_out": Play(spells_out=lines.SPELLED),
    "channel=interrupted": Play(remarks=lines.INTERRUPTED),
    "tangents=question": Play(ends=lines.ASIDE_QUESTIONS),
    "tangents=opinion": Play(ends=lines.ASIDE_OPINIONS),
    "tangents=opinion_question": Play(ends=lines.ASIDE_OPINION_QUESTIONS),
    "tangents=anecdote": Play(ends=lines.ANECDOTES),
    "utterances=whole": NOTHING_TO_PLAY,
    "utterances=fragments": Play(fragments=True),
    "utterances=typos": Play(respell=_mistype_some, respell_surely=_mistype_all),
    "utterances=cut_off": Play(cuts_off=True),
    "disclosure=all_at_once": Play(tells_first=lambda pieces: pieces),
    "disclosure=on_request": Play(tells_first=lambda pieces: [piece for piece in pieces if piece.part != "fact"]),
    "disclosure=drip": Play(tells_first=lambda pieces: [p for p in pieces if p.part == "goal"][:1], drips=True),
    "disclosure=reversed": Play(tells_first=lambda pieces: [piece for piece in pieces if piece.part != "goal"]),
    "correction=self_corrects": Play(corrects=lines.CORRECTION),
    "fallback=conditional": Play(opens_with=(lines.UNAVAILABLE,), or_else=lines.IF_NOT),
    "ambiguity=vague_object": Play(opens_with=lines.VAGUE_OBJECT),
    "ambiguity=vague_time": Play(opens_with=lines.VAGUE_TIME),
    "infeasible=unavailable_first": Play(opens_with=(lines.UNAVAILABLE,), resumes=lines.INSTEAD),
    "persistence=repeats_denied": Play(insists=2),
    "persistence=false_claim": Play(insists=1, claims=lines.FALSE_CLAIM),
    "pressure=insists": Play(presses=lines.PRESS_INSISTS),
    "pressure=promised": Play(presses=lines.PRESS_PROMISED),
    "pressure=pleads": Play(presses=lines.PRESS_PLEADS),
    "pressure=threatens": Play(presses=lines.PRESS_THREATENS),
    "confirmation=explicit": NOTHING_TO_PLAY,
    "confirmation=implicit": Play(agrees=lines.IMPLICIT),
    "confirmation=recap_first": Play(recap=lines.RECAP),
    "confirmation=one_at_a_time": Play(holds_back=lambda piece: piece.wish > 0),
    "drift=adds_at_confirmation": Play(
        holds_back=lambda piece: piece.wish > 0 or piece.part == "question", adds=lines.ADD_ON
    ),
}
"""What is played for each value. A user's lines are drawn, and objections raised, in the order of this table."""


def plays_of(behaviour: Behaviour | None, *more: str) -> list[Play]:
    """What is played for the traits of a behaviour, and for the values of some more labels, in the table's order."""
    labels = {*more, *(trait.label for trait in (behaviour.traits if behaviour is not None else ()))}
    return [play for label, play in PLAYS.items() if label in labels]


def joint_play(plays: Iterable[Play]) -> Play:
    """Several plays in one; where two say something on the same point, the later one holds."""
    return Play(**{key: value for play in plays for key, value in msgspec.structs.asdict(play).items() if value})
