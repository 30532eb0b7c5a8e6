"""Several calls in one message, where the domain's policy lets an agent make one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message
from writ_async.core.trajectory import Finding
from writ_async.verify.reasons import Reason


def several_calls_findings(messages: Sequence[Message], domain: Domain) -> list[Finding]:
    """The agent's messages with more than one call; none where the domain's policy does not forbid them."""
    if not domain.one_call_a_message:
        return []
    return [
        Finding(
            Reason.SEVERAL_CALLS,
            f"{len(message.tool_calls)} calls in one message, where the policy allows one",
            place,
            1,
            "turn",
        )
        for place, message in enumerate(messages)
        if type(message) is AssistantMessage and len(message.tool_calls) > 1
    ]
