"""The ways of `bench/trainers.py` that need a trainer's own package, and what to do where it is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import anyio
import msgspec

from bench.trainer_doubles import VerlServer
from bench.trainer_stage import Played, Stage, Way, action_of, count
from writ_async.rl import TaskSource


def package_plays(stage: Stage, url: str) -> dict[str, Any]:
    """A way for each package that is installed, and for each other the reason why there is none."""
    makers: dict[str, tuple[str, Callable[[Stage, str], Way]]] = {
        "OpenEnv, reset and step": ("openenv", _openenv),
        "skyrl-gym, init and step": ("skyrl_gym", _skyrl_gym),
        "verl, AgentLoop.run": ("verl", _verl),
        "verifiers, run_slot over HTTP": ("verifiers", _verifiers),
    }
    return {
        name: made(stage, url) if find_spec(package) else f"{package} is not installed here; see make test-trainers"
        for name, (package, made) in makers.items()
    }


def _openenv(stage: Stage, url: str) -> Way:
    from writ_async.integrations.openenv import WritAction, WritEnvironment

    def play() -> Played:
        source, rewards = TaskSource(stage.tasks), []
        env = WritEnvironment(source)
        for place, task in enumerate(stage.tasks):
            for trial in range(stage.trials):
                seen = env.reset(index=place)
                for message in stage.table.messages[f"{task.id}#{trial}"]:
                    seen = env.step(WritAction(**action_of(message)))
                rewards.append(seen.reward)
        env.close()
        return count(rewards)

    return lambda: anyio.to_thread.run_sync(play)


def _skyrl_gym(stage: Stage, url: str) -> Way:
    import skyrl_gym

    skyrl_gym.register(id="writ_bench", entry_point="writ_async.integrations.skyrl:WritTextEnv")
    texts = {
        name: [str(stage.chat.write(message)) for message in messages]
        for name, messages in stage.table.messages.items()
    }

    def play() -> Played:
        source, rewards = TaskSource(stage.tasks), []
        for row in source.rows():
            for trial in range(stage.trials):
                env = skyrl_gym.make("writ_bench", env_config=None, extras=row, source=source)
                env.init(row["prompt"])
                step: dict[str, Any] = {}
                for text in texts[f"{row['task_id']}#{trial}"]:
                    step = env.step(text)
                rewards.append(step["reward"])
                env.close()
        return count(rewards)

    return lambda: anyio.to_thread.run_sync(play)


def _verl(stage: Stage, url: str) -> Way:
    from hydra.utils import instantiate
    from omegaconf import OmegaConf
    from verl.experimental.agent_loop.agent_loop import DictConfigWrap
    from verl.utils.dataset.rl_dataset import RLHFDataset

    import writ_async.integrations.verl as adapter

    tasks = stage.folder / "tasks.jsonl"
    tasks.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in stage.tasks))
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": {"prompt_length": 16384, "response_length": 16384}}})
    given = {
        "trainer_config": DictConfigWrap(config), "server_manager": VerlServer(stage.table), "processor": None,
        "tokenizer": None, "dataset_cls": RLHFDataset, "data_config": DictConfigWrap(OmegaConf.create({})),
    }  # fmt: skip
    target = "writ_async.integrations.verl.WritAgentLoop"
    loop_config = OmegaConf.create({"_target_": target, "tasks": str(tasks), "model": "here"})
    adapter._chat = lambda model: stage.chat

    async def play() -> Played:
        rewards: list[float] = []
        adapter._source.cache_clear()
        for task, _ in stage.trials_of_tasks():
            out = await instantiate(loop_config, **given).run({"temperature": 1.0, "logprobs": True}, task_id=task.id)
            rewards.append(out.reward_score)
        return count(rewards)

    return play


def open_verifiers(source: TaskSource, url: str) -> tuple[Any, Any]:
    """The package's environment for the tasks, seed 0, and what it plays them on: an endpoint of the model `table`.

    A module of a name of its own has taskset and harness, for the package to find it by.
    """
    import verifiers.v1 as vf

    from writ_async.integrations.verifiers import WritHarness, WritTaskset

    plugin = ModuleType("writ_tasks_of_a_table")
    vars(plugin).update(
        __all__=["Harness", "Tasks"],
        Tasks=type("Tasks", (WritTaskset,), {"source": source}),
        Harness=type("Harness", (WritHarness,), {"settings": {"seed": 0}}),
    )
    plugin.__spec__ = ModuleSpec(plugin.__name__, None)
    sys.modules[plugin.__name__] = plugin
    agent = {"harness": {"id": plugin.__name__}, "runtime": {"type": "subprocess"}}
    config = vf.SingleAgentEnvConfig(taskset={"id": plugin.__name__}, agent=agent)
    client = vf.EvalClientConfig(base_url=url, api_key_var="NOBODY")
    return vf.SingleAgentEnv(config), vf.ModelContext(model="table", client=client)


def _verifiers(stage: Stage, url: str) -> Way:
    async def play() -> Played:
        (env, context), rewards = open_verifiers(TaskSource(stage.tasks), url), []
        async with env.serving():
            for task in env.taskset:
                for slot in env.slots(task, stage.trials):
                    (trace,) = (await env.run_slot(slot, context)).traces
                    rewards.append(trace.reward)
        return count(rewards)

    return play
