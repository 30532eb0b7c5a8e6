"""Did the agent name what a write does, and what it does it to?"""

from __future__ import annotations

from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.laid_out import tells_part, tells_something_new, tells_variant
from writ_async.verify.confirming.patterns import occurs
from writ_async.verify.confirming.tool_words import ToolWords, made_noun
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import has_value

_SHORT_VALUE = 3


def unnamed(case: Case, asked: Turn, tool: ToolWords) -> str:
    """What of a write the agent had not named before the answer to a turn, in words; empty where it had named all."""
    name = case.write.call.function.name
    if not _is_named(case, tool):
        return f"the agent had not named {name.replace('_', ' ')}"
    if not case.ids:
        return "" if _is_told_of(case) else f"the agent had told nothing of {name.replace('_', ' ')}"
    for turn in case.turns():
        if turn.message > asked.message:
            continue
        if case.touches(turn.words):
            return ""
        if not turn.by_user and any(case.speaks_of_all(turn.words, argument) for argument in case.ids):
            return ""
        if case.names_another(turn.words):
            break
        if not turn.by_user and not case.others() and case.calls_it(turn.words):
            return ""
    return f"the agent had not named {', '.join(case.names)}"


def was_proposed(case: Case, tool: ToolWords) -> bool:
    """Whether the agent had laid the write out and wanted only something more from the user."""
    if tells_variant(case):
        return True
    proposed = [turn for turn in case.recent if not turn.by_user and occurs(tool.named, turn.words)]
    return any(not case.ids or case.touches(turn.words) or (turn.asks and not case.others()) for turn in proposed)


def _is_named(case: Case, tool: ToolWords) -> bool:
    """Whether the agent said what the write does: by its verb and topic, or by what it makes of something."""
    if case.arguments.of_kind("variant"):
        if tells_variant(case):
            return True
        if not tells_part(case):
            return False
    for turn in case.pool():
        if turn.by_user:
            continue
        words = _without_its_noun(case, case.words(turn))
        if occurs(tool.named, words) and (occurs(tool.verbs, words) or tells_something_new(case, words)):
            return True
    return False


def _without_its_noun(case: Case, words: str) -> str:
    """Words that are about a record of another write, without the noun for what a write makes.

    What is called by its noun may be what another write takes back: that tells of nothing new, "a new one" does.
    """
    name = case.write.call.function.name
    if case.ids or case.domain.telling.deeds.get(name):
        return words
    if not any(phrase in words for known in case.written().values() for phrase, _ in known):
        return words
    return made_noun(name).sub("  ", words)


def _is_told_of(case: Case) -> bool:
    """Whether an agent's turn has any value of a write that has no record to be named by."""
    values = [one.value for kind in ("told", "payment", "part", "variant") for one in case.arguments.of_kind(kind)]
    telling = [value for value in values if not isinstance(value, str) or len(value) > _SHORT_VALUE]
    if not telling:
        return True
    return any(has_value(turn.words, value) for turn in case.pool() if not turn.by_user for value in telling)
