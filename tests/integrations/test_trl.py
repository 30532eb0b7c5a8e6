"""TRL's own GRPOTrainer: real steps of a tiny model from scratch on rollouts, and on an environment with tools."""

from pathlib import Path
from typing import Any

import pytest

trl = pytest.importorskip("trl", reason="TRL is not installed here; make test-trainers TRAINER=trl")
torch = pytest.importorskip("torch")

from datasets import Dataset  # noqa: E402
from transformers.utils import get_json_schema  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

from tests.support.tiny_trainable import write_trainable  # noqa: E402
from writ_async import AssistantMessage, FamilyFormat, Rules, Task, Trajectory, call_arguments  # noqa: E402
from writ_async.integrations.trl import make_rollout_func, reward_from_rollouts  # noqa: E402
from writ_async.integrations.trl_environment import make_environment  # noqa: E402
from writ_async.registry import load_domain  # noqa: E402
from writ_async.rl import TaskSource  # noqa: E402


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the family's tokenizer and template, and a model of 60,000 parameters that has learnt nothing."""
    return write_trainable(tmp_path_factory.mktemp("trl") / "model")


def tokens_written(row: Trajectory) -> float:
    return float(sum(row.tokens["agent"].loss_mask()) + len(row.messages))


def test_a_step_of_grpo_learns_from_exactly_the_ids_that_the_model_sampled(
    model: Path, source: TaskSource, chat: FamilyFormat, tmp_path: Path
) -> None:
    func = make_rollout_func(source, chat, reward=tokens_written, rules=Rules(max_steps=6))
    seen: list[tuple[Any, dict[str, Any]]] = []

    def rollout(prompts: Any, trainer: Any) -> dict[str, Any]:
        seen.append((prompts, func(prompts, trainer)))
        return seen[-1][1]

    arguments = GRPOConfig(
        output_dir=str(tmp_path), per_device_train_batch_size=4, num_generations=2, max_steps=1, learning_rate=1e-3,
        max_completion_length=12, use_cpu=True, bf16=False, report_to=[], save_strategy="no", logging_steps=1, seed=1,
    )  # fmt: skip
    trainer = GRPOTrainer(
        str(model), reward_funcs=reward_from_rollouts, args=arguments, rollout_func=rollout,
        train_dataset=Dataset.from_dict(source.columns()),
    )  # fmt: skip
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    ((prompts, made),) = seen
    assert len(prompts) == len(made["prompt_ids"]) == 4
    for ids, mask, prompt in zip(made["completion_ids"], made["env_mask"], made["prompt_ids"], strict=True):
        assert len(ids) == len(mask)
        assert 1 <= sum(mask) <= 3 * 12  # three turns at most, of twelve tokens at most
        assert chat.tokenizer.decode(prompt).endswith("<|im_start|>assistant\n")
    log = trainer.state.log_history[0]
    assert log["rewards/reward_from_rollouts/mean"] == pytest.approx(sum(made["reward"]) / 4)
    assert torch.isfinite(torch.tensor([log["loss"], log["grad_norm"]])).all()
    assert log["grad_norm"] > 0
    assert any(not torch.equal(before[name], value) for name, value in trainer.model.named_parameters())


def test_the_environments_tools_have_the_domains_schemas_and_play_a_task_to_its_reward(
    source: TaskSource, tasks: list[Task], turns: dict[str, list[list[AssistantMessage]]]
) -> None:
    env = make_environment(source)()
    for row in source.rows():
        told = env.reset(**row)
        assert "say" in told
        for message in turns[row["task_id"]][0]:
            if message.content:
                env.say(message.content)
            for call in message.tool_calls:
                arguments = call_arguments(call)
                getattr(env, call.function.name)(**arguments)
        assert env.get_reward() == 1.0
    for schema in load_domain("retail").schemas:
        ours, theirs = schema["function"], get_json_schema(getattr(env, schema["function"]["name"]))["function"]
        assert theirs["name"] == ours["name"]
        assert theirs["parameters"]["properties"].keys() == ours["parameters"]["properties"].keys()
        assert sorted(theirs["parameters"].get("required", [])) == sorted(ours["parameters"].get("required", []))
