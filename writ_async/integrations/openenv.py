"""OpenEnv 0.10.0: an `Environment` with its Task API, for the package's own server, or in one's own process."""

from __future__ import annotations

from typing import Any

from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State

from writ_async.rl import BlockingEnv, Step, TaskListing, TaskSource, chat_message


class WritAction(Action):  # type: ignore[misc]
    """The agent's turn, as chat completions have it."""

    content: str | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()


class WritObservation(Observation):  # type: ignore[misc]
    """The messages that are new to the agent, and the schemas of its tools."""

    messages: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()


class WritEnvironment(TaskListing, Environment[WritAction, WritObservation, State]):  # type: ignore[misc]
    """`reset(index=...)` begins the next trial of a task; `settings` are those of `WritEnv`."""

    SUPPORTS_CONCURRENT_SESSIONS, state = True, State()
    _env: BlockingEnv | None

    def __init__(self, source: TaskSource, **settings: Any) -> None:
        TaskListing.__init__(self, source, settings.pop("split", "train"))
        Environment.__init__(self)
        self._settings, self._env = settings, None

    def reset(self, seed: int | None = None, episode_id: str | None = None, **kwargs: Any) -> WritObservation:
        """See `Environment`. Raises `InputError` for a task that is not there."""
        self.close()
        task = self.source[int(kwargs.get("index", 0))]
        self._env = BlockingEnv(task, **{**self._settings, "seed": seed or 0})
        self.state = State(episode_id=episode_id, step_count=0, task_id=task.id)
        return self._observe(self._env.reset(self.source.next_trial(task)))

    def step(self, action: WritAction, timeout_s: float | None = None, **kwargs: Any) -> WritObservation:
        """See `Environment`. Raises `RuntimeError` before `reset` and after the end."""
        if self._env is None:
            raise RuntimeError("there is no conversation yet; reset() first")
        self.state.step_count += 1
        return self._observe(self._env.step(action.model_dump(include={"content", "tool_calls"})))

    def close(self) -> None:
        """See `Environment`."""
        if self._env is not None:
            self._env.close()

    def _observe(self, step: Step) -> WritObservation:
        new, tools = tuple(map(chat_message, step.messages)), tuple(self._env.env.tools if self._env else ())
        return WritObservation(messages=new, tools=tools, done=step.done, reward=step.reward)
