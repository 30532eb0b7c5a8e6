"""AReaL needs CUDA to be installed: its contract for a workflow class, `run(data, base_url=...)`, is played here."""

import pytest

from tests.support.chat_double import Answer, Asked, serve
from tests.support.scripted_server import script_of
from writ_async import Task, Trajectory
from writ_async.integrations.areal import WritWorkflow
from writ_async.rl import TaskSource, kept_reward


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_played_on_the_trainers_endpoint(
    source: TaskSource, tasks: list[Task]
) -> None:
    script = await script_of(tasks, trials=4)

    class Workflow(WritWorkflow):
        def reward(self, row: Trajectory) -> float:
            return kept_reward(row)

    Workflow.source = source
    keys: set[str] = set()

    def answer(asked: Asked) -> Answer:
        keys.add(asked.headers["Authorization"])
        return script.answer(asked)

    async with serve(answer) as server:
        for row in source.rows():
            for _ in range(4):
                workflow = Workflow(temperature=1.0)
                given = {"base_url": server.url, "http_client": None, "api_key": "of-this-episode"}
                assert await workflow.run(row, **given) == 1.0
    assert keys == {"Bearer of-this-episode"}
    assert server.asked[0].body["temperature"] == 1.0
    assert server.asked[0].body["model"] == "default"
