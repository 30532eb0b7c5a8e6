"""What can be set on the engine."""

from __future__ import annotations

from typing import Literal

from writ_engines.http import HttpOptions


class SglangOptions(HttpOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the sglang engine: SGLang servers, token ids in and out.

    Those of `HttpOptions`; the tokenizer and chat template in the folder `model` make the prompts. A GPU server honours
    seeds only with deterministic inference, so they are not sent unless asked for. `extra` is of the sampling
    parameters, such as {"json_schema": "...", "stop": ["\\n\\n"]}.

    top_k: sample from so many tokens; -1 for all
    logprobs: ask for the logprob of each generated token
    tool_grammar: off, calls (whatever begins like a tool call is well-formed and fits its schema), short (a turn is a
    short text or a call with short values, drawn: for a model that says nothing sensible)
    patience: seconds to wait for a server that is still starting
    batch: how many calls may share one HTTP request; 1 sends each by itself
    batch_window: milliseconds to wait for more calls; 0 takes those of the same turn of the event loop
    """

    url: str | list[str] = "http://127.0.0.1:30000"
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 1024
    send_seed: bool = False
    top_k: int = -1
    logprobs: bool = False
    tool_grammar: Literal["off", "calls", "short"] = "off"
    patience: float = 600.0
    batch: int = 1
    batch_window: float = 0.0
