"""verl 0.9.1: an agent loop, for the columns of `TaskSource.columns()` and `agent_name`, the name in its YAML:

- name: writ_agent
  _target_: writ_async.integrations.verl.WritAgentLoop
  tasks: runs/train   # a run folder, a file or a benchmark's subset, as `writ eval --tasks` takes them
  model: models/Qwen3-4B-Instruct-2507
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopMetrics, AgentLoopOutput

from writ_async.api import load_tasks
from writ_async.chat import ChatFormat, open_chat_format
from writ_async.rl import Generation, Sampling, TaskSource, TokenEngine, make_sample, play

_source = lru_cache(maxsize=4)(lambda tasks, data: TaskSource(load_tasks(tasks, data=data)))
_chat: Any = lru_cache(maxsize=4)(open_chat_format)


# `register` would put a class without its settings over the YAML's entry, as soon as this module is imported.
class WritAgentLoop(AgentLoopBase):  # type: ignore[misc]
    """Plays a task's next trial on the trainer's server; `settings` are those of `rollouts`, such as `user_options`."""

    def __init__(
        self, *args: Any, tasks: str, model: str, user: str = "scripted", data: str | None = None,
        settings: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self._tasks: TaskSource = _source(tasks, data)
        self._format: ChatFormat = _chat(model)
        self._play = {"user": user, "data": data, **(settings or {})}

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> AgentLoopOutput:
        """See `AgentLoopBase`: one conversation; its reward is the benchmark's."""
        name = uuid4().hex

        async def generate(ids: list[int], sampling: Sampling) -> Generation:
            out = await self.server_manager.generate(
                request_id=name, prompt_ids=ids, sampling_params={**sampling_params, "max_tokens": sampling.max_tokens}
            )
            finish = {"aborted": "abort", "length": "length"}.get(out.stop_reason or "", "stop")
            version = str(out.extra_fields.get("global_steps") or "")
            return Generation(ids=out.token_ids, logprobs=out.log_probs, version=version, finish=finish)  # type: ignore[arg-type]

        config = self.rollout_config
        context = config.prompt_length + config.response_length
        engine = TokenEngine(generate, self._format, max_tokens=config.response_length, context=context)
        task = self._tasks[kwargs["task_id"]]
        (row,) = await play([task], engine, first_trial=self._tasks.next_trial(task), **self._play)
        sample = make_sample(row, max_response=config.response_length)
        return AgentLoopOutput(
            prompt_ids=sample.prompt_ids, response_ids=sample.response_ids, response_mask=sample.loss_mask,
            response_logprobs=sample.logprobs, reward_score=sample.reward, num_turns=len(row.messages),
            metrics=AgentLoopMetrics(), extra_fields={"task_id": task.id, "termination": row.termination.value},
        )  # fmt: skip
