"""verl's own worker, agent loop class, data set and batches, with a double of its server manager."""

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("verl", reason="verl is not installed here; make test-trainers TRAINER=verl")

from hydra import compose, initialize_config_module
from omegaconf import OmegaConf
from verl import DataProto
from verl.experimental.agent_loop.agent_loop import AgentLoopWorker
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

from bench.token_table import LOGPROB, TokenTable
from bench.trainer_doubles import VerlServer
from tests.support.trainer_page import program_of, yaml_of
from tests.support.written_runs import write_run
from writ_async import Task, Trajectory

PROMPT, RESPONSE = 12288, 8192


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_batches_of_verls_worker_with_exactly_the_sampled_ids(
    model: Path, table: TokenTable, tasks: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's data set and YAML, through `RLHFDataset`, `AgentLoopWorker.generate_sequences` and `DataProto`."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "train", table.rows[:1], tasks=tasks)
    (tmp_path / "models").mkdir()
    folder = tmp_path / "models" / "Qwen3-4B-Instruct-2507"
    folder.symlink_to(model)
    exec(compile(program_of("verl"), "program", "exec"), {"__name__": "program"})
    (tmp_path / "writ.yaml").write_text(yaml_of("verl"))
    rollout = "actor_rollout_ref.rollout"
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose(
            "ppo_trainer",
            [
                f"actor_rollout_ref.model.path={folder}", f"{rollout}.name=vllm", f"{rollout}.prompt_length={PROMPT}",
                f"{rollout}.response_length={RESPONSE}", f"{rollout}.calculate_log_probs=True",
                f"{rollout}.agent.agent_loop_config_path=writ.yaml",
            ],
        )  # fmt: skip
    server = VerlServer(table, aborts=True)
    worker = AgentLoopWorker(config, llm_client=server)
    data = RLHFDataset(["train.parquet"], worker.tokenizer, OmegaConf.create({"cache_dir": str(tmp_path / "cache")}))
    assert len(data) == len(tasks)
    given = DataProto.from_single_dict(collate_fn([data[place] for place in range(len(data))]))
    out = await worker.generate_sequences(given.repeat(4, interleave=True))

    rows = {row.tokens["agent"].ids: row for row in table.rows}
    found = Counter[tuple[int, ...]]()
    for place in range(len(out)):
        item = out[place]
        whole = tuple(item.batch["input_ids"][item.batch["attention_mask"].bool()].tolist())
        row, mask = rows[whole], item.batch["response_mask"].bool()
        assert item.batch["responses"][mask].tolist() == sampled_in(row)
        assert item.batch["rollout_log_probs"][mask].tolist() == [LOGPROB] * len(sampled_in(row))
        assert item.batch["rm_scores"].sum().item() == 1.0
        assert item.non_tensor_batch["task_id"] == row.task_id == tasks[place // 4].id
        assert item.non_tensor_batch["termination"] == "user_stop"
        assert item.non_tensor_batch["__num_turns__"] == len(row.messages)
        found[whole] += 1
    assert found == Counter(row.tokens["agent"].ids for row in table.rows)
    assert found.total() == len(server.said) == 64
    assert sorted(server.said.values()) == sorted(map(sampled_in, table.rows))
    assert server.aborted in server.said


def sampled_in(row: Trajectory) -> list[int]:
    """What the agent of a row sampled, turn after turn."""
    tokens = row.tokens["agent"]
    return [one for start, end in tokens.generated for one in tokens.ids[start:end]]
