"""Hides the names of added tokens in messages while a folder's own template renders them.

Such a template returns one string, in which a token that the template wrote and the same letters in a customer's
message look alike. So before rendering each such name in a message is replaced by two private-use characters, and put
back as ordinary text after the string was cut at the tokens that are still to be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from writ_async.chat.rendered_parts import Parts, parts_of, split_marks, splitter
from writ_async.chat.template_messages import to_json
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)

_ESCAPE = "\U00100000"
_FIRST = 0x100001
_hidden = re.compile(f"{_ESCAPE}(.)", re.DOTALL)


class TokenNameHider:
    """Replaces and restores the names of one tokenizer's added tokens."""

    __slots__ = ("_codes", "_names", "_pattern", "_tokens")

    def __init__(self, tokens: Iterable[str]) -> None:
        names = sorted(set(tokens))
        self._names = {chr(_FIRST + index): name for index, name in enumerate(names)}
        self._codes = {name: _ESCAPE + code for code, name in self._names.items()}
        # An escape character in the text itself is written twice, so that `reveal` undoes `hide` on any text.
        self._codes[_ESCAPE] = _ESCAPE * 2
        self._names[_ESCAPE] = _ESCAPE
        self._tokens = splitter(names)
        self._pattern = splitter([*names, _ESCAPE])

    def hide(self, text: str) -> str:
        """The text without any token's name in it."""
        return self._pattern.sub(lambda match: self._codes[match.group()], text)

    def reveal(self, text: str) -> str:
        """What `hide` was given."""
        return _hidden.sub(lambda match: self._names.get(match.group(1), match.group()), text)

    def parts(self, rendered: str) -> Parts:
        """A rendering of hidden messages: what looks like a token now is one, and the rest is restored."""
        items = split_marks(rendered, self._tokens).items
        return parts_of(item if index % 2 else self.reveal(item) for index, item in enumerate(items))

    def tools(self, tools: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Tool schemas without tokens' names."""
        return cast("list[dict[str, Any]]", msgspec.json.decode(self.hide(to_json(list(tools)))))

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """Messages without tokens' names."""
        return [self._message(message) for message in messages]

    def _message(self, message: Message) -> Message:
        content = None if message.content is None else self.hide(message.content)
        match message:
            case SystemMessage():
                return SystemMessage(content or "")
            case ToolMessage():
                return msgspec.structs.replace(message, content=content)
            case AssistantMessage(tool_calls=calls, reasoning=reasoning):
                return AssistantMessage(content, tuple(map(self._call, calls)), self.hide(reasoning))
            case UserMessage(tool_calls=calls):
                return UserMessage(content, calls)

    def _call(self, call: ToolCall) -> ToolCall:
        function = call.function
        return ToolCall(call.id, FunctionCall(self.hide(function.name), self.hide(function.arguments)))
