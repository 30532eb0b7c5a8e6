"""In what temper and with what knowledge: calm or angry, digressing, ignorant of terms, a novice or an expert."""

from __future__ import annotations

from typing import Final

from writ_async.behaviour.talk import asks_then_tells, says, says_none_of
from writ_async.behaviour.value import PLAIN, Value

_ANXIOUS: Final = says(r"\b(?:worried|nervous|anxious|scared|afraid|panic|worry|stress)")
_ANGRY: Final = says(
    r"ridiculous|annoyed|fed up|unacceptable|take my business|angry|furious|outrag|fixed now|sick of|last time"
)
_DIGRESSES: Final = says(r"by the way|out of curiosity|just wondering|incidentally|reminds me|funny story|speaking of")
_EXPERT: Final = says(
    r"i know (?:how|your|the)|many times|all the time|skip the basics|i'm familiar|as (?:usual|always), "
)
_NOVICE: Final = says(r"never done|not good with|my first time|new to|(?:don't|do not) know how|beginner|go slowly")

VALUES: Final = (
    Value(
        "tone=calm",
        ("Stay calm throughout.", "Nothing upsets you."),
        says_none_of(_ANXIOUS, _ANGRY),
        weight=PLAIN,
        against=r"\b(?:impatient|nervous)\b",
    ),
    Value(
        "tone=anxious",
        (
            "You are anxious: say that you are worried or nervous, more than once.",
            "Sound nervous and afraid that something goes wrong.",
        ),
        _ANXIOUS,
        against=r"\b(?:calm|relaxed|cheerful)\b",
    ),
    Value(
        "tone=angry",
        (
            "You are angry and say so, with a sharp remark or a threat to leave, but stay on the matter.",
            "Be annoyed: complain, urge, call it unacceptable, without refusing to cooperate.",
        ),
        _ANGRY,
        apart="language=formal",
        against=r"\b(?:friendly|polite|civil|cheerful|calm|relaxed|warm)\b",
    ),
    Value(
        "tangents=question",
        (
            "By the way, ask one factual question that has nothing to do with the matter.",
            "Ask in passing about something unrelated, out of curiosity.",
        ),
        _DIGRESSES,
        trigger="opening",
        against=r"\b(?:in a hurry|quiet|straight to the point|matter-of-fact)\b",
    ),
    Value(
        "tangents=opinion",
        ("Drop an opinion on something unrelated, by the way.", "Incidentally, share a view on some other subject."),
        _DIGRESSES,
        against=r"\b(?:in a hurry|quiet|straight to the point|matter-of-fact)\b",
    ),
    Value(
        "tangents=opinion_question",
        (
            "Ask the agent in passing what it thinks of something unrelated.",
            "By the way, want to know the agent's taste in something off the subject.",
        ),
        _DIGRESSES,
        against=r"\b(?:in a hurry|quiet|straight to the point|matter-of-fact)\b",
    ),
    Value(
        "tangents=anecdote",
        (
            "Tell a short anecdote that something reminds you of.",
            "Insert a funny little story that has nothing to do with your request.",
        ),
        _DIGRESSES,
        against=r"\b(?:in a hurry|quiet|straight to the point|matter-of-fact)\b",
    ),
    Value(
        "ignorance=asks_where",
        (
            "When asked for a detail of your account, first ask where you can find it.",
            "You do not know where to look such details up: ask that once before you give them.",
        ),
        asks_then_tells(r"\bwhere\b.*\?"),
        trigger="asked",
        turns=1,
        needs=lambda material: bool(material.facts),
    ),
    Value(
        "ignorance=asks_meaning",
        (
            "When first asked for your data, ask what the agent means by that.",
            "You do not understand the agent's terms: ask once what they mean, then answer.",
        ),
        asks_then_tells(r"what (?:do you|does that|is that) mean|what do you mean|don't follow"),
        trigger="asked",
        turns=1,
        needs=lambda material: bool(material.facts),
    ),
    Value(
        "ignorance=mixes_terms",
        ("Say that you always mix up their ids and codes.", "Admit that you confuse the different numbers they use."),
        says(r"mix(?:ing)? up|confuse|get .* confused"),
        trigger="opening",
    ),
    Value(
        "expertise=average",
        ("You are an ordinary customer.", "You know about as much as anyone."),
        says_none_of(_EXPERT, _NOVICE),
        weight=PLAIN,
    ),
    Value(
        "expertise=novice",
        (
            "You have never done this before, and say so.",
            "You are a beginner at such things and ask to be treated gently.",
        ),
        _NOVICE,
    ),
    Value(
        "expertise=expert",
        (
            "You know the procedure well and let it be known.",
            "You have been through this many times; tell the agent to skip the basics.",
        ),
        _EXPERT,
        apart="ignorance",
        against=r"\bnervous\b",
    ),
)
