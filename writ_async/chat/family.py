"""What a model family consists of: pure functions from messages to parts, and back from text to a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from writ_async.chat.parsed import Parser
from writ_async.chat.rendered_parts import Parts
from writ_async.core.message import AssistantMessage, Message

Tools = Sequence[dict[str, Any]]


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One model family.

    A rendering is `head(messages, tools)`, then `body` of the messages that the head left, then `generation` when the
    assistant is to speak. It is prefix-stable by construction: `body` of a list is the `body` of its pieces when the
    list is cut behind assistant messages.

    head        what stands first, and how many messages it has rendered
    body        further messages; raises `TemplateRefusedError` where the published template refuses
    generation  the opening of an assistant's turn
    end         the mark that ends a turn, and `after_end` the text that follows it
    ends        the marks after which the template needs no `end`
    required    marks without which a tokenizer does not fit the family
    prepare     the messages that a session renders: without those that the template would put where they do not belong
    parse       what a completion says
    write       the text that a model of the family writes for a message
    """

    name: str
    head: Callable[[Sequence[Message], Tools], tuple[Parts, int]]
    body: Callable[[Sequence[Message]], Parts]
    generation: Parts
    end: str
    after_end: str
    ends: frozenset[str]
    required: tuple[str, ...]
    prepare: Callable[[Sequence[Message], Tools], Sequence[Message]]
    parse: Parser
    write: Callable[[AssistantMessage], Parts]


def render(family: Family, messages: Sequence[Message], tools: Tools, *, generation: bool = True) -> Parts:
    """All messages as the family's published template renders them.

    Raises `TemplateRefusedError` where the template refuses.
    """
    parts, used = family.head(messages, tools)
    parts.join(family.body(messages[used:]))
    return parts.join(family.generation) if generation else parts
