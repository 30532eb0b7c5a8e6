"""Deeds: what an agent says was done has to have been done, by a call that succeeded before.

A claim is a past or perfect in the first person ("I have changed"), a perfect passive ("has been changed"), or a note
("successfully changed"). What stands under a condition, in the future or in the negative is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from tomllib import loads
from typing import Final

import msgspec

from writ_async.core.domain import Deed, Domain
from writ_async.verify.claims.clauses import clause_around, has_block, is_blocked
from writ_async.verify.claims.ground import Ground, tokens_of
from writ_async.verify.claims.said import Claim, Said, Sentence
from writ_async.verify.confirming.wording import has_any

WORDS: Final[dict[str, list[str]]] = loads(
    (resources.files(__package__ or "") / "words.toml").read_text(encoding="utf-8")
)
_FILL: Final = (
    r"(?:(?:also|now|already|just|both|all|then|since|even|again|gone ahead and|went ahead and|taken care of"
    r"|managed to|been able to|\w{2,}ly),? ){0,3}"
)
_FIRST: Final = re.compile(rf"\b(?:i|we)(?:'ve|'d| have| had)? {_FILL}$")
_PASSIVE: Final = re.compile(
    rf"(?:(?:\b(?:has|have|had)|'s|'ve) (?:\w{{2,}}ly |now |already |also |just |all |both )?been {_FILL}"
    rf"|\b(?P<old>(?:was|were) {_FILL}|(?:is|are) (?:now|already|all|successfully|officially|both) {_FILL})"
    rf"|\bsuccessfully )$"
)
_FIRST_SIGNS: Final = ("i ", "i'", "we ", "we'")
_PASSIVE_SIGNS: Final = ("been ", "was ", "were ", "is ", "are ", "successfully ")
"""What stands wherever a deed of one's own, and one that was done, is told; looked for first."""
_BEING: Final = re.compile(r"\b(?:are|is|am|being|been) (?:now |being )*$")
_HANDING_NOW: Final = re.compile(r"\b(?:i'm|i am|we're|we are) (?:now )?(?:transferring|connecting|handing) you\b")
_HANDING_WORDS: Final = frozenset({"being", "transferring", "connecting", "handing"})
_AND: Final = re.compile(rf"(?:,|\band\b|, and\b) {_FILL}$")
_NEAR: Final = 70
_LOOK_BACK: Final = 120
_MAIL: Final = re.compile(r"\b(?:(?P<mail>e-?mails?|mails?)|sms|text messages?|notifications?)\b")
_EXTRAS: Final = re.compile(rf"\b(?:{'|'.join(WORDS['extras'])})\b")
_BY_OTHERS: Final = re.compile(r" (?:successfully )?by (?!us\b|me\b|e-?mail|mail|post\b|sms|text)")
_AS_TOLD: Final = re.compile(r"\b(?:to|per|following|by|on) your \w+")
_INVERTING: Final = 10
"""More signs than the longest of what is put before its subject has."""
_INVERTED: Final = re.compile(r"\b(?:do|did|have|had|should|shall|can|could|may|must|will|would) $")
_LISTED: Final = re.compile(r"\b(?:only if|if (?:at least )?one|one of (?:these|the following)|the following|either)\b")
_LATELY: Final = re.compile(r"\b(?:(?:is|are) now|just|today|a (?:moment|minute|second) ago|moments ago)\b")
_REQUEST: Final = re.compile(
    r"\W*(?:an?|the|your|this|that|one|two|three|both|another|separate|\d+)? ?(?:\w+ ){0,2}requests?\b"
)
_IT: Final = re.compile(r"\W*(?:it|this|that)(?:'s)? (?:has|have|had|is|was|been)\b")
KEPT: Final = re.compile(r"\b(?:balances?|status|records?|totals?|system|arrangements|details)\b")
"""What is kept in step with whatever was written."""
_MONEY: Final = re.compile(r"[$€£] ?\d|\bmoney\b")
_SOURCE: Final = re.compile(
    r"\bto (?:your|the|that|match|be)\b[^,;]{0,60}?\b(?:from|on|in|of|as) (?:your |the )?"
    r"(?:\w+ )?#?[a-z]*\d\w*"
)
_TOLD_ON: Final = re.compile(rf"\b(?:{'|'.join(WORDS['told_on'])})\b")
_ASKS: Final = re.compile(r"\?|\bconfirm\b")
_DRAFT: Final = re.compile(r"\b(?:drafts?|proposals?|proposed|plan|summary|lists?|quotes?|estimates?|options?)\b")


_HANDING: Final = ("transferr", "connect", "escalat", "hand", "pass", "forward", "notif", "alert")
_KINDS: Final = ("deeds", "light", "looks", "giving", "sent")


class DeedWords(msgspec.Struct, frozen=True):
    """The deeds of a domain, its tool for handing over, and the forms of all verbs that can tell of a deed."""

    deeds: tuple[Deed, ...]
    hand_over: str
    forms: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=64)
    def _made(deeds: tuple[Deed, ...], names: tuple[str, ...], hand_over: str) -> DeedWords:
        told = deeds or tuple(_deeds_by_name(names))
        stems = {*(stem for deed in told for stem in deed.words), *_HANDING}
        stems.update(stem for kind in _KINDS for stem in WORDS[kind])
        forms = {form for stem in stems for form in (*_forms(stem), f"{stem}ied")}
        return DeedWords(told, hand_over, frozenset(forms.union(WORDS["irregular"])))

    @staticmethod
    def of(domain: Domain) -> DeedWords:
        """The deeds that a domain tells, else those that the names of its writing tools tell."""
        names = tuple(name for name, tool in domain.tools.items() if tool.kind == "write")
        return DeedWords._made(tuple(domain.deeds), names, domain.hand_over_tool)

    def named(self, word: str) -> list[Deed]:
        """The deeds that a word tells of, by its stem."""
        return [deed for deed in self.deeds if word.startswith(deed.words)]


def _deeds_by_name(names: Sequence[str]) -> Iterator[Deed]:
    """A deed for each word of a tool's name that is a verb of deeds."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        for word in re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).casefold()):
            for stem in (*WORDS["deeds"], *WORDS["light"]):
                if word.startswith(stem) or (len(word) > 3 and stem.startswith(word.rstrip("ey"))):
                    by_stem.setdefault(stem, []).append(name)
    for stem, tools in by_stem.items():
        yield Deed((stem,), tuple(dict.fromkeys(tools)))


class Done(msgspec.Struct, frozen=True):
    """A participle that a message states as done: where, whether the agent did it, and the clause around it.

    `about` is the part of the clause that says what was done, where the verb does not. `of_old`: it may have been done
    by anybody, long before.
    """

    place: int
    verb: str
    first: bool
    clause: str
    about: str
    of_old: bool = False


def false_deeds(said: Said, deeds: Sequence[Done], ground: Ground, words: DeedWords) -> list[Claim]:
    """The deeds that a message claims and no call did, one a sentence."""
    found: list[Claim] = []
    end = -1
    for done in deeds:
        if done.place >= end and (why := _why_false(done, said, ground, words)):
            found.append(Claim(done.place, why, "error"))
            end = said.sentence(done.place).end
    if not found and words.hand_over and words.hand_over not in ground.used and ground.calling != words.hand_over:
        found += _false_handing(said, words)
    return found


def _false_handing(said: Said, words: DeedWords) -> list[Claim]:
    """A hand-over that is said to be going on, where nobody was called to take over."""
    if _HANDING_WORDS.isdisjoint(said.words):
        return []
    places = _participles(said, words) if "being" in said.words else []
    places += [(match.start(), "transferr") for match in _HANDING_NOW.finditer(said.plain)]
    for place, verb in places:
        sentence = said.sentence(place)
        left = said.plain[sentence.start : place]
        now = verb == "transferr" or _BEING.search(left)
        if now and _hands_over(verb, sentence.plain) and not has_block(left):
            return [Claim(place, "nobody was called to take over", "error")]
    return []


def _participles(said: Said, words: DeedWords) -> list[tuple[int, str]]:
    """The places of all verbs in a message that can tell of a deed, with them, in order."""
    found: list[tuple[int, str]] = []
    plain = said.plain
    for verb in words.forms & said.words:
        place = plain.find(verb)
        while place >= 0:
            end = place + len(verb)
            if not (plain[place - 1 : place].isalnum() or plain[end : end + 1].isalnum()):
                found.append((place, verb))
            place = plain.find(verb, end)
    found.sort()
    return found


def find_deeds(said: Said, words: DeedWords) -> list[Done]:
    """The participles that a message states as done, in the order of their places."""
    found: list[Done] = []
    for place, verb in _participles(said, words):
        left = said.plain[max(0, place - _NEAR) : place]
        first = _FIRST.search(left) if has_any(left, _FIRST_SIGNS) else None
        match = first or (_PASSIVE.search(left) if has_any(left, _PASSIVE_SIGNS) else None)
        if match is None:
            if found and _AND.search(left) and (beside := _beside(found[-1], place, verb, said)) is not None:
                found.append(beside)
            continue
        sentence = said.sentence(place)
        start = place - len(left) + match.start()
        if start >= sentence.start and is_stated(
            start, place + len(verb), sentence, said.plain, first=first is not None
        ):
            clause = clause_around(sentence, start, place + len(verb))
            about = clause if first is None else clause_around(sentence, place + len(verb), place + len(verb))
            old = first is None and match["old"] is not None and not _LATELY.search(clause)
            of_old = old and is_form(verb, "history") and not _MAIL.search(clause)
            found.append(Done(place, verb, first is not None, clause, about, of_old))
    return found


def is_stated(start: int, end: int, sentence: Sentence, plain: str, *, first: bool = False) -> bool:
    """Whether what stands there is a statement of the agent's own that no condition and no negation is put to.

    In the `first` person it may be part of a question.
    """
    if not first and (
        sentence.is_question() or sentence.is_told() or sentence.is_a_case() or _BY_OTHERS.match(plain, end)
    ):
        return False
    left = plain[sentence.start : start]
    if first and _INVERTED.search(left[-_INVERTING:]):
        return False  # "What do I put down?" asks.
    return not (is_blocked(sentence, start) or (not first and _LISTED.search(left)))


def _beside(done: Done, place: int, verb: str, said: Said) -> Done | None:
    """A participle that "and" puts beside one before it in its sentence."""
    sentence = said.sentence(place)
    between = said.plain[done.place + len(done.verb) : place]
    if done.place < sentence.start or "(" in between or has_block(between) or is_form(verb, "history"):
        return None
    clause = clause_around(sentence, place, place + len(verb))
    return Done(place, verb, done.first, clause, clause)


def _starts(word: str, stems: Sequence[str]) -> bool:
    return any(word.startswith(stem) for stem in stems)


def _hands_over(verb: str, text: str) -> bool:
    return _starts(verb, _HANDING) and (
        "human" in text or "agent" in text or "specialist" in text or "supervisor" in text
    )


def _why_false(done: Done, said: Said, ground: Ground, words: DeedWords) -> str:
    """Why a deed is not so, or an empty text."""
    verb, first, clause = done.verb, done.first, done.clause
    if done.of_old:
        deeds = _of_results(clause[: clause.find(verb)], words)
        return "" if not deeds or any(is_done(deed, first, clause, ground) for deed in deeds) else _undone(deeds)
    if words.hand_over and _hands_over(verb, said.plain):
        return "" if words.hand_over in ground.used else "nobody was called to take over"
    if not first and not ground.writes and _DRAFT.search(said.plain, max(0, done.place - _LOOK_BACK), done.place):
        return ""  # What was taken out of a draft is not said to be done.
    if words.hand_over in ground.used and is_form(verb, "handed_on") and _TOLD_ON.search(done.about):
        return ""  # It was given to whoever takes over.
    drafted = first and is_form(verb, "drafted") and (_DRAFT.search(done.about) or _REQUEST.match(done.about))
    if drafted and _ASKS.search(said.plain, done.place):
        return ""  # It is put down to be agreed to.
    light = is_form(verb, "light")
    if not first and ground.writes and is_form(verb, "ready"):
        return ""  # "Your trip is all set" tells of whatever was done.
    if first and is_form(verb, "customers") and not words.named(verb):
        return ""
    if not (light or words.named(verb) or is_form(verb, "deeds")):
        unlooked = first and is_form(verb, "looks") and not ground.answered
        return "nothing was looked up before" if unlooked else ""
    message = _MAIL.search(clause)
    if message is not None and (light or is_form(verb, "sent")):
        deeds = words.named("email") if message["mail"] else []
    elif light or (is_form(verb, "giving") and _EXTRAS.search(done.about)):
        extra = _EXTRAS.search(done.about)
        if extra is not None and not words.named(extra[0]):
            return f"no tool gives what {verb!r} says"
        about = [word.strip(".,'\"") for word in _AS_TOLD.sub(" ", done.about).split() if word != verb]
        named = [word for word in about if words.named(word)]
        if light and ground.writes and all(word in WORDS["general"] for word in named):
            return ""  # "The changes have been made" tells of whatever was done.
        deeds = [deed for word in named for deed in words.named(word)]
    else:
        deeds = words.named(verb)
        if not first and is_form(verb, "put_there"):
            # What came of a deed is put where it belongs.
            deeds = [*deeds, *_of_results(clause[: clause.find(verb)], words)]
        if not first and ground.looked and is_form(verb, "told"):
            return ""
        if is_form(verb, "returned"):
            money = WORDS["given_back"][0] if _MONEY.search(clause) else ""
            deeds = [*deeds, *_of_results(f"{clause} {money}", words)]
    if any(is_done(deed, first, clause, ground) for deed in deeds):
        return ""
    if ground.writes and (_REQUEST.match(done.about) or _is_kept(done, said)):
        return ""
    if deeds:
        return _undone(deeds)
    if light and message is None:
        return "" if ground.answered or not first else f"nothing was {verb} by any call before"
    return "no tool sends messages" if message is not None else f"no tool does what {verb!r} says"


def _is_kept(done: Done, said: Said) -> bool:
    """Whether a clause tells of what is kept in step with what was written, by its name or as "it" after it."""
    before = done.clause[: done.clause.find(done.verb)]
    if _IT.match(before) is not None:
        before = said.plain[said.sentence(done.place).start : done.place]
    return KEPT.search(before) is not None


def _of_results(text: str, words: DeedWords) -> list[Deed]:
    """The deeds that nouns of a text name as something that came of them."""
    return [deed for noun in re.findall(r"[a-z]+", text) if noun in WORDS["results"] for deed in words.named(noun)]


def _undone(deeds: Sequence[Deed]) -> str:
    tools = dict.fromkeys(tool for deed in deeds for tool in deed.tools)
    return f"no call that does it succeeded before ({', '.join(tools)})"


def is_form(verb: str, kind: str) -> bool:
    """Whether a participle is one of the stems of a kind (`words.toml`), be it with its ending."""
    return verb in _forms_of_kind(kind)


@lru_cache(maxsize=64)
def _forms_of_kind(kind: str) -> frozenset[str]:
    return frozenset(form for stem in WORDS[kind] for form in (stem, *_forms(stem)))


@lru_cache(maxsize=1024)
def _forms(stem: str) -> tuple[str, str, str]:
    return f"{stem}ed", f"{stem}d", f"{stem}{stem[-1]}ed"


def is_done(deed: Deed, first: bool, clause: str, ground: Ground) -> bool:
    """Whether a call did a deed, to what the clause names where it names one record; or a result shows that it was."""
    ids = _one_record(clause, ground)
    for write in ground.writes:
        if write.name in deed.tools and (not ids or ids <= write.arguments or ids <= tokens_of(write.result)):
            return True
    if first:
        return False
    if not ids:
        return any(word in ground.shown for word in deed.shown)
    return any(
        word in tokens
        for result in ground.results
        for tokens in [tokens_of(result)]
        if ids <= tokens
        for word in deed.shown
    )


def _one_record(clause: str, ground: Ground) -> set[str]:
    """The id of the record that a clause names, where it names exactly one; empty otherwise."""
    if not ground.domain.record_ids:
        return set()
    named = _SOURCE.sub(" ", clause)
    found = {token.lstrip("#") for token in re.findall(ground.domain.record_ids, named.upper())}
    return {token.casefold() for token in found} if len(found) == 1 else set()
