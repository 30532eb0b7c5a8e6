"""How the words are written: few or many, whole or broken, in whose English, in what kind of messages."""

from __future__ import annotations

import re
from typing import Final

from writ_async.behaviour.pieces import is_heard, words_of
from writ_async.behaviour.talk import Talk, says, says_none_of
from writ_async.behaviour.value import PLAIN, Material, Value

_FEWEST_WORDS: Final = 6
"""A sentence of fewer words is too short to be cut off."""

_OPEN_END: Final = re.compile(r"[\w')]$")
_MISTYPES: Final = says(
    r"\b(?:plese|wnat|woudl|becuase|wiht|taht|hvae|thier|shoud|abuot|thx|coud|hlep|jsut|wich|tihs|waht|teh|adn|im"
    r"|liek|neeed|u|pls|dont|cant|ive|recieve|definately|adress|tommorow|acount|pleas|ur)\b"
)
_SPEAKS_FOREIGN: Final = says(
    r"\b(?:hola|gracias|por favor|bonjour|merci|salut|guten tag|danke|bitte|ciao|grazie|adios|bonsoir|oui|sí|prego)\b"
)
_LEARNS_ENGLISH: Final = says(
    r"\b(?:am (?:wanting|needing|having|not speaking|moved)|english (?:is|are) not my|my english|excuse please"
    r"|please to|how much costs|since (?:days|weeks|years)|in this moment|still learning)\b"
)


def _answers_in_few_words(talk: Talk) -> bool:
    later = [len(turn.text.split()) for turn in talk.turns[1:]]
    return not later or min(later) <= 3


def _surplus_words(talk: Talk) -> int:
    """Words beyond those of the pieces that had to be told."""
    return len(talk.text.split()) - sum(len(piece.text.split()) for piece in talk.pieces)


def _speaks_in_fragments(talk: Talk) -> bool:
    return any(re.search(r"\.\.\.|…", turn.text) or turn.text[:1].islower() for turn in talk.turns)


def _is_cut_off(talk: Talk) -> bool:
    if len(talk.turns) < 2 or not _OPEN_END.search(talk.turns[0].text):
        return False
    again = words_of(talk.turns[1].text)
    return any(is_heard(piece, again) for piece in talk.goals)


def _can_be_cut_off(material: Material) -> bool:
    return len(material.goals) == 1 and len(material.goals[0].text.split()) >= _FEWEST_WORDS


def _writes_in_bursts(talk: Talk) -> bool:
    return any(turn.text.count("\n") >= 2 for turn in talk.turns) or "\n" in (talk.turns[0].text if talk.turns else "")


VALUES: Final = (
    Value(
        "verbosity=minimal",
        (
            "Answer in one or two words wherever you can.",
            "Be as brief as possible: bare values, a plain yes, no courtesies.",
            "Waste no words; short answers only.",
        ),
        _answers_in_few_words,
        needs=lambda material: material.writes,
        apart=(
            "tangents expertise=novice language=formal drift tone=angry tone=anxious channel=spelled_out "
            "confirmation=implicit"
        ),
        against=r"\b(?:chatty|warm)\b",
    ),
    Value(
        "verbosity=standard",
        ("Write messages of ordinary length.", "Neither ramble nor be curt."),
        lambda talk: _surplus_words(talk) < 120,
        weight=PLAIN,
    ),
    Value(
        "verbosity=rambling",
        (
            "Ramble: wrap what you say in long, winding sentences about how your week has been.",
            "You talk a lot before you come to the point, without saying much.",
            "Be long-winded and go on about nothing in particular, in several sentences.",
        ),
        lambda talk: _surplus_words(talk) >= 40,
        apart="utterances=fragments",
        against=r"\b(?:short|brief|quiet|straight to the point|matter-of-fact)\b",
    ),
    Value(
        "utterances=whole",
        ("Write in whole sentences.", "Your sentences are complete and well formed."),
        lambda talk: not _is_cut_off(talk),
        weight=PLAIN,
    ),
    Value(
        "utterances=fragments",
        (
            "Write in fragments: no subject, no capitals, dots between the bits.",
            "Use scraps of sentences strung together with dots.",
            "Leave sentences unfinished in form: fragments in lower case.",
        ),
        _speaks_in_fragments,
    ),
    Value(
        "utterances=typos",
        (
            "Make several typing errors in common words, never in names, ids or numbers.",
            "You type fast and sloppily: misspell ordinary words here and there.",
            "Let typos slip into everyday words.",
        ),
        _MISTYPES,
    ),
    Value(
        "utterances=cut_off",
        (
            "Your first message breaks off in the middle of the sentence; send the whole thing "
            "after the agent replies.",
            "Send your opening too early, cut off half way, and repeat it in full in the next message.",
        ),
        _is_cut_off,
        trigger="opening",
        turns=1,
        needs=_can_be_cut_off,
        apart=(
            "channel=multi_message verbosity=rambling language=formal language=second_language "
            "language=code_switching tone=angry tone=anxious expertise=novice expertise=expert "
            "ignorance=mixes_terms cooperation=refuses_optional tangents channel=interrupted"
        ),
        opens=True,
    ),
    Value(
        "language=plain",
        ("Write plain English.", "Your English is ordinary."),
        says_none_of(_SPEAKS_FOREIGN, _LEARNS_ENGLISH),
        weight=PLAIN,
    ),
    Value(
        "language=code_switching",
        (
            "Mix in a few words of another language, such as a greeting and a thank-you.",
            "Switch languages for greetings and thanks, the rest in English.",
        ),
        _SPEAKS_FOREIGN,
        apart="expertise=expert",
    ),
    Value(
        "language=second_language",
        (
            "English is not your first language: drop articles, and use -ing forms where they do not belong.",
            "Write with the grammar of a learner, and excuse your English.",
        ),
        _LEARNS_ENGLISH,
        apart="expertise=expert utterances=fragments utterances=typos",
    ),
    Value(
        "language=formal",
        (
            "Be very formal and polite, as in an old-fashioned letter.",
            "Use courteous, elaborate phrases of thanks and request.",
        ),
        says(r"grateful|obliged|so kind|kindly|kind regards|would you be so|sincerely|dear sir|humbly"),
        apart="utterances=fragments utterances=typos channel=multi_message",
        against=r"\b(?:in a hurry|brief|straight to the point)\b",
    ),
    Value(
        "channel=plain",
        ("Write one ordinary message at a time.", "Your messages are plain text."),
        lambda talk: not _writes_in_bursts(talk),
        weight=PLAIN,
    ),
    Value(
        "channel=multi_message",
        (
            "Break your messages into several short lines, as in a chat.",
            "Write each message as a burst of separate lines.",
        ),
        _writes_in_bursts,
    ),
    Value(
        "channel=spelled_out",
        (
            "Spell your name or id letter by letter after you have given it.",
            "After giving a name or id, spell its first word out with hyphens.",
        ),
        says(r"\b\w(?:[-–. ]\w){2,}\b"),
        trigger="asked",
        needs=lambda material: material.spelled,
    ),
    Value(
        "channel=interrupted",
        ("Mention once that somebody or something interrupted you.", "You are interrupted while writing, and say so."),
        says(r"i'm back|i am back|interrupted|at the door|hold on a|the phone is ringing"),
    ),
)
