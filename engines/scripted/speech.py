"""What the scripted seats say, in a few styles, so that no two conversations need to read alike."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

ASK_DETAILS = (
    "I can help with that. Could you tell me a little more about yourself, so that I can find your account?",
    "Of course. Before I look, could you please provide the details that identify you?",
    "Happy to look into it. Could you share your account details with me first?",
    "Sure. May I have the information I need to find you in our system?",
)
ASK_AGAIN = (
    "Thank you. Just to be sure, could you tell me those details once more?",
    "I see. Could you please provide your details again, so that I can check them?",
)
APOLOGY = (
    "I am sorry, I am not able to do any more for you here.",
    "Unfortunately I cannot take this any further. I am sorry about that.",
)
DONE = (
    "Everything you asked for has been taken care of.",
    "All done.",
    "That is settled now.",
)
MORE = (
    "Is there anything else I can help you with?",
    "Can I help you with anything else?",
)
CONFIRM = (
    "Do you confirm that I should go ahead (yes/no)?",
    "Shall I proceed? Please answer yes or no.",
    "Would you like me to go ahead with this (yes/no)?",
)
YES = (
    "Yes, please.",
    "Yes, go ahead.",
    "Yes, that is right. Please do it.",
    "yes",
)
NOTHING_MORE = (
    "That is all I know.",
    "I'm afraid I have nothing to add to that.",
    "I have told you all that I know.",
)


class SpeechStyle(msgspec.Struct, frozen=True):
    """How one user talks: a fixed choice per conversation, from its seed."""

    upfront: bool
    yes: str
    nothing_more: str

    @staticmethod
    def of(rng: Random) -> SpeechStyle:
        """Draw a style."""
        return SpeechStyle(rng.random() < 0.5, rng.choice(YES), rng.choice(NOTHING_MORE))


def describe_call(name: str, arguments: dict[str, Any]) -> str:
    """A write in words, every argument listed."""
    what = name.replace("_", " ")
    listed = "; ".join(f"{key.replace('_', ' ')}: {_value(value)}" for key, value in arguments.items())
    return f"This is what I am about to do: {what} ({listed})."


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_value(item) for item in value.values())
    if isinstance(value, list | tuple):
        return " and ".join(_value(item) for item in value) or "none"
    return str(value)
