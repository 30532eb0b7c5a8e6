"""The scripted user: says the request and its facts, confirms, and ends when the agent has come to an end.

It goes by what the agent's words call for, so that a model can be the agent as well. A user without a behaviour is
plain, and keeps nothing in mind but the conversation itself; one with a behaviour is a `UserScript`.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import CLOSING_TOKENS, Signal
from writ_async.language.hearing import hear
from writ_async.language.which import puts_choice
from writ_engines.scripted import user_lines as lines
from writ_engines.scripted.user_memory import Progress

UNKNOWN_WISHES = 2
"""Wishes that a task without certificates is taken to have, so that a user does not leave after the first is done."""


class SpeechStyle(msgspec.Struct, frozen=True):
    """How one user talks: a fixed choice per conversation, from its seed."""

    upfront: bool
    yes: str
    nothing_more: str

    @staticmethod
    def draw(rng: Random) -> SpeechStyle:
        """A style by chance."""
        return SpeechStyle(rng.random() < 0.5, rng.choice(lines.YES), rng.choice(lines.NOTHING_MORE))


def reply_plainly(task: Task, request: Request, style: SpeechStyle) -> Completion:
    """The next words of a plain user."""
    if request.turn == 0:
        return Completion(message=AssistantMessage(first_message(task.scenario, style)))
    wishes = len(task.certified_writes) or (1 if task.scenario.request else UNKNOWN_WISHES)
    heard = last_heard(request)
    if task.open_choice is not None and puts_choice(heard, task.open_choice.nouns):
        return Completion(message=AssistantMessage(task.scenario.choice))
    text = answer_to(task.scenario, heard, style, request.messages[:-1], wishes)
    return Completion(message=AssistantMessage(text))


def last_heard(request: Request) -> str:
    """What the agent said last, in the user's view of the conversation."""
    last = request.messages[-1]
    return (last.content or "") if isinstance(last, UserMessage) else ""


def first_message(scenario: Scenario, style: SpeechStyle) -> str:
    """The first message: the request, with all facts where the user is of that kind or nobody would ask for them."""
    if scenario.request:
        return f"{scenario.request} {_facts_text(scenario)}".strip() if style.upfront else scenario.request
    parts = (scenario.reason_for_call, scenario.known_info, scenario.task_instructions, scenario.text)
    return "\n".join(part for part in parts if part) or "Hello, I need help."


def answer_to(
    scenario: Scenario, said: str, style: SpeechStyle, before: Sequence[Message] = (), wishes: int = 1
) -> str:
    """The reply to what the agent said last. `before`: the conversation up to it, in the user's view."""
    progress = Progress(wishes)
    earlier = [hear(message.content or "") for message in before if isinstance(message, UserMessage)]
    reactions = [progress.hear(heard) for heard in earlier[1:]]
    heard = hear(said)
    reaction = progress.hear(heard)
    facts = _facts_text(scenario)
    untold = facts if facts and facts not in _own_words(before) else ""
    choose = len(before)
    if reaction == "be_handed_over":
        return CLOSING_TOKENS[Signal.TRANSFER]
    if reaction in ("agree", "agree_and_answer") and scenario.change and scenario.change not in _own_words(before):
        return f"{scenario.change} {untold}".strip()
    if reaction == "agree":
        return style.yes
    if reaction == "agree_and_answer":
        return f"{style.yes} {untold}".strip()
    if reaction == "answer" and not (heard.does("close") and not untold):
        return facts or scenario.known_info or style.nothing_more
    if reaction == "decline" and "decline" not in reactions:
        return lines.DECLINES[choose % len(lines.DECLINES)]
    if reaction == "nothing" and untold:
        return untold
    if reaction in ("wait", "nothing") and not progress.waits_in_vain:
        words = lines.WAITS if reaction == "wait" else lines.GO_ON
        return words[choose % len(words)]
    if reaction == "go_on" and not heard.does("close") and not progress.is_settled:
        return lines.THE_REST[choose % len(lines.THE_REST)]
    return CLOSING_TOKENS[Signal.STOP]


def _own_words(before: Sequence[Message]) -> str:
    return "\n".join(message.content or "" for message in before if isinstance(message, AssistantMessage))


def _facts_text(scenario: Scenario) -> str:
    return " ".join(fact.text for fact in scenario.facts)
