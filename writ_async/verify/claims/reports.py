"""Reports: what an agent says is so, in other words than the participles of its own deeds (`deeds`).

Somebody was asked, something was given that no tool gives, a note or a hold was put down; work is complete, in place or
on its way. Whether one is so is asked of the calls, as for deeds. English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from tomllib import loads
from typing import Any, Final

import msgspec

from writ_async.language.signs import Lettered
from writ_async.verify.claims.clauses import clause_left_of
from writ_async.verify.claims.deeds import KEPT, WORDS, DeedWords, is_done, is_stated
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said, Sentence

_DATA: Final[dict[str, Any]] = loads((resources.files(__package__ or "") / "reports.toml").read_text(encoding="utf-8"))
_CLASS: Final = re.compile(r"(?<!\(\?P)<([a-z]+)>")


def _spelled_out(form: str) -> str:
    """A form with its classes put in."""
    classes: dict[str, str] = _DATA["classes"]
    while _CLASS.search(form):
        form = _CLASS.sub(lambda found: classes[found[1]], form)
    return form


def _lettered(form: str) -> Lettered:
    return Lettered(_spelled_out(form))


class _Undone(msgspec.Struct, frozen=True):
    """Forms of something that no tool does, unless its name says so, and the words of which each form has one."""

    why: str
    words: frozenset[str]
    forms: tuple[Lettered, ...]

    @staticmethod
    def read(name: str) -> _Undone:
        """The table of that name in the data."""
        table = _DATA[name]
        return _Undone(table["why"], frozenset(table["words"]), tuple(map(_lettered, table["patterns"])))


_UNDONE: Final = tuple(map(_Undone.read, ("nobody_was_asked", "nothing_gives_it", "nothing_does_it")))
_REPORTED: Final = tuple((frozenset(form["words"]), _lettered(form["pattern"])) for form in _DATA["reported"]["forms"])
_OF_UNDONE: Final = frozenset().union(*(kind.words for kind in _UNDONE))
_OF_REPORTED: Final = frozenset().union(*(words for words, _ in _REPORTED), {"consider"})
_SIGNS: Final = _OF_UNDONE | _OF_REPORTED
_NEWS: Final = re.compile(_spelled_out(_DATA["reported"]["news"]))
_ALL_SET: Final = re.compile(_DATA["reported"]["all_set"])
_MONEY: Final = re.compile(_DATA["reported"]["money"])
_GENERAL: Final = re.compile(_DATA["reported"]["general"])
_SUBJECT: Final = 60


def false_reports(said: Said, ground: Ground, words: DeedWords) -> list[Claim]:
    """What a message reports and no call did, one a sentence."""
    signs = _SIGNS & said.words
    if not signs:
        return []
    of_undone, of_reported = _OF_UNDONE & signs, _OF_REPORTED & signs
    found: dict[int, Claim] = {}
    for place, why in (
        *(_undone(said, of_undone, ground, words) if of_undone else ()),
        *(_unfinished(said, of_reported, ground, words) if of_reported else ()),
    ):
        found.setdefault(said.sentence(place).start, Claim(place, why, "error"))
    return list(found.values())


def _undone(said: Said, signs: frozenset[str], ground: Ground, words: DeedWords) -> Iterator[tuple[int, str]]:
    """What a message says that no tool does: its place and why it is not so."""
    for kind in _UNDONE:
        sentences = [] if kind.words.isdisjoint(signs) else _telling(said, kind.words)
        for form in kind.forms if sentences else ():
            for sentence in sentences if form.may_be_in(said.plain) else ():
                for match in form.pattern.finditer(said.plain, sentence.start, sentence.end + 1):
                    thing = match["thing"] if "thing" in form.pattern.groupindex else ""
                    stated = is_stated(match.start(), match.end(), sentence, said.plain)
                    if stated and not _is_known(thing, ground, words):
                        yield match.start(), f"{kind.why}: {match[0].strip()!r}"


def _telling(said: Said, words: frozenset[str]) -> list[Sentence]:
    """The sentences that have one of some words, without questions: nothing is stated in those."""
    return [sentence for sentence in said.sentences_with(words) if not sentence.is_question()]


def _is_known(thing: str, ground: Ground, words: DeedWords) -> bool:
    """Whether a thing was done by the tool for it, stands in a result, or is in the name of a tool."""
    noun = thing.split()[-1] if thing else ""
    if deeds := words.named(noun) if noun else []:
        return any(is_done(deed, False, "", ground) for deed in deeds)
    return noun != "" and all(word in ground.shown or ground.is_tool_word(word) for word in thing.split())


def _unfinished(said: Said, signs: frozenset[str], ground: Ground, words: DeedWords) -> Iterator[tuple[int, str]]:
    """The reports of finished work in a message that no call finished, with why."""
    if not ground.writes and words.hand_over not in ground.used and ("set" in said.words or "consider" in said.words):
        for match in _ALL_SET.finditer(said.plain):
            sentence = said.sentence(match.start())
            if "otherwise" in said.plain[sentence.start : match.start()]:
                continue
            if is_stated(match.start(), match.end(), sentence, said.plain) and any(map(words.named, ground.told)):
                yield match.start(), "nothing that was asked for was done before"
    for triggers, form in _forms_with(signs):
        if not form.may_be_in(said.plain):
            continue
        for sentence in _telling(said, triggers):
            # A line's end is seen as such.
            for match in form.pattern.finditer(said.plain, sentence.start, sentence.end + 1):
                inside = "subject" in form.pattern.groupindex
                start = match.start("subject") if inside else match.start()
                left = clause_left_of(said.plain[max(sentence.start, start - _SUBJECT) : start])
                subject = match["subject"] if inside else left
                if ground.writes and (KEPT.search(subject) or KEPT.search(left)):
                    continue  # What is kept in step with the writes is.
                first = match[0].lstrip().startswith(("i ", "i'", "we"))
                if is_stated(match.start(), match.end(), sentence, said.plain) and (
                    why := _why_unfinished(subject, ground, words, first=first)
                ):
                    yield start, why


@lru_cache(maxsize=256)
def _forms_with(signs: frozenset[str]) -> list[tuple[frozenset[str], Lettered]]:
    """The reports of which some signs may tell, each with all of its own, in their order."""
    return [(triggers, form) for triggers, form in _REPORTED if not triggers.isdisjoint(signs)]


def _why_unfinished(subject: str, ground: Ground, words: DeedWords, *, first: bool) -> str:
    """Why what a report is about has not been done; an empty text where it was, or where nobody can tell.

    In the `first` person it has to have been done by the agent.
    """
    if _NEWS.search(subject):
        deeds, otherwise = words.named("email"), "no tool sends messages"
    else:
        named = [word.strip(".,'\"") for word in subject.split()]
        deeds = [deed for word in named for deed in words.named(word)]
        if not deeds and _MONEY.search(subject):
            deeds = words.named(WORDS["given_back"][0])
        otherwise = "nothing was written before" if _GENERAL.match(subject) and not ground.writes else ""
    if not deeds:
        return otherwise
    if any(is_done(deed, first, subject, ground) for deed in deeds):
        return ""
    return f"no call that does it succeeded before ({', '.join(dict.fromkeys(t for d in deeds for t in d.tools))})"
