"""One message of the agent as it is read for claims: its words, and its sentences where somebody asks for them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import filterfalse
from string import ascii_uppercase
from typing import Any, Final

import msgspec

from writ_async.core.trajectory import Severity
from writ_async.language.sentences import BULLET
from writ_async.verify.claims.words import split_words
from writ_async.verify.confirming.wording import has_any
from writ_async.verify.provenance import atoms

# A pattern that begins with one of a few signs is found much faster than one that begins with a choice.
_ENDS: Final = re.compile(r"[\n.!?](?:(?<=\n)\n*|(?<!\n)[\"'”’)*_]{0,4}\s+(?=[^a-z\s]))")
_NO_END: Final = re.compile(r"\b(?:St|Mt|Ft|Dr|Mr|Mrs|Ms|No|Apt|Ave|Blvd|vs|e\.g|i\.e|U\.S|approx|incl|[A-Z])\.$")
_ENDS_OF_SHORT: Final = "deglorstx" + ascii_uppercase
"""What the short forms with a point end in."""
_EXAMPLE: Final = re.compile(
    r"\be\.?g\b|\bi\.e\b|\bfor (?:example|instance)\b|\bsuch as\b|\bexample|\bformat|\bstarts? with\b"
    r"|\blook(?:s|ing)? like\b|\bsomething like\b|\blike ['\"#`(]|\(like\b"
)
_OF_EXAMPLES: Final = ("eg", "e.g", "i.e", "example", "for instance", "such as", "format", "start", "like")
"""Of which every example has one."""
_FIELD: Final = re.compile(r'": ?-?(\d{1,9}(?:\.\d{1,2})?)(?=\s*[,}\]])')
_AMOUNT: Final = r" ?(\d{1,9}(?:,\d{3})*(?:\.\d{1,2})?)(?!\d|,\d|[kmb]\b)"
_SIGNED: Final = re.compile(f"[$€£]{_AMOUNT}")
_IN_DOLLARS: Final = re.compile(rf"\${_AMOUNT}")
CAPITALS: Final = re.compile("[A-Z][A-Z]{4}")
"""The beginning of an id of letters alone."""
KELVIN: Final = "\N{KELVIN SIGN}"
"""The one capital beyond ASCII that is a letter of ASCII when it is small."""
_UNDER: Final = re.compile(
    r"\b(?:if|only when|unless|whether|either|must|conditions?|criteria|criterion|requirements?|eligib\w+|one of|any of"
    r"|at least|would|could)\b"
)
"""What makes the entries of a list conditions, or what there is under one."""
_OBJECTS: Final = frozenset("{[")
_LONGEST: Final = 2_000
"""Characters of a sentence."""
_TOLD: Final = re.compile(
    r"^\W*(?:the )?(?:user|customer)\b|^\W{0,3}\"i\b|\baccording to you\b"
    r"|\byou(?:'ve| have| had)?(?: just| also| originally| previously)? (?:said|say|mention|told|indicat|stat|claim"
    r"|provid|gave|shar|report|describ|request|ask|want|would like|believ|think|refer)\w*"
)


_TELLERS: Final = ("user", "customer", '"i', "according")
_TELLING: Final = (
    *("said", "say", "mention", "told", "indicat", "stat", "claim", "provid", "gave", "shar", "report", "describ"),
    *("request", "ask", "want", "would like", "believ", "think", "refer"),
)
"""Of both every sentence has one that says again what was said, of these beside "you"."""


class Claim(msgspec.Struct, frozen=True):
    """Something claimed that is not so: where in the message, why, and how grave it is."""

    place: int
    why: str
    severity: Severity


class Sentence:
    """One sentence of a message, from `start` up to `end`, in lower case; `lead` is the one that the list begins with
    of which it is an entry, or an empty text."""

    __slots__ = ("_found", "end", "lead", "plain", "start")

    def __init__(self, plain: str, start: int, end: int) -> None:
        self.plain = plain[start:end]
        self.start = start
        self.end = end
        self.lead = ""
        self._found: dict[re.Pattern[str], list[re.Match[str]]] | None = None

    def all_of(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """All that a pattern finds in it, in order; looked for once."""
        if self._found is None:
            self._found = {}
        if pattern not in self._found:
            self._found[pattern] = list(pattern.finditer(self.plain))
        return self._found[pattern]

    def is_a_case(self) -> bool:
        """Whether it is an entry of a list of conditions, or of what there is under one."""
        return bool(self.lead) and _UNDER.search(self.lead) is not None

    def is_question(self) -> bool:
        """Whether it ends in a question mark."""
        return self.plain.rstrip("\"')*_ \n").endswith("?")

    def is_example(self) -> bool:
        """Whether it shows what something may look like."""
        return has_any(self.plain, _OF_EXAMPLES) and _EXAMPLE.search(self.plain) is not None

    def is_told(self) -> bool:
        """Whether it says again what the customer said."""
        if not has_any(self.plain, _TELLERS) and not ("you" in self.plain and has_any(self.plain, _TELLING)):
            return False
        return _TOLD.search(self.plain) is not None


class Said:
    """A message. `plain` is its text in lower case with plain apostrophes, place by place; `words` those of it, and
    `unlike_words` those with more than letters.

    A text that is JSON is read as the texts in it, one a line; `cents` are the numbers of its fields, times 100, for
    there an amount has no sign. Marks for bold type are left out.
    """

    __slots__ = (
        "_capital_id",
        "_of_word",
        "_sentences",
        "_signed",
        "_starts",
        "cents",
        "plain",
        "text",
        "unlike_words",
        "words",
    )

    def __init__(self, content: str) -> None:
        text = content.replace("**", "").replace("`", "") if "*" in content or "`" in content else content
        self.cents = [round(float(number) * 100) for number in _FIELD.findall(text)] if '":' in text else []
        first = text[:1]
        if first in _OBJECTS or (first.isspace() and text.lstrip()[:1] in _OBJECTS) or "\\n" in text:
            text = "\n".join(_parts(text))
        self.text = text
        plain = text.lower()
        if len(plain) != len(text):
            plain = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
        self.plain = plain.replace("’", "'").replace("‘", "'") if "’" in plain or "‘" in plain else plain
        self.words = set(split_words(self.plain))
        self.unlike_words = list(filterfalse(str.isalpha, self.words))
        self._signed: list[re.Match[str]] | None = None
        self._capital_id: bool | None = None
        self._starts: list[int] = []
        self._sentences: list[Sentence] = []
        self._of_word: dict[str, list[int]] = {}

    def may_have_capital_id(self) -> bool:
        """Whether a word of letters alone may be an id, for it is written in capitals."""
        if self._capital_id is None:
            self._capital_id = CAPITALS.search(self.text) is not None or KELVIN in self.text
        return self._capital_id

    def signed(self) -> list[re.Match[str]]:
        """The amounts with a sign in front, each with its number as a group; looked for once."""
        if self._signed is None:
            self._signed = signed_amounts(self.plain)
        return self._signed

    def sentence(self, place: int) -> Sentence:
        """The sentence at a place."""
        if not self._starts:
            self._cut_up()
        return self._sentences[bisect_right(self._starts, place) - 1]

    def sentences_with(self, words: frozenset[str]) -> list[Sentence]:
        """The sentences that have one of some words, in order."""
        found = words & self.words
        if not found:
            return []
        if not self._starts:
            self._cut_up()
        sentences = self._sentences
        if len(sentences) == 1:
            return sentences
        if len(found) == 1:
            (word,) = found
            indexes = self._of_word.get(word) or self._places_of(word)
        else:
            indexes = sorted({index for word in found for index in self._of_word.get(word) or self._places_of(word)})
        return [sentences[index] for index in indexes]

    def _places_of(self, word: str) -> list[int]:
        """Which sentences have a word, be it in another; looked for once."""
        starts, plain, places = self._starts, self.plain, []
        place = plain.find(word)
        while place >= 0:
            after = bisect_right(starts, place)
            places.append(after - 1)
            if after == len(starts):
                break
            place = plain.find(word, max(place + len(word), starts[after]))
        self._of_word[word] = places
        return places

    def _cut_up(self) -> None:
        """Find the sentences."""
        text = self.text
        starts = [0]
        for match in _ENDS.finditer(text):
            place = match.start()
            if (
                text[place] == "."
                and text[place - 1 : place] in _ENDS_OF_SHORT
                and _NO_END.search(text, max(0, place - 8), place + 1)
            ):
                continue
            end = match.end()
            if end - starts[-1] > _LONGEST:
                # What goes on without an end is judged piece by piece, so that the cost stays linear.
                starts += range(starts[-1] + _LONGEST, end, _LONGEST)
            starts.append(end)
        starts += range(starts[-1] + _LONGEST, len(text), _LONGEST)
        plain = self.plain
        self._sentences = [
            Sentence(plain, start, end) for start, end in zip(starts, (*starts[1:], len(text)), strict=True)
        ]
        self._starts = starts
        if ":\n" in plain or ": \n" in plain:
            self._find_lists()

    def _find_lists(self) -> None:
        """Tell the entries of lists what they are entries of."""
        lead = ""
        for sentence in self._sentences:
            if sentence.plain.rstrip().endswith(":"):
                lead = sentence.plain
            elif BULLET.match(sentence.plain) is None:
                lead = ""
            else:
                sentence.lead = lead

    def quote(self, place: int, most: int) -> str:
        """The sentence at a place as it stands, in quotes, cut after `most` characters."""
        found = self.sentence(place)
        text = self.text[found.start : found.end].strip()
        return f'"{text}"' if len(text) <= most else f'"{text[:most]}…"'


def signed_amounts(text: str) -> list[re.Match[str]]:
    """The amounts in a text with a sign in front, each with its number as a group."""
    if text.isascii():
        return list(_IN_DOLLARS.finditer(text)) if "$" in text else []
    return list(_SIGNED.finditer(text))


def _parts(text: str) -> Iterator[str]:
    stripped = text.strip().removeprefix("json").strip()
    if stripped[:1] in ("{", "["):
        try:
            value: Any = msgspec.json.decode(stripped)
            yield from [str(leaf) for _, leaf in atoms(value) if leaf is not None and not isinstance(leaf, bool)]
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            pass
        else:
            return
    yield text.replace("\\n", "\n")
