"""Request bodies. A message is encoded once: each request appends what is new to the encoded text of what was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from writ_async.chat.completion import NO_TOOLS
from writ_async.chat.parsed import KnownTools, known_tools
from writ_async.core.engine import Request
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    MalformedArgumentsError,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    call_arguments,
)

SendReasoning = Literal["auto", "always", "never"]

_encode = msgspec.json.Encoder().encode

LIMIT_NAMES = ("max_tokens", "max_completion_tokens")
"""What servers call the most tokens of an answer."""

# Fields that servers take only beside tools.
_BESIDE_TOOLS = ("tool_choice", "parallel_tool_calls")


class History:
    """One session's messages as the encoded inside of a JSON array, and the ids of the tool calls in them.

    `reasoning_key` is the one under which the server tells what the model thought, empty until it does; `send` says
    whether that is sent back (see `OpenAIOptions.send_reasoning`). `told_again` says that the last answer was not
    taken, because it was one that had come on its connection before: then a new one is asked, which has no past.
    """

    __slots__ = ("_count", "_last", "_send", "_text", "call_ids", "reasoning_key", "told_again")

    def __init__(self, send: SendReasoning = "auto") -> None:
        self._send = send
        self.reasoning_key = ""
        self.told_again = False
        self._text = bytearray()
        self._count = 0
        self._last: Message | None = None
        self.call_ids: set[str] = set()

    def extend(self, messages: Sequence[Message]) -> bytearray:
        """Encode the messages that are new and give the text of all; costs O(new messages).

        `messages` is expected to have only grown. Where it has not, as after a fork, all is encoded anew: that is told
        by its length and by the last message that was known.
        """
        if len(messages) < self._count or (self._count and messages[self._count - 1] is not self._last):
            self._text.clear()
            self._count = 0
            self.call_ids.clear()
        for message in messages[self._count :] if self._count else messages:
            if self._text:
                self._text += b","
            self._text += encode_message(message)
            if isinstance(message, AssistantMessage):
                if message.reasoning and (key := self._key_for(message)):
                    self._text[-1:] = b"," + _encode({key: message.reasoning})[1:]
                self.call_ids.update(call.id for call in message.tool_calls)
            self._last = message
        self._count = len(messages)
        return self._text

    def _key_for(self, message: AssistantMessage) -> str:
        """The key under which a message's reasoning is sent; empty where it is not.

        Servers that want it back refuse a conversation in which a turn that called tools lacks it. It stays for good:
        were it taken out when the user speaks again, as some servers do themselves, no cached prefix would survive.
        """
        wanted = self._send == "always" or (self._send == "auto" and message.tool_calls)
        return (self.reasoning_key or "reasoning_content") if wanted else ""


class _Result(msgspec.Struct, frozen=True, gc=False):
    """A tool's result as servers take it."""

    role: str
    tool_call_id: str
    content: str


def encode_message(message: Message) -> bytes:
    """A message as the JSON object that servers take: without the fields that are ours alone.

    Servers parse the arguments of earlier calls and refuse the whole conversation, from then on, when they are not a
    JSON object. Such a text is sent as the one value of an object, for the model to see beside the error it was told.
    """
    if isinstance(message, ToolMessage):
        return _encode(_Result("tool", message.tool_call_id, message.content))
    if isinstance(message, UserMessage) and message.tool_calls:
        return _encode(UserMessage(message.content))
    if isinstance(message, AssistantMessage) and (message.tool_calls or message.reasoning):
        return _encode(AssistantMessage(message.content, tuple(map(_sendable, message.tool_calls))))
    return _encode(message)


def _sendable(call: ToolCall) -> ToolCall:
    try:
        call_arguments(call)
    except MalformedArgumentsError:
        wrapped = _encode({"malformed_arguments": call.function.arguments}).decode()
        return ToolCall(call.id, FunctionCall(call.function.name, wrapped))
    return call


class BodyWriter:
    """Makes the bodies of one engine's requests.

    `parameters` are the fields that all requests have alike; `tool_choice` among them is for requests with tools.
    `seeded` says whether the request's seed is sent, `send_reasoning` whether what the model thought is sent back.
    `most` is the most tokens of an answer that the parameters ask for, None where they do not.
    """

    def __init__(
        self,
        model: str,
        parameters: dict[str, Any],
        *,
        parallel_tool_calls: bool | None = None,
        seeded: bool = True,
        send_reasoning: SendReasoning = "auto",
    ) -> None:
        always = {name: value for name, value in parameters.items() if name not in _BESIDE_TOOLS}
        self._head = b'{"model":' + _encode(model) + b',"messages":['
        self._always = always
        self._limit_name = next((name for name in LIMIT_NAMES if isinstance(always.get(name), int)), None)
        self.most: int | None = always[self._limit_name] if self._limit_name else None
        self._tail = self._encoded_tail(None)
        beside: dict[str, Any] = {"tool_choice": "auto"}
        if parallel_tool_calls is not None:
            beside["parallel_tool_calls"] = parallel_tool_calls
        beside |= {name: value for name, value in parameters.items() if name in _BESIDE_TOOLS}
        self._beside_tools = _encode(beside)[1:-1]
        self._seeded = seeded
        self._send_reasoning = send_reasoning
        self._histories: dict[str, History] = {}
        # Kept with the tools themselves, so that an id stays theirs.
        self._tools: dict[int, tuple[Sequence[dict[str, Any]], bytes, KnownTools]] = {}

    def history(self, session: str) -> History:
        """What is kept of a session, begun if there is nothing yet."""
        history = self._histories.get(session)
        if history is None:
            history = self._histories[session] = History(self._send_reasoning)
        return history

    def forget(self, session: str) -> None:
        """Drop what is kept of a session."""
        self._histories.pop(session, None)

    def write(self, request: Request, room: int | None = None) -> bytes:
        """The body of a request. With `room` the answer may have so many tokens, whatever the parameters say."""
        parts: list[bytes | bytearray] = [self._head, self.history(request.session).extend(request.messages), b"]"]
        if request.tools:
            parts.append(self._encoded_tools(request.tools))
        if self._seeded:
            parts.append(b',"seed":%d' % request.seed)
        parts.append(self._tail if room is None else self._encoded_tail(room))
        return b"".join(parts)

    def _encoded_tail(self, room: int | None) -> bytes:
        """The parameters that every request has, and the end of the body."""
        fields = self._always if room is None else {**self._always, self._limit_name or LIMIT_NAMES[0]: room}
        return (b"," + _encode(fields)[1:-1] if fields else b"") + b"}"

    def known_tools(self, tools: Sequence[dict[str, Any]]) -> KnownTools:
        """The tools by name, as answers are read with them."""
        return self._look_up(tools)[2] if tools else NO_TOOLS

    def _encoded_tools(self, tools: Sequence[dict[str, Any]]) -> bytes:
        return self._look_up(tools)[1]

    def _look_up(self, tools: Sequence[dict[str, Any]]) -> tuple[Sequence[dict[str, Any]], bytes, KnownTools]:
        found = self._tools.get(id(tools))
        if found is None:
            text = b',"tools":' + _encode(tools) + b"," + self._beside_tools
            found = self._tools[id(tools)] = (tools, text, known_tools(tools))
        return found
