"""From messages to token ids and back, for one model: with a family's renderer, or with the folder's own template.

chat = open_chat_format("models/Qwen3-4B-Instruct-2507")
session = chat.session(tools)
tail = session.prompt(request.messages)        # the ids that are new since the last turn
parsed = session.receive(output_ids)           # what the server returned, as a message
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import msgspec

from writ_async.chat import llama, qwen
from writ_async.chat.completion import NO_TOOLS, parser_of, split_thinking
from writ_async.chat.family import Family, Tools, render
from writ_async.chat.hide_token_names import TokenNameHider
from writ_async.chat.parsed import KnownTools, Parsed, Parser
from writ_async.chat.reading import PYTHON, THINK_OPEN
from writ_async.chat.rendered_parts import Parts
from writ_async.chat.session import Session, SessionFormat
from writ_async.chat.template import Template
from writ_async.chat.template_messages import with_empty_content, without_greeting
from writ_async.chat.tokenizer import Packed, Tokenizer
from writ_async.core.message import AssistantMessage, Message

FAMILIES: dict[str, Family] = {family.name: family for family in (qwen.QWEN3, qwen.QWEN25, llama.LLAMA31)}
"""The families that have a renderer of ours, by name."""


class ChatFormat(SessionFormat, Protocol):
    """How one model is spoken to.

    `name` says whose rendering is used. `notices` are lines for whoever starts a run. `stable` is false when an earlier
    turn may be rendered otherwise later, so that prompts are tokenised anew each turn. `stop_ids` end a turn: give them
    to the server, whose own configuration may lack some.
    """

    name: str
    notices: tuple[str, ...]
    stable: bool

    def session(self, tools: Tools) -> Session:
        """Begin the token sequence of one seat of one conversation."""

    def render(self, messages: Sequence[Message], tools: Tools, *, generation: bool = True) -> Parts:
        """The whole rendering of messages. Raises `TemplateRefusedError`."""

    def write(self, message: AssistantMessage) -> Parts | None:
        """The text that the model would write for a message; None where nobody knows."""


class FamilyFormat:
    """A family's own renderer: a turn costs what is new in it."""

    stable = True

    def __init__(
        self, family: Family, tokenizer: Tokenizer, template: Template | None = None, notices: tuple[str, ...] = ()
    ) -> None:
        self.name = family.name
        self.family = family
        self.tokenizer = tokenizer
        self.template = template
        self.notices = notices
        self.parse: Parser = family.parse
        self._ends = frozenset(tokenizer.added[mark] for mark in family.ends if mark in tokenizer.added)
        self.stop_ids = self._ends | tokenizer.end_ids
        self._ended = Parts().say(family.after_end)
        self._cut = Parts().mark(family.end).say(family.after_end)

    def session(self, tools: Tools) -> Session:
        """See `ChatFormat`."""
        return Session(self, tools)

    def render(self, messages: Sequence[Message], tools: Tools, *, generation: bool = True) -> Parts:
        """See `ChatFormat`. Messages that a session leaves out are left out (`Family.prepare`)."""
        return render(self.family, self.family.prepare(messages, tools), tools, generation=generation)

    def first(self, messages: Sequence[Message], tools: Tools) -> Packed:
        """See `ChatFormat`."""
        return self.tokenizer.pack(self.render(messages, tools))

    def following(self, messages: Sequence[Message], start: int, tools: Tools, last: int | None) -> Packed:
        """See `ChatFormat`.

        A completion that was cut off, or that ended with another token than the family's, is closed here. What the
        model sampled is never taken out again.
        """
        parts = (self._ended if last in self._ends else self._cut).copy()
        parts.join(self.family.body(messages[start:])).join(self.family.generation)
        return self.tokenizer.pack(parts)

    def write(self, message: AssistantMessage) -> Parts:
        """See `ChatFormat`. Raises `TemplateRefusedError` where the template refuses."""
        return self.family.write(message)


class TemplateNeeds(msgspec.Struct, frozen=True):
    """What a folder's own template must be given otherwise.

    user_begins    it refuses an assistant's opening words, which are left out
    empty_content  it fails on a message of calls without a text, which gets an empty one
    thinks         it opens the reasoning itself, so that a completion begins inside it
    """

    user_begins: bool = False
    empty_content: bool = False
    thinks: bool = False

    def prepare(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages as the template takes them."""
        messages = without_greeting(messages) if self.user_begins else messages
        return with_empty_content(messages) if self.empty_content else messages


class TemplateFormat:
    """The folder's own template. Text is rendered whole each turn.

    `closing` is what the template writes behind an assistant's words. With it the ids are still only appended as long
    as the new rendering begins with the old one; None says that the template is not prefix-stable, and then each turn
    is tokenised whole.
    """

    def __init__(
        self,
        template: Template,
        tokenizer: Tokenizer,
        closing: str | None = None,
        notices: tuple[str, ...] = (),
        needs: TemplateNeeds | None = None,
    ) -> None:
        self.name = "template"
        self.tokenizer = tokenizer
        self.template = template
        self.notices = notices
        self.stable = closing is not None
        self.stop_ids = tokenizer.end_ids
        self.needs = needs or TemplateNeeds()
        self._read = parser_for(template.source)
        self._hider = TokenNameHider(tokenizer.added)
        self._closing = closing

    def session(self, tools: Tools) -> Session:
        """See `ChatFormat`."""
        return Session(self, tools)

    def render(self, messages: Sequence[Message], tools: Tools, *, generation: bool = True) -> Parts:
        """See `ChatFormat`."""
        return self._hider.parts(self._text(messages, tools, generation))

    def first(self, messages: Sequence[Message], tools: Tools) -> Packed:
        """See `ChatFormat`."""
        return self.tokenizer.pack(self.render(messages, tools))

    def following(self, messages: Sequence[Message], start: int, tools: Tools, last: int | None) -> Packed | None:
        """See `ChatFormat`."""
        if self._closing is None:
            return None
        before = self._text(messages[:start], tools, generation=False)
        after = self._text(messages, tools, generation=True)
        if not after.startswith(before) or not before.endswith(self._closing):
            return None
        parts = self._hider.parts(self._closing + after[len(before) :])
        mark = parts.items[1] if len(parts.items) > 1 else None
        if not parts.items[0] and mark is not None and self.tokenizer.added.get(mark) == last:
            parts.items[:2] = []  # the model has written it
        return self.tokenizer.pack(parts)

    @property
    def reads_calls(self) -> bool:
        """Whether it is known how the model writes calls."""
        return self._read is not parse_text

    def parse(self, text: str, turn: int, tools: KnownTools = NO_TOOLS) -> Parsed:
        """See `ChatFormat`."""
        inside = self.needs.thinks and not text.lstrip().startswith(THINK_OPEN)
        return self._read(f"{THINK_OPEN}\n{text}" if inside else text, turn, tools)

    def write(self, message: AssistantMessage) -> None:
        """See `ChatFormat`: a template cannot be read backwards."""
        return None

    def _text(self, messages: Sequence[Message], tools: Tools, generation: bool) -> str:
        hidden = self._hider.tools(tools) if tools else tools
        shown = self._hider.messages(self.needs.prepare(messages))
        return self.template.render(shown, hidden, generation=generation)


_FORMS: tuple[tuple[str, Parser], ...] = (
    (r"<\|channel\|>", parser_of("harmony")),
    (r"<function=[\s\S]*<parameter=", parser_of("function")),
    (r"<arg_key>", parser_of("keys")),
    (r"<tool_call>[\s\S]*arguments\\?\"|arguments\\?\"[\s\S]*<tool_call>", qwen.parse),
    (r"｜DSML｜|<invoke name=", parser_of("invoke")),
    (r"tool▁call▁begin", parser_of("deepseek")),
    (r"<\|tool_call_begin\|>", parser_of("kimi")),
    (r"\[TOOL_CALLS\]", parser_of("mistral")),
)
"""What the source of a template holds whose model writes calls in one way or the other."""


def parser_for(source: str) -> Parser:
    """The reader of tool calls that goes with a template's source."""
    for pattern, parser in _FORMS:
        if re.search(pattern, source):
            return parser
    if re.search(r'parameters\\?"', source) and ("ipython" in source or PYTHON in source):
        return llama.parse
    return parse_text


def parse_text(text: str, turn: int, tools: KnownTools = NO_TOOLS) -> Parsed:
    """A completion of a model whose calls nobody can read: text, its thinking aside."""
    return split_thinking(text)
