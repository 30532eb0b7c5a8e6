"""TRL 1.16.0: a `rollout_func` for `GRPOTrainer`; `trl_environment` has a class for its `environment_factory`.

GRPOTrainer(model, reward_funcs=reward_from_rollouts, rollout_func=make_rollout_func(source, chat), ...)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from writ_async.chat import ChatFormat
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.rl import Batched, Generation, Sampling, TaskSource, TokenEngine, benchmark_reward, make_sample, play
from writ_async.rl.blocking import call_blocking


def sampler_of(trainer: Any) -> Batched:
    """What TRL's trainer itself generates with, which has no public name. Raises `InputError` where it is not there."""
    if not callable(single_turn := getattr(trainer, "_generate_single_turn", None)):
        raise InputError("this TRL's trainer has no _generate_single_turn; give make_rollout_func a sampler= of yours")

    def generate_batch(prompts: list[list[int]], samplings: list[Sampling]) -> list[Generation]:
        ids, told = single_turn(prompts, None, {}, 1)
        ends = [bool(one) and one[-1] in how.stop_ids for one, how in zip(ids, samplings, strict=True)]
        made = zip(ids, told or [None] * len(ids), ends, strict=True)
        return [Generation(ids=one, logprobs=some, finish="stop" if end else "length") for one, some, end in made]

    return Batched(generate_batch)


def make_rollout_func(
    source: TaskSource, chat: ChatFormat, user: Any = "scripted", *, max_response: int = 0, context: int = 0,
    reward: Callable[[Trajectory], float] = benchmark_reward, sampler: Any = sampler_of, **settings: Any,
) -> Callable[[Sequence[Any], Any], dict[str, Any]]:  # fmt: skip
    """A function that plays a trial for each prompt of `source.columns()`; `settings` are those of `rollouts`.

    A prompt that comes n times is n trials. A response is cut to `max_response` tokens, 0 for no cut.
    """

    def rollout(prompts: Sequence[Any], trainer: Any) -> dict[str, Any]:
        step, most = trainer.state.global_step, trainer.args.max_completion_length
        engine = TokenEngine(sampler(trainer), chat, max_tokens=most, context=context, version=str(step))
        tasks, given = [source[prompt] for prompt in prompts], {"seed": step, **settings}
        rows = call_blocking(lambda: play(tasks, engine, user, **given))
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
