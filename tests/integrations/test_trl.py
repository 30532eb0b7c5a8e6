"""TRL's own GRPOTrainer: real steps of a tiny model from scratch on rollouts, and on an environment with tools."""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

trl = pytest.importorskip("trl", reason="TRL is not installed here; make test-trainers TRAINER=trl")
torch = pytest.importorskip("torch")

from datasets import Dataset, load_dataset  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402
from transformers.utils import get_json_schema  # noqa: E402
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer  # noqa: E402

from bench.token_table import LOGPROB, TokenTable  # noqa: E402
from bench.trainer_stage import take_turn  # noqa: E402
from tests.support.written_runs import write_run  # noqa: E402
from writ_async import (  # noqa: E402
    AssistantMessage,
    FamilyFormat,
    InputError,
    Rules,
    Task,
    ToolMessage,
    Trajectory,
    UserMessage,
    make_call,
)
from writ_async.chat import qwen  # noqa: E402
from writ_async.chat.rendered_parts import Parts  # noqa: E402
from writ_async.commands.synth import SynthConfig, synth  # noqa: E402
from writ_async.formats.export import format_named  # noqa: E402
from writ_async.integrations.trl import make_rollout_func, reward_from_rollouts, sampler_of  # noqa: E402
from writ_async.integrations.trl_environment import make_environment  # noqa: E402
from writ_async.registry import load_domain  # noqa: E402
from writ_async.rl import TaskSource  # noqa: E402
from writ_async.runs.seats import EngineSpec, Seats  # noqa: E402
from writ_async.runs.view import RunView  # noqa: E402

TEMPLATES = Path(trl.__file__).parent / "chat_templates"


def labels_of_a_step(model: Path, data: Any, out: Path, **given: Any) -> list[list[int]]:
    """The labels of each row as `SFTTrainer` prepared them, after a step of its own whose loss is finite."""
    processing_class = given.pop("processing_class", None)
    arguments = SFTConfig(
        output_dir=str(out), max_steps=1, per_device_train_batch_size=1, learning_rate=1e-3, max_length=65536,
        use_cpu=True, bf16=False, report_to=[], save_strategy="no", logging_steps=1, shuffle_dataset=False, **given,
    )  # fmt: skip
    trainer = SFTTrainer(str(model), args=arguments, train_dataset=data, processing_class=processing_class)
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    log = trainer.state.log_history[0]
    assert torch.isfinite(torch.tensor([log["loss"], log["grad_norm"]])).all()
    assert log["loss"] > 0
    assert any(not torch.equal(before[name], value) for name, value in trainer.model.named_parameters())
    rows = list(trainer.train_dataset)
    for row in rows:
        assert all(label in (-100, one) for label, one in zip(row["labels"], row["input_ids"], strict=True))
    return [row["labels"] for row in rows]


def spans(labels: Sequence[int]) -> list[list[int]]:
    """What counts, a list for each piece without a gap."""
    return [list(piece) for counts, piece in groupby(labels, lambda label: label != -100) if counts]


def turn_ids(chat: FamilyFormat, message: dict[str, Any]) -> list[int]:
    """An assistant's message of an exported line, as the family writes it, with its end and the line break there."""
    calls = tuple(
        make_call("call", call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
    written = chat.write(AssistantMessage(message["content"] or None, calls))
    return chat.tokenizer.encode_parts(Parts().join(written).mark(qwen.END).say("\n"))


def what_counts(batch: Any) -> list[tuple[tuple[int, ...], list[int]]]:
    """Of each row of a batch of TRL's all ids, and those that the loss is about, with the sampler's own logprobs."""
    found = []
    for place, mask in enumerate(batch["completion_mask"] * batch["tool_mask"]):
        prompt = batch["prompt_ids"][place][batch["prompt_mask"][place].bool()].tolist()
        ids = batch["completion_ids"][place]
        told = batch["sampling_per_token_logps"][place]
        assert set(told[mask.bool()].tolist()) == {LOGPROB}
        whole = (*prompt, *ids[batch["completion_mask"][place].bool()].tolist())
        found.append((whole, ids[mask.bool()].tolist()))
    return found


def ids_of(turns: Sequence[Sequence[int]]) -> list[int]:
    """What a sampler gave, turn after turn."""
    return [one for turn in turns for one in turn]


def worth(row: Trajectory) -> float:
    """Another number wherever other ids were sampled, so that the members of a group differ."""
    tokens = row.tokens["agent"]
    return sum(place * one for place, one in enumerate(tokens.ids, 1)) % 997 / 997


def test_a_step_of_grpo_learns_from_exactly_the_ids_that_the_model_sampled(
    model: Path, source: TaskSource, chat: FamilyFormat, tmp_path: Path
) -> None:
    func = make_rollout_func(source, chat, reward=worth, rules=Rules(max_steps=6))
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


def test_of_sixteen_tasks_in_four_trials_each_every_sampled_id_counts_and_no_other(
    model: Path, source: TaskSource, chat: FamilyFormat, table: TokenTable, tmp_path: Path
) -> None:
    """A step on four trials, read where TRL computes its loss; then TRL's own generation of all 64, and its masks."""
    stepped: list[tuple[tuple[int, ...], list[int]]] = []

    class Trainer(GRPOTrainer):  # type: ignore[misc]
        def _compute_loss(self, model: Any, inputs: Any) -> Any:
            stepped.extend(what_counts(inputs))
            return super()._compute_loss(model, inputs)

    arguments = GRPOConfig(
        output_dir=str(tmp_path), per_device_train_batch_size=1, gradient_accumulation_steps=4, num_generations=4,
        max_steps=1, max_completion_length=512, use_cpu=True, bf16=False, report_to=[], save_strategy="no", seed=1,
        logging_steps=1,
    )  # fmt: skip
    rollout = make_rollout_func(source, chat, reward=worth, sampler=lambda trainer: table.generate, seed=0)
    trainer = Trainer(
        str(model), reward_funcs=reward_from_rollouts, args=arguments, rollout_func=rollout,
        train_dataset=Dataset.from_dict(source.columns()),
    )  # fmt: skip
    trainer.train()
    log = trainer.state.log_history[0]
    assert torch.isfinite(torch.tensor([log["loss"], log["grad_norm"]])).all()
    assert log["grad_norm"] > 0

    said = {row.tokens["agent"].ids: ids_of(table.sampled[f"{row.id}/agent"]) for row in table.rows}
    assert len(stepped) == 4
    assert all(ids == said[whole] != [] for whole, ids in stepped)
    table.sampled.clear()
    prompts = [row["prompt"] for row in source.rows() for _ in range(4)]
    prompt_ids, completion_ids, masks, _, logprobs, *_ = trainer._generate(prompts)
    assert len(completion_ids) == len(table.sampled) == 64
    rows = {row.id: row for row in table.rows}
    for place, (prompt, ids, mask, told) in enumerate(zip(prompt_ids, completion_ids, masks, logprobs, strict=True)):
        row = rows[f"{prompts[place][0]['content']}#{place % 4}"]
        assert (*prompt, *ids) == row.tokens["agent"].ids
        assert [one for one, counts in zip(ids, mask, strict=True) if counts] == ids_of(
            table.sampled[f"{row.id}/agent"]
        )
        assert told == [LOGPROB * counts for counts in mask]
    between = [{type(message) for message in row.messages} for row in table.rows]
    assert all(UserMessage in kinds for kinds in between)
    assert sum(ToolMessage in kinds for kinds in between) > 32


def test_a_trainer_whose_generation_has_another_name_is_refused_in_one_line(source: TaskSource) -> None:
    with pytest.raises(InputError, match=r"_generate_single_turn.*sampler="):
        sampler_of(SimpleNamespace())


def test_a_step_of_sft_on_an_exported_file_learns_from_exactly_what_the_agent_said(
    model: Path, chat: FamilyFormat, tmp_path: Path
) -> None:
    """`writ export --format trl`, rendered by TRL's own marked template; it counts the line break after each turn."""
    seats = Seats(EngineSpec("scripted", {"mistakes": "hallucinated_tool=0.3,malformed_json=0.3"}))
    anyio.run(synth, SynthConfig(domains=("retail",), n=8, seed=3, world_size=60, seats=seats), tmp_path / "run")
    exported = format_named("trl").write(RunView.open(tmp_path / "run"), tmp_path / "train.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = (TEMPLATES / "qwen3_instruct_2507.jinja").read_text(encoding="utf-8")
    data = load_dataset("json", data_files=str(tmp_path / "train.jsonl"), split="train", cache_dir=str(tmp_path))
    labels = labels_of_a_step(model, data, tmp_path / "out", processing_class=tokenizer, assistant_only_loss=True)
    assert len(labels) == len(lines) == exported.rows > 4
    for row, line in zip(labels, lines, strict=True):
        said = [turn_ids(chat, message) for message in line["messages"] if message["role"] == "assistant"]
        assert spans(row) == said
        assert len(said) > 1


def test_a_step_of_sft_on_exported_token_rows_learns_from_exactly_the_ids_of_their_masks(
    model: Path, table: TokenTable, tasks: list[Task], tmp_path: Path
) -> None:
    """`writ export --format tokens`: nothing is rendered again; the mask has the name that TRL knows."""
    run = RunView.open(write_run(tmp_path / "run", table.rows[:12], tasks=tasks))
    exported = format_named("tokens").write(run, tmp_path / "rows.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    data = load_dataset("json", data_files=str(tmp_path / "rows.jsonl"), split="train", cache_dir=str(tmp_path))
    data = data.select_columns(["input_ids", "loss_mask"]).rename_column("loss_mask", "assistant_masks")
    labels = labels_of_a_step(model, data, tmp_path / "out")
    assert len(labels) == len(rows) == exported.rows == 12
    sampled = {row.id: row.tokens["agent"] for row in table.rows}
    for row, line in zip(labels, rows, strict=True):
        assert row == [one if mask else -100 for one, mask in zip(line["input_ids"], line["loss_mask"], strict=True)]
        tokens = sampled[line["id"]]
        assert spans(row) == [list(tokens.ids[start:end]) for start, end in tokens.generated]


def test_the_environments_tools_have_the_domains_schemas_and_play_a_task_to_its_reward(
    source: TaskSource, table: TokenTable
) -> None:
    env = make_environment(source)()
    for row in source.rows():
        told = env.reset(**row)
        assert "say" in told
        for message in table.messages[f"{row['task_id']}#0"]:
            take_turn(env, message)
        assert env.get_reward() == 1.0
    for schema in load_domain("retail").schemas:
        ours, theirs = schema["function"], get_json_schema(getattr(env, schema["function"]["name"]))["function"]
        assert theirs["name"] == ours["name"]
        assert theirs["parameters"]["properties"].keys() == ours["parameters"]["properties"].keys()
        assert sorted(theirs["parameters"].get("required", [])) == sorted(ours["parameters"].get("required", []))
