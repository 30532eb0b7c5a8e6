"""What the scripted seats say, in a few styles, so that no two conversations need to read alike."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from writ_async.core.domain import Domain

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
ASK_SLOTS = (
    "Could you please tell me your {}?",
    "May I have your {}, please?",
    "Could you give me your {}?",
    "I still need your {}. What is it?",
)
ASK_CHECK = (
    "I could not find that. Could you please check your {}?",
    "There is no match for what you gave me. Could you look at your {} again?",
)
ASK_GOAL = (
    "What exactly would you like me to do?",
    "Could you tell me what it is about, as fully as you can?",
    "What can I do for you today, precisely?",
)
ASK_REST = (
    "Is there more that I need to know about it?",
    "What else do I need to know about this before I look into it?",
    "Could you tell me the rest of the details?",
)
ASK_NEXT = (
    "That is done. Is there anything else I can help you with?",
    "Done. Can I help you with anything else?",
)
EXPLAIN = (
    "I ask because I need it to find what you mean in our system; it is on your profile or in an old mail of ours.",
    "It is only to find the right records, and you will see it on your profile or in an old mail of ours.",
)
ASIDE = (
    "I am afraid I can only speak about your account here.",
    "That I cannot say, I only look after accounts like yours.",
)
REFUSE = (
    "I am sorry, that is not something that I can do here.",
    "I am afraid that cannot be done here.",
    "Unfortunately we do not offer that, and I have no way to do it.",
)
WHAT_ELSE = (
    "What may I do for you besides that?",
    "How may I help you otherwise?",
)
SUM_UP = (
    "Of course, here it is once more.",
    "Certainly, to sum it up.",
    "Gladly, once again.",
)
FORBIDDEN = (
    "I have looked into it, and our policy does not allow this, so I cannot do it.",
    "I am sorry, under our policy this request cannot be granted, so nothing has been changed.",
    "I checked everything that it depends on. Our rules do not permit it, so I have to decline.",
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


def slot_words(domain: Domain, name: str) -> str:
    """How an agent names a slot that it asks for, as the domain has it."""
    said = next((slot.words for slot in domain.slots if slot.name == name), "")
    return said or name.replace("_", " ")


def asks_for(slot: str, heard: str) -> bool:
    """Whether a question, in lower case, asks for the slot of that name."""
    return slot.replace("_", " ") in heard.replace("e-mail", "email").replace("email address", "email")


class SpeechStyle(msgspec.Struct, frozen=True):
    """How one user talks: a fixed choice per conversation, from its seed."""

    upfront: bool
    yes: str
    nothing_more: str

    @staticmethod
    def draw(rng: Random) -> SpeechStyle:
        """A style by chance."""
        return SpeechStyle(rng.random() < 0.5, rng.choice(YES), rng.choice(NOTHING_MORE))


def describe_call(name: str, arguments: dict[str, Any]) -> str:
    """A write in words, every argument listed."""
    what = name.replace("_", " ")
    listed = "; ".join(f"{key.replace('_', ' ')}: {_value_in_words(value)}" for key, value in arguments.items())
    return f"This is what I am about to do: {what} ({listed})."


def _value_in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_value_in_words(item) for item in value.values())
    if isinstance(value, list | tuple):
        return " and ".join(_value_in_words(item) for item in value) or "none"
    return str(value)
