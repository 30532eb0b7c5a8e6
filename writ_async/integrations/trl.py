"""TRL 1.16: a `rollout_func` for `GRPOTrainer`; `trl_environment` has a class for its `environment_factory`.

GRPOTrainer(model, reward_funcs=reward_from_rollouts, rollout_func=make_rollout_func(source, chat), ...)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from writ_async.chat import ChatFormat
from writ_async.core.trajectory import Trajectory
from writ_async.rl import Batched, Generation, Sampling, TaskSource, TokenEngine, benchmark_reward, make_sample, play
from writ_async.rl.blocking import call_blocking


def sampler_of(trainer: Any) -> Batched:
    """The trainer's own generation, vLLM or the model itself, as a sampler of token ids."""

    def generate_batch(prompts: list[list[int]], samplings: list[Sampling]) -> list[Generation]:
        ids, told = trainer._generate_single_turn(prompts, None, {}, 1)
        ends = [one[-1:] and one[-1] in how.stop_ids for one, how in zip(ids, samplings, strict=True)]
        made = zip(ids, told or [None] * len(ids), ends, strict=True)
        return [Generation(ids=one, logprobs=some, finish="stop" if end else "length") for one, some, end in made]

    return Batched(generate_batch)


def make_rollout_func(
    source: TaskSource, chat: ChatFormat, user: Any = "scripted", *, max_response: int = 0, context: int = 0,
    reward: Callable[[Trajectory], float] = benchmark_reward, sampler: Callable[[Any], Any] = sampler_of,
    **settings: Any,
) -> Callable[[Sequence[Any], Any], dict[str, Any]]:  # fmt: skip
    """The function: a trial for each prompt of `source.columns()`; a prompt that comes n times is n trials.

    A response is cut to `max_response` tokens, 0 for no cut. `settings` are those of `rollouts`.
    """

    def rollout(prompts: Sequence[Any], trainer: Any) -> dict[str, Any]:
        step, most = trainer.state.global_step, trainer.args.max_completion_length
        engine = TokenEngine(sampler(trainer), chat, max_tokens=most, context=context, version=str(step))
        tasks = [source[prompt] for prompt in prompts]
        rows = call_blocking(lambda: play(tasks, engine, user, **{"seed": step, **settings}))
        samples = [make_sample(row, reward=reward, max_response=max_response) for row in rows]
        return {
            "prompt_ids": [sample.prompt_ids for sample in samples],
            "completion_ids": [sample.response_ids for sample in samples],
            "logprobs": None if any(one.logprobs is None for one in samples) else [one.logprobs for one in samples],
            "env_mask": [sample.loss_mask for sample in samples],
            "reward": [sample.reward for sample in samples],
        }

    return rollout


def reward_from_rollouts(prompts: Any, completions: Any, reward: Sequence[float], **columns: Any) -> list[float]:
    """The reward function that goes with it: what each conversation was worth."""
    return list(reward)
