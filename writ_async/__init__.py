"""Async event-driven synthesis and simulation of user-facing tool-agent conversations.

from writ_async import make_tasks, rollouts

async with rollouts(make_tasks("retail", 64), agent="scripted", trials=4) as stream:
    async for trajectory in stream:
        print(trajectory.id, trajectory.verdict.reward.reward)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from writ_async.conversation import Conversation as Conversation
    from writ_async.conversation import Rules as Rules
    from writ_async.engine import Completion as Completion
    from writ_async.engine import Engine as Engine
    from writ_async.engine import Request as Request
    from writ_async.errors import EngineError as EngineError
    from writ_async.errors import InputError as InputError
    from writ_async.errors import WritError as WritError
    from writ_async.pipelines.library import load_tasks as load_tasks
    from writ_async.pipelines.library import make_tasks as make_tasks
    from writ_async.pipelines.library import rollouts as rollouts
    from writ_async.pipelines.library import run as run
    from writ_async.scheduler import Limits as Limits
    from writ_async.task import Task as Task
    from writ_async.trajectory import Trajectory as Trajectory

# Names are imported when they are first used, so that `writ --help` does not wait for the whole engine.
_HOMES = {
    "Completion": "engine",
    "Conversation": "conversation",
    "Engine": "engine",
    "EngineError": "errors",
    "InputError": "errors",
    "Limits": "scheduler",
    "Request": "engine",
    "Rules": "conversation",
    "Task": "task",
    "Trajectory": "trajectory",
    "WritError": "errors",
    "load_tasks": "pipelines.library",
    "make_tasks": "pipelines.library",
    "rollouts": "pipelines.library",
    "run": "pipelines.library",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
