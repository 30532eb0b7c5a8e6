"""A scenario taken apart into what its user will say, piece by piece, and whether a piece has been heard.

The scripted seats, the proofs and the audits all cut a request in the same places, so that they mean the same piece.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

from writ_async.core.task import Fact, Task

Part = Literal["greeting", "goal", "detail", "fact", "question"]

_SOFT: Final = frozenset(
    {
        *("please", "want", "would", "like", "need", "because", "with", "that", "have", "there", "should", "about"),
        *("thanks", "could", "help", "just", "also", "which", "this", "from", "what", "hoping", "trying", "really"),
        *("wanting", "needing", "liking"),
    }
)
"""Words that a manner of speaking may change; a piece is never recognised by them."""

_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")
_NO_END: Final = re.compile(r"(?:\b(?:St|Mt|Ft|Dr|Mr|Mrs|Ms|No|Apt|Ave|Blvd|vs|e\.g|i\.e|U\.S|[A-Z]))\.$")
_GREETING: Final = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings|dear)\b"
    r"(?: (?:again|there|you|to you|all|folks|everyone|team|support|customer service))?[.,!]?)"
    r"(?: (?:(?:just |i have )?an? (?:quick|small|short|new) (?:one|matter|request|thing)|thanks for [a-z ]+"
    r"|i (?:need|could use) (?:some |a little |a bit of )?(?:help|support|assistance)"
    r"|i hope (?:you can help(?: me)?|you're well|i'm in the right place|this is quick)"
    r"|i(?:'ve got| have got| have|'ve| come with) (?:something to [a-z ]+"
    r"|(?:a|one more|another) (?:request|matter|thing)(?: for you)?))[.!]?)?$",
    re.I,
)
_GOAL: Final = re.compile(
    r"\b(?:i'd (?:really |just |now |also )?(?:like|love|want|need|prefer|be glad|be happy) to"
    r"|i (?:really |just |do |now |still |also )?(?:want|need|have|wish|intend|mean|hope) to"
    r"|i would (?:very much |also )?(?:like|love) to|i(?:'m| am) (?:hoping|looking|planning|trying|going) to"
    r"|i'm (?:here|writing|calling|in touch|getting in touch|contacting you)\b|i was (?:hoping|planning|meaning"
    r"|going) to"
    r"|i've (?:decided|come|planned|resolved) to|help me|a hand to|help to"
    r"|(?:the|my) (?:plan|idea|aim|wish|goal) is to|what i (?:need|want|hope for)|my request"
    r"|(?:is it|would it be) possible|(?:it would|it'd) be (?:great|good|nice|lovely) to|is there a way to"
    r"|any (?:chance|way) to"
    r"|i was wondering|i wonder (?:if|whether)|can you|could you|would you|will you|(?:could|can|may) i|let me"
    r"|i want|i need|i'd like|i must)\b",
    re.I,
)
_NEXT: Final = re.compile(
    r"^(?:i also (?:want|need|wish|have|hope) to|i'd also (?:like|want|need|love) to|besides,|next,|after that,"
    r"|another thing"
    r"|one more thing|on top of that|while i'm at it|and then|furthermore,|in addition,|moreover,"
    r"|(?:my|the) (?:next|last) (?:thing|wish|point|matter|request)|(?:could|can) you also|finally,|lastly,"
    r"|and (?:last|finally)"
    r"|(?:and |then )?(?:one|a) last thing|to finish,|also,|then,|secondly)",
    re.I,
)
_QUESTION: Final = re.compile(r"\b(?:to know|to hear|be told|tell me|how much)\b", re.I)
_MARKS: Final = "#@.$'+-"
_RUN: Final = re.compile(r"[#@\w.$'+-]+")
_LENGTH: Final = 4
_SHARE: Final = 0.75


class Piece(msgspec.Struct, frozen=True):
    """One piece of what a user has to say.

    `wish` is the index of the gold write that needs it first, where several wishes are told one after the other, else
    0. `slot` is a fact's. `keys` are the words by which the piece is recognised.
    """

    text: str
    part: Part
    wish: int = 0
    slot: str = ""
    value: str = ""
    keys: frozenset[str] = frozenset()


def words_of(text: str) -> set[str]:
    """The words of a text in lower case, with ids, addresses and numbers whole."""
    runs = set(_RUN.findall(text.casefold()))
    words = set(filter(str.isalnum, runs))
    words.update([_bare(run) for run in runs - words if run.strip(_MARKS)])
    return words


def _bare(run: str) -> str:
    # Cut behind the match: a pattern that ends with a letter would look for one anew from each of a thousand dots.
    return run.rstrip(_MARKS).lstrip("'.-+").removesuffix("'s")


def sentences_of(text: str) -> list[str]:
    """A text cut at the ends of its sentences, but not after an abbreviation."""
    sentences: list[str] = []
    for sentence in _END.split(text.strip()):
        if sentences and _NO_END.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {sentence}"
        elif sentence:
            sentences.append(sentence)
    return sentences


def pieces_of(task: Task) -> tuple[Piece, ...]:
    """All that the user of a task has to say: the sentences of the request, then the facts.

    A sentence that only tells a fact counts as that fact. With as many wishes as gold writes, each sentence belongs to
    the wish that it follows; otherwise all belong to the first.
    """
    facts = {fact.text for fact in task.scenario.facts}
    found: list[Piece] = []
    wish, goals = 0, 0
    # Where nothing but an answer is wanted, the question is the wish.
    beside_a_write = bool(task.communicate) and task.kind != "information"
    for text in sentences_of(task.scenario.request):
        if text in facts:
            continue
        part: Part = "detail"
        if beside_a_write and _QUESTION.search(text):
            part = "question"
        elif not goals and _GREETING.match(text):
            part = "greeting"
        elif goals and _NEXT.match(text):
            wish, goals, part = wish + 1, goals + 1, "goal"
        elif not goals and _GOAL.search(text):
            goals, part = 1, "goal"
        found.append(Piece(text, part, wish, keys=_telling_words(text)))
    if not goals:
        found = _first_as_goal(found)
    if wish + 1 != len(task.certified_writes):
        found = [msgspec.structs.replace(piece, wish=0) for piece in found]
    return (*found, *fact_pieces(task))


def fact_pieces(task: Task) -> tuple[Piece, ...]:
    """The facts of a task as pieces that its user has to say; of those with one text the last counts."""
    return tuple(map(_fact_piece, {fact.text: fact for fact in task.scenario.facts}.values()))


def _first_as_goal(pieces: list[Piece]) -> list[Piece]:
    """Where no sentence reads like a wish, the first that is no greeting is held to be it."""
    for place, piece in enumerate(pieces):
        if piece.part == "detail":
            return [*pieces[:place], msgspec.structs.replace(piece, part="goal"), *pieces[place + 1 :]]
    return pieces


def _fact_piece(fact: Fact) -> Piece:
    return Piece(fact.text, "fact", 0, fact.slot, fact.value, _keys_of_fact(fact.text, fact.value))


@lru_cache(maxsize=4096)
def _keys_of_fact(text: str, value: str) -> frozenset[str]:
    """The words by which a fact is recognised; every trial of its task asks for them."""
    if not value or value.casefold() not in text.casefold():
        return _telling_words(text)
    numbers = {word for word in words_of(text) if any(map(str.isdigit, word)) and "'" not in word}
    return frozenset(words_of(value) | numbers)


def _telling_words(text: str) -> frozenset[str]:
    return frozenset(
        word
        for word in words_of(text)
        if word not in _SOFT and (len(word) >= _LENGTH or any(map(str.isdigit, word))) and "'" not in word
    )


def is_heard(piece: Piece, words: set[str]) -> bool:
    """Whether a piece was said, judged by the words heard so far: a fact whole, anything else in the main."""
    if piece.part == "fact" and piece.value:
        return piece.keys <= words
    return len(piece.keys & words) >= _SHARE * len(piece.keys)


def wrong_version(value: str) -> str:
    """A value as somebody gives it who has mixed it up: its last two unequal neighbours change places.

    Always another text; the same value always gives the same one, so that nothing has to be stored.
    """
    for end in range(len(value) - 1, 0, -1):
        first, second = value[end - 1], value[end]
        if first != second and first.isalnum() and second.isalnum() and first.isdigit() == second.isdigit():
            return f"{value[: end - 1]}{second}{first}{value[end + 1 :]}"
    return f"{value}1"
