"""How many tokens a text is taken to have: a rule, since a simulated server has no tokenizer.

Four characters of text are a token; a message's frame (its role and its ends) is four, a tool call's frame twelve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from writ_async.core.message import AssistantMessage, Message, UserMessage

CHARACTERS = 4
FRAME = 4
CALL_FRAME = 12


def text_tokens(text: str) -> int:
    """Tokens of a text; 0 for none."""
    return (len(text) + CHARACTERS - 1) // CHARACTERS


def message_tokens(message: Message) -> int:
    """Tokens of a message with its frame."""
    tokens = FRAME + text_tokens(message.content or "")
    if isinstance(message, AssistantMessage | UserMessage):
        for call in message.tool_calls:
            tokens += CALL_FRAME + text_tokens(call.function.name) + text_tokens(call.function.arguments)
    return tokens


def schema_tokens(tools: Sequence[dict[str, Any]]) -> int:
    """Tokens of tool schemas as they stand in a system prompt."""
    return sum(FRAME + text_tokens(msgspec.json.encode(tool).decode()) for tool in tools)
