"""Absence: who says that something was not found has looked for it, and did not find it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from writ_async.core.domain import Domain
from writ_async.verify.claims.deeds import WORDS
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said

_LOOKED: Final = re.compile(r"\b(?:find|locate|finding|locating)\b(?P<what>[^.;:!?\n]{0,80})")
_IN_VAIN: Final = re.compile(
    r"\b(?:could not|couldn't|can't|cannot|can not|did not|didn't|unable to|not able to|failed to|been able to"
    r"|wasn't able to|weren't able to|no luck(?: in)?) (?:\w{2,}ly |yet |still |seem to |even )?$"
)
_ABLE: Final = re.compile(r"(?<!n't )(?<!not )been able to $")
_NONE: Final = re.compile(
    r"no (?<=\bno )(?:"
    r"(?P<no>(?:[\w-]+ ){0,2}?(?:account|profile|user|customer|record|match)s?)"
    r" (?:was|were|has been|have been|could be|exists?|under|with|for)\b"
    r"|(?P<found>(?:[\w-]+ ){1,3}?)(?:was |were |has been |have been |could be )?found\b"
    r"|(?P<such>such (?:account|profile|user|customer|member|person|client)s?)\b"
    r"|(?P<one>(?:account|profile|user|customer|record)s? )(?:match\w*|fits?|belongs?|corresponds?)\b"
    r"|(?P<there>(?:match|matching|record|account|profile|user|customer)\b[^.;:!?\n]{0,60}))"
)
_FOUND: Final = re.compile(
    r"(?P<subject>(?:[\w#-]{1,40} ){1,4})(?:was not|wasn't|were not|could not be|couldn't be|cannot be) $"
)
_EXISTS: Final = re.compile(
    r"\b(?:your|this|that|the) (?P<subject>(?:[\w#-]{1,40} ){1,3})(?:does not|doesn't|do not|don't) $"
)
_DIFFERS: Final = re.compile(
    r"\b(?:your (?:\w+ )?(?:details|information|name|e-?mail(?: address)?)|what you gave me) "
    r"(?:does not|doesn't|do not|don't|did not|didn't) $"
)
_LACKS: Final = re.compile(
    r"\b(?:we|i) (?:do not|don't|did not|didn't)(?: seem to| currently)? (?:have|see|show|find|get) (?:an?|any|your) "
    r"(?P<subject>(?:\w{1,12} ){0,2}(?:account|profile|user|customer)s?\b[^.;:!?\n]{0,40})"
    r"|\b(?P<key>(?:e-?mail(?: address)?|user id|\w{2,6} code|phone number|name|account|details)) "
    r"(?:is not|isn't|are not|aren't) (?:registered|on file|known|in (?:our|the|my) (?:system|records?|database))\b"
)
_TRIGGERS: Final = frozenset(
    {
        *("find", "finding", "locate", "locating", "found", "located", "no", "match", "exist", "registered", "account"),
        *("profile", "user", "customer", "file", "system", "records", "database"),
    }
)
_IF: Final = re.compile(r"\b(?:if|unless|in case|when|whether|until|so that|should|would|otherwise|or if)\b")
_QUALIFIED: Final = re.compile(
    r"\b(?:with|for|from|containing|that|which|matching|in|on|among|under|of|at|to|as|by)\b|'s\b"
)
_GIVEN: Final = re.compile(r"\b(?:details?|information|info|e-?mail|name|zip|phone|gave|given|provided|entered|you)\b")
_GENERAL: Final = re.compile(r"\b(?:by|without|unless|until)\b")
_THERE: Final = re.compile(r"\b(?:there(?:'s| is| was| are| were)|we have|i have|i see|we see) $")
_LOOKING: Final = frozenset({"find", "finding", "locate", "locating"})
_NEAR: Final = 60
_ARTICLE: Final = re.compile(r"^(?:a|an|the|your|any|this|that|such|these|those|valid|existing|specific)\s+")


@lru_cache(maxsize=64)
def _record_nouns(arguments: tuple[str, ...]) -> frozenset[str]:
    nouns = {word.removesuffix("_id").split("_")[-1] for word in arguments if word.endswith("_id")}
    return frozenset(nouns | {f"{noun}s" for noun in nouns})


def record_nouns(domain: Domain) -> frozenset[str]:
    """What a domain's tools are asked for by its id, such as a user or a loan."""
    return _record_nouns(tuple(sorted({key for tool in domain.tools.values() for key in tool.accepted})))


def false_absence(said: Said, ground: Ground) -> list[Claim]:
    """What a message says was not found, though nobody looked for it or a look-up found it."""
    if ground.unknown or _TRIGGERS.isdisjoint(said.words):
        return []
    for place, what, by_subject in _said_missing(said):
        sentence = said.sentence(place)
        before = said.plain[max(sentence.start, place - 60) : place]
        if sentence.is_question() or _IF.search(before):
            continue
        if not ground.answered:
            return [Claim(place, "nothing was looked up before", "error")]
        if _is_somebody(what) or (not ground.failed and not by_subject and _is_bare(what, ground)):
            return [Claim(place, "no look-up failed before", "error")]
    return []


def _said_missing(said: Said) -> Iterator[tuple[int, str, bool]]:
    """What a message says was not found: where, what in its words, and whether that is the subject of its sentence."""
    plain, words = said.plain, said.words
    if not _LOOKING.isdisjoint(words):
        for match in _LOOKED.finditer(plain):
            left = plain[max(0, match.start() - _NEAR) : match.start()]
            vain = _IN_VAIN.search(left)
            if vain and not _ABLE.search(left) and not (_GENERAL.search(match[0]) and "can" in vain[0][:3]):
                yield match.start() - len(left) + vain.start(), match["what"].strip(), False
    if "no" in words:
        for match in _NONE.finditer(plain):
            what = match["no"] or match["found"] or match["there"] or match["one"] or "user"
            if match["there"] is None or _THERE.search(plain, max(0, match.start() - 12), match.start()):
                yield match.start(), what.strip(), False
    for match in _LACKS.finditer(plain) if "not" in words or "n't" in plain else ():
        yield match.start(), "user" if match["key"] else match["subject"], False
    for verb, pattern in (("found", _FOUND), ("located", _FOUND), ("match", _DIFFERS), ("exist", _EXISTS)):
        place = plain.find(verb) if verb in words else -1
        while place >= 0:
            left = plain[max(0, place - _NEAR) : place]
            if (missing := pattern.search(left)) is not None:
                what = "match" if pattern is _DIFFERS else missing["subject"].strip()
                yield place - len(left) + missing.start(), what, pattern is _FOUND
            place = plain.find(verb, place + 1)


def _is_somebody(what: str) -> bool:
    """Whether it is a person's account that was not found, or nothing in particular."""
    words = list(_words(what))
    if not words:
        return True
    head = next((place for place, word in enumerate(words) if _QUALIFIED.fullmatch(word)), len(words))
    kernel = words[: head or 1]
    if "match" in kernel[-1]:
        return bool(_GIVEN.search(what)) or len(words) == 1
    return any(word in WORDS["found_by_lookup"] for word in kernel) or (
        len(kernel) == 1 and kernel[0] in WORDS["nothing_in_particular"]
    )


def _is_bare(what: str, ground: Ground) -> bool:
    """Whether it is a record without any description that a look-up may have been about: "your loan"."""
    bare = what
    while match := _ARTICLE.match(f"{bare} "):
        bare = bare[match.end() :]
    words = list(_words(bare))
    return len(words) == 1 and words[0] in record_nouns(ground.domain) and not _QUALIFIED.search(what)


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"[\w'#-]+", text)
