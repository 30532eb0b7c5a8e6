"""A model server is tried before the first conversation: one tool call, and one turn after its result.

What goes wrong in these two goes wrong in every conversation: a server without its tool parser, a template that knows
no tools or refuses their results, answers that are empty or cut, turns without an end. While the server lets these two
wait, or refuses them and they are made again, that is said: nothing else is to be seen before the first conversation.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio

from writ_async.chat.notes import CUT, FORMAT_TOKEN
from writ_async.chat.parsed import HARMLESS, Defect
from writ_async.core.engine import Check, Completion, Counted, Engine, Request, end_session
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from writ_async.errors import EngineError, EngineErrorKind
from writ_async.scheduler.asking import ask_engine

TOOL_CALL, SECOND_TURN = "tool call", "turn after a result"

_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city"}},
            "required": ["city"],
        },
    },
}
_SYSTEM = "You tell people the weather. Always ask the tool before you answer."
_GREETING = "Hello, how can I help?"
_ASK = "What is the weather in Lyon? Please look it up."
_RESULT = '{"city": "Lyon", "weather": "light rain"}'
_FIRST_WORD, _LONGEST_SILENCE = 3.0, 60.0  # seconds until it is said what holds a call up, and until it is said again
_PARSER = "start the server with the tool parser of the model's family (--tool-call-parser, or the like)"

logger = logging.getLogger(__name__)


async def try_out(engine: Engine, *, greeting: bool = True) -> list[Check]:
    """Two calls as conversations make them, and what is wrong with their answers.

    `greeting` says whether conversations begin with the agent's words. A model that does not call the tool is a notice
    alone: small ones need not.
    """
    session = f"try-out-{secrets.token_hex(8)}"
    messages: list[Message] = [SystemMessage(_SYSTEM), UserMessage(_ASK)]
    if greeting:
        messages.insert(1, AssistantMessage(_GREETING))
    try:
        async with _telling(engine):
            return await _two_turns(engine, session, messages)
    finally:
        end_session(engine, session)


async def _two_turns(engine: Engine, session: str, messages: list[Message]) -> list[Check]:
    first = await _ask(engine, session, 0, messages)
    if isinstance(first, Check):
        return [first]
    checks = [_judge_call(first), *_judge_words(first)]
    if not first.message.tool_calls:
        return checks
    messages.append(first.message)
    messages += [ToolMessage(call.id, _RESULT) for call in first.message.tool_calls]
    second = await _ask(engine, session, 1, messages)
    if isinstance(second, Check):
        return [*checks, second]
    found = f"{second.usage.cached_tokens:,} of {second.usage.prompt_tokens:,} prompt tokens came from the cache"
    return [*checks, Check(SECOND_TURN, "ok", found), *_judge_words(second)]


@asynccontextmanager
async def _telling(engine: Engine) -> AsyncIterator[None]:
    """While the block lasts, what holds the two calls up is said, less and less often."""

    async def tell() -> None:
        silence = _FIRST_WORD
        while True:
            await anyio.sleep(silence)
            silence = min(2 * silence, _LONGEST_SILENCE)
            logger.warning("the agent's server is tried before the first conversation: %s", _held_up(engine))

    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(tell)
        try:
            yield
        except Exception as exc:  # raised below, so that the group does not wrap it
            failure = exc
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


def _held_up(engine: Engine) -> str:
    counts = engine.call_counts() if isinstance(engine, Counted) else None
    if counts is not None and counts.failing and counts.last_failure:
        return f"its call has failed {sum(counts.failures.values())} times and is made again: {counts.last_failure}"
    if counts is not None and counts.held_back:
        return "its call waits for a limit of the server"
    return "no answer yet"


async def _ask(engine: Engine, session: str, turn: int, messages: Sequence[Message]) -> Completion | Check:
    """The answer, or what the server says where it gives none."""
    name = SECOND_TURN if turn else TOOL_CALL
    request = Request(
        id=f"{session}-{turn}", session=session, seat="agent", task_id="", trial=0, turn=turn, seed=turn,
        messages=messages, tools=[_TOOL],
    )  # fmt: skip
    try:
        return await ask_engine(engine, request)
    except EngineError as exc:
        advice = "see whether the address, the key and the model's name are right, and what the server's log says"
        if exc.kind is EngineErrorKind.BAD_REQUEST and turn:
            advice = "the server takes no tool's result: see whether its chat template knows tools"
        elif exc.kind is EngineErrorKind.BAD_REQUEST and isinstance(messages[1], AssistantMessage):
            advice = "if its template wants the user to begin, give --greeting none; else see the server's log"
        return Check(name, "problem", f"no answer: {exc}", advice)


def _judge_call(completion: Completion) -> Check:
    message, kinds = completion.message, {note.kind for note in completion.notes}
    if message.tool_calls:
        call = message.tool_calls[0].function
        if defects := sorted(kinds - {CUT, FORMAT_TOKEN} - {str(defect) for defect in HARMLESS}):
            return Check(TOOL_CALL, "problem", f"a call in an odd form ({', '.join(defects)}): {call.name}", _PARSER)
        return Check(TOOL_CALL, "ok", f"{call.name}({call.arguments})")
    said = (message.content or "").strip()
    if Defect.CALL_AS_TEXT in kinds:
        return Check(TOOL_CALL, "problem", f"the call came as text: {said[:80]!r}", _PARSER)
    if not said:
        return Check(TOOL_CALL, "problem", "an empty answer", "see whether the template and the stop tokens are right")
    advice = "a small model may answer in words; if it never calls, see whether its template shows it the tools"
    return Check(TOOL_CALL, "notice", f"words and no call: {said[:80]!r}", advice)


def _judge_words(completion: Completion) -> list[Check]:
    said, kinds = completion.message.content or "", {note.kind for note in completion.notes}
    checks: list[Check] = []
    if FORMAT_TOKEN in kinds:
        advice = "see whether the server stops at the end of a turn, and its template fits the model"
        checks.append(Check("words", "problem", f"a token of the chat format: {said[:80]!r}", advice))
    if completion.finish_reason == "length" or CUT in kinds or Defect.UNCLOSED_REASONING in kinds:
        checks.append(
            Check("length", "problem", "a short answer was cut at its limit", "give the engine more max_tokens")
        )
    return checks
