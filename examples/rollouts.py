"""Rollouts inside a training loop: groups of trials per task, rewards, and a stop when there are enough.

Runs as it is, with the scripted engine: `python examples/rollouts.py`. For a model, hand in an `Engine` of your own,
or the registered name of one.
"""

from collections import defaultdict

import anyio

from writ_async import Limits, make_tasks, rollouts

GROUP = 4  # trials per task, as a group-relative policy gradient wants them
ENOUGH = 12  # whole groups for one step


async def main() -> None:
    tasks = make_tasks("retail", 16, seed=7, mix="read-heavy=2,write-intensive=1")
    groups: dict[str, list[float]] = defaultdict(list)
    whole = 0
    async with rollouts(
        tasks, agent="scripted", agent_options={"mistakes": "0.4"}, trials=GROUP, seed=7, limits=Limits(concurrency=64)
    ) as stream:
        async for trajectory in stream:
            if trajectory.verdict is None:  # something outside cut it short
                continue
            rewards = groups[trajectory.task_id]
            rewards.append(float(trajectory.verdict.kept))
            whole += len(rewards) == GROUP
            if whole == ENOUGH:
                stream.cancel()  # what is live ends; what is finished has been handed over
    for task_id, rewards in sorted(groups.items()):
        if len(rewards) == GROUP:
            mean = sum(rewards) / GROUP
            print(task_id, "advantages", [round(reward - mean, 2) for reward in rewards])


anyio.run(main)
