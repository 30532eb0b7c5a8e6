"""An agent's text cut into sentences, and what kind of sentence each is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from writ_async.verify.provenance import atoms

_LINES: Final = re.compile(r"\n+|(?<=[.!?])[\"'”’)*_]{0,4}\s+(?=[^a-z\s])")
_NO_END: Final = re.compile(r"\b(?:St|Mt|Ft|Dr|Mr|Mrs|Ms|No|Apt|Ave|Blvd|vs|e\.g|i\.e|U\.S|approx|incl|[A-Z])\.$")
_MARKS: Final = re.compile(r"[*_`#>|]{2,}|^[\s>*•·–—-]+(?=\D)|^#+ ")
_EXAMPLE: Final = re.compile(
    r"\be\.?g\b|\bi\.e\b|\bfor (?:example|instance)\b|\bsuch as\b|\bexample|\bformat|\bstarts? with\b"
    r"|\blook(?:s|ing)? like\b|\bsomething like\b|\blike ['\"#`(]|\(like\b"
)
_TOLD: Final = re.compile(
    r"^\W*(?:user|customer) ?:|^\W{0,3}\"i\b|\baccording to you\b"
    r"|\byou(?:'ve| have| had)?(?: just| also| originally| previously)? (?:said|say|mention|told|indicat|stat|claim"
    r"|provid|gave|shar|report|describ|request|ask|want|would like|believ|think|refer)\w*"
)


class Sentence(msgspec.Struct, frozen=True):
    """One sentence as it stands, and in lower case with plain apostrophes and without marks for bold type."""

    text: str
    plain: str

    def is_question(self) -> bool:
        """Whether it ends in a question mark."""
        return self.plain.rstrip("\"')*_ ").endswith("?")

    def is_example(self) -> bool:
        """Whether it shows what something may look like."""
        return _EXAMPLE.search(self.plain) is not None

    def is_told(self) -> bool:
        """Whether it says again what the customer said."""
        return _TOLD.search(self.plain) is not None


def sentences_in(text: str) -> list[Sentence]:
    """The sentences of a text. A text that is JSON is read as the texts in it, one after the other."""
    found: list[Sentence] = []
    for part in _parts(text):
        pending = ""
        for piece in _LINES.split(part):
            pending = f"{pending} {piece}" if pending else piece
            if not _NO_END.search(pending):
                found += _sentence(pending)
                pending = ""
        found += _sentence(pending)
    return found


def _sentence(text: str) -> Iterator[Sentence]:
    text = text.strip()
    if len(text) < 2:
        return
    plain = _MARKS.sub("", text.casefold().replace("’", "'").replace("‘", "'").replace("**", "")).strip()
    if plain:
        yield Sentence(text, plain)


def _parts(text: str) -> Iterator[str]:
    stripped = text.strip()
    if stripped.startswith("```"):
        stripped = stripped.strip("`").removeprefix("json").strip()
    if stripped[:1] in ("{", "["):
        try:
            value: Any = msgspec.json.decode(stripped)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            pass
        else:
            yield from (str(leaf) for _, leaf in atoms(value) if leaf is not None and not isinstance(leaf, bool))
            return
    yield text.replace("\\n", "\n") if "\\n" in text else text
