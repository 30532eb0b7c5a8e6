"""The ways of `bench/trainers.py` that need a trainer's own package, and what to do where it is not there."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from writ_async.rl import TaskSource, chat_message

if TYPE_CHECKING:
    from bench.trainer_plays import Played, Stage

    Way = Callable[[], Awaitable[Played]]


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
    from bench.trainer_plays import count
    from writ_async.integrations.openenv import WritAction, WritEnvironment

    def play() -> Played:
        source, rewards = TaskSource(stage.tasks), []
        env = WritEnvironment(source)
        for place, task in enumerate(stage.tasks):
            for trial in range(stage.trials):
                seen = env.reset(index=place)
                for message in stage.table.messages[f"{task.id}#{trial}"]:
                    plain = chat_message(message)
                    calls = plain.get("tool_calls", ())
                    seen = env.step(WritAction(content=plain["content"], tool_calls=calls))
                rewards.append(seen.reward)
        env.close()
        return count(rewards)

    return lambda: anyio.to_thread.run_sync(play)


def _skyrl_gym(stage: Stage, url: str) -> Way:
    import skyrl_gym

    from bench.trainer_plays import count

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
    from verl.workers.rollout.replica import TokenOutput

    import writ_async.integrations.verl as adapter
    from bench.trainer_plays import count

    class Server:
        async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: Any) -> Any:
            said = stage.table.said[tuple(prompt_ids)]
            return TokenOutput(token_ids=list(said), log_probs=[-0.5] * len(said), stop_reason="completed")

    tasks = stage.folder / "tasks.jsonl"
    tasks.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in stage.tasks))
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": {"prompt_length": 16384, "response_length": 16384}}})
    given = {
        "trainer_config": DictConfigWrap(config), "server_manager": Server(), "processor": None, "tokenizer": None,
        "dataset_cls": RLHFDataset, "data_config": DictConfigWrap(OmegaConf.create({})),
    }  # fmt: skip
    target = "writ_async.integrations.verl.WritAgentLoop"
    loop_config = OmegaConf.create({"_target_": target, "tasks": str(tasks), "model": "here"})
    adapter._chat = lambda model: stage.chat

    async def play() -> Played:
        rewards: list[float] = []
        adapter._source.cache_clear()
        for task, _ in stage.trials_of_tasks():
            out = await instantiate(loop_config, **given).run({"temperature": 1.0}, task_id=task.id)
            rewards.append(out.reward_score)
        return count(rewards)

    return play


def _verifiers(stage: Stage, url: str) -> Way:
    import verifiers.v1 as vf

    from bench.trainer_plays import count
    from writ_async.integrations.verifiers import WritHarness, WritTaskset

    class Tasks(WritTaskset):
        source = TaskSource(stage.tasks)

    class Harness(WritHarness):
        settings = {"seed": 0}  # noqa: RUF012 - what the table was written under

    plugin = ModuleType("writ_tasks_of_the_bench")
    plugin.__all__ = ["Harness", "Tasks"]  # type: ignore[attr-defined]
    plugin.Tasks, plugin.Harness = Tasks, Harness  # type: ignore[attr-defined]
    plugin.__spec__ = ModuleSpec(plugin.__name__, None)
    sys.modules[plugin.__name__] = plugin
    agent = {"harness": {"id": plugin.__name__}, "runtime": {"type": "subprocess"}}
    config = vf.SingleAgentEnvConfig(taskset={"id": plugin.__name__}, agent=agent)
    ctx = vf.ModelContext(model="table", client=vf.EvalClientConfig(base_url=url, api_key_var="NOBODY"))

    async def play() -> Played:
        env, rewards = vf.SingleAgentEnv(config), []
        async with env.serving():
            for task in env.taskset:
                for slot in env.slots(task, stage.trials):
                    (trace,) = (await env.run_slot(slot, ctx)).traces
                    rewards.append(trace.reward)
        return count(rewards)

    return play
