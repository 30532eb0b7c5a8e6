"""The seams of training loops: token ids in, ids and logprobs out; or reset and step, with the user inside.

    from writ_async.rl import TokenEngine, WritEnv

A trainer that samples for itself hands its sampler to a `TokenEngine`, which then plays a seat of `rollouts` or
`groups` like any other engine. A trainer that wants an environment steps through a `WritEnv`, or through a
`BlockingEnv` where it has no event loop. `TaskSource` is the data set of either. All of it is light to import, and
needs no extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from writ_async.rl.batching import Batched as Batched
    from writ_async.rl.blocking import BlockingEnv as BlockingEnv
    from writ_async.rl.env import Step as Step
    from writ_async.rl.env import WritEnv as WritEnv
    from writ_async.rl.group_stream import Group as Group
    from writ_async.rl.group_stream import Groups as Groups
    from writ_async.rl.group_stream import groups as groups
    from writ_async.rl.group_stream import play as play
    from writ_async.rl.messages import chat_message as chat_message
    from writ_async.rl.messages import read_message as read_message
    from writ_async.rl.rewards import benchmark_reward as benchmark_reward
    from writ_async.rl.rewards import is_judged as is_judged
    from writ_async.rl.rewards import kept_reward as kept_reward
    from writ_async.rl.samples import Sample as Sample
    from writ_async.rl.samples import make_sample as make_sample
    from writ_async.rl.sampling import Generation as Generation
    from writ_async.rl.sampling import Sampling as Sampling
    from writ_async.rl.task_source import TaskListing as TaskListing
    from writ_async.rl.task_source import TaskSource as TaskSource
    from writ_async.rl.token_engine import TokenEngine as TokenEngine

_HOMES = {
    "Batched": "batching",
    "BlockingEnv": "blocking",
    "Generation": "sampling",
    "Group": "group_stream",
    "Groups": "group_stream",
    "Sample": "samples",
    "Sampling": "sampling",
    "Step": "env",
    "TaskListing": "task_source",
    "TaskSource": "task_source",
    "TokenEngine": "token_engine",
    "WritEnv": "env",
    "benchmark_reward": "rewards",
    "chat_message": "messages",
    "groups": "group_stream",
    "is_judged": "rewards",
    "kept_reward": "rewards",
    "make_sample": "samples",
    "play": "group_stream",
    "read_message": "messages",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
