"""What the scripted user says to show a behaviour; `user_plays` tells which value each line is for.

No line holds a fact, a number or a name."""

from __future__ import annotations

from typing import Final

from writ_async.files import load_phrases

_PHRASES: Final = load_phrases(__package__ or "", "user_lines.toml")

_CONCERNS: Final = (
    "It's about",
    "I'm writing about",
    "This concerns",
    "I have a question about",
    "I need help with",
    "It has to do with",
)
VAGUE_OBJECT: Final = (
    _CONCERNS,
    ("that thing", "something", "the thing", "one of my things", "the stuff", "something or other"),
    (
        "I got from you.",
        "I have with you.",
        "I arranged with you.",
        "we talked about.",
        "on my account.",
        "that I mentioned before.",
        "from you people.",
        "that I set up on your site.",
    ),
)
VAGUE_TIME: Final = (
    _CONCERNS,
    (
        "what I arranged",
        "what I did on your site",
        "something I set up",
        "what I agreed with you",
        "something I got from you",
    ),
    (
        "a while ago.",
        "some time back.",
        "the other day.",
        "not so long ago.",
        "a few weeks back, I think.",
        "recently.",
        "at some point.",
        "one of these days.",
    ),
)
_TYPOS: Final = (
    "please:plese want:wnat would:woudl because:becuase with:wiht that:taht have:hvae there:thier "
    "should:shoud about:abuot thanks:thx could:coud help:hlep just:jsut which:wich this:tihs from:form "
    "what:waht the:teh and:adn i'm:im i'd:id like:liek need:neeed it's:its you:u"
)
TYPOS: Final = dict(pair.split(":") for pair in _TYPOS.split())
GRAMMAR: Final = (
    (r"\bI(?:'d| would) like to\b", "I am wanting to", 0.6),
    (r"\bI want to\b", "I am wanting to", 0.6),
    (r"\bI need to\b", "I am needing to", 0.6),
    (r"\bI(?:'ve| have) (?:just |recently |finally )?moved\b", "I am moved", 0.7),
    (r"\bI'm\b", "I am", 0.8),
    (r"\b(doesn't|does not)\b", "don't", 0.7),
    (r"\bhas to\b", "have to", 0.6),
    (r"\bfor (days|weeks|years)\b", r"since \1", 0.7),
    (r"\bat the moment\b", "in this moment", 0.7),
    (r"\bhow much (\w+) costs\b", r"how much costs \1", 0.7),
    (r"\b[Tt]he (?=[a-z])", "", 0.5),
    (r"\ba (?=[a-z])", "", 0.5),
    (r"\bin my (profile|account)\b", r"on my \1", 0.4),
)
"""What learners say for it, and how often: a few slips of the kind that they make, never in every word."""


def __getattr__(name: str) -> tuple[str, ...]:
    """The forms of a name in the file."""
    return _PHRASES.find_forms(name)
