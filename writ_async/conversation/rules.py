"""The rules of a conversation: who speaks first, how it ends, how long it may be."""

from __future__ import annotations

from typing import Literal

import msgspec

from writ_async.core.trajectory import CLOSING_TOKENS, Seat, Signal

GREETING = "Hi! How can I help you today?"


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and conventions; the defaults are τ²-bench's.

    A step is one completion, or one round of tool calls. With `greeting` the agent's fixed first message is said
    without a model call and the user answers it; with None, `first` speaks. `agent_prompt` and `user_prompt` are
    templates of the system prompts (`writ_async.conversation.prompts`), ours if empty. A user's turn with a slip is
    asked for again, `user_retries` times at most. An answer without words and calls, or with arguments that are no
    JSON object, is asked for again `retries_unreadable` times, and then counts as a failure of the server; with 0 the
    first is the end of a conversation, and the second an error that the model is told. Sampling is seeded anew for
    each request, or alike for all of a trial.
    """

    max_steps: int = 200
    max_errors: int = 10
    greeting: str | None = GREETING
    first: Seat = "user"
    agent_may_stop: bool = False
    agent_prompt: str = ""
    user_prompt: str = ""
    user_retries: int = 0
    retries_unreadable: int = 0
    seeded_by: Literal["request", "trial"] = "request"


def find_signal(text: str) -> Signal | None:
    """The first closing token in a text, in the order stop, transfer, out of scope."""
    if "###" not in text:
        return None
    for signal, token in CLOSING_TOKENS.items():
        if token in text:
            return signal
    return None
