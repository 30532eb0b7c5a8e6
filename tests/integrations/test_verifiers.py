"""verifiers' own environment, taskset loader, interception server and trace, with our taskset and harness."""

import pytest

pytest.importorskip("verifiers.v1", reason="verifiers is not installed here; make test-trainers TRAINER=verifiers")

from bench.trainer_packages import open_verifiers
from tests.support.chat_double import serve
from tests.support.scripted_server import script_of
from writ_async import Task
from writ_async.rl import TaskSource


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_episodes_with_rewards_and_whole_traces(
    source: TaskSource, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-a-vendor")  # not the secret that the interception server asks for
    script = await script_of(tasks)
    async with serve(script.answer) as server:
        env, context = open_verifiers(source, server.url)
        episodes = []
        async with env.serving():
            for task in env.taskset:
                for slot in env.slots(task, 4):
                    episodes.append(await env.run_slot(slot, context))
    assert len(episodes) == 64
    for episode in episodes:
        assert episode.ok, episode.errors or [trace.errors for trace in episode.traces]
        (trace,) = episode.traces
        assert trace.reward == 1.0
        assert trace.metrics["kept"] == 1.0
        assert trace.num_turns > 1
