"""verifiers' own environment, taskset loader, interception server and trace, with our taskset and harness."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

vf = pytest.importorskip("verifiers.v1", reason="verifiers is not installed here; make test-trainers TRAINER=verifiers")

from tests.support.chat_double import serve  # noqa: E402
from tests.support.scripted_server import script_of  # noqa: E402
from writ_async import Task  # noqa: E402
from writ_async.integrations.verifiers import WritHarness, WritTaskset  # noqa: E402
from writ_async.rl import TaskSource  # noqa: E402


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_episodes_with_rewards_and_whole_traces(
    source: TaskSource, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-a-vendor")  # not the secret that the interception server asks for
    script = await script_of(tasks)

    class Tasks(WritTaskset):
        pass

    Tasks.source = source

    class Harness(WritHarness):
        settings = {"seed": 0}  # noqa: RUF012 - what the script was heard under

    plugin = ModuleType("writ_tasks_for_tests")
    plugin.__all__ = ["Harness", "Tasks"]  # type: ignore[attr-defined]
    plugin.Tasks, plugin.Harness = Tasks, Harness  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    plugin.__spec__ = ModuleSpec(plugin.__name__, None)
    async with serve(script.answer) as server:
        config = vf.SingleAgentEnvConfig(
            taskset={"id": plugin.__name__},
            agent={"harness": {"id": plugin.__name__}, "runtime": {"type": "subprocess"}},
        )
        env = vf.SingleAgentEnv(config)
        client = vf.EvalClientConfig(base_url=server.url, api_key_var="NOBODY")
        ctx = vf.ModelContext(model="script", client=client)
        episodes = []
        async with env.serving():
            for task in env.taskset:
                for slot in env.slots(task, 4):
                    episodes.append(await env.run_slot(slot, ctx))
    assert len(episodes) == 64
    for episode in episodes:
        assert episode.ok, episode.errors or [trace.errors for trace in episode.traces]
        (trace,) = episode.traces
        assert trace.reward == 1.0
        assert trace.metrics["kept"] == 1.0
        assert trace.num_turns > 1
