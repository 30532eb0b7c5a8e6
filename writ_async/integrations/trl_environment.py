"""TRL 1.16.0: a class for `GRPOTrainer(environment_factory=...)`, whose public methods are the tools of a domain.

TRL has no seat for a user, so the agent speaks to the user by the tool `say`, whose result is what the user answers.
"""

from __future__ import annotations

from typing import Any

from writ_async.core.message import AssistantMessage, make_call
from writ_async.rl import BlockingEnv, Step, TaskSource
from writ_async.rl.tool_methods import tool_method


def make_environment(source: TaskSource, **settings: Any) -> type:
    """The class, for tasks of one domain, given rows of `source.columns()`; `settings` are those of `WritEnv`."""
    (probe := BlockingEnv(source[0], **settings)).reset()
    tools, policy = list(probe.env.tools), str(getattr(probe.env.messages[0], "content", ""))
    probe.close()

    def reset(self: Any, **row: Any) -> str:
        task = source[row]
        self._env = BlockingEnv(task, **settings)
        self._step = self._env.reset(source.next_trial(task))
        return f"\n\n{policy}\n\nSpeak to the user with the tool `say`. The user writes:\n{_words(self._step)}"

    def get_reward(self: Any) -> float:
        step = self._step if self._step.done else self._env.stop()
        self._env.close()
        return float(step.reward)

    def say(self: Any, text: str) -> str:
        """Say something to the user.

        Args:
            text: What to say.

        Returns:
            What the user answers.
        """
        return _take(self, text)

    methods = {tool["function"]["name"]: tool_method(tool["function"], _call) for tool in tools}
    return type("WritEnvironment", (), {**methods, "reset": reset, "get_reward": get_reward, "say": say})


def _call(env: Any, name: str, arguments: dict[str, Any]) -> str:
    return _take(env, AssistantMessage(None, (make_call("call_0", name, arguments),)))


def _take(env: Any, turn: Any) -> str:
    if env._step.done:
        return "The conversation has ended."
    env._step = env._env.step(turn)
    return _words(env._step) or "The conversation has ended."


def _words(step: Step) -> str:
    said = [message for message in step.messages if not isinstance(message, AssistantMessage)]
    return str(said[-1].content) if said else ""
