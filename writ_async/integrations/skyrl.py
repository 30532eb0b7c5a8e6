"""SkyRL: an environment of skyrl-gym 0.4.0, text in and text out; `skyrl_generator` is the one of token ids.

register(id="writ", entry_point="writ_async.integrations.skyrl:WritTextEnv", kwargs={"source": source})
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from writ_async.chat import FAMILIES
from writ_async.chat.parsed import known_tools
from writ_async.chat.qwen import text_with_tools
from writ_async.core.message import Message, SystemMessage
from writ_async.rl import BlockingEnv, TaskSource, chat_message


class WritTextEnv(BaseTextEnv):  # type: ignore[misc]
    """The next trial of the task that `extras` name, a row of `TaskSource.columns()`.

    SkyRL renders no tools, so they stand in the system message, as the template of `family`, one of Qwen's, writes
    them; what the model writes is read as that family writes calls. `settings` are those of `WritEnv`.
    """

    def __init__(self, env_config: Any = None, extras: Any = None, **settings: Any) -> None:
        super().__init__()
        source: TaskSource = settings.pop("source")
        self._family = FAMILIES[settings.pop("family", "qwen3-instruct-2507")]
        self._task = source[extras]
        self._trial = source.next_trial(self._task)
        self._env = BlockingEnv(self._task, **settings)

    def init(self, prompt: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """See `BaseTextEnv`; the prompt of the data set only names the task."""
        return [self._shown(message) for message in self._env.reset(self._trial).messages], {"task_id": self._task.id}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """See `BaseTextEnv`."""
        read = self._family.parse(action, self.turns, known_tools(self._env.env.tools))
        self.turns += 1
        step = self._env.step(read.message)
        new: Sequence[Message] = step.messages[1:]  # the first is the agent's own
        row = self._env.env.trajectory
        told = {} if row is None else {"termination": row.termination.value}
        seen = [self._shown(message) for message in new]
        return BaseTextEnvStepOutput(observations=seen, reward=step.reward, done=step.done, metadata=told)

    def close(self) -> None:
        """See `BaseTextEnv`."""
        self._env.close()

    def _shown(self, message: Message) -> dict[str, Any]:
        if not isinstance(message, SystemMessage):
            return chat_message(message)
        return {"role": "system", "content": text_with_tools(self._family, message.content, self._env.env.tools)}
