"""OpenEnv's own classes: an environment in-process, and behind the package's own server with its Task API."""

import pytest

openenv = pytest.importorskip(
    "openenv.core", reason="OpenEnv is not installed here; make test-trainers TRAINER=openenv"
)

from fastapi.testclient import TestClient  # noqa: E402
from openenv.core.env_server.http_server import create_fastapi_app  # noqa: E402

from bench.token_table import TokenTable  # noqa: E402
from bench.trainer_stage import action_of  # noqa: E402
from writ_async import InputError, Task  # noqa: E402
from writ_async.integrations.openenv import WritAction, WritEnvironment, WritObservation  # noqa: E402
from writ_async.rl import TaskSource, kept_reward  # noqa: E402


def test_sixteen_tasks_in_four_trials_each_are_played_to_their_rewards(source: TaskSource, table: TokenTable) -> None:
    env = WritEnvironment(source, reward=kept_reward)
    for index in range(env.num_tasks("train")):
        for trial in range(4):
            observation = env.reset(index=index, episode_id=f"{index}-{trial}")
            assert observation.messages[0]["role"] == "system"
            assert observation.tools[0]["type"] == "function"
            said = table.messages[f"{env.get_task('train', index)['task_id']}#{trial}"]
            for message in said:
                assert not observation.done
                observation = env.step(WritAction(**action_of(message)))
            assert (observation.done, observation.reward) == (True, 1.0)
            assert (env.state.episode_id, env.state.step_count) == (f"{index}-{trial}", len(said))
    env.close()


def test_the_packages_own_server_lists_the_tasks_and_plays_one(
    source: TaskSource, tasks: list[Task], table: TokenTable
) -> None:
    app = create_fastapi_app(lambda: WritEnvironment(source), WritAction, WritObservation)
    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        socket.send_json({"type": "reset", "data": {"index": 3}})
        told = socket.receive_json()["data"]
        assert told["observation"]["messages"][0]["role"] == "system"
        for message in table.messages[f"{tasks[3].id}#0"]:
            assert not told["done"]
            socket.send_json({"type": "step", "data": WritAction(**action_of(message)).model_dump()})
            told = socket.receive_json()["data"]
        assert (told["done"], told["reward"]) == (True, 1.0)


def test_a_task_that_is_not_there_and_a_step_too_early_are_refused(source: TaskSource) -> None:
    env = WritEnvironment(source)
    assert env.list_splits() == ["train"]
    assert env.num_tasks("test") == 0
    with pytest.raises(RuntimeError, match="reset"):
        env.step(WritAction(content="Hello."))
    with pytest.raises(InputError, match="no task"):
        env.reset(index=99)
