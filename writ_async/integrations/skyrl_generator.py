"""SkyRL 0.3.0: a generator of token ids, as its `GeneratorInterface` has it; imports nothing of the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writ_async.chat import ChatFormat
from writ_async.core.trajectory import Trajectory
from writ_async.rl import Generation, Sampling, TaskSource, TokenEngine, benchmark_reward, make_sample, play
from writ_async.rl.finishing import finishing


class WritGenerator:
    """Plays each prompt of a batch, which are those of `source`; a prompt that comes n times is n trials.

    `client` is SkyRL's `InferenceEngineInterface`; a turn has at most `max_tokens`, 0 for what the batch says.
    `settings` are those of `rollouts`; the seed is the global step, where the batch tells it.
    """

    def __init__(
        self, source: TaskSource, client: Any, chat: ChatFormat, user: Any = "scripted", *, max_tokens: int = 0,
        context: int = 0, reward: Callable[[Trajectory], float] = benchmark_reward, **settings: Any,
    ) -> None:  # fmt: skip
        self._source, self._client, self._user, self._reward = source, client, user, reward
        self._chat, self._most, self._context, self._settings = chat, max_tokens, context, settings

    async def generate(self, input_batch: dict[str, Any], disable_tqdm: bool = False) -> dict[str, Any]:
        """A `GeneratorOutput` for a `GeneratorInput`, by position."""
        samples = [make_sample(row, reward=self._reward) for row in await self._play(input_batch)]
        untold = any(sample.logprobs is None for sample in samples)
        return {
            "prompt_token_ids": [sample.prompt_ids for sample in samples],
            "response_ids": [sample.response_ids for sample in samples],
            "rewards": [sample.reward for sample in samples],
            "loss_masks": [sample.loss_mask for sample in samples],
            "stop_reasons": ["length" if sample.truncated else "stop" for sample in samples],
            "rollout_metrics": {"turns": sum(sample.turns for sample in samples) / max(1, len(samples))},
            "rollout_logprobs": None if untold else [sample.logprobs for sample in samples],
            "trajectory_ids": input_batch.get("trajectory_ids"),
        }

    async def _play(self, batch: dict[str, Any]) -> list[Trajectory]:
        given, tasks = dict(batch.get("sampling_params") or {}), [self._source[prompt] for prompt in batch["prompts"]]
        step = int(getattr(batch.get("batch_metadata"), "global_step", 0))
        most = self._most or given.get("max_tokens") or 1024
        async with finishing(self._client.finish_session) as sessions:

            async def ask(ids: list[int], sampling: Sampling) -> Generation:
                sessions.add(sampling.session)
                params = {**given, "max_tokens": sampling.max_tokens, "stop_token_ids": list(sampling.stop_ids)}
                asked = {"prompt_token_ids": [ids], "sampling_params": params, "session_ids": [sampling.session]}
                told = await self._client.generate(asked)
                (said,), (why,), logprobs = told["response_ids"], told["stop_reasons"], told.get("response_logprobs")
                known, told_of = why in ("length", "abort"), logprobs and logprobs[0]
                return Generation(ids=said, logprobs=told_of, version=str(step), finish=why if known else "stop")

            engine = TokenEngine(ask, self._chat, max_tokens=most, context=self._context)
            return await play(tasks, engine, self._user, **{"seed": step, **self._settings})
