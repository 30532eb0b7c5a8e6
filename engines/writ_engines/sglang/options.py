"""What can be set on the engine."""

from __future__ import annotations

from typing import Literal

import msgspec


class SglangOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the sglang engine.

    url: address of the server, or of several servers of one model, with commas between them
    model: the model's folder; its tokenizer and chat template make the prompts
    temperature: 0 is greedy; 1 leaves the model's distribution as it is, which training on policy wants
    top_p: nucleus sampling
    top_k: sample from so many tokens; -1 for all
    max_new_tokens: longest completion
    logprobs: ask for the logprob of each generated token
    sampling_seed: send each request's seed (a GPU server with deterministic inference honours it)
    sampling: further sampling parameters as a JSON object, such as {"json_schema": "...", "stop": ["\\n\\n"]}
    tool_grammar: off, calls (whatever begins like a tool call is well-formed and fits its schema), short (a turn is a
    short text or a call with short values, drawn: for a model that says nothing sensible)
    timeout: seconds that one attempt may take
    attempts: how often a call is tried before it counts as failed; the budget bounds it as well
    budget: seconds for all attempts of a call
    patience: seconds to wait for a server that is still starting
    batch: how many calls may share one HTTP request; 1 sends each by itself
    batch_window: milliseconds to wait for more calls; 0 takes those of the same turn of the event loop
    """

    url: str | list[str] = "http://127.0.0.1:30000"
    model: str
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = -1
    max_new_tokens: int = 1024
    logprobs: bool = False
    sampling_seed: bool = False
    sampling: str = ""
    tool_grammar: Literal["off", "calls", "short"] = "off"
    timeout: float = 300.0
    attempts: int = 40
    budget: float = 550.0
    patience: float = 600.0
    batch: int = 1
    batch_window: float = 0.0
