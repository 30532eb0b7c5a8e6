"""What an answer means for one write: which of its sentences are about it, and which of several things it picks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.conditions import without_met_conditions
from writ_async.verify.confirming.one_by_one import named_by_place, names_a_place
from writ_async.verify.confirming.patterns import occurs, pattern
from writ_async.verify.confirming.reply import Reply, names_nothing, read_stances, settle
from writ_async.verify.confirming.tool_words import ToolWords
from writ_async.verify.confirming.turns import Turn
from writ_async.verify.confirming.wording import words_of

_ALL = pattern("ALL")
_NARROWS = pattern("NARROWS")


def read_answer(case: Case, asked: Turn, said: str, tool: ToolWords) -> Reply:
    """The meaning of an answer, for a write, to a turn that asked."""
    words, bare = _bare_reply(said)
    if bare is not None and not occurs(tool.verbs, words):
        return bare
    said = without_met_conditions(said, partial(_laid_out_amounts, case, asked))
    offers: dict[str, str] | None = None
    known: dict[str, bool | None] = {}

    def concerns(sentence: str) -> bool | None:
        if sentence not in known:
            known[sentence] = _is_about(case, words_of(sentence), tool)
        return known[sentence]

    def picks(clause: str) -> bool | None:
        nonlocal offers
        if not names_a_place(clause):
            return None
        offers = _offers(case, asked) if offers is None else offers
        named = named_by_place(clause, list(offers), said) if offers else []
        about = [_is_offered(case, words_of(offers[name]), tool) for name in named]
        return True if True in about else False if about and None not in about else None

    return settle(read_stances(said, tool.stems), concerns, picks)


def _laid_out_amounts(case: Case, asked: Turn) -> str:
    """The text of the agent that tells amounts: that which asked, else the last before it since the write before."""
    turns = [asked, *(turn for turn in case.recent if not turn.by_user and turn.message < asked.message)]
    return next((turn.text for turn in turns if any(map(str.isdigit, turn.text))), "")


@lru_cache(maxsize=1024)
def _bare_reply(text: str) -> tuple[str, Reply | None]:
    """The words of a reply, and what it means if it names nothing and picks nothing, whatever it is said to.

    None for any other; one with a verb for what is to be done means more.
    """
    words = words_of(text)
    if not names_nothing(words):
        return words, None
    stances = read_stances(text)
    return words, None if any(names_a_place(stance.clause) for stance in stances) else settle(stances)


def _is_about(case: Case, words: str, tool: ToolWords) -> bool | None:
    """Whether words are about a write (True), about other things alone (False), or do not say (None)."""
    if names_nothing(words):
        return None
    if _NARROWS.search(words) and (narrowed := case.narrows(words, tool.topic, tool.others)) is not None:
        return narrowed
    if case.is_named(words) and not case.is_of_another(words):
        return True
    if not (case.is_elsewhere(words, True) or case.names_other_part(words)):
        return None
    # "Return all of them and cancel the other one": all of them may well be this.
    return None if tool.verbs.search(words) and _ALL.search(words) else False


def _offers(case: Case, asked: Turn) -> dict[str, str]:
    """What an agent put one after the other, by numbers or letters: as it numbered it, else by the ids in it."""
    found = asked.options or dict(_numbered(asked))
    return found or {str(place): phrase for place, phrase in enumerate(_ids_in(case, asked.words), start=1)}


def _ids_in(case: Case, words: str) -> list[str]:
    """The phrases of the ids that writes name, in the order in which words name them; none for one alone."""
    phrases = {phrase for known in case.written().values() for phrase, _ in known if phrase in words}
    return sorted(phrases, key=words.find) if len(phrases) > 1 else []


def _numbered(asked: Turn) -> Iterator[tuple[str, str]]:
    """The items of a list in a turn by their numbers, where there are several."""
    items = [line for line, listed in asked.lines if listed]
    return ((str(place), line) for place, line in enumerate(items if len(items) > 1 else (), start=1))


def _is_offered(case: Case, words: str, tool: ToolWords) -> bool | None:
    """Whether what an agent put among other things is the write (True), is another (False), or does not say."""
    topic, others = tool.topic, tool.others
    if case.is_named(words) and not case.is_of_another(words):
        return not (others.search(words) and not topic.search(words))
    if case.is_elsewhere(words, False):
        return False
    return True if topic.search(words) else False if others.search(words) else None
