"""What a run on a GPU leaves: raw cells, the costs fitted to them, and what the server said about itself."""

from __future__ import annotations

from typing import Any

import msgspec
from writ_engines.simulated.costs import Costs


class DecodeCell(msgspec.Struct, frozen=True, kw_only=True):
    """Decode steps of `requests` requests whose prompts were cached.

    `mean_requests` and `mean_kv` are what a step held on average, `step_seconds` how long it took from one launch to
    the next, as the server counted it in `steps` steps; 0 steps where it did not, and then the client's clock decides.
    `wall_step_seconds` is by the client's clock: the time of a long answer less that of one token, by step.
    """

    requests: int
    context: int
    new_tokens: int
    steps: int
    mean_requests: float
    mean_kv: float
    step_seconds: float
    wall_step_seconds: float
    answer_p50: float
    answer_p95: float

    @property
    def tokens_per_second(self) -> float:
        """How many tokens the server wrote in a second."""
        return self.mean_requests / self.step_seconds


class PrefillCell(msgspec.Struct, frozen=True, kw_only=True):
    """Prefill of `prompts` prompts of `new` tokens each behind `cached` ones.

    `cached_found` is what the server had of it on average. `busy_seconds` is the server's own count, scaled to all
    tokens from those it counted; 0 where it counted less than half. `wall_seconds` is the client's.
    """

    prompts: int
    new: int
    cached: int
    cached_found: float
    busy_seconds: float
    wall_seconds: float

    @property
    def seconds(self) -> float:
        """The server's count where there is one."""
        return self.busy_seconds or self.wall_seconds

    @property
    def tokens(self) -> int:
        """How many tokens were computed."""
        return self.prompts * self.new

    @property
    def pairs(self) -> float:
        """How many pairs of a new token and an earlier one attention saw."""
        return self.prompts * self.new * (self.cached + self.new / 2)


class Turns(msgspec.Struct, frozen=True, kw_only=True):
    """Many conversations at once through the sglang engine.

    `whole_hits` of the `later_turns` found prompt and output of the turn before in the cache, but for the last token
    and `page` tokens. `client_seconds` is this process's CPU time for all `calls`, and `call_*` their latency.
    """

    sessions: int
    calls: int
    later_turns: int
    whole_hits: int
    page: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    client_seconds: float
    seconds: float
    call_p50: float
    call_p95: float
    batched: bool

    @property
    def client_microseconds(self) -> float:
        """CPU time of the client for one call."""
        return self.client_seconds / self.calls * 1e6


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How well the fitted costs say the cells again: the root mean square of the relative errors, and the largest."""

    decode_rms: float
    decode_largest: float
    prefill_rms: float
    prefill_largest: float


class Measured(msgspec.Struct, kw_only=True):
    """Everything. `stopped` says what the run's time did not allow."""

    model: str
    device: str
    started: str
    start_seconds: float = 0.0
    server: dict[str, Any] = {}
    decode: list[DecodeCell] = []
    prefill: list[PrefillCell] = []
    turns: list[Turns] = []
    costs: Costs | None = None
    fit: Fit | None = None
    stopped: list[str] = []
