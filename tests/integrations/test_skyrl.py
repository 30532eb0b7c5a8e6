"""skyrl-gym's own registry and environment; the generator against a client of the published shape."""

from typing import Any

import pytest

from tests.support.oracle_sampler import OracleSampler
from writ_async import AssistantMessage, FamilyFormat, Task
from writ_async.integrations.skyrl_generator import WritGenerator
from writ_async.rl import TaskSource, TokenEngine, make_sample, play

Turns = dict[str, list[list[AssistantMessage]]]


def test_sixteen_tasks_in_four_trials_each_are_played_through_the_packages_registry(
    source: TaskSource, turns: Turns, chat: FamilyFormat
) -> None:
    gym = pytest.importorskip("skyrl_gym", reason="skyrl-gym is not installed here; make test-trainers TRAINER=skyrl")
    gym.register(id="writ", entry_point="writ_async.integrations.skyrl:WritTextEnv")
    for row in source.rows():
        for trial in range(4):
            env = gym.make("writ", env_config=None, extras=row, source=source)
            observations, told = env.init(row["prompt"])
            assert told == {"task_id": row["task_id"]}
            assert observations[0]["role"] == "system"
            assert "<tools>" in observations[0]["content"]
            step: dict[str, Any] = {"done": False}
            for message in turns[row["task_id"]][trial]:
                assert not step["done"]
                step = env.step(str(chat.write(message)))
            assert (step["done"], step["reward"]) == (True, 1.0)
            assert step["metadata"] == {"termination": "user_stop"}
            env.close()


@pytest.mark.asyncio
async def test_the_generator_gives_a_batch_by_position_as_the_published_interface_has_it(
    source: TaskSource, tasks: list[Task], chat: FamilyFormat
) -> None:
    oracle = OracleSampler(chat, tasks)
    expected = await play(tasks[:2], oracle.shown(TokenEngine(oracle.generate, chat)), "scripted")
    samples = {row.task_id: make_sample(row) for row in expected}
    scripts = {tuple(ids): said for ids, said in _scripts(expected)}

    class Client:
        """What stands in for an `InferenceEngineClient`, made from its published interface."""

        async def generate(self, asked: dict[str, Any]) -> dict[str, Any]:
            (ids,) = asked["prompt_token_ids"]
            assert asked["sampling_params"]["temperature"] == 1.0
            assert asked["sampling_params"]["stop_token_ids"] == sorted(chat.stop_ids)
            said = scripts[tuple(ids)]
            return {"response_ids": [said], "stop_reasons": ["stop"], "response_logprobs": [[-0.5] * len(said)]}

    generator = WritGenerator(source, Client(), chat)
    prompts = [source.rows()[1]["prompt"], source.rows()[0]["prompt"]]
    out = await generator.generate({"prompts": prompts, "sampling_params": {"temperature": 1.0}})
    for place, task in enumerate((tasks[1], tasks[0])):
        sample = samples[task.id]
        assert out["prompt_token_ids"][place] == sample.prompt_ids
        assert out["response_ids"][place] == sample.response_ids
        assert out["loss_masks"][place] == sample.loss_mask
        assert out["rollout_logprobs"][place] == sample.logprobs
    assert out["rewards"] == [1.0, 1.0]
    assert out["stop_reasons"] == ["stop", "stop"]


def _scripts(rows: Any) -> Any:
    """What is said to each prompt of some rows."""
    for row in rows:
        tokens = row.tokens["agent"]
        for start, end in tokens.generated:
            yield list(tokens.ids[:start]), list(tokens.ids[start:end])
