"""Words in front of a call that tell its work as done: when they were written, nothing had happened.

A claim belongs to a call by the word that the tool's name begins with (`words.toml`, DEED; else by its own participle).
What an earlier call of the same kind has done may be told, unless the sentence names what only this call is about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from writ_async.core.message import ToolCall, ToolMessage
from writ_async.core.tool import Tool
from writ_async.verify.agent_words.lexicon import WORDS, alternatives, any_of, sentences_of, shown

_BETWEEN: Final = r"(?:(?:just|now|already|also|successfully|gone ahead and|all|both|each) ){0,3}"
_SUBJECT: Final = r"\b(?:i|we)(?:'ve| have|'d)? "
_NOT_YET: Final = re.compile(
    r"\b(?:" + "|".join(re.escape(word) for word in WORDS.forms["NOT_YET"] if word != "n't") + r")\b|n't\b|\?"
)
_TOKEN: Final = re.compile(r"[\w#@.\-]+")
_DONE_AT_ONCE: Final = re.compile(
    r"^\W*(?:all done|done|you're all set|you are all set|all set|it's done|it is done|completed|success)\b"
)
_READ: Final = re.compile(rf"{_SUBJECT}{_BETWEEN}{any_of('READ_DONE')}\b(?! (?:it|that|out)\b)")


@lru_cache(maxsize=256)
def _claim_of(verb: str) -> re.Pattern[str]:
    """How work is told as done whose tool's name begins with this word."""
    told = list(WORDS.tables["DEED"].get(verb, ())) or [_participle(verb)]
    deed = alternatives(sorted([*told, *WORDS.forms["GENERIC_DEED"]], key=len, reverse=True))
    nouns, done = any_of("DEED_NOUN"), any_of("DEED_NOUN_DONE")
    return re.compile(
        rf"{_SUBJECT}{_BETWEEN}{deed}\b"
        rf"|\b(?:has|have) {_BETWEEN}been {_BETWEEN}(?:{deed}|made)\b"
        rf"|\b(?:is|are|was|were) (?:now|successfully|all) {_BETWEEN}{deed}\b"
        rf"|\b{nouns}(?: (?:of|for) [\w #'-]{{1,40}})? (?:is|are|was|were|has been|have been|went) {_BETWEEN}{done}\b"
        rf"|^\W*(?:successfully )?{deed}(?: successfully)?[.!]"
    )


def _participle(verb: str) -> str:
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}ed"


class DoneBefore:
    """What the calls before a message have done: whether any read anything, any wrote anything, and about what."""

    __slots__ = ("_atoms", "_written", "read", "wrote")

    def __init__(self) -> None:
        self.read = False
        self.wrote = False
        self._atoms: set[str] = set()
        self._written: list[str] = []

    def add(self, kind: str, call: ToolCall, result: ToolMessage) -> None:
        """Take one more call."""
        if result.error:
            return
        self.read = True
        if kind == "write":
            self.wrote = True
            self._written.append(call.function.arguments)

    @property
    def atoms(self) -> set[str]:
        """The ids and numbers in the arguments of the writes; they are looked for when somebody asks."""
        for text in self._written:
            self._atoms |= _atoms(text.casefold())
        self._written.clear()
        return self._atoms


def early_claim(
    lower: str, calls: Sequence[ToolCall], tools: Mapping[str, Tool], before: DoneBefore
) -> tuple[str, int]:
    """The sentence that claims what one of the message's calls has yet to do, and which; an empty text and -1 for none.

    `lower` is the text in lower case with straight apostrophes.
    """
    sentences = [sentence for sentence in sentences_of(lower) if _NOT_YET.search(sentence) is None]
    for place, call in enumerate(calls):
        tool = tools.get(call.function.name)
        for sentence in sentences if tool is not None else ():
            if tool is not None and _claims(sentence, tool, call, before):
                return shown(sentence), place
    return "", -1


def _claims(sentence: str, tool: Tool, call: ToolCall, before: DoneBefore) -> bool:
    if tool.kind == "read":
        return not before.read and _READ.search(sentence) is not None
    if tool.kind != "write":
        return False
    claim = _claim_of(tool.name.partition("_")[0].casefold())
    if claim.search(sentence) is None and _DONE_AT_ONCE.match(sentence) is None:
        return False
    if not before.wrote:
        return True
    told = _atoms(sentence) & _atoms(call.function.arguments.casefold())
    return bool(told) and told.isdisjoint(before.atoms)


def _atoms(text: str) -> set[str]:
    """The ids and numbers in a text, those of less than four characters aside."""
    tokens = (token.strip(".-#") for token in _TOKEN.findall(text))
    return {token for token in tokens if len(token) > 3 and any(letter.isdigit() for letter in token)}
