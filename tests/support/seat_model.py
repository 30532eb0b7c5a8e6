"""A model that holds conversations without weights: what it says depends on its prompt and a seed alone."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from zlib import crc32

from writ_async.chat import FamilyFormat
from writ_async.core.message import AssistantMessage, ToolCall, make_call

USER = "You play a customer"
"""How the system prompt of a user's seat begins."""

WORDS = (
    "please",
    "order",
    "refund",
    "exchange",
    "ünï",
    "😀",
    "thanks",
    "<|im_end|>",
    "item",
    "###",
    "card",
    "\n",
    "yes",
)


class SeatModel:
    """Speaks for both seats, in the format of a family. `calls` are what an agent may call.

    A user says a few words, and after some turns that it is done. An agent speaks or makes one or two calls.
    """

    def __init__(self, chat: FamilyFormat, calls: Sequence[tuple[str, dict[str, Any]]], seed: int = 0) -> None:
        self._chat = chat
        self._calls = calls
        self._seed = seed
        self._end = chat.tokenizer.added[chat.family.end]

    def __call__(self, ids: Sequence[int], sampling: dict[str, Any]) -> list[int]:
        rng = Random(f"{self._seed}/{crc32(repr(list(ids)).encode())}")
        user = USER in self._chat.tokenizer.decode(ids[:200])
        message = self._user(rng, ids) if user else self._agent(rng)
        return [*self._chat.tokenizer.encode_parts(self._chat.write(message)), self._end]

    def _user(self, rng: Random, ids: Sequence[int]) -> AssistantMessage:
        if rng.random() < 0.03 * list(ids).count(self._end):
            return AssistantMessage("###STOP###")
        return AssistantMessage(self._words(rng))

    def _agent(self, rng: Random) -> AssistantMessage:
        if rng.random() < 0.4:
            return AssistantMessage(self._words(rng))
        calls: list[ToolCall] = []
        for index in range(rng.choice((1, 1, 2))):
            name, arguments = rng.choice(self._calls)
            calls.append(make_call(f"call_0_{index}", name, arguments))
        return AssistantMessage(self._words(rng) if rng.random() < 0.3 else None, tuple(calls))

    def _words(self, rng: Random) -> str:
        return " ".join([f"well, {rng.randrange(10**6)}", *(rng.choice(WORDS) for _ in range(rng.randint(1, 12)))])


def constant_model(output: Sequence[int]) -> Callable[[Sequence[int], dict[str, Any]], list[int]]:
    """A model that always says the same."""
    return lambda ids, sampling: list(output)
