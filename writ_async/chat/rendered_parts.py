"""Rendered text in which the tokens that a template writes are kept apart from what people and tools said.

A tokenizer turns the text `<|im_end|>` into the token that ends a turn, whoever wrote it. Were a whole rendering
tokenised at once, a customer or a database row could end its own turn and begin one in the system's name. So
renderers do not produce a string but `Parts`: marks, which become the added tokens of those names, and text, which is
always encoded as ordinary text. The bytes are those of the template; only the ids of look-alikes inside messages
differ from a naive encoding.

A tokenizer cuts its input at added tokens before anything else, so encoding the texts between marks one by one gives
the ids of the whole. `choose_chat_format` checks this on each model folder's own tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


class Parts:
    """Text, mark, text, ..., mark, text: the items at odd places are marks, the others ordinary text."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[str] = [""]

    def say(self, text: str) -> Parts:
        """Append ordinary text: content of messages, which never becomes an added token."""
        self.items[-1] += text
        return self

    def mark(self, token: str) -> Parts:
        """Append an added token of the template's own."""
        self.items += (token, "")
        return self

    def join(self, other: Parts) -> Parts:
        """Append another rendering; the texts at the seam become one text."""
        self.items[-1] += other.items[0]
        self.items += other.items[1:]
        return self

    def copy(self) -> Parts:
        """An independent copy."""
        return parts_of(self.items)

    def __str__(self) -> str:
        return "".join(self.items)

    def __repr__(self) -> str:
        return f"Parts({self.items!r})"


def parts_of(items: Iterable[str]) -> Parts:
    """Parts of items that alternate already."""
    parts = Parts()
    parts.items = list(items)
    return parts


def splitter(marks: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds any of the marks, the longest first, as tokenizers do."""
    names = sorted(set(marks), key=lambda mark: (-len(mark), mark))
    return re.compile("(" + "|".join(map(re.escape, names)) + ")" if names else r"((?!))")


def split_marks(text: str, pattern: re.Pattern[str]) -> Parts:
    """A template's own text as parts: every mark in it is meant as one. Never for the content of messages."""
    return parts_of(pattern.split(text))
