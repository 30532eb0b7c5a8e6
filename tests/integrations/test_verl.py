"""verl's own agent loop class, registry and outputs, with a double of its server manager."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("verl", reason="verl is not installed here; make test-trainers TRAINER=verl")

from hydra.utils import instantiate
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, DictConfigWrap
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.workers.rollout.replica import TokenOutput

from tests.support.oracle_sampler import OracleSampler
from tests.support.tiny_trainable import write_trainable
from writ_async import Task, open_chat_format
from writ_async.rl import TaskSource, TokenEngine, make_sample, play


class Server:
    """What an `LLMServerClient` gives, with `said` to each prompt; the first call is aborted half-way."""

    def __init__(self) -> None:
        self.said: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.requests: list[str] = []

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any]) -> TokenOutput:
        self.requests.append(request_id)
        assert sampling_params["temperature"] == 1.0
        said = list(self.said[tuple(prompt_ids)])
        if len(self.requests) == 1:
            self.said[(*prompt_ids, *said[:2])] = tuple(said[2:])
            return TokenOutput(token_ids=said[:2], log_probs=[-0.5] * 2, stop_reason="aborted")
        told = {"global_steps": 7}
        return TokenOutput(token_ids=said, log_probs=[-0.5] * len(said), stop_reason="completed", extra_fields=told)


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_outputs_of_exactly_the_sampled_ids(
    source: TaskSource, tasks: list[Task], tmp_path: Path
) -> None:
    folder = write_trainable(tmp_path / "model")
    chat: Any = open_chat_format(folder)
    (tmp_path / "tasks.jsonl").write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    oracle = OracleSampler(chat, tasks)
    rows = await play([*tasks] * 4, oracle.shown(TokenEngine(oracle.generate, chat)), "scripted")
    server = Server()
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": {"prompt_length": 16384, "response_length": 16384}}})
    loop_config = {
        "_target_": "writ_async.integrations.verl.WritAgentLoop",
        "tasks": str(tmp_path / "tasks.jsonl"),
        "model": str(folder),
    }
    given = {
        "trainer_config": DictConfigWrap(config), "server_manager": server, "processor": None,
        "tokenizer": AutoTokenizer.from_pretrained(folder), "dataset_cls": RLHFDataset,
        "data_config": DictConfigWrap(OmegaConf.create({})),
    }  # fmt: skip
    for place, row in enumerate(source.rows()):
        for trial in range(4):
            played = rows[trial * len(tasks) + place]
            tokens, expected = played.tokens["agent"], make_sample(played)
            server.said = {tokens.ids[:start]: tokens.ids[start:end] for start, end in tokens.generated}
            loop = instantiate(OmegaConf.create(loop_config), **given)
            out = await loop.run({"temperature": 1.0}, raw_prompt=row["prompt"], task_id=row["task_id"])
            assert isinstance(out, AgentLoopOutput)
            assert out.prompt_ids == expected.prompt_ids
            assert out.response_ids == expected.response_ids
            assert out.response_mask == expected.loss_mask
            assert out.response_logprobs == expected.logprobs
            assert (out.reward_score, out.extra_fields["termination"]) == (1.0, "user_stop")
            assert out.as_dict()["response_mask"].sum() == sum(expected.loss_mask)
    assert len(set(server.requests)) == 64
