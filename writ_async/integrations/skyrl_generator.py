"""SkyRL: a generator of token ids, as its `GeneratorInterface` has it; needs nothing of the package to be imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writ_async.chat import ChatFormat
from writ_async.core.trajectory import Trajectory
from writ_async.rl import Generation, Sampling, TaskSource, TokenEngine, benchmark_reward, make_sample, play


class WritGenerator:
    """Plays each prompt of a batch, which are those of `source`; a prompt that comes n times is n trials.

    `client` is SkyRL's `InferenceEngineClient`. `settings` are those of `rollouts`.
    """

    def __init__(
        self, source: TaskSource, client: Any, chat: ChatFormat, user: Any = "scripted", *, max_tokens: int = 1024,
        context: int = 0, reward: Callable[[Trajectory], float] = benchmark_reward, **settings: Any,
    ) -> None:  # fmt: skip
        self._source, self._client, self._user, self._reward = source, client, user, reward
        self._chat, self._most, self._context, self._settings = chat, max_tokens, context, settings

    async def generate(self, input_batch: dict[str, Any], disable_tqdm: bool = False) -> dict[str, Any]:
        """A `GeneratorOutput` for a `GeneratorInput`, by position."""
        given = dict(input_batch.get("sampling_params") or {})

        async def ask(ids: list[int], sampling: Sampling) -> Generation:
            params = {**given, "max_tokens": sampling.max_tokens, "stop_token_ids": list(sampling.stop_ids)}
            told = await self._client.generate(
                {"prompt_token_ids": [ids], "sampling_params": params, "session_ids": [sampling.session]}
            )
            logprobs = told.get("response_logprobs")
            reason = told["stop_reasons"][0]
            return Generation(
                ids=told["response_ids"][0],
                logprobs=None if logprobs is None else logprobs[0],
                finish=reason if reason in ("length", "abort") else "stop",
            )

        tasks = [self._source[prompt] for prompt in input_batch["prompts"]]
        engine = TokenEngine(ask, self._chat, max_tokens=self._most, context=self._context)
        rows = await play(tasks, engine, self._user, **self._settings)
        samples = [make_sample(row, reward=self._reward) for row in rows]
        told = all(sample.logprobs is not None for sample in samples)
        return {
            "prompt_token_ids": [sample.prompt_ids for sample in samples],
            "response_ids": [sample.response_ids for sample in samples],
            "rewards": [sample.reward for sample in samples],
            "loss_masks": [sample.loss_mask for sample in samples],
            "stop_reasons": ["length" if sample.truncated else "stop" for sample in samples],
            "rollout_metrics": {"turns": sum(sample.turns for sample in samples) / max(1, len(samples))},
            "rollout_logprobs": [sample.logprobs for sample in samples] if told else None,
        }
