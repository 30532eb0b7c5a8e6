"""The library call: run tasks on engines inside your own program, and get trajectories as they finish."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio

from writ_async.conversation import Rules
from writ_async.core.engine import Engine, Setting
from writ_async.core.level import parse_levels
from writ_async.core.task import Task
from writ_async.core.trajectory import OUTSIDE, Seat, Trajectory
from writ_async.registry import load_domain, make_engine
from writ_async.runs.playing import plan_jobs
from writ_async.runs.task_sets import read_task_sets
from writ_async.runs.worlds import further_environment, generate_world, open_worlds
from writ_async.scheduler import Job, Limits, Rollouts, Stop, Timing, run_rollouts
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.tasks import TaskWishes
from writ_async.verify.judge import AssumeMet, Judge
from writ_async.verify.verdict import judge_trajectory


def make_tasks(
    domain: str,
    n: int,
    *,
    seed: int = 0,
    mix: str = "",
    levels: str = "",
    max_tool_tokens: int = 0,
    world_size: int = 500,
) -> list[Task]:
    """Draw n proved tasks of a domain in generated worlds; see `writ synth --help` for `mix` and `levels`.

    Raises `InputError`.
    """
    environment = generate_world(load_domain(domain), seed, world_size)
    wanted = TaskWishes(levels=parse_levels(levels), max_tool_tokens=max_tool_tokens)
    return synthesise_tasks([environment], n, seed, parse_mix(mix), wanted, further=further_environment)[0]


def load_tasks(*sources: str, data: str | None = None, split: str | None = None) -> list[Task]:
    """The tasks of benchmarks (`tau2:retail`), run folders, or JSON Lines files. Raises `InputError`."""
    return list(read_task_sets(sources, data=data, tools=None, split=split).tasks)


@asynccontextmanager
async def rollouts(
    tasks: Sequence[Task],
    agent: Engine | str = "scripted",
    user: Engine | str | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    trials: int = 1,
    seed: int = 0,
    data: str | None = None,
    rules: Rules | None = None,
    limits: Limits | None = None,
    judge: Judge | None = None,
    stop: Stop | None = None,
) -> AsyncIterator[Rollouts]:
    """Run trials of tasks while the block lasts; iterate over judged trajectories as they finish.

        async with rollouts(tasks, agent=engine, trials=8) as stream:
            async for trajectory in stream: ...

    `agent` and `user` are engines, or registered names made with `options` and closed at the end; without `user` the
    agent's engine plays both seats. `data` is the folder of the benchmark that tasks come from. Every trajectory has
    its verdict, but for those that something outside cut short (`trajectory.OUTSIDE`). `stop` may end
    conversations early (`writ_async.runs.early_stop`). `stream.cancel()` ends the run
    in order, leaving the block at once. Raises `InputError` for an unknown engine or a world that cannot be opened.
    """
    worlds = open_worlds(tasks, data)
    setting = Setting(
        tasks={task.id: task for task in tasks},
        domains={opened.domain.name: opened.domain for opened in worlds.values()},
        seed=seed,
    )
    made: list[Engine] = []

    def engine(given: Engine | str) -> Engine:
        if not isinstance(given, str):
            return given
        made.append(make_engine(given, dict(options or {}), setting))
        return made[-1]

    agent_engine = engine(agent)
    engines: dict[Seat, Engine] = {"agent": agent_engine, "user": agent_engine if user is None else engine(user)}
    said_yes = judge or AssumeMet()

    def verify(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        if trajectory.termination not in OUTSIDE:
            trajectory.verdict = judge_trajectory(job.task, trajectory, job.domain, job.world, said_yes)

    try:
        jobs = plan_jobs(tasks, worlds, trials, seed)
        async with run_rollouts(jobs, engines, rules=rules, limits=limits, on_finish=verify, stop=stop) as stream:
            yield stream
    finally:
        with anyio.CancelScope(shield=True):
            for item in made:
                await item.aclose()


def run(
    tasks: Sequence[Task], agent: Engine | str = "scripted", user: Engine | str | None = None, **settings: Any
) -> list[Trajectory]:
    """Run trials of tasks to the end, without an event loop of your own; takes what `rollouts` takes.

    The trajectories come in the order of the tasks, trial by trial.
    """

    async def collect() -> list[Trajectory]:
        async with rollouts(tasks, agent, user, **settings) as stream:
            return [trajectory async for trajectory in stream]

    order = {task.id: place for place, task in enumerate(tasks)}
    finished = anyio.run(collect, backend_options={"use_uvloop": True})
    return sorted(finished, key=lambda trajectory: (trajectory.trial, order[trajectory.task_id]))
