"""The system prompts of the two seats, in our own words."""

from __future__ import annotations

from functools import lru_cache

from writ_async.core.behaviour import Behaviour
from writ_async.core.message import SystemMessage
from writ_async.core.task import Scenario
from writ_async.core.trajectory import CLOSING_TOKENS, Signal

_AGENT = """\
You are a customer service agent. You help one customer by following the policy below.
In each turn you either write to the customer or call tools, never both at once.
Call tools with arguments that you have read or been told; do not guess them.
When the policy does not allow a request, say so and do not make the change.
Write arguments as valid JSON."""

_USER = f"""\
You play a customer who writes to a service agent. The scenario below is all that you know and want.
- Write one message at a time, short and natural, in the first person. Do not repeat the scenario word for word.
- Say things as they are needed: give details when the agent asks for them.
- Never make anything up. If the scenario does not tell you something, say that you don't know or don't remember.
- Answer a request for confirmation plainly.
- When everything in the scenario is dealt with, write {CLOSING_TOKENS[Signal.STOP]} and nothing else.
- When the agent hands you over to a human, write {CLOSING_TOKENS[Signal.TRANSFER]} and nothing else.
- When the scenario does not let you go on, write {CLOSING_TOKENS[Signal.OUT_OF_SCOPE]} and nothing else."""

_MANNER = """\
The manner below goes before the rules above and any manner in the scenario. It may have you keep something back for a
while, say it wrongly and put it right, or ask for something else first; in the end all of the scenario is told."""


@lru_cache(maxsize=64)
def agent_system_prompt(policy: str) -> SystemMessage:
    """What the agent is told: how to work, and the domain's policy."""
    return SystemMessage(f"<instructions>\n{_AGENT}\n</instructions>\n<policy>\n{policy}\n</policy>")


def user_system_prompt(scenario: Scenario, behaviour: Behaviour | None = None) -> SystemMessage:
    """What a simulated user is told: how to play, the task's scenario, and in what manner to tell it."""
    told = f"{_USER}\n\n<scenario>\n{render_scenario(scenario)}\n</scenario>"
    if behaviour is not None and behaviour.instruction:
        told = f"{told}\n\n<manner>\n{_MANNER}\n{behaviour.instruction}\n</manner>"
    return SystemMessage(told)


def render_scenario(scenario: Scenario) -> str:
    """A scenario as text; fields that are empty are left out."""
    if scenario.text:
        return scenario.text
    parts = [
        ("Who you are", scenario.persona),
        ("Why you write", scenario.reason_for_call),
        ("What you know", scenario.known_info),
        ("What you do not know", scenario.unknown_info),
        ("How you behave", scenario.task_instructions),
    ]
    return "\n".join(f"{title}:\n{_indent(body)}" for title, body in parts if body)


def _indent(text: str) -> str:
    return "\n".join(f"\t{line}" if line.strip() else line for line in text.strip().splitlines())
