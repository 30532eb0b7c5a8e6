"""What a loss needs of a `TokenSequence`: its ids and what the model wrote of them. No text is read or made here."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Any

import torch
from torch import Tensor

from writ_async import TokenSequence

_LEAST_SPREAD = 1e-6


def token_logprobs(model: Any, tokens: TokenSequence) -> Tensor:
    """The model's logprob of each token that was written, in order: as many as `tokens.logprobs` has; shape [written].

    Logits are computed only where the mask says so: a prompt of thousands of tokens is read, not predicted.
    """
    ids = torch.tensor(tokens.ids)
    places = torch.tensor(tokens.loss_mask()[1:]).nonzero().squeeze(-1)  # the id at t + 1 is predicted at t
    hidden = model.model(input_ids=ids[None, :-1]).last_hidden_state[0, places]
    logprobs = model.lm_head(hidden).float().log_softmax(-1)
    return logprobs.gather(-1, ids[places + 1, None]).squeeze(-1)


def imitation_loss(model: Any, tokens: TokenSequence) -> Tensor:
    """Supervised fine-tuning: the cross-entropy of what was written, summed; scalar."""
    return -token_logprobs(model, tokens).sum()


def imitation_gradients(model: Any, batch: Sequence[TokenSequence], dtype: torch.dtype | None = None) -> float:
    """Add the gradients of a batch's mean loss per token to the model's; the loss summed over its tokens.

    What `dtype` names is computed in that type; weights and gradients keep theirs. One sequence is read at a time: the
    longest bounds the memory, and nothing is padded.
    """
    written = sum(map(written_tokens, batch))
    total = 0.0
    for tokens in batch:
        with torch.autocast("cpu", dtype, enabled=dtype is not None):
            loss = imitation_loss(model, tokens)
        (loss / written).backward()
        total += loss.item()
    return total


def written_tokens(tokens: TokenSequence) -> int:
    """How many tokens of a sequence were written, and are learnt."""
    return sum(tokens.loss_mask())


def policy_loss(model: Any, tokens: TokenSequence, advantage: float, clip: float) -> Tensor:
    """The clipped surrogate of PPO (arXiv 1707.06347, eq. 7), negated and summed over the tokens; scalar.

    The ratio's denominator is the logprob with which the server sampled the token, whatever weights it had then.
    """
    ratio = (token_logprobs(model, tokens) - torch.tensor(tokens.logprobs)).exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).sum()


def group_advantages(rewards: Sequence[float]) -> list[float]:
    """How much better each trial of a task went than its siblings, in standard deviations (GRPO, arXiv 2402.03300).

    All zero where all went alike: such a group teaches nothing.
    """
    mean, spread = fmean(rewards), pstdev(rewards)
    return [(reward - mean) / spread if spread > _LEAST_SPREAD else 0.0 for reward in rewards]
