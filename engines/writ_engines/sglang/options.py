"""What can be set on the engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from writ_engines.http import HttpOptions, server_urls
from writ_engines.http.keys import Secrets, key_in_the_clear, read_key_and_headers, request_headers

KEY_ENV = "SGLANG_API_KEY"


class SglangOptions(HttpOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the sglang engine: SGLang servers, token ids in and out.

    Those of `HttpOptions`; the tokenizer and chat template in the folder `model` make the prompts. A GPU server honours
    seeds only with deterministic inference, so they are not sent unless asked for. `extra` is of the sampling
    parameters, such as {"json_schema": "...", "stop": ["\\n\\n"]}.

    key_env: the environment variable that holds the key of a server with --api-key; the key itself is no option, and is
    written nowhere
    key_header: the header that carries the key; `Authorization: Bearer KEY` if not given
    headers: more headers of every request as a JSON object; a value "$NAME" is taken from the environment. They are
    written nowhere; one that is the key's goes in its place, and the environment's key to nobody
    top_k: sample from so many tokens; -1 for all
    logprobs: ask for the logprob of each generated token
    tool_grammar: off, calls (whatever begins like a tool call is well-formed and fits its schema), short (a turn is a
    short text or a call with short values, drawn: for a model that says nothing sensible)
    patience: seconds to wait for a server that is still starting
    batch: how many calls may share one HTTP request; 1 sends each by itself
    batch_window: milliseconds to wait for more calls; 0 takes those of the same turn of the event loop
    session_id: say whose each call is and when its conversation has ended, so that a server with
    --enable-session-radix-cache gives up the tokens of ended conversations first
    priority: off, turns (where calls wait, those with more turns behind them go first: for a server with
    --enable-priority-scheduling)
    routing_key: send all calls of a conversation with one X-SMG-Routing-Key: for a router with the policy manual or
    consistent_hashing
    """

    url: str | list[str] = "http://127.0.0.1:30000"
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 1024
    send_seed: bool = False
    key_env: str = KEY_ENV
    key_header: str = ""
    headers: str | dict[str, str] = ""
    top_k: int = -1
    logprobs: bool = False
    tool_grammar: Literal["off", "calls", "short"] = "off"
    patience: float = 600.0
    batch: int = 1
    batch_window: float = 0.0
    session_id: bool = False
    priority: Literal["off", "turns"] = "off"
    routing_key: bool = False


class Access(msgspec.Struct, frozen=True):
    """Where servers are, what goes with every request to them, and what no text may hold."""

    urls: tuple[str, ...]
    headers: Mapping[str, str] = {}
    secrets: Secrets = Secrets()
    notices: tuple[str, ...] = ()


def usual_access(urls: str | Sequence[str]) -> Access:
    """How servers are reached that are named without options of an engine: with the key of SGLANG_API_KEY, if any."""
    return find_access(SglangOptions(model="default", url=list(server_urls(urls))))


def find_access(options: SglangOptions, environment: Mapping[str, str] | None = None) -> Access:
    """The servers' addresses, and the key of them all.

    Raises `InputError` for a key that was named and is not there; it holds no secret.
    """
    environment = os.environ if environment is None else environment
    urls = server_urls(options.url, "engine 'sglang': url")
    key, more = read_key_and_headers("sglang", options, environment, urls[0], needed=options.key_env != KEY_ENV)
    told = (key_in_the_clear(url, key, options.key_env) for url in urls)
    return Access(
        urls,
        request_headers(key, options.key_header, more),
        Secrets({options.key_env: key, **more}),
        tuple(line for line in told if line),
    )
