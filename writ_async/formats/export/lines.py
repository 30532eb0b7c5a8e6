"""A conversation as the agent sees it, and the changes that formats need: each a pure function over lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec

from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    ToolMessage,
    UserMessage,
    call_arguments,
)
from writ_async.core.trajectory import CLOSING_TOKENS, Trajectory

MALFORMED = "malformed_arguments"
ALL_CLOSING_TOKENS = tuple(CLOSING_TOKENS.values())

Arguments = Literal["text", "object"]


class Call(msgspec.Struct, frozen=True):
    """A tool call. `text` is the JSON that the model wrote; what is no JSON object is wrapped in one, and `bad`."""

    id: str
    name: str
    arguments: dict[str, Any]
    text: str
    bad: bool = False


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message. `train` is false where nobody should learn from it; `name` is the tool's, on its results.

    `reasoning` is what the agent thought before it: for formats that have a place for it.
    """

    role: Literal["user", "assistant", "tool"]
    content: str = ""
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    name: str = ""
    train: bool = True
    reasoning: str = ""


def agent_lines(
    trajectory: Trajectory, closing_tokens: tuple[str, ...] = ALL_CLOSING_TOKENS, masked: Collection[int] = ()
) -> list[Line] | None:
    """The conversation from the agent's seat, ending on the agent's last words.

    What follows those is left out, as are closing tokens and the user's own tool calls. An assistant's line is not to
    be trained on when one of its calls was malformed or refused, when its place in the conversation is one of `masked`,
    nor when it is the greeting, which no model wrote.
    Arguments that are no JSON object are wrapped in one, under the key `malformed_arguments`, because trainers parse
    them. None when the agent says nothing, or when a call has no answer.
    """
    seen: list[Message] = []
    places: list[int] = []
    for place, message in enumerate(trajectory.messages):
        if (shown := _seen_by_agent(message, closing_tokens)) is not None:
            seen.append(shown)
            places.append(place)
    while seen and not (isinstance(seen[-1], AssistantMessage) and seen[-1].content and not seen[-1].tool_calls):
        seen.pop()
    lines: list[Line] = []
    index = 0
    heard = False
    while index < len(seen):
        message, place = seen[index], places[index]
        index += 1
        if isinstance(message, UserMessage):
            heard = True
            lines.append(Line("user", message.content or ""))
            continue
        if not isinstance(message, AssistantMessage):
            return None
        answers = [item for item in seen[index : index + len(message.tool_calls)] if isinstance(item, ToolMessage)]
        if [answer.tool_call_id for answer in answers] != [call.id for call in message.tool_calls]:
            return None
        index += len(answers)
        calls = tuple(map(_call, message.tool_calls, answers))
        greeting = not heard and not calls
        train = not greeting and place not in masked and not any(call.bad for call in calls)
        lines.append(Line("assistant", message.content or "", calls, train=train, reasoning=message.reasoning))
        lines += (
            Line("tool", answer.content, call_id=call.id, name=call.name)
            for call, answer in zip(calls, answers, strict=True)
        )
    return lines or None


def without_greeting(lines: Sequence[Line]) -> list[Line]:
    """Without what the agent says before the user's first words.

    Several trainers skip a row that does not begin with the user, and Llama's template renders such words inside the
    user's turn.
    """
    first = next((index for index, line in enumerate(lines) if line.role == "user"), len(lines))
    return [line for index, line in enumerate(lines) if index >= first or line.calls or line.role == "tool"]


def without_bad_calls(lines: Sequence[Line]) -> list[Line]:
    """Without calls that were malformed or refused, and their results.

    For trainers that cannot leave a message out of the loss. What is left is still what the world answers, because a
    kept row's bad calls changed nothing.
    """
    kept: list[Line] = []
    bad: set[str] = set()
    for line in lines:
        if line.role == "assistant" and line.calls:
            bad = {call.id for call in line.calls if call.bad}
            calls = tuple(call for call in line.calls if not call.bad)
            if calls:
                kept.append(msgspec.structs.replace(line, calls=calls, train=True))
        elif line.role != "tool" or line.call_id not in bad:
            kept.append(line)
    return kept


def one_call_a_turn(lines: Sequence[Line]) -> list[Line]:
    """With calls that were made together as turns of their own, each before its result.

    Llama's template refuses two calls in a message, and formats that alternate have no place for two results in a row.
    """
    found: list[Line] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if len(line.calls) < 2:
            found.append(line)
            continue
        answers = lines[index : index + len(line.calls)]
        index += len(answers)
        for number, (call, answer) in enumerate(zip(line.calls, answers, strict=True)):
            first = line if number == 0 else msgspec.structs.replace(line, content="", reasoning="")
            found += (msgspec.structs.replace(first, calls=(call,)), answer)
    return found


def words_or_calls(lines: Sequence[Line]) -> list[Line]:
    """Without the words of messages that also call: the user never saw them, and the format holds only one of both."""
    return [msgspec.structs.replace(line, content="") if line.calls else line for line in lines]


def alternating(lines: Sequence[Line]) -> list[Line] | None:
    """User or tool, then agent, and so on; words in a row by the same speaker become one message.

    None where that cannot be: the row then has an odd number of messages, or a result where words should be.
    """
    found: list[Line] = []
    for line in lines:
        last = found[-1] if found else None
        if last is not None and last.role == line.role and not (last.calls or line.calls or line.role == "tool"):
            joined = f"{last.content}\n\n{line.content}"
            thought = "\n\n".join(part for part in (last.reasoning, line.reasoning) if part)
            found[-1] = msgspec.structs.replace(
                last, content=joined, train=last.train and line.train, reasoning=thought
            )
        else:
            found.append(line)
    turns = [line.role == "assistant" for line in found]
    return found if turns and turns == [bool(place % 2) for place in range(len(turns))] and turns[-1] else None


def chat_messages(
    lines: Sequence[Line],
    system: str,
    arguments: Arguments,
    *,
    ids: bool = True,
    empty: str | None = None,
    reasoning: bool = False,
) -> list[dict[str, Any]]:
    """The lines in the shape of chat completions after a system message, without flags.

    `arguments` says whether a call's arguments are JSON text or an object, `empty` what stands as the content of a
    message that only calls. A message without calls has no `tool_calls`: Llama's template fails on a null. With
    `reasoning` what was thought stands under `reasoning_content`, the key that templates read.
    """
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}]
    for line in lines:
        if line.role == "tool":
            head: dict[str, Any] = {"role": "tool"}
            head |= {"tool_call_id": line.call_id} if ids else {"name": line.name}
            messages.append({**head, "content": line.content})
            continue
        message: dict[str, Any] = {"role": line.role, "content": line.content if line.content.strip() else empty}
        if reasoning and line.reasoning:
            message["reasoning_content"] = line.reasoning
        if line.calls:
            message["tool_calls"] = [_chat_call(call, arguments, ids) for call in line.calls]
        messages.append(message)
    return messages


def thought_before(line: Line) -> str:
    """What was thought as reasoning models write it in front of what they say; empty where nothing was."""
    return f"<think>\n{line.reasoning}\n</think>\n\n" if line.reasoning else ""


def _chat_call(call: Call, arguments: Arguments, ids: bool) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.text if arguments == "text" else call.arguments}
    return {**({"id": call.id} if ids else {}), "type": "function", "function": function}


def _call(call: Any, answer: ToolMessage) -> Call:
    text = call.function.arguments
    try:
        return Call(call.id, call.function.name, call_arguments(call), text, answer.error)
    except MalformedArgumentsError:
        wrapped = {MALFORMED: text}
        return Call(call.id, call.function.name, wrapped, msgspec.json.encode(wrapped).decode(), True)


def _seen_by_agent(message: Message, closing_tokens: tuple[str, ...]) -> Message | None:
    """The message without closing tokens, or None when the agent does not see it or nothing is left of it."""
    if isinstance(message, ToolMessage):
        return message if message.requestor == "assistant" else None
    if not isinstance(message, UserMessage | AssistantMessage):
        return None
    if isinstance(message, UserMessage) and message.tool_calls:
        return None  # nor the words that stand beside them
    content = message.content or ""
    for token in closing_tokens:
        if token in content:
            content = content.replace(token, "").strip()
    if isinstance(message, UserMessage):
        return UserMessage(content) if content.strip() else None
    if not content.strip() and not message.tool_calls:
        return None
    return AssistantMessage(content if content.strip() else None, message.tool_calls, message.reasoning)
