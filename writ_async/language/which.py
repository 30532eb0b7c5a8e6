"""Whether a message has the other side choose: it asks which of several things is meant, or tells of several.

A name in capitals is that of one kind of thing; what is written small may be anything of the sort, so that to speak of
two orders tells nothing, but of two orders with a kettle does.

>>> puts_choice("I see two kettles in that order. Which one is it?", ("Kettle", "item"))
True
>>> puts_choice("I found two kettles and would take the red one, all right?", ("Kettle", "item"))
True
>>> puts_choice("Which payment method would you like?", ("Kettle", "item"))
False
>>> puts_choice("You have two orders. I am about to cancel #W1234567. Shall I go ahead?", ("order",))
False
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from writ_async.language.hearing import hear, waits_for_answer
from writ_async.language.sentences import plain_text

_SEVERAL: Final = r"(?:two|three|four|five|[2-9]|both|several|multiple|a couple of|a few|more than one)"
_THOSE: Final = r"(?:them|these|those|the (?:two|three|four))"
_ELSE: Final = (
    r"(?! (?:\w+ ){0,2}(?:options?|methods?|changes?|modifications?|variants?|versions?|cards?|alternatives?|accounts?"
    r"|reasons?|ways?|emails?)\b)"
)
"""What else there may be a choice of: how it is paid, or what an item is exchanged for."""
_FREE: Final = re.compile(
    rf"\bwhich (?:of (?:them|these|those|the|your)\b{_ELSE}|ones?\b(?! applies)"
    r"|(?:is|was|would be|are) the (?:one|right)|did you mean|do you mean|(?:should|shall) i (?!use|charge|pay|send)"
    r"|would you (?:like me to|want me to|have me))|\bwhich\?"
    r"|(?:\b(?:is|is it|is this|is that|be|that be|do you mean|did you mean|do you want|want|about|or say|or)|[,:;]|^)"
    rf" ?(?:it )?(?:for |about )?(?:just |only )?(?:one|all|both|either|each) of {_THOSE}\b{_ELSE}"
    rf"|\beither of {_THOSE}\b{_ELSE}"
    rf"|\bor (?:both\b{_ELSE}|all\b{_ELSE}|the other(?: ones?)?\b|neither\b)"
    rf"|\bboth\b{_ELSE}.{{0,30}}\bor (?:only|just|one)\b|\bthe (?:first|former)(?: one)?\b.{{0,60}}\bor\b"
    r"|\bmore than one\b.{0,40}\b(?:fits?|match|matches|like that)\b|\bthe other one\b"
    rf"|\b(?:found|see|have|there are) {_SEVERAL}(?: of {_THOSE})?(?: (?:and|that|but|which)\b|[,.:;])"
)
"""Words that let somebody choose, whatever is spoken of; for lower case."""


def puts_choice(message: str, nouns: Sequence[str]) -> bool:
    """Whether a message waits for an answer, and has the other side choose among things of those names."""
    if not waits_for_answer(message) and not hear(message).does("ask", "confirm", "hint"):
        return False
    text = plain_text(message)
    return _FREE.search(text) is not None or _of_those(tuple(nouns)).search(text) is not None


@lru_cache(maxsize=256)
def _of_those(nouns: tuple[str, ...]) -> re.Pattern[str]:
    """Which of them, or that there are several of them."""
    names = {noun: {re.escape(word) for word in (noun.lower(), noun.lower().split()[-1])} for noun in nouns}
    named = "|".join(sorted(word for words in names.values() for word in words))
    special = "|".join(sorted(word for noun, words in names.items() for word in words if noun != noun.lower()))
    of_a_kind = r" (?:with|containing|that|to|for|from|in which|where|like|which|on|match\w*)\b"
    return re.compile(
        rf"\b(?:which|what) (?:[\w'-]+ ){{0,2}}?(?:{named})(?:e?s|\(s\))?(?![\w-])(?! (?:number|method))"
        rf"|\b{_SEVERAL} (?:[\w'-]+ ){{0,3}}?(?:{named})(?:e?s)?{of_a_kind}"
        + (rf"|\b{_SEVERAL} (?:[\w'-]+ ){{0,3}}?(?:{special})e?s\b" if special else "")
    )
