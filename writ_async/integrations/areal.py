"""AReaL 1.0.4: a class with `run`, which plays an episode on the trainer's OpenAI endpoint.

trainer.train(workflow="my_module.Workflow")   # class Workflow(WritWorkflow): source = TaskSource(...)
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.rl import TaskSource, benchmark_reward, play
from writ_async.runs.seats import EngineSpec


class WritWorkflow:
    """An agent workflow; a subclass gives it its `source`. The endpoint keeps token ids and logprobs itself.

    `user` plays the user, `engine` is what calls the endpoint with `model` and further `options`; `settings` are those
    of `rollouts`.
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
        """One conversation of the task that `data` names (a row of `TaskSource.columns()`); its reward.

        The endpoint is AReaL's `base_url`, with its `api_key` unless `options` have a header in its place; in a process
        of its own OPENAI_BASE_URL and OPENAI_API_KEY, which the engine reads. Raises `InputError` for no endpoint.
        """
        task = self.source[data]
        url = str(extra_kwargs.get("base_url") or os.environ.get("OPENAI_BASE_URL", "")).rstrip("/")
        if not url:
            raise InputError("AReaL gave no base_url, and OPENAI_BASE_URL is not set; the agent has no endpoint")
        root = "" if urlsplit(url).path else "/."  # AReaL's proxy answers at its root, not under /v1
        options = {"url": url + root, "model": self.model, **self._options}
        if key := extra_kwargs.get("api_key"):  # in a process of its own it is in OPENAI_API_KEY
            given = options.get("headers") or {}
            headers = json.loads(given) if isinstance(given, str) else given
            if "authorization" not in map(str.lower, headers):
                options["headers"] = {**headers, "Authorization": f"Bearer {key}"}
        agent = EngineSpec(self.engine, options)
        (row,) = await play([task], agent, self.user, first_trial=self.source.next_trial(task), **self.settings)
        return float(self.reward(row))
