"""Agreement to a part of what a write takes away is none to all of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.naming import Part
from writ_async.verify.confirming.patterns import pattern
from writ_async.verify.confirming.wording import has_phrase

_WHOLE = pattern("WHOLE")
_PART_ONLY = pattern("PART_ONLY")
_NARROWS = pattern("NARROWS")
_KEPT = pattern("KEPT")


def only_a_part(case: Case, verbs: re.Pattern[str]) -> str:
    """What a write takes away beside what was agreed, in words; empty where all of it was meant.

    `verbs` are those that name what the tool does.
    """
    if any(_NARROWS.search(line) and any(part.is_in(line) for part in case.parts) for line, _ in case.answer.lines):
        answer = case.answer.words
        left = [part for part in case.parts if case.chosen & part.texts and not part.is_in(answer)]
        if left:
            return _takes_more(left)
    record = case.main
    if record is None or case.write.call.function.name not in case.domain.telling.takes_whole:
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
    for place, turn in enumerate(case.recent):
        words = case.words(turn)
        now = [part.is_in(words) for part in parts]
        if _WHOLE.search(words) and (any(now) or place < 2 or not any(named)):
            return ""
        if place == 0 and not any(now) and case.calls_it(words) and " just " not in words and " only " not in words:
            return ""
        named = [before or told for before, told in zip(named, now, strict=True)]
        if place > 0 and any(named):
            break
    if all(named) or not any(named):
        return ""
    return _takes_more([part for part, was in zip(parts, named, strict=True) if not was])


def _takes_more(parts: Sequence[Part]) -> str:
    return f"the user agreed to a part, the call takes {', '.join(part.name for part in parts)} as well"
