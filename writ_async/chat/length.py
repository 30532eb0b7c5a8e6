"""How long a conversation is for a model: the tokens of its whole rendering, system prompt and tools among them."""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.chat.family import Tools
from writ_async.chat.format import ChatFormat
from writ_async.core.message import Message


def count_tokens(chat: ChatFormat, messages: Sequence[Message], tools: Tools) -> int:
    """The tokens of a finished conversation as the model folder's template renders it.

    Raises `TemplateRefusedError` where the template refuses it.
    """
    return len(chat.tokenizer.pack(chat.render(messages, tools, generation=False)).ids)
