"""AReaL needs CUDA to be installed: a double of what its published proxy does with a workflow class."""

import json
from collections.abc import Callable

import pytest

from bench.trainer_doubles import run_areal_agent
from tests.support.chat_double import Answer, Asked, serve
from tests.support.scripted_server import script_of
from writ_async import InputError, Task, Trajectory
from writ_async.integrations.areal import WritWorkflow
from writ_async.rl import TaskSource, kept_reward


class Workflow(WritWorkflow):
    def reward(self, row: Trajectory) -> float:
        return kept_reward(row)


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_played_on_the_trainers_endpoint(
    source: TaskSource, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy answers at its root: its address has no path, and `/v1` is not there. The process has another's key."""
    monkeypatch.setenv("OPENAI_API_KEY", "of-a-vendor")
    script = await script_of(tasks, trials=4)
    monkeypatch.setattr(Workflow, "source", source, raising=False)
    keys: set[str] = set()

    def answer(asked: Asked) -> Answer:
        keys.add(asked.headers["Authorization"])
        return script.answer(asked)

    async with serve(answer, root="") as server:
        for row in source.rows():
            for _ in range(4):
                assert await run_areal_agent(Workflow(temperature=1.0), row, server.url, "of-this-episode") == 1.0
    assert keys == {"Bearer of-this-episode"}
    assert {(asked.body["temperature"], asked.body["model"]) for asked in server.asked} == {(1.0, "default")}


@pytest.mark.asyncio
@pytest.mark.parametrize("own", [{}, {"authorization": "of-a-gateway"}])
@pytest.mark.parametrize("write", [dict, json.dumps])
async def test_headers_of_the_options_go_beside_the_episodes_key_and_win_over_it(
    source: TaskSource, tasks: list[Task], monkeypatch: pytest.MonkeyPatch, own: dict[str, str],
    write: Callable[[dict[str, str]], object],
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", "of-a-vendor")
    monkeypatch.setattr(Workflow, "source", source, raising=False)
    script = await script_of(tasks[:1])
    async with serve(script.answer, root="") as server:
        workflow = Workflow(headers=write({"X-Team": "ours", **own}))
        assert await run_areal_agent(workflow, source.rows()[0], server.url, "of-this-episode") == 1.0
    sent = {(asked.headers["X-Team"], asked.headers["Authorization"]) for asked in server.asked}
    assert sent == {("ours", own.get("authorization", "Bearer of-this-episode"))}


@pytest.mark.asyncio
async def test_in_a_process_of_its_own_the_endpoint_is_that_of_the_environment(
    source: TaskSource, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = await script_of(tasks[:1])
    monkeypatch.setattr(Workflow, "source", source, raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InputError, match="no base_url"):
        await Workflow().run(source.rows()[0])
    async with serve(script.answer, root="") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "of-this-process")
        reward = await Workflow().run(source.rows()[0])
    assert (reward, type(reward)) == (1.0, float)
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer of-this-process"}
