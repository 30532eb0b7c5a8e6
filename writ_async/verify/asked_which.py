"""Whether an agent asked which one is meant, where a request fits several things (`Task.open_choice`).

A write that does what is due of one of the candidates, or of all, needs the choice to have been the customer's: they
have said which one, in whatever words; or the agent had laid it before them and they had answered. Laying it out is to
ask "which of them", to tell that there are several, or to name more than one of them, in a message that waits for an
answer; so "I found two and would take the blue one, all right?" is fair, and to lay out one of them alone is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from writ_async.conversation.calls import ExecutedCall, executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Candidate, OpenChoice, Task
from writ_async.core.trajectory import Finding
from writ_async.language.hearing import hear
from writ_async.language.said_values import says
from writ_async.language.sentences import plain_text
from writ_async.language.which import puts_choice
from writ_async.verify.provenance import atoms
from writ_async.verify.reasons import Reason

_BY_PRICE: Final = r"(?:(?:more|less|most|least) expensive|cheaper|cheapest|pricier|priciest|dearer|dearest)"
_BY_RANK: Final = rf"(?:{_BY_PRICE}|earlier|earliest|later|latest|first|second|last)"


def unasked_findings(
    task: Task, messages: Sequence[Message], domain: Domain, calls: Sequence[ExecutedCall] | None = None
) -> list[Finding]:
    """The first write for which the agent chose what is meant, and nobody had told it; none where nothing was open.

    `calls` are those of the messages, where they are known.
    """
    choice = task.open_choice
    if choice is None:
        return []
    own = [_own_values(one, choice) for one in choice.candidates]
    names = {write.name for one in choice.candidates for write in one.writes}
    for call in executed_calls(messages, domain.tools) if calls is None else calls:
        name = call.call.function.name
        if call.kind != "write" or name not in names or call.arguments is None:
            continue
        if not any(_values_of(call.arguments) & values for values in own):
            continue
        if _is_settled(messages[: call.message], task, choice):
            return []
        labels = " or ".join(one.label for one in choice.candidates)
        detail = f"{name}: the request fits {labels}, and nobody was asked which is meant"
        return [Finding(Reason.DID_NOT_ASK, detail, call.message, call.number)]
    return []


def _values_of(arguments: Mapping[str, Any]) -> set[str]:
    return {value for _, value in atoms(dict(arguments)) if isinstance(value, str)}


def _own_values(one: Candidate, choice: OpenChoice) -> set[str]:
    """The values in a candidate's writes that are in those of no other candidate."""
    others = {
        value
        for other in choice.candidates
        if other is not one
        for write in other.writes
        for value in _values_of(write.arguments)
    }
    return {value for write in one.writes for value in _values_of(write.arguments)} - others


def _is_settled(before: Sequence[Message], task: Task, choice: OpenChoice) -> bool:
    """Whether the customer has said which one is meant, or has answered an agent that had them choose."""
    asked = False
    answer = _bare(task.scenario.choice)
    for message in before:
        if isinstance(message, AssistantMessage) and message.content:
            asked = asked or _has_them_choose(message.content, choice)
        elif isinstance(message, UserMessage):
            text = message.content or ""
            if asked or answer in _bare(text) or _tells_which(text, choice):
                return True
    return False


def _has_them_choose(text: str, choice: OpenChoice) -> bool:
    if puts_choice(text, choice.nouns):
        return True
    if not hear(text).does("ask", "confirm", "hint"):
        return False
    return sum(any(_names(mark, text, choice.nouns) for mark in marks) for marks in _marks(choice)) > 1


def _names(mark: str, text: str, nouns: Sequence[str]) -> bool:
    """Whether a text names a thing by a mark; a mere word ("business") has to stand before what it is called."""
    if any(map(str.isdigit, mark)) or not mark.islower():
        return says(mark, text)
    named = "|".join(re.escape(noun.lower()) for noun in (*nouns, "one"))
    return re.search(rf"\b{re.escape(mark)}\b(?: [\w-]+)? (?:{named})s?\b", plain_text(text)) is not None


def _marks(choice: OpenChoice) -> Iterator[list[str]]:
    """By which each candidate is named: marks that no call for another one has to hold."""
    for one in choice.candidates:
        others = {
            value
            for other in choice.candidates
            if other is not one
            for write in other.writes
            for value in _values_of(write.arguments)
        }
        yield [mark for mark in one.marks if mark not in others]


def _bare(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.casefold()))} "


def _tells_which(text: str, choice: OpenChoice) -> bool:
    """Whether a customer's words name one of the candidates: by an id, a mark beside what it is called, or as "the
    cheaper one"; or all of them.
    """
    nouns = "|".join(re.escape(noun.lower()) for noun in (*choice.nouns, "one"))
    said = plain_text(text)
    if re.search(rf"\b{_BY_RANK}\b(?: [\w-]+){{0,2}} (?:{nouns})s?\b|\b{_BY_PRICE} of\b", said):
        return True
    if re.search(rf"\bboth(?: of)?(?: my| the| these)?(?: [\w-]+){{0,2}} (?:{nouns}|them)s?\b", said):
        return True
    for one in choice.candidates:
        for mark in one.marks:
            sought = rf"\b{re.escape(mark.casefold())}\b"  # 930 is not told by a card that ends with 9308
            if re.search(sought, said) is None and not says(mark, text):
                continue
            if any(char.isdigit() for char in mark):
                return True
            if re.search(rf"{sought}(?: [\w-]+){{0,2}} (?:{nouns})s?\b|\b(?:{nouns})s?\b[^.?!]{{0,40}}{sought}", said):
                return True
    return False
