"""What an agent's message does: it asks, wants a yes, begs for patience, refuses, reports, closes or hands over.

Signs are looked for sentence by sentence, in the parts of speech that do such things (a modal verb before "you", a
first person before a verb of looking, a denial before an ability); no sentence is known as a whole.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

from writ_async.files import load_phrases
from writ_async.language.sentences import Sentence, plain_text, sentences_from_end, sentences_in
from writ_async.language.signs import Signs

Act = Literal[
    "hand_over",
    "offer_hand_over",
    "ask",
    "hint",
    "confirm",
    "close",
    "refuse",
    "report",
    "wait",
    "courtesy",
    "announce",
    "failed_look",
]
"""What a sentence does.

hint: a request by an odd verb, or an instruction. failed_look: the agent did not find what it looked for.
announce: it is about to act. courtesy: it thanks for patience, which the user may still need, or is glad to help.
"""

Reaction = Literal["be_handed_over", "agree", "agree_and_answer", "answer", "decline", "go_on", "wait", "nothing"]
"""What a message calls for. `go_on`: the next wish, or the end where there is none."""

_PHRASES: Final = load_phrases(__package__ or "", "speech_acts.toml")
_CLASS: Final = re.compile(r"<([a-z]+)>")
_CLASSES: Final = {key: f"(?:{'|'.join(forms)})" for key, forms in _PHRASES.tables["classes"].items()}
SIGNS: Final = Signs(
    {
        # A repetition without an end would make a long row of such words cost its square.
        name: [
            _CLASS.sub(lambda found: _CLASSES[found[1]], form).replace(")*", "){0,6}").replace(")+", "){1,6}")
            for form in forms
        ]
        for name, forms in _PHRASES.forms.items()
    }
)
"""What sentences are heard by: a list of patterns for each kind of sign."""
_ASKING: Final[frozenset[Act]] = frozenset({"ask", "hint"})
_OUTDONE: Final[frozenset[Act]] = frozenset({"close", "hint"})
_has, _without = SIGNS.has, SIGNS.without
_OR: Final = re.compile(r",? or (?=(?:shall|should|would|do|may|can|is|are|if)\b)")


_REACTIONS: Final[tuple[tuple[frozenset[Act], Reaction], ...]] = (
    (frozenset({"confirm", "ask"}), "agree_and_answer"),
    (frozenset({"confirm", "failed_look"}), "agree_and_answer"),
    (frozenset({"confirm"}), "agree"),
    (frozenset({"ask"}), "answer"),
    (frozenset({"hand_over"}), "be_handed_over"),
    (frozenset({"offer_hand_over"}), "decline"),
    (frozenset({"close"}), "go_on"),
    (frozenset({"hint"}), "answer"),
    (frozenset({"wait"}), "wait"),
    (frozenset({"failed_look"}), "answer"),
    (frozenset({"refuse"}), "go_on"),
    (frozenset({"report"}), "go_on"),
    (frozenset({"announce"}), "agree"),
    (frozenset({"courtesy"}), "wait"),
)


class Heard(msgspec.Struct, frozen=True):
    """What was heard in one message.

    text: the message in plain lower case. asking: those of its words in which something is asked for, the items of a
    list below included; all of them where it is asked for in none.
    """

    text: str
    acts: frozenset[Act]
    asking: str

    def does(self, *acts: Act) -> bool:
        """Whether the message does one of these."""
        return not self.acts.isdisjoint(acts)

    @property
    def calls_for(self) -> Reaction:
        """The reaction that the message calls for: what is asked goes before what is told, a pleasantry comes last."""
        return next((reaction for wanted, reaction in _REACTIONS if wanted <= self.acts), "nothing")


@lru_cache(maxsize=4096)
def hear(message: str) -> Heard:
    """What a message does; O(length)."""
    acts: set[Act] = set()
    asking: list[str] = []
    in_question = offered = False
    for sentence in sentences_in(message):
        found = acts_of(sentence)
        if offered and "confirm" in found and _has("REFERS_BACK", sentence.text):
            found = frozenset({"offer_hand_over"})
        offered = "offer_hand_over" in found
        if not found.isdisjoint(_OUTDONE):
            # An instruction before the farewell asks for nothing, and thanks before a request are no farewell.
            acts -= _OUTDONE
        elif "courtesy" in found:
            acts.discard("close")  # thanks for writing, before what one is glad to do, open a conversation
        acts |= found
        asks = not found.isdisjoint(_ASKING)
        if asks or (in_question and sentence.item):
            asking.append(sentence.text)
        in_question = asks or (in_question and sentence.item)
    text = plain_text(message)
    return Heard(text, frozenset(acts), "\n".join(asking) or text)


@lru_cache(maxsize=4096)
def waits_for_answer(message: str) -> bool:
    """Whether a message wants a yes or something told, read from its end until that is found; O(length)."""
    closed = False
    for sentence in sentences_from_end(message):
        acts = acts_of(sentence)
        if not acts.isdisjoint({"ask", "confirm"}) or (not closed and "hint" in acts):
            return True
        closed = closed or "close" in acts
    return False


@lru_cache(maxsize=8192)
def acts_of(sentence: Sentence) -> frozenset[Act]:
    """What one sentence does; nothing where it only tells something."""
    text = _without("COURTESY", sentence.text)
    courteous = frozenset[Act]({"courtesy"} if text != sentence.text else ())
    if _has("HAND_OVER", text):
        return _acts_of_hand_over(sentence)
    if _has("HUMAN_HELP", text) and _is_offer(sentence):
        return _acts_of_hand_over(sentence)
    asks_rest = _has("ASK_REST", text) and (sentence.question or _has("TO_THE_USER", text))
    if _has("CLOSE", text) and not _has("GOES_ON", text) and (not asks_rest or _has("INVITES", text)):
        wanted = _without("PURPOSE", text)
        if wanted == text or _has("CLOSE", wanted) or not _requests(wanted, sentence.question):
            return frozenset({"close", "report"} if _has("REPORT", text) else {"close"})
        text, asks_rest = wanted, False
    rest = _without("WAIT", text)
    waits = rest != text
    if asks_rest or (_has("IDENTIFY", rest) and not _has("REPORT", rest)):
        return frozenset({"ask"})
    look = SIGNS.search("LOOK", rest)
    looks = look is not None and not _has("CONDITION", rest[: look.start()])
    seen = rest if look is None else _without("LOOK", rest)
    acts = _requests(seen, sentence.question and not waits)
    if acts:
        return acts | {"failed_look"} if _has("LOOKUP_FAILED", seen) else acts
    return _statements(seen, waits, looks) or courteous


def _acts_of_hand_over(sentence: Sentence) -> frozenset[Act]:
    """What a sentence does that speaks of handing over: beside an offer there may be another question."""
    if not sentence.question and (not _is_offer(sentence) or _has("HANDED_OVER", sentence.text)):
        return frozenset({"hand_over"})
    acts: set[Act] = {"offer_hand_over"}
    parts = _OR.split(sentence.text)
    for part in parts[:4] if len(parts) > 1 else ():
        if not _has("HAND_OVER", part) and not _has("HUMAN_HELP", part):
            acts |= _requests(part, sentence.question)
    return frozenset(acts)


def _is_offer(sentence: Sentence) -> bool:
    return sentence.question or _has("HAND_OVER_OFFER", sentence.text)


def _requests(text: str, question: bool) -> frozenset[Act]:
    """What a text wants of the user: something told, a yes, both, or nothing."""
    if question and not _has("YES_OR_NO", text) and (_has("OPEN_QUESTION", text) or _has("CHOICE", text)):
        return frozenset({"ask"})
    acts: set[Act] = set()
    undetailed = _without("CONFIRM_DETAIL", text)
    without = _without("CONFIRM", undetailed)
    if without != undetailed:
        acts.add("confirm")
    if _has("ASK", without) or undetailed != text:
        acts.add("ask")
    elif question and not acts and _has("CONFIRM_QUESTION", text):
        acts.add("confirm")
    if not acts and _has("CONFIRM_WEAKLY", text):
        acts.add("confirm")
    if not acts and question:
        acts.add("ask")
    if not acts and _has("ASK_WEAKLY", text):
        acts.add("hint")
    return frozenset(acts)


def _statements(text: str, waits: bool, looks: bool) -> frozenset[Act]:
    """What a text does that wants nothing of the user but perhaps patience; who looked and then tells asks for none."""
    acts: set[Act] = set()
    if _has("LOOKUP_FAILED", text):
        acts.add("failed_look")
    elif _has("REFUSE", text):
        acts.add("refuse")
    elif _has("REPORT", text):
        acts.add("report")
    if waits or (looks and not acts):
        acts.add("wait")
    elif not acts and _has("REFUSE_WEAKLY", text):
        acts.add("refuse")
    elif not acts and _has("ANNOUNCE", text):
        acts.add("announce")
    return frozenset(acts)
