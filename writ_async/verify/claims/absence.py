"""Absence: who says that something was not found has looked for it, and did not find it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from writ_async.core.domain import Domain
from writ_async.verify.claims.deeds import WORDS, Claim
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.sentences import Sentence

_NOT_FOUND: Final = re.compile(
    r"(?:\b(?:could not|couldn't|can't|cannot|can not|did not|didn't|unable to|not able to|failed to"
    r"|haven't been able to|have not been able to|wasn't able to|weren't able to|no luck (?:in )?)) "
    r"(?:\w{2,}ly |yet |still )?(?:find|locate|finding|locating)\b(?P<what>[^.;:!?\n]{0,80})"
    r"|\bthere(?:'s| is| was| are| were) no "
    r"(?P<none>(?:match|matching|record|account|profile|user|customer)\b[^.;:!?\n]{0,60})"
    r"|\bno (?P<no>(?:[\w-]+ ){0,2}?(?:account|profile|user|customer|record|match)s?)"
    r" (?:was|were|has been|have been|could be|exists?|under|with|for)\b"
    r"|\bno (?P<found>(?:[\w-]+ ){1,3})(?:was |were |has been |could be )?found\b"
    r"|(?P<subject>(?:[\w#-]+ ){1,4})(?:was not|wasn't|were not|could not be|couldn't be|cannot be) (?:found|located)\b"
    r"|\b(?P<matches>your (?:\w+ )?(?:details|information|name|e-?mail(?: address)?)|what you gave me) "
    r"(?:does not|doesn't|do not|don't|did not|didn't) match\b"
)
_TRIGGERS: Final = ("find", "locat", "found", "no ", "match")
_IF: Final = re.compile(r"\b(?:if|unless|in case|when|whether|until|so that|should|would|otherwise|or if)\b")
_QUALIFIED: Final = re.compile(
    r"\b(?:with|for|from|containing|that|which|matching|in|on|among|under|of|at|to|as|by)\b|'s\b"
)
_GIVEN: Final = re.compile(r"\b(?:details?|information|info|e-?mail|name|zip|phone|gave|given|provided|entered|you)\b")
_GENERAL: Final = re.compile(r"\b(?:can't|cannot|can not)\b.*\b(?:by|without|unless|until)\b")
_ARTICLE: Final = re.compile(r"^(?:a|an|the|your|any|this|that|such|these|those|valid|existing|specific)\s+")


@lru_cache(maxsize=64)
def _record_nouns(arguments: tuple[str, ...]) -> frozenset[str]:
    nouns = {word.removesuffix("_id").split("_")[-1] for word in arguments if word.endswith("_id")}
    return frozenset(nouns | {f"{noun}s" for noun in nouns})


def record_nouns(domain: Domain) -> frozenset[str]:
    """What a domain's tools are asked for by its id, such as a user or a loan."""
    return _record_nouns(tuple(sorted({key for tool in domain.tools.values() for key in tool.accepted})))


def false_absence(sentence: Sentence, ground: Ground) -> list[Claim]:
    """What a sentence says was not found, though nobody looked for it or a look-up found it."""
    text = sentence.plain
    if ground.unknown or not any(word in text for word in _TRIGGERS) or sentence.is_question():
        return []
    for match in _NOT_FOUND.finditer(text):
        before = text[: match.start()]
        if _IF.search(before[-60:]):
            continue
        what = next((group for group in match.groups() if group), "").strip()
        if _GENERAL.search(match[0]):
            continue
        if not ground.answered:
            return [("nothing was looked up before", "error")]
        if _is_somebody(what) or (not ground.failed and _is_bare(what, ground) and not match["subject"]):
            return [("no look-up failed before", "error")]
    return []


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
