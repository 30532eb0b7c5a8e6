"""The options that all engines on HTTP servers have alike: one name, one meaning."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import msgspec

from writ_async.errors import InputError
from writ_engines.http.retry import RetryPolicy

HTTP_EXECUTION = frozenset({"timeout", "deadline", "attempts"})
"""Those of them that decide no row."""

_LEAST = {"temperature": 0, "top_p": 0, "max_tokens": 1, "timeout": 0, "deadline": 0, "attempts": 1}


class HttpOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of every engine on HTTP servers.

    model: the model: its name as the server knows it, or its folder where the engine works on token ids
    url: where the server is, or several servers of one model with commas between them
    temperature: 0 is greedy; 1 leaves the model's distribution as it is, which training on policy wants
    top_p: nucleus sampling
    max_tokens: the most tokens of one completion, reasoning included
    send_seed: whether each request's sampling seed is sent
    extra: more fields of a request as a JSON object; they replace those of the same name
    timeout: seconds for one attempt; 0 for no bound
    deadline: seconds for one model call with all its attempts; 0 for no bound
    attempts: how often a call is tried, the first time included, before it has failed; the deadline bounds it as well
    """

    model: str = ""
    url: str | list[str] = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    send_seed: bool = True
    extra: str | dict[str, Any] = ""
    timeout: float = 300.0
    deadline: float = 550.0
    attempts: int = 40

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("needs a model; give one, as in --engine-option model=NAME")
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not least <= value < math.inf:
                raise ValueError(f"{name} must be at least {least}, not {value:g}")

    @property
    def attempt_seconds(self) -> float:
        """The longest that one attempt may take; infinite where there is no bound."""
        return self.timeout or math.inf

    @property
    def retry_policy(self) -> RetryPolicy:
        """How often and how long one call is tried."""
        return RetryPolicy(attempts=self.attempts, budget=self.deadline)

    def read_extra(self, engine: str, reserved: Collection[str]) -> dict[str, Any]:
        """The option `extra` as fields.

        Raises `InputError` where it is no JSON object, or sets what is `reserved` for the engine of that name.
        """
        fields = self.extra
        if isinstance(fields, str):
            try:
                fields = msgspec.json.decode(fields or "{}")
            except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
                raise InputError(f"engine {engine!r}: extra is not JSON: {exc}") from None
        if not isinstance(fields, dict):
            raise InputError(
                f"engine {engine!r}: extra must be a JSON object, with the names of fields before their values"
            )
        for name in reserved:
            if name in fields:
                raise InputError(f"engine {engine!r}: extra must not set {name!r}; the engine does")
        return fields
