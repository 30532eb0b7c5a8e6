"""The ways in which `bench/trainers.py` has the same conversations played: seams first, then adapters.

Each plays all trials of all tasks, and says how many conversations there were and how many were worth 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import anyio

from bench.chat_table import serve_table
from bench.trainer_doubles import SLIME_ARGUMENTS, SkyrlClient, SlimeRouter, SlimeSample, run_areal_agent, serve_slime
from bench.trainer_packages import package_plays
from bench.trainer_stage import Played, Stage, Way, count, take_turn
from writ_async import AssistantMessage, Completion, EngineSpec, Request, TokenSequence
from writ_async.rl import (
    BlockingEnv,
    Sampling,
    TaskSource,
    TokenEngine,
    WritEnv,
    benchmark_reward,
    groups,
    play,
)


class BareEngine:
    """Hands out what the script said in each conversation, message by message, and does nothing else."""

    def __init__(self, messages: dict[str, list[AssistantMessage]]) -> None:
        self._messages = messages
        self._next: dict[str, Iterator[AssistantMessage]] = {}

    async def complete(self, request: Request) -> Completion:
        if request.session not in self._next:
            self._next[request.session] = iter(self._messages[request.session.rpartition("/")[0]])
        return Completion(message=next(self._next[request.session]))

    def end_session(self, session: str) -> TokenSequence | None:
        self._next.pop(session, None)
        return None


async def plays_of(stage: Stage, stack: AsyncExitStack) -> dict[str, Way]:
    """All ways that can be gone here, by name, the bare engine first; what they open is closed with the stack."""
    ways = {**_seams(stage), **_adapters(stage)}
    ways["slime, generate"] = _slime(stage, stack.enter_context(serve_slime(SlimeRouter(stage.table))))
    server = await stack.enter_async_context(serve_table(stage.tasks, stage.trials))
    ways |= _over_http(stage, server)
    for name, made in package_plays(stage, f"{server}/v1").items():
        if isinstance(made, str):
            stage.left_out.append(f"{name}: {made}")
        else:
            ways[name] = made
    return ways


def _seams(stage: Stage) -> dict[str, Way]:
    tasks, table, chat = stage.tasks, stage.table, stage.chat
    everything = [*tasks] * stage.trials

    async def bare() -> Played:
        return count([benchmark_reward(row) for row in await play(everything, BareEngine(table.messages), "scripted")])

    async def token_engine() -> Played:
        rows = await play(everything, TokenEngine(table.generate, chat), "scripted")
        return count([benchmark_reward(row) for row in rows])

    async def whole_groups() -> Played:
        rewards: list[float] = []
        engine = TokenEngine(table.generate, chat)
        async with groups(tasks, engine, "scripted", size=stage.trials, max_staleness=1) as stream:
            async for group in stream:
                rewards += [benchmark_reward(row) for row in group.members]
        return count(rewards)

    async def one_by_one(engine: Callable[[], Any]) -> Played:
        rewards: list[float] = []
        for task, trial in stage.trials_of_tasks():
            rewards += [benchmark_reward(row) for row in await play([task], engine(), "scripted", first_trial=trial)]
        return count(rewards)

    async def environment() -> Played:
        rewards: list[float] = []
        for task in tasks:
            async with WritEnv(task) as env:
                for trial in range(stage.trials):
                    step = await env.reset(trial)
                    for message in table.messages[f"{task.id}#{trial}"]:
                        step = await env.step(message)
                    rewards.append(step.reward)
        return count(rewards)

    async def environment_of_ids() -> Played:
        rewards: list[float] = []
        for task in tasks:
            async with WritEnv(task, chat=chat) as env:
                for trial in range(stage.trials):
                    step = await env.reset(trial)
                    while not step.done:
                        step = await env.step(table.said[tuple(env.prompt_ids)])
                    rewards.append(step.reward)
        return count(rewards)

    def blocking() -> Played:
        rewards: list[float] = []
        for task in tasks:
            env = BlockingEnv(task)
            for trial in range(stage.trials):
                step = env.reset(trial)
                for message in table.messages[f"{task.id}#{trial}"]:
                    step = env.step(message)
                rewards.append(step.reward)
            env.close()
        return count(rewards)

    return {
        "bare engine": bare,
        "TokenEngine": token_engine,
        "groups, TokenEngine, max_staleness=1": whole_groups,
        "WritEnv, messages": environment,
        "WritEnv, token ids": environment_of_ids,
        "BlockingEnv, messages": lambda: anyio.to_thread.run_sync(blocking),
        "play of one conversation, bare engine": lambda: one_by_one(lambda: BareEngine(table.messages)),
        "play of one conversation, TokenEngine": lambda: one_by_one(lambda: TokenEngine(table.generate, chat)),
    }


def _adapters(stage: Stage) -> dict[str, Way]:
    """Those that import no package of their trainer, or of it one function only."""
    from writ_async.integrations.skyrl_generator import WritGenerator
    from writ_async.integrations.trl import make_rollout_func
    from writ_async.integrations.trl_environment import make_environment

    table, chat = stage.table, stage.chat
    any_sampling = Sampling(max_tokens=4096, stop_ids=(), seed=0, session="")

    def single_turn(prompts: list[list[int]], *given: Any) -> tuple[list[list[int]], None]:
        return [list(table.answer(prompt, any_sampling).ids) for prompt in prompts], None

    def trl_rollout() -> Played:
        source = TaskSource(stage.tasks)
        state, arguments = SimpleNamespace(global_step=0), SimpleNamespace(max_completion_length=4096)
        trainer = SimpleNamespace(state=state, args=arguments, _generate_single_turn=single_turn)
        prompts = [row["prompt"] for row in source.rows() for _ in range(stage.trials)]
        return count(make_rollout_func(source, chat)(prompts, trainer)["reward"])

    def trl_environment() -> Played:
        source, rewards = TaskSource(stage.tasks), []
        env: Any = make_environment(source)()
        for row in source.rows():
            for trial in range(stage.trials):
                env.reset(**row)
                for message in table.messages[f"{row['task_id']}#{trial}"]:
                    take_turn(env, message)
                rewards.append(env.get_reward())
        return count(rewards)

    async def skyrl_generator() -> Played:
        source = TaskSource(stage.tasks)
        prompts = [row["prompt"] for row in source.rows() for _ in range(stage.trials)]
        batch = {"prompts": prompts, "sampling_params": {"max_tokens": 4096, "logprobs": 1}}
        return count((await WritGenerator(source, SkyrlClient(table), chat).generate(batch))["rewards"])

    return {
        "TRL, rollout_func": lambda: anyio.to_thread.run_sync(trl_rollout),
        "TRL, environment_factory": lambda: anyio.to_thread.run_sync(trl_environment),
        "SkyRL, generator": skyrl_generator,
    }


def _slime(stage: Stage, adapter: Any) -> Way:
    async def way() -> Played:
        generate = adapter.make_generate(TaskSource(stage.tasks), stage.chat)
        rewards: list[float] = []
        for task, _ in stage.trials_of_tasks():
            sample = SlimeSample("", {"task_id": task.id})
            rewards.append((await generate(SLIME_ARGUMENTS, sample, {"max_new_tokens": 4096})).reward)
        return count(rewards)

    return way


def _over_http(stage: Stage, server: str) -> dict[str, Way]:
    from writ_async.integrations.areal import WritWorkflow

    async def openai() -> Played:
        rewards: list[float] = []
        for task, trial in stage.trials_of_tasks():
            agent = EngineSpec("openai", {"url": server, "model": "table"})
            rewards += [benchmark_reward(row) for row in await play([task], agent, "scripted", first_trial=trial)]
        return count(rewards)

    async def areal() -> Played:
        class Workflow(WritWorkflow):
            source = TaskSource(stage.tasks)

        rewards: list[float] = []
        for row in Workflow.source.rows():
            for _ in range(stage.trials):
                rewards.append(await run_areal_agent(Workflow(), row, server, "of-this-episode"))
        return count(rewards)

    return {"play of one conversation, openai engine over HTTP": openai, "AReaL, run": areal}
