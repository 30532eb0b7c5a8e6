"""Agreement to a part of what a write takes away is none to all of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.naming import Part
from writ_async.verify.confirming.patterns import occurs, pattern
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_any, has_phrase

_WHOLE = pattern("WHOLE")
_PART_ONLY = pattern("PART_ONLY")
_NARROWS = pattern("NARROWS")
_KEPT = pattern("KEPT")
_ONLY = (" just ", " only ")
_NEXT = 16
"""How far behind "the whole" its noun ends, in characters."""


def only_a_part(case: Case, verbs: re.Pattern[str]) -> str:
    """What a write takes away beside what was agreed, in words; empty where all of it was meant.

    `verbs` are those that name what the tool does.
    """
    narrowing = [line for line, _ in case.answer.lines if occurs(_NARROWS, line)]
    if narrowing and any(part.is_in(line) for line in narrowing for part in case.parts):
        answer = case.answer.words
        left = [part for part in case.parts if case.chosen & part.texts and not part.is_in(answer)]
        if left:
            return _takes_more(left)
    if case.write.call.function.name not in case.domain.telling.takes_whole:
        return ""
    parts = [part for part in case.parts if part.name]
    if len(parts) < 2:
        return ""
    named = [False] * len(parts)
    asked = next((turn for turn in case.recent if not turn.by_user), case.answer)
    answer = case.words(case.answer)
    if _WHOLE.search(answer):
        return ""
    spared = [part.name for line, _ in case.answer.lines if _KEPT.search(line) for part in parts if part.is_in(line)]
    if spared:
        return f"{', '.join(dict.fromkeys(spared))} was to be kept, the call takes it as well"
    told_whole = any(
        has_phrase(line, str(case.ids[0].value)) and verbs.search(line) and not any(part.is_in(line) for part in parts)
        for line, _ in asked.lines
    )
    if told_whole and not _PART_ONLY.search(answer):
        return ""
    part_asked = _asks_for_a_part(asked, parts, verbs)
    for place, turn in enumerate(case.recent):
        words = case.words(turn)
        now = [part.is_in(words) for part in parts]
        if _says_all(case, turn, verbs) and (any(now) or place < 2 or not any(named)):
            return ""
        by_noun = part_asked  # "it" is then the part that was asked about
        if place == 0 and not any(now) and case.calls_it(words, by_noun) and not has_any(words, _ONLY):
            return ""
        named = [before or told for before, told in zip(named, now, strict=True)]
        if place > 0 and any(named):
            break
    if all(named) or not any(named):
        return ""
    return _takes_more([part for part, was in zip(parts, named, strict=True) if not was])


def _says_all(case: Case, turn: Turn, verbs: re.Pattern[str]) -> bool:
    """Whether a turn speaks of all of the record; an agent's "all items" of a rule, or of another deed, is none."""
    if turn.by_user:
        return bool(_WHOLE.search(case.words(turn)))
    for line, _ in turn.lines:
        found = _WHOLE.search(line)
        if found is None:
            continue
        if verbs.search(line) or case.touches(line) or case.calls_it(line[found.start() : found.end() + _NEXT], True):
            return True
    return False


def _asks_for_a_part(asked: Turn, parts: Sequence[Part], verbs: re.Pattern[str]) -> bool:
    """Whether what the tool does was asked of some parts by their names, and of nothing else."""
    named = [False] * len(parts)
    for line, _ in asked.lines:
        if verbs.search(line):
            if _WHOLE.search(line) or not any(part.is_in(line) for part in parts):
                return False
            named = [before or part.is_in(line) for before, part in zip(named, parts, strict=True)]
    return any(named) and not all(named)


def _takes_more(parts: Sequence[Part]) -> str:
    return f"the user agreed to a part, the call takes {', '.join(part.name for part in parts)} as well"
