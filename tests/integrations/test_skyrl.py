"""skyrl-gym's own registry and environment; the generator against a double of the published interface."""

from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from bench.token_table import LOGPROB, TokenTable, write_table
from bench.trainer_doubles import SkyrlClient, check_generator_output
from writ_async import FamilyFormat, Task
from writ_async.integrations.skyrl_generator import WritGenerator
from writ_async.rl import TaskSource, finishing


def test_sixteen_tasks_in_four_trials_each_are_played_through_the_packages_registry(
    source: TaskSource, table: TokenTable, chat: FamilyFormat
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
            for message in table.messages[f"{row['task_id']}#{trial}"]:
                assert not step["done"]
                step = env.step(str(chat.write(message)))
            assert (step["done"], step["reward"]) == (True, 1.0)
            assert step["metadata"] == {"termination": "user_stop"}
            env.close()


@pytest.mark.asyncio
async def test_the_generator_gives_sixteen_tasks_in_four_trials_each_by_position_with_exactly_the_sampled_ids(
    source: TaskSource, tasks: list[Task], chat: FamilyFormat, table: TokenTable
) -> None:
    client = SkyrlClient(table)
    generator = WritGenerator(source, client, chat, seed=0)
    rows = [row for row in source.rows() for _ in range(4)]
    out = await generator.generate(
        {
            "prompts": [row["prompt"] for row in rows],
            "env_classes": ["writ"] * 64,
            "env_extras": rows,
            "sampling_params": {"temperature": 1.0, "max_tokens": 300, "logprobs": 1},
            "trajectory_ids": [f"{row['task_id']}_{place % 4}" for place, row in enumerate(rows)],
            "batch_metadata": SimpleNamespace(global_step=5, training_phase="train"),
        }
    )
    check_generator_output(64, out)
    wholes = {row.id: row.tokens["agent"].ids for row in table.rows}
    for place, row in enumerate(rows):
        ids, mask = out["response_ids"][place], out["loss_masks"][place]
        name = f"{row['task_id']}#{place % 4}"
        assert (*out["prompt_token_ids"][place], *ids) == wholes[name]
        sampled = [one for one, counts in zip(ids, mask, strict=True) if counts]
        assert sampled == [one for turn in table.sampled[f"{name}/agent"] for one in turn]
        assert out["rollout_logprobs"][place] == [LOGPROB * counts for counts in mask]
    assert (set(out["rewards"]), set(out["stop_reasons"])) == ({1.0}, {"stop"})
    assert out["trajectory_ids"][7] == f"{tasks[1].id}_3"
    assert sorted(client.finished) == sorted(f"{name}/agent" for name in wholes)
    for params in client.params:
        assert (params["temperature"], params["max_tokens"], params["logprobs"]) == (1.0, 300, 1)
        assert params["stop_token_ids"] == sorted(chat.stop_ids)


@pytest.mark.asyncio
async def test_a_batch_without_logprobs_has_none_and_the_seed_is_the_global_step(
    source: TaskSource, tasks: list[Task], chat: FamilyFormat
) -> None:
    table = await write_table(chat, tasks[:2], trials=1, seed=9)
    prompts = [row["prompt"] for row in source.rows()[:2]]
    batch = {"prompts": prompts, "batch_metadata": SimpleNamespace(global_step=9, training_phase="train")}
    out = await WritGenerator(source, SkyrlClient(table), chat, max_tokens=300).generate(batch)
    assert out["rollout_logprobs"] is None
    wholes = [(*prompt, *ids) for prompt, ids in zip(out["prompt_token_ids"], out["response_ids"], strict=True)]
    assert wholes == [row.tokens["agent"].ids for row in table.rows]


class Leaving(SkyrlClient):
    """Fails one session's end, never ends another's, and has calls that nobody answers where it `hangs`."""

    def __init__(self, table: TokenTable, fails: str = "", late: str = "", hangs: bool = False) -> None:
        super().__init__(table)
        self._fails, self._late, self._hangs = fails, late, hangs
        self.asked = anyio.Event()

    async def generate(self, input_batch: dict[str, Any], model: str | None = None) -> dict[str, Any]:
        if self._hangs:
            self.asked.set()
            await anyio.sleep_forever()
        return await super().generate(input_batch, model)

    async def finish_session(self, session_id: str) -> None:
        await anyio.lowlevel.checkpoint()
        if session_id == self._fails:
            raise RuntimeError("there is no such session")
        if session_id == self._late:
            await anyio.sleep_forever()
        await super().finish_session(session_id)


@pytest.mark.asyncio
async def test_a_session_that_cannot_be_finished_or_not_in_time_costs_neither_the_rows_nor_the_other_sessions(
    source: TaskSource, tasks: list[Task], chat: FamilyFormat, table: TokenTable,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(finishing, "SECONDS", 0.2)
    fails, late, *others = (f"{task.id}#0/agent" for task in tasks)
    client = Leaving(table, fails, late)
    prompts = [row["prompt"] for row in source.rows()]
    out = await WritGenerator(source, client, chat, max_tokens=300, seed=0).generate({"prompts": prompts})
    assert out["rewards"] == [1.0] * len(tasks)
    assert sorted(client.finished) == sorted(others)
    assert [line.split(" ", 2)[:2] for line in caplog.messages] == [["session", fails], ["1", "sessions"]]
    assert "there is no such session" in caplog.messages[0]
    assert late in caplog.messages[1]


@pytest.mark.asyncio
async def test_a_batch_that_is_cancelled_finishes_its_sessions_all_the_same(
    source: TaskSource, chat: FamilyFormat, table: TokenTable
) -> None:
    client = Leaving(table, hangs=True)
    batch = {"prompts": [row["prompt"] for row in source.rows()[:1]]}
    async with anyio.create_task_group() as group:
        group.start_soon(WritGenerator(source, client, chat).generate, batch)
        await client.asked.wait()
        group.cancel_scope.cancel()
    assert client.finished == [f"{source[0].id}#0/agent"]
