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
from writ_async.core.trajectory import Severity
from writ_async.verify.claims.ground import Ground, tokens_of
from writ_async.verify.claims.sentences import Sentence

WORDS: Final[dict[str, list[str]]] = loads(
    (resources.files(__package__ or "") / "words.toml").read_text(encoding="utf-8")
)
Claim = tuple[str, Severity]
"""What is wrong with a sentence, and how grave that is."""

_FILL: Final = (
    r"(?:(?:also|now|already|just|both|all|then|since|even|again|gone ahead and|went ahead and|taken care of"
    r"|managed to|been able to|\w{2,}ly),? ){0,3}"
)
_VERB: Final = rf"(?P<verb>\w[\w-]*ed|{'|'.join(WORDS['irregular'])})\b"
_FIRST: Final = re.compile(rf"\b(?:i|we)(?:'ve|'d| have| had)? {_FILL}{_VERB}")
_PASSIVE: Final = re.compile(
    rf"(?:\b(?:has|have|had)|'s|'ve) (?:\w{{2,}}ly |now |already |also |just |all |both )?been {_FILL}{_VERB}"
    rf"|\b(?:was|were) {_FILL}{_VERB.replace('verb', 'past')}"
    rf"|\b(?:is|are) (?:now|already|all|successfully|officially|both) {_FILL}{_VERB.replace('verb', 'state')}"
)
_NOTE: Final = re.compile(rf"\bsuccessfully {_VERB}")
_BEING: Final = re.compile(rf"\b(?:are|is|am|being|been) (?:now |being )*{_VERB}")
_AND: Final = re.compile(rf"(?:,|\band\b|, and\b) {_FILL}{_VERB}")
_BLOCK: Final = re.compile(
    r"\b(?:once|if|when|whenever|after|before|until|unless|whether|as soon as|in case|would|could|should|can|will|shall"
    r"|may|might|must|not|never|cannot|nothing|none|neither|nor|no|only|any|each|per|to be|usually|normally|typically"
    r"|let me know|which|who|whose|for|by the time|that (?:has|have|was|were|had|is|are)|you (?:wanted|want|would|need)"
    r"|sorry to hear|hear that|understand|seems|appears|sounds like|assum\w*|please|hav(?:e|ing) to|want|prefer|ensure"
    r"|sure|confirm\w*|verify|check|expect\w*|policy)\b|n't\b|'ll\b|'d\b"
)
_MAY_CLAIM: Final = re.compile(
    r"\b(?:i|we)(?:'ve|'d)?\b|\bbeen\b|\bwas\b|\bwere\b|\bnow\b|\balready\b|\ball\b|ly\b|\bboth\b"
)
_MAIL: Final = re.compile(r"\b(?:(?P<mail>e-?mails?|mails?)|sms|text messages?|notifications?)\b")
_EXTRAS: Final = re.compile(rf"\b(?:{'|'.join(WORDS['extras'])})\b")
_BRACKETS: Final = re.compile(r"\([^()]*\)")
_BY_OTHERS: Final = re.compile(r" (?:successfully )?by (?!us\b|me\b)")
_LISTED: Final = re.compile(r"\b(?:only if|if (?:at least )?one|one of (?:these|the following)|the following|either)\b")
_CLAUSE: Final = re.compile(
    r"[;:—–(]|\.\s|, (?:and|but|so|i|we|your|the|it|this)\b|\bbut\b|\bbecause\b|\bso\b|\bsince\b"
    r"|\band (?:i|we|your|the|it)\b"
)


class DeedWords(msgspec.Struct, frozen=True):
    """The deeds of a domain, and the stems of all verbs that can tell of one."""

    deeds: tuple[Deed, ...]
    hand_over: str

    @staticmethod
    @lru_cache(maxsize=64)
    def _made(deeds: tuple[Deed, ...], names: tuple[str, ...], hand_over: str) -> DeedWords:
        return DeedWords(deeds or tuple(_deeds_by_name(names)), hand_over)

    @staticmethod
    def of(domain: Domain) -> DeedWords:
        """The deeds that a domain tells, else those that the names of its writing tools tell."""
        names = tuple(name for name, tool in domain.tools.items() if tool.kind == "write")
        return DeedWords._made(tuple(domain.deeds), names, domain.hand_over_tool)

    def named(self, word: str) -> list[Deed]:
        """The deeds that a word tells of, by its stem."""
        return [deed for deed in self.deeds if any(word.startswith(stem) for stem in deed.words)]


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
    """A participle that a sentence states as done, whether the agent did it, and the clause around it.

    `about` is the part of the clause that says what was done, where the verb does not. `of_old`: it may have been done
    by anybody, long before.
    """

    verb: str
    first: bool
    clause: str
    about: str
    of_old: bool = False


def false_deeds(sentence: Sentence, done: Sequence[Done], ground: Ground, words: DeedWords) -> list[Claim]:
    """The first deed that a sentence claims and no call did."""
    for claim in done:
        if not claim.of_old and (why := _why_false(claim, sentence.plain, ground, words)):
            return [(why, "error")]
    text = sentence.plain
    if words.hand_over and words.hand_over not in ground.used and "being" in text:
        match = _BEING.search(text)
        if match and _hands_over(match["verb"], text) and not _BLOCK.search(text[: match.start()]):
            return [("nobody was called to take over", "error")]
    return []


def claimed_verbs(sentence: Sentence) -> list[Done]:
    """The participles that a sentence states as done."""
    text = sentence.plain
    if _MAY_CLAIM.search(text) is None:
        return []
    found: list[Done] = []
    end = -1
    for pattern, first in ((_FIRST, True), (_PASSIVE, False), (_NOTE, False)):
        for match in pattern.finditer(text):
            if (not first and (sentence.is_question() or sentence.is_told())) or (
                pattern is _NOTE and match.start() < end
            ):
                continue
            if _BLOCK.search(_left_of(text, match.start())):
                continue
            if not first and (_BY_OTHERS.match(text, match.end()) or _LISTED.search(text, 0, match.start())):
                continue
            start = _clause_start(text, match.start())
            groups = match.groupdict()
            verb = next(groups[key] for key in ("verb", "past", "state") if groups.get(key))
            end = _clause_end(text, match.end())
            of_old = not first and not groups.get("verb") and is_form(verb, WORDS["history"])
            found.append(
                Done(verb, first, text[start:end], text[match.end() : end] if first else text[start:end], of_old)
            )
            for more in _AND.finditer(text, match.end()):
                between = text[match.end() : more.start()]
                if "(" in between or _BLOCK.search(between):
                    break
                if not is_form(more["verb"], WORDS["history"]):
                    clause = text[more.start() : _clause_end(text, more.end())]
                    found.append(Done(more["verb"], first, clause, clause))
    return found


def _left_of(text: str, place: int) -> str:
    """The words of the clause before a place, without what stands in brackets."""
    left = _BRACKETS.sub(" ", text[:place])
    return left[_clause_start(left, len(left)) :]


def _clause_start(text: str, place: int) -> int:
    start = 0
    for match in _CLAUSE.finditer(text, 0, place):
        start = match.end() if not match[0].startswith((",", "and")) else match.start() + 1
    return start


def _clause_end(text: str, place: int) -> int:
    match = _CLAUSE.search(text, place)
    return match.start() if match else len(text)


def _starts(word: str, stems: Sequence[str]) -> bool:
    return any(word.startswith(stem) for stem in stems)


def _hands_over(verb: str, text: str) -> bool:
    return _starts(verb, ("transferr", "connect", "escalat", "hand", "pass", "forward")) and (
        "human" in text or "agent" in text or "specialist" in text or "supervisor" in text
    )


def _why_false(done: Done, text: str, ground: Ground, words: DeedWords) -> str:
    """Why a deed is not so, or an empty text."""
    verb, first, clause = done.verb, done.first, done.clause
    if words.hand_over and _hands_over(verb, text):
        return "" if words.hand_over in ground.used else "nobody was called to take over"
    light = is_form(verb, WORDS["light"])
    if first and is_form(verb, WORDS["customers"]) and not words.named(verb):
        return ""
    if not (light or words.named(verb) or is_form(verb, WORDS["deeds"])):
        unlooked = first and is_form(verb, WORDS["looks"]) and not ground.answered
        return "nothing was looked up before" if unlooked else ""
    message = _MAIL.search(clause)
    if message is not None and (light or is_form(verb, WORDS["sent"])):
        deeds = words.named("email") if message["mail"] else []
    elif light or (is_form(verb, WORDS["giving"]) and _EXTRAS.search(done.about)):
        extra = _EXTRAS.search(done.about)
        if extra is not None and not words.named(extra[0]):
            return f"no tool gives what {verb!r} says"
        deeds = [deed for word in done.about.split() if word != verb for deed in words.named(word.strip(".,'\""))]
    else:
        deeds = words.named(verb)
        if not first and ground.looked and is_form(verb, WORDS["history"]):
            return ""
    if any(_is_done(deed, first, clause, ground) for deed in deeds):
        return ""
    if deeds:
        return f"no call that does it succeeded before ({', '.join(dict.fromkeys(t for d in deeds for t in d.tools))})"
    if light and message is None:
        return "" if ground.answered or not first else f"nothing was {verb} by any call before"
    return "no tool sends messages" if message is not None else f"no tool does what {verb!r} says"


def is_form(verb: str, stems: Sequence[str]) -> bool:
    """Whether a participle is one of the stems with its ending."""
    return any(verb in (stem, f"{stem}ed", f"{stem}d", f"{stem}{stem[-1]}ed") for stem in stems)


def _is_done(deed: Deed, first: bool, clause: str, ground: Ground) -> bool:
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
    found = {token.lstrip("#") for token in re.findall(ground.domain.record_ids, clause.upper())}
    return {token.casefold() for token in found} if len(found) == 1 else set()
