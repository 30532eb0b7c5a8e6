"""The system prompts of the two seats: templates, ours or a caller's, with the policy or the scenario put in.

Fields of an agent's template: `{policy}`. Of a user's: `{scenario}`, `{manner}` (how the user tells it; empty where
the task does not say) and `{goal}` (why the user writes, to be said once more).
"""

from __future__ import annotations

import re
from functools import lru_cache

from writ_async.core.behaviour import Behaviour
from writ_async.core.message import SystemMessage
from writ_async.core.task import Scenario
from writ_async.core.trajectory import CLOSING_TOKENS, Signal
from writ_async.errors import InputError

AGENT_TEMPLATE = """\
<instructions>
You are a customer service agent. You help one customer by following the policy below.
In each turn you either write to the customer or call tools, never both at once.
Call tools with arguments that you have read or been told; do not guess them.
When the policy does not allow a request, say so and do not make the change.
Write arguments as valid JSON.
</instructions>
<policy>
{policy}
</policy>"""
"""What an agent is told, where nothing else is asked for."""

USER_TEMPLATE = f"""\
You play a customer who writes to a service agent. The scenario below is all that you know and want.

Rules:
1. Write one short message at a time, in the first person, as the customer. Never write the agent's part.
2. Use your own words. Do not copy the scenario, and do not tell all of it at once: say why you write, then give a
   detail when the agent asks for it.
3. Never make anything up. No number, name, date, address or id may be in your messages unless the scenario or the
   agent gave it to you. If you are asked for something else, say that you do not know it.
4. When the agent lays out a change and asks whether to go on, compare it with what you want. If it is that, say yes in
   so many words. If something is different, say what.
5. Do not end while something that you want is still open, or while the agent waits for your answer or is about to act.
6. When all that you want is done, or has been refused for good, write {CLOSING_TOKENS[Signal.STOP]} and nothing else.
7. When the agent hands you over to a human, write {CLOSING_TOKENS[Signal.TRANSFER]} and nothing else.
8. When the scenario does not let you go on, write {CLOSING_TOKENS[Signal.OUT_OF_SCOPE]} and nothing else.

Two examples, of another customer:
Agent: Could you give me your booking number? — Customer, whose scenario has none: I don't have it at hand, sorry.
Agent: I would move it to Friday for $20. Shall I? — Customer, who wants Friday: Yes, please move it to Friday.

<scenario>
{{scenario}}
</scenario>

{{manner}}Remember what you want: {{goal}}
Answer the agent's last message now, as this customer."""
"""What a simulated user is told, where nothing else is asked for."""

_MANNER = """\
<manner>
The manner below goes before the rules above and any manner in the scenario. It may have you keep something back for a
while, say it wrongly and put it right, or ask for something else first; in the end all of the scenario is told.
{instruction}
</manner>

"""
_WITH_TOOLS = """\
You have tools of your own: they are what you hold in your hands, and nobody but you can use them.
1. Use one when the agent asks you to look at something or to do something, and not otherwise.
2. After you have used what you were asked to, tell the agent in your own words what you did and what it showed.
3. Never say what a tool shows, or that a step is done, unless you have used the tool and seen it.
4. A message is either words or tool calls; the agent sees your words alone, and nothing of your tools.
5. When you do not understand what you are to do, ask.

"""
"""What a simulated user with tools of its own is told beside that, where nothing else is asked for."""

_FIELD = re.compile(r"\{(policy|scenario|manner|goal)\}")


def check_agent_template(text: str, where: str) -> str:
    """The template of an agent's system prompt as it is used. Raises `InputError` without a place for the policy."""
    if "{policy}" not in text:
        raise InputError(f"{where}: has no {{policy}}, where the domain's policy is to stand; put it in")
    return text.strip()


def check_user_template(text: str, where: str) -> str:
    """The template of a user's system prompt as it is used.

    Raises `InputError` where it has no place for the scenario, or does not tell the user how to end.
    """
    stop = CLOSING_TOKENS[Signal.STOP]
    for wanted, what in (("{scenario}", "where the task is to stand"), (stop, "by which the user ends")):
        if wanted not in text:
            raise InputError(f"{where}: has no {wanted}, {what}; put it in")
    return text.strip()


@lru_cache(maxsize=64)
def agent_system_prompt(policy: str, template: str = "") -> SystemMessage:
    """What the agent is told: how to work, and the domain's policy. An empty template is ours."""
    return SystemMessage(_fill(template or AGENT_TEMPLATE, {"policy": policy}))


def user_system_prompt(
    scenario: Scenario, behaviour: Behaviour | None = None, template: str = "", *, with_tools: bool = False
) -> SystemMessage:
    """What a simulated user is told: how to play, the task's scenario, and in what manner to tell it.

    `with_tools` says that it has tools of its own, of which a template of others has to tell by itself. An empty
    template is ours. One without `{manner}` gets the manner behind the scenario, and the scenario as its benchmark lays
    it out, where it has a layout.
    """
    laid_out = scenario.layout if template else ""
    if not template:
        template = USER_TEMPLATE.replace("<scenario>", f"{_WITH_TOOLS}<scenario>") if with_tools else USER_TEMPLATE
    manner = behaviour.instruction if behaviour is not None else ""
    manner = _MANNER.replace("{instruction}", manner) if manner else ""
    told = laid_out or render_scenario(scenario)
    if manner and "{manner}" not in template:
        told = f"{told}\n\n{manner.strip()}"
    goal = " ".join((scenario.reason_for_call or "all that the scenario says.").split())
    return SystemMessage(_fill(template, {"scenario": told, "manner": manner, "goal": goal}))


def _fill(template: str, values: dict[str, str]) -> str:
    """The template with its fields' values, in which nothing is looked for again; an unknown field stays as it is."""
    pieces = list(_pieces(template))
    for index in range(1, len(pieces), 2):
        name = pieces[index]
        pieces[index] = values.get(name, f"{{{name}}}")
    return "".join(pieces)


@lru_cache(maxsize=64)
def _pieces(template: str) -> tuple[str, ...]:
    """A template cut at its fields: text, the name of a field, text, ..., text."""
    return tuple(_FIELD.split(template))


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
    return "\n".join([f"\t{line}" if line.strip() else line for line in text.strip().splitlines()])
