"""States: what an agent says of a record in words is what the record showed.

A record is named by its id beside the words, or is the only one that can be meant. What a record was at any time in the
conversation may be said of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from writ_async.core.record_facts import StateFact
from writ_async.verify.claims.deeds import is_stated
from writ_async.verify.claims.fact_words import TABLES, FactWords, StateWords, expanded, pattern
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said, Sentence

_LINK: Final = pattern("states", "link")
_LINKED: Final = re.compile(
    rf"[0-9_-][a-z0-9_-]*+{expanded(TABLES['states']['link'], TABLES['classes']).removeprefix('^')}"
)
"""The rest of an id that is no word of letters, and what stands up to the state: found wherever both are linked."""
_ASIDE: Final = pattern("states", "aside")
_TOGETHER: Final = pattern("states", "together")
_LOOK_BACK: Final = 90
_LONG: Final = 12
_LOOK_AHEAD: Final = 30
_LITTLE: Final = frozenset({"not", "no", "does", "has", "have", "with", "of", "in"})


def false_states(said: Said, ground: Ground, facts: FactWords) -> list[Claim]:
    """What a message says of a record's state that the record does not show, one a sentence."""
    found: dict[int, Claim] = {}
    for words in facts.states if not facts.signs.isdisjoint(said.words) else ():
        for sentence in said.sentences_with(words.signs):
            if sentence.start in found or sentence.is_question():
                continue
            for claim in _states_in(sentence, words, said, ground):
                found.setdefault(sentence.start, claim)
    return list(found.values())


def _states_in(sentence: Sentence, words: StateWords, said: Said, ground: Ground) -> Iterator[Claim]:
    for wording, fitting in words.said:
        if not wording.may_be_in(sentence.plain):
            continue
        for match in wording.pattern.finditer(said.plain, sentence.start, sentence.end):
            if not words.after.match(said.plain, match.end(), sentence.end):
                continue
            start, names = _subject(match, sentence, words, said, ground)
            if start < 0 or not is_stated(start, match.end(), sentence, said.plain):
                continue
            if why := _why_not_so(match[0], fitting, names, words.fact, ground):
                yield Claim(match.start(), why, "turn")


def _subject(
    match: re.Match[str], sentence: Sentence, words: StateWords, said: Said, ground: Ground
) -> tuple[int, list[str]]:
    """What a state is said of: where it stands (-1: nowhere), and the ids of the records, none where it has no name."""
    plain, fact = said.plain, words.fact
    first = max(sentence.start, match.start() - _LOOK_BACK)
    if fact.record:
        if match.end() - match.start() > _LONG and (inside := ground.ids_in(said, match.start(), match.end())):
            return match.start(), [inside[0].name]
        # Few states stand beside an id, and most of them show it before all ids are looked for.
        after, ids = [], []
        if words.named is not None and (said.may_have_capital_id() or words.named.match(plain, match.end())):
            after = ground.ids_in(said, match.end(), min(sentence.end, match.end() + _LOOK_AHEAD))
        if after and words.before_id and words.before_id.match(plain[match.end() : after[0].start]):
            return match.start(), [after[0].name]
        if said.may_have_capital_id() or _LINKED.search(plain, first, match.start()) is not None:
            ids = ground.ids_in(said, first, match.start())
        if ids and _LINK.match(plain[ids[-1].end : match.start()]):
            together = [ids[-1]]
            for other in ids[-2::-1]:
                if not _TOGETHER.match(plain[other.end : together[-1].start]):
                    break
                together.append(other)
            start = together[-1].start
            if _ASIDE.search(plain[first:start]):
                return -1, []  # Something in it or of it is spoken of, and not the record.
            return start, [found.name for found in together]
    if words.subject is not None:
        for subject in reversed(list(words.subject.finditer(plain[first : match.start()]))):
            if _LINK.match(plain[first + subject.end() : match.start()]):
                return first + subject.start(), []
            break
    return -1, []


def _why_not_so(text: str, fitting: Sequence[str], names: Sequence[str], fact: StateFact, ground: Ground) -> str:
    """Why a state is not what was shown; an empty text where it is, or where the customer said it."""
    entities = ground.entities()
    if names:
        shown = [record for name in names for record in entities.of(name) if fact.record in record]
        values = [record[fact.field] for record in shown if fact.field in record]
        if not shown:
            return ""
    else:
        values = entities.all_with(fact.record, fact.field)
    if any(_fits(value, fitting) for value in values):
        return ""
    said = all(word in ground.told for word in text.split())
    if said and (not values or (not names and fact.record)):
        return ""
    whose = f"{', '.join(names)}: " if names else ""
    if not values:
        hinted = any(word in ground.explained for word in text.split() if word not in _LITTLE)
        if hinted or (fact.record and not names):
            return ""
        return f"{whose}nothing shows that it is {text!r}"
    latest = values[-1]
    return f"{whose}{fact.field} is {'unset' if latest is None else latest}, and not {text!r}"


def _fits(value: Any, fitting: Sequence[str]) -> bool:
    text = "" if value is None else str(value).casefold()
    return any(text == wanted if not wanted else text.startswith(wanted) for wanted in fitting)
