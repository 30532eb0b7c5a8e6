"""What the simulated server works on, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import msgspec

from writ_engines.simulated.cache import Node

Segment = tuple[Hashable, int]


class Generation:
    """One request to the server: a prompt as a path of segments, and how many tokens it will write.

    `most` is the request's own limit on output, which the server reserves room for. `done` is called with the
    generation when it has ended. `carried` tokens were written before a retraction and are prefilled again. `session`
    is whose request it is, where the server is told.
    """

    __slots__ = (
        "arrived",
        "began",
        "cached",
        "carried",
        "done",
        "first",
        "key",
        "left",
        "most",
        "node",
        "output",
        "path",
        "prompt",
        "retractions",
        "session",
    )

    def __init__(
        self,
        key: Hashable,
        path: list[Segment],
        prompt: int,
        output: int,
        most: int,
        done: Callable[[Generation], None],
        session: Hashable | None = None,
    ) -> None:
        self.key = key
        self.path = path
        self.prompt = prompt
        self.output = output
        self.most = most
        self.done = done
        self.session = session
        self.arrived = 0.0
        self.first = True
        self.cached = 0
        self.carried = 0
        self.left = 0
        self.began = 0
        self.node: Node | None = None
        self.retractions = 0


class Report(msgspec.Struct, kw_only=True):
    """What a server has done. Seconds are virtual; `kv_steps` sums the KV tokens of running requests over decode steps.

    `prefilled_tokens` is what had to be computed of prompts, retractions included.
    """

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    prefilled_tokens: int = 0
    output_tokens: int = 0
    retractions: int = 0
    refused: int = 0
    evicted_tokens: int = 0
    prefill_steps: int = 0
    prefill_seconds: float = 0.0
    prefill_pairs: float = 0.0
    decode_steps: int = 0
    decode_seconds: float = 0.0
    decode_requests: int = 0
    kv_steps: int = 0
    queued_seconds: float = 0.0
    most_running: int = 0
    most_waiting: int = 0
    first_at: float = -1.0
    last_at: float = 0.0

    @property
    def hit_rate(self) -> float:
        """The share of prompt tokens that came from the cache."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return self.last_at - max(self.first_at, 0.0)

    @property
    def idle_seconds(self) -> float:
        """Time in which the server had nothing to do."""
        return self.seconds - self.prefill_seconds - self.decode_seconds

    @property
    def mean_batch(self) -> float:
        """Requests in a decode step, on average."""
        return self.decode_requests / self.decode_steps if self.decode_steps else 0.0
