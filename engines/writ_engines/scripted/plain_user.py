"""The scripted user: says the request and its facts, confirms, and ends when the agent has come to an end.

It goes by a few plain signs in the agent's words, so that a model can be the agent as well. A user without a behaviour
is plain, and keeps nothing in mind; one with a behaviour is a `UserScript`.
"""

from __future__ import annotations

import re

from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import CLOSING_TOKENS, Signal
from writ_engines.scripted.agent_lines import SpeechStyle

MORE = re.compile(r"anything else|something else|other questions|further assist|else i can")
CONFIRM = re.compile(
    r"\(yes/no\)|yes or no|confirm|proceed|go ahead|shall i|should i|is that right|is that correct|agree"
)
TRANSFER = re.compile(r"transfer(red|ring)? (you )?to a human|being transferred|human agent")


def reply_plainly(task: Task, request: Request, style: SpeechStyle) -> Completion:
    """The next words of a plain user."""
    text = (
        first_message(task.scenario, style)
        if request.turn == 0
        else answer_to(task.scenario, last_heard(request), style)
    )
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


def answer_to(scenario: Scenario, said: str, style: SpeechStyle) -> str:
    """The reply to what the agent said last."""
    heard = said.lower()
    if TRANSFER.search(heard):
        return CLOSING_TOKENS[Signal.TRANSFER]
    if MORE.search(heard) or "?" not in heard:
        return CLOSING_TOKENS[Signal.STOP]
    if CONFIRM.search(heard):
        return style.yes
    return _facts_text(scenario) or scenario.known_info or style.nothing_more


def _facts_text(scenario: Scenario) -> str:
    return " ".join(fact.text for fact in scenario.facts)
