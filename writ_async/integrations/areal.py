"""AReaL 1.0: a class with `run`, which plays an episode on the trainer's OpenAI endpoint.

trainer.train(workflow="my_module.Workflow")   # class Workflow(WritWorkflow): source = TaskSource(...)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from writ_async.core.trajectory import Trajectory
from writ_async.rl import TaskSource, benchmark_reward, play
from writ_async.runs.seats import EngineSpec


class WritWorkflow:
    """An agent workflow; a subclass gives it its `source`. The endpoint keeps token ids and logprobs itself.

    `user` plays the user, `engine` is what calls the endpoint with `model`
    and further `options`; `settings` are those of `rollouts`.
    """

    source: ClassVar[TaskSource]
    user: ClassVar[Any] = "scripted"
    engine: ClassVar[str] = "openai"
    model: ClassVar[str] = "default"
    options: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **kwargs: Any) -> None:
        self._options = {**self.options, **kwargs}

    def reward(self, row: Trajectory) -> float:
        """What a conversation is worth: the benchmark's reward, unless a subclass says otherwise."""
        return benchmark_reward(row)

    async def run(self, data: dict[str, Any], **extra_kwargs: Any) -> float:
        """One conversation of the task that `data` names (a row of `TaskSource.columns()`); its reward."""
        task = self.source[data]
        options = {"url": extra_kwargs["base_url"], "model": self.model, **self._options}
        if key := extra_kwargs.get("api_key"):
            options["headers"] = {"Authorization": f"Bearer {key}"}
        agent = EngineSpec(self.engine, options)
        trial = self.source.next_trial(task)
        (row,) = await play([task], agent, self.user, first_trial=trial, **self.settings)
        return self.reward(row)
