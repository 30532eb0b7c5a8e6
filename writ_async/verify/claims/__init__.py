"""Claims: what an agent says to the customer rests on what a tool showed, on the customer's words or on the policy.

Each of the agent's messages is read for deeds ("I have changed it"), for not finding something, and for amounts, dates
and ids. `ground` knows what was shown and said before; `said` is the message; the others judge one kind of claim each.
What is conditional or still to come is no claim. English is read; in other languages, amounts and ids alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.conversation.calls import CallStep, walk_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from writ_async.core.trajectory import Finding
from writ_async.language.steps import deeds_claimed
from writ_async.verify.claims.absence import false_absence
from writ_async.verify.claims.amounts import unfounded_amounts
from writ_async.verify.claims.counts import false_counts
from writ_async.verify.claims.deeds import DeedWords, false_deeds, find_deeds
from writ_async.verify.claims.fact_words import FactWords
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.prices import mistaken_prices
from writ_async.verify.claims.reports import false_reports
from writ_async.verify.claims.said import Said
from writ_async.verify.claims.states import false_states
from writ_async.verify.claims.times import unfounded_streets, unfounded_times
from writ_async.verify.claims.values import unfounded_dates, unfounded_endings, unfounded_ids
from writ_async.verify.reasons import Reason

_QUOTED = 300


def claim_findings(
    messages: Sequence[Message], domain: Domain, steps: Sequence[CallStep] | None = None
) -> list[Finding]:
    """The agent's sentences that claim what nothing before them shows, each with its message and itself in quotes.

    Costs O(words said and shown), and a bounded reckoning for each amount that is nowhere to be read.
    `steps` are those of the messages, where somebody has walked through them.
    """
    steps = walk_calls(messages) if steps is None else steps
    calls = {step.place: step.call for step in steps if step.result is not None}
    words, facts = DeedWords.of(domain), FactWords.of(domain.facts)
    ground = Ground(domain)
    found: list[Finding] = []
    for place, message in enumerate(messages):
        if type(message) is ToolMessage:
            if message.requestor != "user":
                ground.show(calls.get(place), message)
            elif (call := calls.get(place)) is not None and not message.error:
                ground.see_done(call.function.name)
        elif type(message) is UserMessage or type(message) is SystemMessage:
            ground.hear(message.content or "")
            if domain.user_actions:
                for tool, _ in deeds_claimed(message.content or "", domain.user_actions):
                    ground.see_done(tool)
        elif type(message) is AssistantMessage and message.content:
            ground.calling = message.tool_calls[0].function.name if message.tool_calls else ""
            found += _judge(message.content, place, ground, words, facts)
    return found


def _judge(text: str, place: int, ground: Ground, words: DeedWords, facts: FactWords) -> list[Finding]:
    said = Said(text)
    ground.speak(said.words)
    deeds = find_deeds(said, words)
    found = [
        *false_deeds(said, deeds, ground, words),
        *false_reports(said, ground, words),
        *false_absence(said, ground),
        *false_states(said, ground, facts),
        *false_counts(said, ground, facts),
        *unfounded_amounts(said, deeds, ground, words),
        *mistaken_prices(said, ground, facts),
        *unfounded_dates(said, ground),
        *unfounded_times(said, ground, facts),
        *unfounded_streets(said, ground),
        *unfounded_ids(said, ground),
        *unfounded_endings(said, ground),
    ]
    return [
        Finding(Reason.UNFOUNDED_CLAIM, f"{said.quote(item.place, _QUOTED)}: {item.why}", place, -1, item.severity)
        for item in found
    ]
