"""The clauses of a sentence: which part of it says a thing, and whether a word in that part makes it no statement.

A sentence may be long, and hold many things that are asked about: what cuts it, and what blocks a statement in it, is
then looked for once. What a part of a sentence is cut by is asked as if nothing stood behind the part.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

from writ_async.verify.claims.said import Sentence

_BLOCK: Final = re.compile(
    r"\b(?:once|if|when|whenever|after|before|until|unless|whether|as soon as|in case|would|could|should|can|will|shall"
    r"|may|might|must|not|never|cannot|nothing|none|neither|nor|no|only|any|each|per|to be|usually|normally|typically"
    r"|let me know|which|who|whose|for|by the time|that (?:has|have|was|were|had|is|are)|you (?:wanted|want|would|need)"
    r"|sorry to hear|hear that|understand|seems|appears|sounds like|assum\w*|please|hav(?:e|ing) to|want|prefer|ensure"
    r"|sure|confirm(?:ing|s)?|confirmation (?:that|of)|verify|check|expect\w*|policy)\b|n't\b|'ll\b|'d\b"
)
_BRACKETS: Final = re.compile(r"\([^()]*\)")
_CLAUSE: Final = re.compile(
    r"[;:—–(]|\.\s|, (?:and|but|so|i|we|your|the|it|this)\b|\bbut\b|\bbecause\b|\bso\b|\bsince\b"
    r"|\band (?:i|we|your|the|it)\b"
)
_LONG: Final = 200
"""Signs of a part from which on what is looked for in it is looked for in the whole sentence."""
_NEAR: Final = 70
_LONGEST_CUT: Final = 16
"""More signs than the longest word of those that block, and the longest cut, have."""


def clause_around(sentence: Sentence, start: int, end: int) -> str:
    """The clause around a part of a sentence, from its start where the part is empty."""
    first, last = start - sentence.start, end - sentence.start
    return sentence.plain[_clause_start(sentence, first) if first < last else first : _clause_end(sentence, last)]


def clause_left_of(left: str) -> str:
    """The words of the clause that a text ends with, without what stands in brackets."""
    if ")" in left:
        left = _BRACKETS.sub(" ", left)
    start = 0
    for match in _CLAUSE.finditer(left):
        start = _behind(match)
    return left[start:]


def _behind(cut: re.Match[str]) -> int:
    """Where the clause behind a cut begins."""
    return cut.end() if not cut[0].startswith((",", "and")) else cut.start() + 1


def _clause_start(sentence: Sentence, place: int) -> int:
    """Where the clause begins that what stands before a place ends with; what stands behind it cuts nothing.

    The cuts of a sentence are looked for once; those right before the place may be others without what is behind it.
    """
    start = since = 0
    if place > _LONG:
        cuts, near = sentence.all_of(_CLAUSE), place - _LONGEST_CUT
        whole = bisect_left(cuts, near, key=re.Match.start)
        start = _behind(cuts[whole - 1]) if whole else 0
        since = max(near, cuts[whole - 1].end() if whole else 0)
    for match in _CLAUSE.finditer(sentence.plain, since, place):
        start = _behind(match)
    return start


def _clause_end(sentence: Sentence, place: int) -> int:
    if len(sentence.plain) - place > _LONG:
        cuts = sentence.all_of(_CLAUSE)
        after = bisect_left(cuts, place, key=re.Match.start)
        if not after or cuts[after - 1].end() <= place:
            return cuts[after].start() if after < len(cuts) else len(sentence.plain)
    match = _CLAUSE.search(sentence.plain, place)
    return match.start() if match else len(sentence.plain)


def has_block(text: str) -> bool:
    """Whether a text has a word that makes what follows it no statement."""
    return _BLOCK.search(text) is not None


def is_blocked(sentence: Sentence, end: int) -> bool:
    """Whether the clause before a place has a word that makes what follows no statement.

    In a long one the words of the whole sentence are looked for once. Where the clause ends in the middle of one, or a
    word ends only because the clause does, that part alone says it.
    """
    end -= sentence.start
    if ")" in sentence.plain[:end]:
        return has_block(clause_left_of(sentence.plain[:end]))
    start = _clause_start(sentence, end)
    if end - start > _NEAR:
        found = sentence.all_of(_BLOCK)
        place = bisect_left(found, start, key=re.Match.start)
        before, after = found[max(0, place - 1) : place], found[place : place + 1]
        if after and after[0].end() <= end:
            return True
        if not (before and before[0].end() > start) and not (after and after[0].start() < end):
            return _BLOCK.search(sentence.plain, end - _NEAR, end) is not None
    return has_block(sentence.plain[start:end])
