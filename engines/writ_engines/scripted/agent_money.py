"""What the scripted agent says of money before a write: who pays or gets how much for what, by what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    ToolCall,
    ToolMessage,
    parse_arguments,
)
from writ_async.core.settlement import Settlement, ShownResult
from writ_async.core.task import Action
from writ_engines.scripted import agent_lines as lines

_SAYINGS: Final = {
    "back": lines.REFUND,
    "charge": lines.CHARGE,
    "difference": lines.DIFFERENCE,
    "less": lines.DIFFERENCE_BACK,
    "transfer": lines.TRANSFER,
    "gesture": lines.GESTURE,
}
_MOST_PRICES: Final = 6  # in one sentence: nobody would follow a longer sum
_NOTHING: Final = {"charge": lines.NO_CHARGE, "difference": lines.NO_DIFFERENCE}


def say_settlement(domain: Domain, action: Action, messages: Sequence[Message], rng: Random) -> str:
    """A sentence on what a write comes to, or an empty text where the domain or what was shown does not tell it."""
    if domain.settlement is None:
        return ""
    found = settlement_of(domain, action, shown_results(messages))
    return "" if found is None else in_words(found, rng)


def settlement_of(domain: Domain, action: Action, shown: Sequence[ShownResult]) -> Settlement | None:
    """What a write comes to; None where that is not known, as of a call whose arguments are wrong on purpose."""
    tool = domain.tools.get(action.name)
    if domain.settlement is None or tool is None or not tool.required <= action.arguments.keys():
        return None
    if tool.read_arguments(action.arguments) != action.arguments:
        return None
    return domain.settlement(shown, action.name, action.arguments)


def in_words(found: Settlement, rng: Random) -> str:
    """A settlement as a sentence."""
    saying = _SAYINGS["less" if found.kind == "difference" and found.amount < 0 else found.kind]
    if not found.amount:
        if found.kind not in _NOTHING:
            return ""
        saying = _NOTHING[found.kind]
    if len(found.new) + len(found.old) > _MOST_PRICES:
        return ""
    sentence = saying.draw(rng).format(
        amount=lines.dollars(abs(found.amount)),
        what=found.what,
        method=found.method,
        former=found.former,
        when=f" {found.when}" if found.when else "",
        sum=f" ({' + '.join(map(lines.dollars, found.new))})" if len(found.new) > 1 else "",
        new=" + ".join(map(lines.dollars, found.new)),
        old=" + ".join(map(lines.dollars, found.old)),
        each=f" {found.each}" if found.each else "",
    )
    return f"{sentence[0].upper()}{sentence[1:]}"


def shown_results(messages: Sequence[Message]) -> list[ShownResult]:
    """The results of the agent's calls that succeeded, in order."""
    called: dict[str, ToolCall] = {}
    found: list[ShownResult] = []
    for message in messages:
        if type(message) is AssistantMessage:
            called.update([(call.id, call) for call in message.tool_calls])
        elif type(message) is ToolMessage and not message.error and message.tool_call_id in called:
            function = called[message.tool_call_id].function
            arguments = _arguments(function.arguments)
            if arguments is not None:
                found.append(ShownResult(function.name, arguments, _decoded(message.content)))
    return found


@lru_cache(maxsize=256)
def _arguments(text: str) -> dict[str, Any] | None:
    """The arguments of a call, None where they are malformed; they are shared as results are."""
    try:
        return parse_arguments(text)
    except MalformedArgumentsError:
        return None


@lru_cache(maxsize=256)
def _decoded(text: str) -> Any:
    """What a result is as JSON, else itself; it is shared by all who ask, and nobody may change it."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
