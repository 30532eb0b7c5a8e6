"""What a completion is taken to say.

A model's text becomes an `AssistantMessage` whatever it looks like. What cannot be understood as a call becomes a call
all the same, with the model's own text as its arguments: those are not a JSON object, so that the conversation answers
with an error and the model learns of it. Nothing is repaired in silence; `defects` lists all that was not as the family
writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from writ_async.core.message import AssistantMessage, ToolCall

MALFORMED = "malformed_call"
"""The name of a call in which no name could be read."""

KnownTools = Mapping[str, Mapping[str, Any]]
"""The tools of a seat by name, each with the JSON schemas of its parameters."""


class Defect(StrEnum):
    """How a completion departs from its family's format."""

    BROKEN_JSON = "broken_json"
    """A call is not JSON; its whole text stands as its arguments."""
    WRONG_SHAPE = "wrong_shape"
    """A call is JSON but not an object with a name; its whole text stands as its arguments."""
    ARGUMENTS_NOT_OBJECT = "arguments_not_object"
    """The arguments are JSON but not an object."""
    STRING_ARGUMENTS = "string_arguments"
    """The arguments are a string that holds a JSON object; the object was taken."""
    EMPTY_ARGUMENTS = "empty_arguments"
    """The arguments are null or an empty text, which was taken for none."""
    OTHER_KEY = "other_key"
    """The name or the arguments stand under another key than the formats use; they were taken."""
    FLAT_ARGUMENTS = "flat_arguments"
    """The arguments stand beside the name, without a key of their own; they were taken."""
    EXTRA_KEYS = "extra_keys"
    """A call has keys beside its name and arguments that mean nothing; they were left out."""
    WRAPPED_CALL = "wrapped_call"
    """A call stands inside another object, a list or a string; it was taken out."""
    OTHER_FORM = "other_form"
    """A call is written as another family writes it; it was taken."""
    CALL_AS_TEXT = "call_as_text"
    """The text holds what looks like a call and was not taken for one."""
    UNCLOSED_CALL = "unclosed_call"
    """The tag that ends a call is missing."""
    STRAY_TAG = "stray_tag"
    """A tag that ends a call or a thought has no beginning; it stays in the text."""
    SHARED_TAG = "shared_tag"
    """Several calls stand between one pair of tags."""
    SEVERAL_CALLS = "several_calls"
    """More calls than the family's template can render in one turn."""
    TEXT_AFTER_CALL = "text_after_call"
    """Text between or after calls; it was put after the text before them."""
    SEVERAL_THOUGHTS = "several_thoughts"
    """More than one block of reasoning, or one after words; all were taken out of what is said."""
    UNCLOSED_REASONING = "unclosed_reasoning"
    """The turn was cut off inside its reasoning."""


TOLD = frozenset({Defect.BROKEN_JSON, Defect.WRONG_SHAPE, Defect.ARGUMENTS_NOT_OBJECT})
"""Defects of calls that the conversation answers with an error, so that nobody learns from them."""

HARMLESS = TOLD | {Defect.SEVERAL_CALLS, Defect.EMPTY_ARGUMENTS}
"""Defects that need not keep a conversation from being trained on."""


class Parsed(msgspec.Struct, frozen=True):
    """A completion as a message, and how it departs from its family's format."""

    message: AssistantMessage
    defects: tuple[Defect, ...] = ()

    @property
    def reasoning(self) -> str:
        """What was thought aloud: no part of what is said."""
        return self.message.reasoning


class Parser(Protocol):
    """Reads the text of a completion, without the mark that ended it; never raises.

    `turn` counts the seat's earlier completions, `tools` are those that it may call.
    """

    def __call__(self, text: str, turn: int, tools: KnownTools = ...) -> Parsed:
        """The message that a text is."""


def known_tools(tools: Sequence[dict[str, Any]]) -> KnownTools:
    """The schemas of tools, as chat completions have them, by name."""
    known: dict[str, Mapping[str, Any]] = {}
    for tool in tools:
        function = tool.get("function", tool)
        parameters = function.get("parameters") or {}
        known[function["name"]] = parameters.get("properties") or {}
    return known


def call_id(turn: int, index: int) -> str:
    """The id of the n-th call of a seat's n-th completion: the same in every run."""
    return f"call_{turn}_{index}"


def build(
    before: str, after: Sequence[str], calls: Sequence[ToolCall], defects: list[Defect], reasoning: str = ""
) -> Parsed:
    """A parsed completion of the text before the calls, the pieces of text among and after them, and the calls."""
    late = [piece.strip() for piece in after if piece.strip()]
    if late:
        defects.append(Defect.TEXT_AFTER_CALL)
    text = "\n".join([before, *late] if before.strip() else late) if late or calls else before
    content = text if text.strip() or not calls else None
    return Parsed(AssistantMessage(content, tuple(calls), reasoning), tuple(dict.fromkeys(defects)))
