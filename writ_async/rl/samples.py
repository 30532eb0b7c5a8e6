"""A judged conversation as trainers of sequences take it: a prompt, and everything behind it with its mask."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.rl.rewards import benchmark_reward


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """`prompt_ids` are all that came before the first sampled token, `response_ids` all from there on.

    `loss_mask` and `logprobs` are as long as the response: 1 and its logprob for each sampled token, 0 and 0.0 for each
    that the environment put there. `logprobs` is None where the sampler told none. `truncated` says that the response
    was longer than was asked for. `version` names the oldest weights that wrote any of it, empty where unknown.
    """

    prompt_ids: list[int]
    response_ids: list[int]
    loss_mask: list[int]
    logprobs: list[float] | None
    reward: float
    turns: int
    truncated: bool = False
    version: str = ""


def make_sample(
    row: Trajectory, *, reward: Callable[[Trajectory], float] = benchmark_reward, max_response: int = 0
) -> Sample:
    """The agent's seat of a row, its response cut to `max_response` tokens, 0 for no cut.

    Raises `InputError` for a row whose agent has sampled no token: its engine does not work on token ids.
    """
    tokens = row.tokens.get("agent")
    if tokens is None or not tokens.generated:
        raise InputError(f"row {row.id}: its agent has sampled no token; play it with a TokenEngine")
    start = tokens.generated[0][0]
    end = start + max_response if max_response else len(tokens.ids)
    logprobs = [value or 0.0 for value in tokens.aligned_logprobs()] if tokens.logprobs else None
    return Sample(
        prompt_ids=list(tokens.ids[:start]),
        response_ids=list(tokens.ids[start:end]),
        loss_mask=tokens.loss_mask()[start:end],
        logprobs=None if logprobs is None else logprobs[start:end],
        reward=reward(row),
        turns=len(tokens.generated),
        truncated=len(tokens.ids) > end,
        version=tokens.weights[0].version if tokens.weights else "",
    )
