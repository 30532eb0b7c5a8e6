"""The options that all engines on HTTP servers have alike: one name, one meaning."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from writ_async.errors import InputError
from writ_engines.http.proxies import check_proxy, environment_proxy
from writ_engines.http.retry import RetryPolicy

HTTP_EXECUTION = frozenset({"timeout", "deadline", "attempts", "rpm", "tpm", "proxy", "trust_env"})
"""Those of them that decide no row."""

_LEAST = {"temperature": 0, "top_p": 0, "max_tokens": 1, "timeout": 0, "deadline": 0, "attempts": 1, "rpm": 0, "tpm": 0}


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
    deadline: seconds for one model call with all its attempts; 0 for no bound. What a call waits for a limit of the
    server counts only as long as the server lets no call pass at all
    attempts: how often a call is tried, the first time included, before it has failed; the deadline bounds it as well.
    Refusals for a limit do not count
    rpm: the most calls a minute, over all servers and processes; 0 leaves it to what the servers say, which is learnt
    tpm: the most tokens a minute, of prompts and answers together, in the same way
    proxy: the address of an HTTP proxy to call the servers through; user and password only in the environment's
    trust_env: whether HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment are heeded
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
    rpm: float = 0.0
    tpm: float = 0.0
    proxy: str = ""
    trust_env: bool = False

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("needs a model; give one, as in --engine-option model=NAME")
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not least <= value < math.inf:
                raise ValueError(f"{name} must be at least {least}, not {value:g}")
        if "@" in self.proxy:
            raise ValueError("proxy must hold no user or password; put the address into HTTPS_PROXY or HTTP_PROXY")

    @property
    def attempt_seconds(self) -> float:
        """The longest that one attempt may take; infinite where there is no bound."""
        return self.timeout or math.inf

    @property
    def retry_policy(self) -> RetryPolicy:
        """How often and how long one call is tried."""
        return RetryPolicy(attempts=self.attempts, budget=self.deadline)

    def proxy_for(self, url: str, environment: Mapping[str, str] | None = None) -> str | None:
        """The proxy that a server is called through; None for none. Raises `InputError` for one that cannot be used."""
        if self.proxy:
            return check_proxy(self.proxy, "proxy")
        return environment_proxy(url, os.environ if environment is None else environment) if self.trust_env else None

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
