"""Small conversations that end with a write, and how it was confirmed."""

from __future__ import annotations

import json
from typing import Any

from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.trajectory import Confirmation
from writ_async.verify.confirming import Dialogue

METHODS = {
    "credit_card_71": {"source": "credit_card", "brand": "visa", "last_four": "8812", "id": "credit_card_71"},
    "paypal_72": {"source": "paypal", "id": "paypal_72"},
    "gift_card_73": {"source": "gift_card", "balance": 55.5, "id": "gift_card_73"},
}


def shown(call_id: str, name: str, result: Any) -> list[Message]:
    return [AssistantMessage(None, (make_call(call_id, name, {}),)), ToolMessage(call_id, json.dumps(result))]


def judged(domain: Domain, seen: list[Message], *said: str, call: tuple[str, dict[str, Any]]) -> Confirmation:
    """The confirmation of a call after turns of agent and user by turns, the agent first."""
    messages = list(seen)
    for place, text in enumerate(said):
        messages.append(UserMessage(text) if place % 2 else AssistantMessage(text))
    messages += [AssistantMessage(None, (make_call("w", *call),)), ToolMessage("w", "{}")]
    writes = [one for one in executed_calls(messages, domain.tools) if one.kind == "write"]
    return Dialogue(messages, writes, domain).confirmation(writes[-1])
