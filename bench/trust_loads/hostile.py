"""Agents and users that write whatever may harm a run, in some of its conversations; the others are as ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec
from writ_engines.scripted import ScriptedEngine

from writ_async import AssistantMessage, Completion, Domain, FunctionCall, Request, Task, ToolCall, Usage
from writ_async.core.trajectory import Note

LONG = 30_000
"""Characters of a long text: as many as take no second to judge."""

NUMBERS = (
    "9" * 310, "9" * 4_299, "9" * 5_000, "-" + "9" * 400, str(2**63), str(2**64), str(-(2**63) - 1), "1e308", "1e400",
    "-1e400", "NaN", "Infinity", "-Infinity", "0.1e-400", "1" + "0" * 400 + ".5", "-0", "00012", "1_000", "0x10", "+5",
)  # fmt: skip
"""Numbers as a model may write them, in JSON or where one should stand."""

TEXTS = (
    "", " ", "\n", "\x00", "a\x00b", "\x1b[2J\x1b]0;owned\x07", "\x9b31m", "\u202egnitirw", "\ud800", "a\udfffb",
    "\ufeff", "[/x]", "[bold]", "[link=file:///etc/passwd]x[/link]", "<script>alert(1)</script>", "{}", "{0.__class__}",
    "%s%n", "$(reboot)", "${HOME}", "../../etc/passwd", "###STOP###", "```json\n{}\n```", "<tool_call>", "</think>",
    "<|im_end|>", "٣٤٥", "²³", "½", "１２３", "𝟙𝟚", "0" * 400, "9" * 5_000, "#W" + "9" * 5_000, "May 99999999999999",
    "2024-13-45", "0000-00-00", "99999-01-01", "9999999999999999-01-01", "$" + "9" * 4_400 + ".00", "1" + ",000" * 900,
    "12:99", "25:61 pm", "31 February", "I owe you $1e999", "a" * LONG, "." * LONG, "-" * LONG, "é" * LONG,
    "🦊" * 5_000, "yes " * 5_000, "\n" * LONG, "a\u0300" * 5_000, "word " * 5_000, "1. x\n" * 3_000, "\u200b" * 100,
    "ß" * 99, "İ" * 99,
    "__proto__", "constructor", "nan", "inf", "-inf", "null", "true", "\r\n", "\u2028", "\ufffe", "\U0010ffff",
)  # fmt: skip
"""Texts that some reader, printer or file may not be up to."""

NESTED = ("[" * 900 + "]" * 900, '{"a":' * 400 + "1" + "}" * 400, "[" * 50_000, "[" * 60 + "]" * 60)
"""JSON that is nested deep, the last within reason."""

_CHARACTERS = "²٣½Ⅷ𝟙9०.,:/-$#%@ \n\t\x00\x1b'\"()[]{}ßİéa\ud800\u2028\u0300🦊"

WRONG: tuple[Any, ...] = (None, True, [], {}, [[]], {"": 0}, 1.5, -1, 2**53, [None], {"a": {"b": []}}, "x", [1, "x"])
"""Values of types that no tool asks for."""


_UNTYPED: tuple[Any, ...] = (Completion, AssistantMessage, ToolCall, FunctionCall, Usage)


class HostileEngine(ScriptedEngine):
    """The script, but for the conversations whose number is odd: there both seats write what may harm.

    `written` counts such answers; without `victims` there are none.
    """

    def __init__(
        self, tasks: Mapping[str, Task], domains: Mapping[str, Domain], seed: int, *, victims: bool = True
    ) -> None:
        super().__init__(tasks, domains, seed)
        self._victims = victims
        self.written = 0

    async def complete(self, request: Request) -> Completion:
        """The script's answer, or what may harm."""
        if not self._victims or not is_victim(request.task_id):
            return await super().complete(request)
        rng = Random(f"{self._seed}/{request.id}")
        try:
            sane = await super().complete(request)
        except Exception:  # the script makes no sense of what was said before
            sane = Completion(message=AssistantMessage("I see."))
        deed = rng.choice(_DEEDS)
        self.written += deed is not _sane
        return deed(rng, request, sane)


class NoEngine(HostileEngine):
    """The same, where what is given is no answer at all, a cancellation that is nobody's among them."""

    async def complete(self, request: Request) -> Completion:
        """The script's answer, or none."""
        rng = Random(f"{self._seed}/{request.id}/none")
        if not is_victim(request.task_id) or rng.random() < 0.9:
            return await ScriptedEngine.complete(self, request)
        self.written += 1
        if rng.random() < 0.3:
            raise asyncio.CancelledError
        return rng.choice((_no_completion, _raise))(rng, request, Completion(message=AssistantMessage("I see.")))


def is_victim(task_id: str) -> bool:
    """Whether a task's conversations are hostile."""
    return int(task_id[-1]) % 2 == 1


def _spoil_text(rng: Random, request: Request, sane: Completion) -> Completion:
    said = sane.message.content or "Okay."
    place = rng.randint(0, len(said))
    text = said[:place] + rng.choice(TEXTS + NUMBERS + NESTED) + said[place:]
    return msgspec.structs.replace(sane, message=AssistantMessage(text, (), rng.choice(("", rng.choice(TEXTS)))))


def _spoil_characters(rng: Random, request: Request, sane: Completion) -> Completion:
    """What would have been said with characters, figures above all, replaced by others of their kind or of none."""
    said = list(sane.message.content or "I paid $1,250.00 on 2024-05-17 at 10:30 am for 2 days, 25% off, the 3rd time.")
    figures = [place for place, character in enumerate(said) if character.isdigit()] or [0]
    for _ in range(rng.randint(1, 12)):
        place = rng.choice(figures) if rng.random() < 0.7 else rng.randrange(len(said))
        said[place] = rng.choice(_CHARACTERS) * rng.choice((1, 1, 1, 2, 300))
    return msgspec.structs.replace(sane, message=AssistantMessage("".join(said)))


def _spoil_call(rng: Random, request: Request, sane: Completion) -> Completion:
    if not request.tools:
        return _spoil_text(rng, request, sane)
    if sane.message.tool_calls and rng.random() < 0.7:
        call = rng.choice(sane.message.tool_calls)
        name, arguments = call.function.name, json.loads(call.function.arguments)
    else:
        function = rng.choice(request.tools)["function"]
        name = function["name"]
        arguments = dict.fromkeys(function["parameters"]["properties"], "x")
    text = _spoil_value(rng, arguments)
    return Completion(message=AssistantMessage(None, (ToolCall("c", FunctionCall(name, text)),)))


def _spoil_value(rng: Random, arguments: dict[str, Any]) -> str:
    """The arguments as JSON with one value, at any depth, replaced by another one."""
    mark = "\x01here\x01"
    at: Any = arguments
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = rng.choice(keys)
        if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.7:
            at = at[key]
            continue
        at[key] = mark
        break
    kinds: tuple[Callable[[], str], ...] = (
        lambda: rng.choice(NUMBERS),
        lambda: json.dumps(rng.choice(NUMBERS)),
        lambda: json.dumps(rng.choice(TEXTS)),
        lambda: rng.choice(NESTED),
        lambda: json.dumps(rng.choice(WRONG)),
    )
    return json.dumps(arguments).replace(json.dumps(mark), rng.choice(kinds)())


def _strange_call(rng: Random, request: Request, sane: Completion) -> Completion:
    names = [tool["function"]["name"] for tool in request.tools] or ["think"]
    arguments = rng.choice((*TEXTS, *NUMBERS, *NESTED, "null", '{"a":1', "{}", '{"a":1}{"b":2}', '{"a":1,"a":2}'))
    name = rng.choice((rng.choice(names), rng.choice(TEXTS)))
    calls = (ToolCall(rng.choice(TEXTS), FunctionCall(name, arguments)),) * rng.choice((1, 1, 2, 40))
    return Completion(message=AssistantMessage(rng.choice((None, *TEXTS)), calls))


def _no_completion(rng: Random, request: Request, sane: Completion) -> Any:
    """What is no completion, though a type checker would not let it pass."""
    whole, message, call, named, usage = _UNTYPED
    good = call("c", named("think", "{}"))
    wrong: tuple[Any, ...] = (
        None, {}, "Hello", 5, [], sane.message, {"message": {"content": "x"}}, whole(message=None),
        whole(message=message(5)), whole(message=message(["x"])), whole(message=message(None, None)),
        whole(message=message(None, [good])), whole(message=message(None, ({"name": "think"},))),
        whole(message=message(None, (call(1, named("think", "{}")),))),
        whole(message=message(None, (call("c", named("think", {"thought": "x"})),))),
        whole(message=message("x", (), None)), whole(message=message("x"), usage=None),
        whole(message=message("x"), usage=usage(prompt_tokens="many")), whole(message=message("x"), notes=None),
        whole(message=message("x"), notes=("n",)),
    )  # fmt: skip
    return rng.choice(wrong)


def _strange_books(rng: Random, request: Request, sane: Completion) -> Completion:
    """Usage and notes that no file can hold, with a message that is well."""
    notes = (Note(rng.choice(TEXTS), rng.choice((0, -1, 2**70)), rng.choice(TEXTS), True),)
    usage = Usage(*(rng.choice((0, 0, 0, 0, 0, 1, 2**40, -5, 2**64, 10**400)) for _ in range(6)))
    return msgspec.structs.replace(sane, notes=notes, usage=usage)


def _sane(rng: Random, request: Request, sane: Completion) -> Completion:
    return sane


def _raise(rng: Random, request: Request, sane: Completion) -> Completion:
    raise rng.choice((ValueError, RecursionError, MemoryError, KeyError, OSError, StopAsyncIteration))(
        rng.choice(TEXTS)
    )


_DEEDS = (
    *(_sane,) * 50, *(_spoil_text,) * 30, *(_spoil_characters,) * 30, *(_spoil_call,) * 70, *(_strange_call,) * 10,
    _strange_books, _no_completion, _raise,
)  # fmt: skip
