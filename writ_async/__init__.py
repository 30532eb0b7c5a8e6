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
    from writ_async.api import load_tasks as load_tasks
    from writ_async.api import make_tasks as make_tasks
    from writ_async.api import rollouts as rollouts
    from writ_async.api import run as run
    from writ_async.conversation import Conversation as Conversation
    from writ_async.conversation import Rules as Rules
    from writ_async.core.engine import Completion as Completion
    from writ_async.core.engine import Engine as Engine
    from writ_async.core.engine import Request as Request
    from writ_async.core.task import Task as Task
    from writ_async.core.trajectory import Trajectory as Trajectory
    from writ_async.errors import EngineError as EngineError
    from writ_async.errors import InputError as InputError
    from writ_async.errors import WritError as WritError
    from writ_async.scheduler import Limits as Limits

# Names are imported when they are first used, so that `writ --help` does not wait for the whole engine.
_HOMES = {
    "Completion": "core.engine",
    "Conversation": "conversation",
    "Engine": "core.engine",
    "EngineError": "errors",
    "InputError": "errors",
    "Limits": "scheduler",
    "Request": "core.engine",
    "Rules": "conversation",
    "Task": "core.task",
    "Trajectory": "core.trajectory",
    "WritError": "errors",
    "load_tasks": "api",
    "make_tasks": "api",
    "rollouts": "api",
    "run": "api",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
