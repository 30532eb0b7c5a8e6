"""What a trainer's sampler is asked for, and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal

import msgspec

from writ_async.errors import EngineError, EngineErrorKind

Finish = Literal["stop", "length", "abort"]
FINISHES: Final = ("stop", "length", "abort")


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How one completion is to be sampled.

    `max_tokens` is the most that it may have, `stop_ids` end it. `seed` depends on the run and the turn alone.
    `session` is the same for all turns of a seat of a conversation, for a router that keeps each on one server.
    """

    max_tokens: int
    stop_ids: tuple[int, ...]
    seed: int
    session: str


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """What a sampler made: its `ids`, the one that ended the turn included, and the logprob of each, None if unknown.

    `version` names the weights that made them, empty where the sampler does not know. `finish` is `abort` where the
    sampler was made to stop, as for new weights: the rest of the turn is then asked for again, behind these ids.
    """

    ids: Sequence[int]
    logprobs: Sequence[float | None] | None = None
    version: str = ""
    finish: Finish = "stop"


Answer = Generation | tuple[Sequence[int], Sequence[float | None] | None, str]
"""A `Generation`, or just its ids, logprobs and version."""

Generate = Callable[[list[int], Sampling], Awaitable[Answer]]
"""A trainer's sampler: the ids of a prompt, and how to sample."""


def read_answer(given: Any) -> Generation:
    """The answer of a sampler, which a type checker may never have seen. Raises `EngineError` where it is none."""
    if isinstance(given, tuple) and len(given) == 3:
        given = Generation(ids=given[0], logprobs=given[1], version="" if given[2] is None else str(given[2]))
    if not isinstance(given, Generation):
        raise _wrong(f"a {type(given).__name__} instead of a Generation or (ids, logprobs, version)")
    if given.finish not in FINISHES:
        raise _wrong(f"finish={given.finish!r}; it is one of {', '.join(FINISHES)}")
    ids = [int(one) for one in given.ids]
    logprobs = None if given.logprobs is None else list(given.logprobs)
    if logprobs is not None and len(logprobs) != len(ids):
        raise _wrong(f"{len(logprobs)} logprobs for {len(ids)} ids")
    return Generation(ids=ids, logprobs=logprobs, version=given.version, finish=given.finish)


def _wrong(what: str) -> EngineError:
    return EngineError(f"the sampler gave {what}", kind=EngineErrorKind.TRUNCATED)
