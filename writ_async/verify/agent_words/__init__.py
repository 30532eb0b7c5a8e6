"""The agent's own words, judged: marred messages, each with its reason and how grave it is.

markers        tokens of templates, turns of others, answers that no tool gave
leaked_calls   calls told as text
thinking       thoughts said aloud
early_claims   work told as done in front of the call that has yet to do it
repetition     empty and repeated turns
language       another language than the customer's
noted          what engines noted of completions
lexicon        the words and patterns, which stand in words.toml
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from writ_async.conversation.calls import as_the_agent_hears
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Finding, Severity, Termination, Trajectory
from writ_async.verify.agent_words.early_claims import DoneBefore, early_claim
from writ_async.verify.agent_words.language import Languages
from writ_async.verify.agent_words.leaked_calls import leaked_call, tool_names
from writ_async.verify.agent_words.markers import closing_token, foreign_role, invented_result, labels_of, special_token
from writ_async.verify.agent_words.noted import completion_places, noted_findings
from writ_async.verify.agent_words.repetition import Repetition, is_empty
from writ_async.verify.agent_words.thinking import Triggers, leaked_thinking
from writ_async.verify.reasons import Reason

__all__ = ["SEVERITIES", "agent_word_findings", "word_findings"]

SEVERITIES: Final[dict[Reason, Severity]] = {Reason.INVENTED_RESULT: "error"}
"""How grave a finding is that is not about its message alone: what follows an invented result rests on it."""


def agent_word_findings(messages: Sequence[Message], domain: Domain, *, may_stop: bool = False) -> list[Finding]:
    """What is wrong with the agent's words in a conversation, at most one finding of a reason for a message.

    `may_stop` says whether the agent may write the tokens that end a conversation, which are the user's otherwise.
    Pure, and O(words).
    """
    names = tool_names(tuple(domain.tools))
    # What is in none of the agent's texts is not looked for in each.
    whole = "\n".join([message.content or "" for message in messages if type(message) is AssistantMessage])
    whole = whole.lower().replace("’", "'")
    triggers, named = Triggers.within(whole), names.any_in(whole)
    languages, repetition, before = Languages(), Repetition(), DoneBefore()
    results: list[str] = []
    asked: Iterator[ToolCall] = iter(())
    found: list[Finding] = []
    for place, message in enumerate(messages):
        if type(message) is UserMessage:
            languages.hear(message.content or "")
            repetition.hear(message.content or "")
        elif type(message) is ToolMessage:
            languages.show(message.content)
            results.append(message.content)
            call = next(asked, None) if message.requestor == "assistant" else None
            if call is not None and call.function.name in domain.tools:
                before.add(domain.tools[call.function.name].kind, call, message)
        elif type(message) is AssistantMessage:
            answered = place > 0 and type(messages[place - 1]) is ToolMessage
            text = message.content or ""
            asked = iter(message.tool_calls)
            if not text or is_empty(text):
                if not message.tool_calls:
                    found.append(_finding(Reason.EMPTY_MESSAGE, "neither words nor calls", place))
                continue
            lower = text.lower().replace("’", "'")
            labels = labels_of(text)
            tools = names if named and names.any_in(lower) else None
            marred = (
                (Reason.SPECIAL_TOKEN, special_token(text)),
                (Reason.FOREIGN_ROLE, foreign_role(text, labels) or ("" if may_stop else closing_token(text))),
                (
                    Reason.INVENTED_RESULT,
                    invented_result(text, labels, results, answered and not message.tool_calls, tools),
                ),
                (Reason.LEAKED_CALL, leaked_call(text, names, tools is not None)),
                (Reason.LEAKED_THINKING, leaked_thinking(text, lower, labels, tools, triggers)),
                (Reason.OTHER_LANGUAGE, languages.other(text, lower)),
            )
            for reason, detail in marred:
                if detail:
                    found.append(_finding(reason, detail, place))
            if message.tool_calls:
                claim, of = early_claim(lower, message.tool_calls, domain.tools, before)
                if claim:
                    found.append(_finding(Reason.EARLY_CLAIM, claim, place, of))
            else:
                said = repetition.say(text, place)
                if said >= 0:
                    again = _finding(Reason.REPEATED_MESSAGE, f"as in message {said}", place)
                    # Who gets another answer than wanted may ask once more; who goes on so, or gets none, is stuck.
                    slight = repetition.is_slight
                    found.append(msgspec.structs.replace(again, severity="remark") if slight else again)
    return found


def word_findings(trajectory: Trajectory, task: Task, domain: Domain) -> list[Finding]:
    """What is wrong with the agent's words in a conversation of ours: as they read, and as the engine noted.

    What was exchanged before it began, or was said by rule, is nothing that the agent wrote. Pure, and O(words).
    """
    places = completion_places(trajectory, task)
    since = places[0] if places else len(trajectory.messages)
    may_stop = trajectory.termination is Termination.AGENT_STOP
    heard = agent_word_findings(as_the_agent_hears(trajectory.messages), domain, may_stop=may_stop)
    found = [finding for finding in heard if finding.message >= since]
    told = {(finding.reason, finding.message) for finding in found}
    for reason, detail, place in noted_findings(trajectory.notes, places):
        if (reason, place) not in told:
            told.add((reason, place))
            found.append(_finding(reason, detail, place))
    return found


def _finding(reason: Reason, detail: str, place: int, call: int = -1) -> Finding:
    return Finding(reason, detail, place, call, SEVERITIES.get(reason, "turn" if place >= 0 else "error"))
