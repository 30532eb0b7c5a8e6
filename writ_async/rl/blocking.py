"""A `WritEnv` for callers without an event loop: it lives in a loop of its own, in one thread for all."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from writ_async.core.task import Task
from writ_async.core.trajectory import Termination
from writ_async.rl.env import Step, WritEnv

T = TypeVar("T")


@lru_cache(maxsize=1)
def _portal() -> BlockingPortal:
    manager = start_blocking_portal()
    portal = manager.__enter__()
    atexit.register(manager.__exit__, None, None, None)
    return portal


def call_blocking(function: Callable[..., Coroutine[Any, Any, T]], *given: Any) -> T:
    """Run a coroutine function in the shared loop and wait for it. Not to be called from that loop."""
    result: T = _portal().call(function, *given)
    return result


class BlockingEnv:
    """`WritEnv` with methods that wait; takes what `WritEnv` takes, and has it as `env`."""

    def __init__(self, task: Task, *given: Any, **settings: Any) -> None:
        self.env = WritEnv(task, *given, **settings)

    def reset(self, trial: int | None = None) -> Step:
        """See `WritEnv.reset`."""
        return call_blocking(self.env.reset, trial)

    def step(self, action: Any, logprobs: Sequence[float | None] | None = None, version: str = "") -> Step:
        """See `WritEnv.step`."""
        return call_blocking(self.env.step, action, logprobs, version)

    def stop(self, termination: Termination = Termination.CANCELLED, error: str = "") -> Step:
        """See `WritEnv.stop`."""
        return call_blocking(self.env.stop, termination, error)

    def close(self) -> None:
        """See `WritEnv.close`."""
        call_blocking(self.env.close)
