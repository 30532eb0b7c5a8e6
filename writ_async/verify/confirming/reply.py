"""What a user's reply means: agreement, a denial, a condition, a question, or only something that was asked for.

A reply is read clause by clause. A clause takes a stance by what it is, not by a word in it: a yes behind a negation,
in a question or under a condition is none, "no other items" denies nothing, and a later stance outweighs an earlier
one. Which stances count for a write is for the caller to say, by what their sentences are about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from writ_async.verify.confirming.clauses import Sentence, sentences
from writ_async.verify.confirming.patterns import EDGE, END, deed_pattern, either, forms, pattern

Meaning = Literal["agrees", "requests", "denies", "holds", "conditions", "asks", "tells"]
"""What a reply comes to: `requests` wants it done in so many words, which agrees where just that was laid out; `holds`
puts it off; `tells` gives something without saying yes or no."""
StanceKind = Literal[
    "yes", "request", "fine", "faint", "no", "wait", "doubt", "not_this", "if", "only_if", "asks", "tells"
]
Concerns = Callable[[str], bool | None]
"""Whether a sentence is about a write (True), about other things alone (False), or does not say (None)."""


class Stance(msgspec.Struct, frozen=True):
    """What one clause says: the words that say it, and the sentence and the clause that they stand in."""

    kind: StanceKind
    words: str
    sentence: str
    clause: str = ""


class Reply(msgspec.Struct, frozen=True):
    """The meaning of a reply, and the words that decided."""

    meaning: Meaning
    words: str


_TAKES_UP: frozenset[StanceKind] = frozenset({"yes", "request", "fine", "faint"})
"""What says yes again, to all that was asked where it does not say to what."""
_LEAD = f"(?:{either('LEAD')} )"
_YES = re.compile(f"{_LEAD}{{0,4}}{either('YES')}(?: {either('YES')}){{0,3}}(?: {either('TAIL')})?$")
_AGREES = re.compile(EDGE + either("AGREES") + END)
_APPROVES = re.compile(EDGE + either("APPROVES") + END)
_FAINT = re.compile(f"{_LEAD}{{0,3}}{either('FAINT')}(?: (?:thanks|thank you|please|then|so))?$")
_NO = re.compile(f"{_LEAD}{{0,4}}{either('NO')}(?: {either('NO_TAIL')})?$")
_HOLDS = re.compile(f"(?:{_LEAD}|but |just |can we |i said ){{0,4}}{either('HOLDS')}{END}")
_HOLDS_ONE = re.compile(f"(?:{_LEAD}|but |just |let's |i'd like to ){{0,4}}{either('HOLDS_ONE')}{END}")
_DOUBTS = re.compile(f"(?:{_LEAD}|but |just ){{0,4}}{either('DOUBTS')}{END}")
_SHOWS = f"{EDGE}{either('SHOWS')}{END}"
_DEFERS = re.compile(
    f"{_SHOWS}.{{0,120}}?{EDGE}{either('APPROVES_LATER')}|^{_LEAD}{{0,4}}{either('WILL_APPROVE')}|{EDGE}{either('HOLDS_UNTIL')}"
)
_SHOWS_FIRST = re.compile(f"{_SHOWS}.{{0,120}}?{EDGE}{either('SHOWS_FIRST')}")
_FURTHER = re.compile(f"(?:{_LEAD}|but |i |there is |there's |just |it |while ){{0,5}}{either('FURTHER_WISHES')}{END}")
_WRONG = re.compile(either("WRONG") + END)
_NEGATED = re.compile(f"{EDGE}{either('NEGATED')} (?:{either('BETWEEN')} ){{0,3}}")
_NEGATOR = re.compile(EDGE + either("NEGATORS") + END)
_DENIES_ALL = re.compile(f"(?:{either('NOTHING_IN_PARTICULAR')}(?: |$)){{0,12}}$")
_REPORTED = pattern("REPORTED")
_OWN = pattern("OWN")
_NOTHING_ELSE = re.compile(f"(?:{_LEAD}){{0,2}}{either('NOTHING_ELSE')}")
_CONDITION = re.compile(EDGE + either("CONDITION") + END)
_HARMLESS = re.compile(EDGE + either("HARMLESS_IF") + END)
_ONLY_IF = re.compile(f"(?:but |and |so ){{0,2}}{either('ONLY_IF')}{END}")
_BESIDES = re.compile(r"(?:\w+ ){0,3}?" + either("BESIDES") + END)
_ASKS_TO_DO = re.compile(f"{_LEAD}{{0,4}}{either('ASKS_TO_DO')}")
_WISHES = re.compile(f"{either('WISHES')}{{0,5}}")
_TAKES = re.compile(f"{_LEAD}{{0,3}}{either('TAKES')}{END}")
_PLEASANTRIES = frozenset(word for form in forms("PLEASANTRIES") for word in (form, form.rstrip("?+")))
_NAMING_NOTHING = frozenset(
    word for name in ("PLEASANTRIES", "LEAD", "FAINT", "AGREEMENT") for form in forms(name) for word in form.split()
)
_SPELLED = forms("SPELLED")
_SPELLED_BY_LETTER = {
    letter: tuple(word for word in _SPELLED if word[0] == letter) for letter in {word[0] for word in _SPELLED}
}
_UNDONE = either("UNDONE")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@lru_cache(maxsize=256)
def _doing(stems: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What asks for a deed at the head of a clause, and what denies it after a negation."""
    verbs = deed_pattern(stems) if stems else r"(?!)"
    return re.compile(f"{verbs}{END}"), re.compile(f"(?:{_UNDONE}|{verbs}){END}")


@lru_cache(maxsize=1024)
def read_stances(text: str, stems: frozenset[str] = frozenset()) -> tuple[Stance, ...]:
    """The stances of a reply in order; `stems` are those of the verbs that name what was to be done."""
    return tuple([stance for sentence in sentences(text) for stance in _stances(sentence, stems)])


def names_nothing(words: str) -> bool:
    """Whether words are such as everybody agrees with, and can name nothing that was spoken of."""
    return _NAMING_NOTHING.issuperset(words.split())


def _stances(sentence: Sentence, stems: frozenset[str]) -> list[Stance]:
    if _DEFERS.search(sentence.text):
        return [Stance("wait", sentence.text, sentence.text)]
    found: list[Stance] = []
    conditional = _is_conditional(sentence.text)
    for place, clause in enumerate(sentence.clauses):
        words = _corrected(clause)
        kind, said = _clause_stance(words, stems, sentence.asks, place, len(sentence.clauses))
        if kind == "no" and _NO.match(words) and any(map(_NOTHING_ELSE.match, sentence.clauses[place + 1 : place + 2])):
            kind = "tells"
        if conditional and kind in ("yes", "request", "fine", "faint"):
            kind = "if"
        elif _CONDITION.match(sentence.text) and kind in ("no", "wait", "doubt", "not_this"):
            # "If it costs more, stop and ask me": what is to be done then, not now.
            kind = "tells"
        found.append(Stance(kind, said, sentence.text, words))
    if _SHOWS_FIRST.search(sentence.text):
        found.append(Stance("doubt", sentence.text, sentence.text))
    if conditional and _ONLY_IF.match(sentence.text) and not any(item.kind == "if" for item in found):
        # "Only if it is free." stands for itself and holds back the yes before it.
        found.append(Stance("only_if", sentence.text, sentence.text))
    return found


def _is_conditional(sentence: str) -> bool:
    if not _CONDITION.search(sentence):
        return False
    return bool(_CONDITION.search(_HARMLESS.sub(" ", sentence)))


def _clause_stance(clause: str, stems: frozenset[str], asks: bool, place: int, clauses: int) -> tuple[StanceKind, str]:
    """The stance of a clause, and the words that take it; of the little words by themselves it is known."""
    if asks or clause not in _NAMING_NOTHING or _doing(stems)[0].match(clause):
        return _read_clause(clause, stems, asks, place, clauses)
    return _stance_of_little_word(clause)


@lru_cache(maxsize=1024)
def _stance_of_little_word(clause: str) -> tuple[StanceKind, str]:
    """The stance of a little word that is a clause and asks nothing: neither its place nor a deed changes it."""
    return _read_clause(clause, frozenset(), False, 0, 1)


def _read_clause(clause: str, stems: frozenset[str], asks: bool, place: int, clauses: int) -> tuple[StanceKind, str]:
    asked, undone = _doing(stems)
    if _YES.match(clause) and not (asks and clauses == 1 and len(clause.split()) < 3):
        return "yes", clause
    if _NO.match(clause):
        return ("no", clause) if not asks or place == 0 else ("asks", clause)
    if found := _denial(clause, undone):
        return found
    if _HOLDS_ONE.match(clause):
        return "not_this", clause
    if _HOLDS.match(clause):
        return "wait", clause
    if _DOUBTS.match(clause):
        return "doubt", clause
    if not asks and _WRONG.search(clause):
        return "wait", clause
    if asks:
        request = _ASKS_TO_DO.match(clause)
        if request and _AGREES.match(clause[request.end() :]):
            return "yes", clause
        if request and asked.match(clause[request.end() :]):
            return "request", clause
        if place == 0 and clauses > 1 and (found_yes := _AGREES.search(clause)) and not _unsaid(clause, found_yes):
            return "yes", found_yes[0]
        return "asks", clause
    agreements: tuple[tuple[re.Pattern[str], StanceKind], ...] = ((_AGREES, "yes"), (_APPROVES, "fine"))
    for words, kind in agreements:
        agreed = words.search(clause)
        if agreed and not _unsaid(clause, agreed) and (kind == "yes" or len(clause.split()) <= 14):
            return kind, agreed[0]
    wish = _WISHES.match(clause)
    if asked.match(clause[wish.end() if wish else 0 :]) or _TAKES.match(clause):
        return "request", clause
    if _FAINT.match(clause):
        return "faint", clause
    return "tells", clause


def _unsaid(clause: str, agreed: re.Match[str]) -> bool:
    """Whether what stands before agreeing words takes them back, or reports them."""
    before = clause[: agreed.start()]
    return bool(_NEGATOR.search(before) or (_REPORTED.search(clause[: agreed.end()]) and not _OWN.match(clause)))


def _denial(clause: str, undone: re.Pattern[str]) -> tuple[StanceKind, str] | None:
    """A doing that is negated: all of it, or what the clause names."""
    for negated in _NEGATED.finditer(clause):
        rest = clause[negated.end() :]
        verb = undone.match(rest)
        if verb is None:
            continue
        after = rest[verb.end() :].strip()
        if _BESIDES.match(after):
            return None
        if negated[0].startswith(("instead", "rather", "without")) or (
            negated.start() and _follows_choice(clause, negated)
        ):
            return None
        return ("no" if _DENIES_ALL.match(after) else "not_this"), clause
    return None


def _follows_choice(clause: str, negated: re.Match[str]) -> bool:
    """Whether a bare "not" sets one thing against another, as in "the lamp not the kettle"."""
    return negated[0].startswith("not ")


def _corrected(clause: str) -> str:
    """A clause with slips of the pen in the words that decide set right."""
    words = _WORD.findall(clause)
    return clause if list(map(_meant, words)) == words else _WORD.sub(lambda found: _meant(found[0]), clause)


@lru_cache(maxsize=4096)
def _meant(word: str) -> str:
    if len(word) < 5 or len(word) > 12:
        return word
    if word in _SPELLED:
        return word
    for known in _SPELLED_BY_LETTER.get(word[0], ()):
        if known[:-1] != word and _is_slip(word, known):
            return known
    return word


def _is_slip(word: str, known: str) -> bool:
    """Whether two words differ by one letter too many, too few or wrong, or two that are swapped."""
    shared = 0
    for left, right in zip(word, known, strict=False):
        if left != right:
            break
        shared += 1
    left, right = word[shared:], known[shared:]
    if word[:shared] == known and len(left) == 1:
        return left not in "sd"
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )


def settle(stances: Sequence[Stance], concerns: Concerns = lambda _: None, picks: Concerns = lambda _: None) -> Reply:
    """What the stances come to for one write, those about other things aside; a later one outweighs an earlier one.

    `picks` says of a clause whether the write is what it names by its number or its place among several.
    """
    kinds = [stance.kind for stance in stances]
    deciding = [place for place, kind in enumerate(kinds) if kind != "tells"]
    if not deciding:
        return Reply("tells", "")
    if "asks" not in kinds and "faint" not in kinds:
        # What is told behind the last of them changes nothing, whatever it is about.
        stances = stances[: deciding[-1] + 1]
    meaning: Meaning | None = None
    words, refusal_is_bare = "", False
    held = _about_this(stances, concerns, picks)
    for stance in held:
        kind = stance.kind
        if kind == "not_this":
            kind = "no" if picks(stance.clause) or concerns(stance.words) else "tells"
        if kind == "yes":
            meaning, words, refusal_is_bare = "agrees", stance.words, False
        elif kind == "request" and meaning != "agrees":
            meaning, words, refusal_is_bare = "requests", stance.words, False
        elif kind == "fine" and not (meaning == "denies" and refusal_is_bare) and meaning != "agrees":
            meaning, words = "agrees", stance.words
        elif kind in ("no", "wait"):
            meaning, words, refusal_is_bare = ("denies" if kind == "no" else "holds"), stance.words, kind == "no"
        elif kind == "doubt" and meaning is None:
            meaning, words = "holds", stance.words
        elif kind == "only_if" or (kind == "if" and meaning not in ("agrees", "requests")):
            meaning, words = "conditions", stance.sentence
    if meaning is not None:
        return Reply(meaning, words)
    asks = next((stance for stance in held if stance.kind == "asks"), None)
    faint = next((stance for stance in held if stance.kind == "faint"), None)
    if faint is not None and asks is None and _says_little(held):
        return Reply("agrees", faint.words)
    if asks is not None and not any(stance.kind == "tells" and not _is_pleasant(stance.words) for stance in held):
        return Reply("asks", asks.words)
    return Reply("tells", "")


def _about_this(stances: Sequence[Stance], concerns: Concerns, picks: Concerns) -> list[Stance]:
    """The stances that are not about other things: by what they pick, by their clause, else their sentence.

    What holds back or asks, and names nothing itself, belongs to what stands before it.
    """
    kept: list[Stance] = []
    elsewhere = False
    for stance in stances:
        about = picks(stance.clause)
        if about is None:
            about = concerns(stance.words)
        if about is None and stance.words != stance.sentence:
            about = concerns(stance.sentence)
        elsewhere = about is False or (about is None and elsewhere and stance.kind not in _TAKES_UP)
        if not elsewhere:
            kept.append(stance)
    return kept


def is_further_wish(sentence: str) -> bool:
    """Whether a sentence, in plain lower case, begins to tell a wish beside what was asked about."""
    return bool(_FURTHER.match(" ".join(sentence.replace(",", " ").split())))


def _says_little(stances: Sequence[Stance]) -> bool:
    return all(_is_pleasant(stance.words) for stance in stances if stance.kind != "faint")


def _is_pleasant(clause: str) -> bool:
    return all(word in _PLEASANTRIES for word in _WORD.findall(clause))


def read_reply(text: str, stems: frozenset[str] = frozenset()) -> Reply:
    """The meaning of a whole reply, whatever it is about."""
    return settle(read_stances(text, stems))
