"""Whether a reply agrees to what was said before it."""

from __future__ import annotations

import re

_AGREES = re.compile(
    r"\b(?:yes|yea|yeah|yep|yup|sure|ok|okay|correct|right|confirm(?:ed)?|agreed?|approved?|go (?:ahead|for it)|"
    r"proceed|please do|do (?:it|that|so|both|all)|perfect|absolutely|of course|certainly|definitely|exactly|"
    r"great|fine|sounds good|that works|ja|oui|s[ií])\b|👍|✅"
)
_DENIES = re.compile(
    r"^\W*(?:no(?! (?:problem|worries|rush))|nope|nah|not|wait|hold on|stop|don.?t|never)\b|"
    r"\bnot (?:correct|right)\b"
)


def agrees(text: str) -> bool:
    """Whether a reply says yes, by its words."""
    said = text.casefold()
    return bool(_AGREES.search(said)) and not _DENIES.search(said)
