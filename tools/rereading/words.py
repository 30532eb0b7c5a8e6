"""Reading sentences: phrases are taken out of a text one by one, and what is left must be idle talk.

A reader replaces each phrase that it understands by a mark; words that decide something and are still there at the
end mean that the text was not understood, and a text that is not understood is never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

MARK = "\u241f"
_SENTENCE_END = re.compile(r"(?<=[.?!]) +")
_OPENERS = re.compile(
    r"^(?:(?:(?:and|then|one|a|my|the|to|another|more) )*(?:last|next|finish|finally|lastly|besides|also|then"
    r"|thing|secondly"
    r"|after that|on top of that|in addition|moreover|furthermore|while i'm at it|and then)\b"
    r"(?: (?:thing|wish|point|matter|request))?(?: is)?[,:]?(?: to)? )?"
    r"(?:please |on second thought,? |instead |i'd rather |what i want now is to |today |now |so, |well, |okay, "
    r"|(?:is it|would it be) possible to |is there a way to |any (?:chance|way) to |let me "
    r"|(?:can|could|would|will) you (?:please |also )*(?:help me )?(?:to )?|help me (?:to )?"
    r"|(?:could|can|may) i (?:please |perhaps )*"
    r"|i (?:was wondering|wonder) (?:if|whether) i (?:could|can) |(?:it would|it'd) be (?:great|good|nice|lovely) to "
    r"|(?:i'm|i am) (?:just )?(?:hoping|trying|writing|calling|in touch|getting in touch|contacting (?:you"
    r"|support)|looking"
    r"|planning|here)(?: because i want)?(?: in order)? to |i was (?:hoping|planning|meaning|going) to "
    r"|i(?:'ve| have) (?:decided|come|planned|resolved|contacted the support team because i want) to "
    r"|(?:my|the) (?:goal|wish|aim|plan|idea|request) is to |i (?:could use|need) (?:your )?(?:help|a hand) to "
    r"|i (?:also |really |just |do |now |still )*(?:need|want|wish|intend|mean|hope|have(?! to (?:leave|depart"
    r"|arrive|be) )|would (?:very much )?(?:like|love)) to "
    r"|i must (?!leave|depart|arrive|be )|i'd (?:also |really |just |now )*(?:like|love|want|need|prefer|be glad"
    r"|be happy) to "
    r"|what i (?:need|want|have in mind|hope for) is to )*",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"changed my mind|thought about it again: no|don't do that|^actually, no|see it differently now|too quick there"
    r"|isn't what i want any more|have another idea|there's something better",
    re.IGNORECASE,
)
_CLOSERS = re.compile(r"(?:, please)?[.?!]*$")


class NotUnderstood(Exception):
    """A text that the reader cannot read to its end; its message quotes the words in question."""


class Unsound(Exception):
    """A request that has no single answer in its world; its message says what is open."""


def sentences(text: str) -> list[str]:
    """The sentences of a text, with straight apostrophes and single spaces."""
    plain = " ".join(text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"').split())
    return [one for one in _SENTENCE_END.split(plain) if one]


def without_politeness(sentence: str) -> str:
    """A sentence without what merely introduces a wish ("Could you help me to ...") and its end ("..., please?")."""
    return _CLOSERS.sub("", _OPENERS.sub("", sentence, count=1), count=1)


def without_taking_back(change: str) -> str:
    """What is wanted now by somebody who takes a wish back ("Actually, no. ..."). Raises `NotUnderstood` for others."""
    said = sentences(change)
    kept = [one for one in said if not (_TAKEN_BACK.search(one) and len(one.split()) < 10)]
    if len(kept) == len(said):
        raise NotUnderstood(f"nothing is taken back in {change!r}")
    return " ".join(kept)


def in_first_person(text: str) -> str:
    """What an instruction says in the second person ("You want your money back."), as the customer would say it."""
    said = text.replace("\u2019", "'")
    for old, new in (
        (r"\byou're\b", "I'm"), (r"\byou've\b", "I've"), (r"\byou'll\b", "I'll"), (r"\byou'd\b", "I'd"),
        (r"\byou are\b", "I am"), (r"\byours\b", "mine"), (r"\byourself\b", "myself"), (r"\byour\b", "my"),
        (r"(?<=\bto )you\b", "me"), (r"(?<=\bcost )you\b", "me"), (r"(?<=\bwith )you\b", "me"),
        (r"(?<=\bhave )you(?= first)", "me"), (r"(?<=: )you\b(?! (?:want|need|would"
         r"|wish))", "me"), (r"(?<=\bare )you\b", "me"),
        (r"(?<=\bsaves )you\b", "me"), (r"(?<=\blet )you\b", "me"), (r"(?<=\bfor )you\b", "me"),
        (r"(?<=\bonly )you\b", "me"),
        (r"(?<=\bsuit )you\b", "me"), (r"(?<=\bgets )you\b", "me"), (r"(?<=\bjust )you\b", "me"), (r"\byou\b", "I"),
    ):  # fmt: skip
        said = re.sub(old, new, said, flags=re.IGNORECASE)
    return said


class Rest:
    """A sentence being read: phrases are taken out of it, each leaving a mark in its place."""

    def __init__(self, sentence: str) -> None:
        self.text = sentence
        self.kept: list[tuple[str, Any]] = []

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take the first match out and give it."""
        found = pattern.search(self.text)
        if found:
            self.text = f"{self.text[: found.start()]}{MARK}{self.text[found.end() :]}"
        return found

    def name(self, letter: str, pattern: re.Pattern[str], build: Callable[[re.Match[str]], Any]) -> None:
        """Put a name such as `<O0>` in the place of every match, and keep what `build` makes of it under that name."""

        def replace(found: re.Match[str]) -> str:
            self.kept.append((letter, build(found)))
            return f"<{letter}{len(self.kept) - 1}>"

        self.text = pattern.sub(replace, self.text)

    def named(self, *letters: str) -> list[Any]:
        """What is kept under names of these letters, in the order of the text as it stands."""
        wanted = re.findall(r"<([A-Z])(\d+)>", self.text)
        return [self.kept[int(index)][1] for letter, index in wanted if letter in letters]

    def must_be_idle(self, decisive: re.Pattern[str]) -> None:
        """Raise `NotUnderstood` where a decisive word is left."""
        found = decisive.search(re.sub(r"<[A-Z]\d+>", MARK, self.text))
        if found:
            raise NotUnderstood(f"{found[0]!r} in {self.text!r}")


def one(things: Iterable[Any], what: str) -> Any:
    """The only one of some things. Raises `Unsound` where there is none or more."""
    found = list(things)
    if len(found) != 1:
        raise Unsound(f"{len(found)} things are {what}")
    return found[0]


def best(things: Iterable[Any], worth: Callable[[Any], float], *, most: bool, what: str) -> Any:
    """The one thing of highest (or lowest) worth. Raises `Unsound` where there is none, or a tie."""
    found = sorted(things, key=worth, reverse=most)
    if not found:
        raise Unsound(f"nothing is {what}")
    if len(found) > 1 and abs(worth(found[0]) - worth(found[1])) < 1e-6:
        raise Unsound(f"two things are {what}")
    return found[0]
