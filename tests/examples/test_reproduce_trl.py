"""The trainers' files in TRL itself: each is a configuration of it, reads what `writ export` wrote, and trains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

trl = pytest.importorskip("trl", reason="TRL is not installed here; make test-trainers TRAINER=trl")

from datasets import load_dataset  # noqa: E402
from trl import DatasetMixtureConfig, ModelConfig, ScriptArguments, SFTConfig, SFTTrainer, TrlParser  # noqa: E402
from trl.scripts.sft import main as train  # noqa: E402

from examples.reproduce.recipe import HERE, read_recipe, recipe_names  # noqa: E402
from examples.reproduce.steps import Options, Step, steps_of  # noqa: E402
from tests.support.recipe_exports import FAMILIES, export_run, make_run  # noqa: E402
from tests.support.tiny_trainable import write_trainable  # noqa: E402
from writ_async import open_chat_format  # noqa: E402

TRAINED = [name for name in recipe_names() if not read_recipe(name).rehearsal]
PUBLISHED = {"qwen3-4b": "qwen3_instruct_2507.jinja", "qwen2.5-14b": "qwen2_5.jinja"}
"""Templates as they were published, which TRL knows by their text and replaces by marked ones."""
TURN = {
    "qwen3-4b": ("<|im_start|>assistant\n", "<|im_end|>"),
    "llama-3.1-8b": ("<|end_header_id|>\n\n", "<|eot_id|>"),
    "qwen2.5-14b": ("<|im_start|>assistant\n", "<|im_end|>"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("reproduce") / "run", ("retail",), 3, "normal=1")


def exported(name: str, run: Path, out: Path) -> dict[str, Step]:
    """The steps of a recipe for a tiny student, and its exports of a run."""
    model = write_trainable(out / "student", FAMILIES[name])
    return export_run(name, Options(out=out, model=str(model)), run)


def parsed(step: Step, *more: str) -> tuple[Any, ...]:
    """The step's command as `trl sft` reads it; a key that it does not know is an error."""
    assert step.command[:2] == ("trl", "sft")
    words = list(step.command[2:])
    for flag in ("--accelerate_config", "--num_processes"):  # those that the launcher takes
        at = words.index(flag)
        del words[at : at + 2]
    parser = TrlParser((ScriptArguments, SFTConfig, ModelConfig, DatasetMixtureConfig))
    small = ("--use_cpu", "true", "--bf16", "false", "--max_length", "200000", "--logging_steps", "1")
    found: tuple[Any, ...] = parser.parse_args_and_config([*words, *small, *more], fail_with_unknown_args=True)
    return found


@pytest.mark.parametrize("name", TRAINED)
def test_every_file_is_a_configuration_of_trl(name: str, tmp_path: Path) -> None:
    step = {step.name: step for step in steps_of(read_recipe(name), Options(out=tmp_path, model="student"))}["train"]
    script, arguments, model, _ = parsed(step)
    assert script.dataset_name == str(tmp_path / "export" / "trl")
    assert (model.model_name_or_path, arguments.output_dir) == ("student", str(tmp_path / "model"))
    assert arguments.learning_rate == float(step.config["learning_rate"])
    assert arguments.num_train_epochs == float(step.config["num_train_epochs"])
    assert arguments.warmup_steps == 0.05
    assert arguments.assistant_only_loss


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_exactly_the_agents_turns_are_learnt_as_the_student_will_be_asked(name: str, run: Path, tmp_path: Path) -> None:
    steps = exported(name, run, tmp_path)
    _, arguments, _, _ = parsed(steps["train"])
    data = load_dataset(str(tmp_path / "export" / "trl"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in data.items()} == {"train": 3, "test": 3}
    student = tmp_path / "student"
    if name in PUBLISHED:
        template = Path(trl.__file__).parent / "chat_templates" / PUBLISHED[name]
        (student / "chat_template.jinja").write_text(template.read_text())
    trainer = SFTTrainer(str(student), args=arguments, train_dataset=data["train"], eval_dataset=data["test"])
    tokenizer, (begin, end) = trainer.processing_class, TURN[name]
    written = [json.loads(line) for line in (tmp_path / "export" / "trl" / "train.jsonl").read_text().splitlines()]
    chat = open_chat_format(student)
    for row, item in zip(trainer.train_dataset, written, strict=True):
        learnt, turns = "", 0
        for place, message in enumerate(item["messages"]):
            if message["role"] != "assistant":
                continue
            before = render(tokenizer, item, place, generation=True)
            learnt += render(tokenizer, item, place + 1).removeprefix(before)
            assert before.endswith(begin)
            turns += 1
        mask = row["assistant_masks"] if "assistant_masks" in row else [label != -100 for label in row["labels"]]
        trained = [token for token, flag in zip(row["input_ids"], mask, strict=True) if flag]
        # TRL's marked templates differ in which line breaks beside a turn are learnt; those are in every prompt.
        assert turns_of(tokenizer.decode(trained), end) == turns_of(learnt, end)
        assert learnt.count(end) == turns > 1
        # The engine that will ask the student renders the same text.
        assert tokenizer.decode(row["input_ids"]) == render(tokenizer, item, len(item["messages"]))
    assert chat.name == FAMILIES[name]


def turns_of(text: str, end: str) -> list[str]:
    """What was said turn by turn, without line breaks around it."""
    return [turn.strip("\n") for turn in text.split(end)]


def render(tokenizer: Any, item: dict[str, Any], count: int, *, generation: bool = False) -> str:
    """The first messages of a row under the student's own template."""
    text: str = tokenizer.apply_chat_template(
        item["messages"][:count], tools=json.loads(item["tools"]), tokenize=False, add_generation_prompt=generation
    )
    return text


def test_the_command_trains_saves_and_what_it_saves_is_served_in_the_same_format(run: Path, tmp_path: Path) -> None:
    """Llama, since its marked template is ours: the saved folder has it, and our renderer is still what fits."""
    steps = exported("llama-3.1-8b", run, tmp_path)
    train(*parsed(steps["train"], "--max_steps", "1", "--gradient_accumulation_steps", "1", "--save_strategy", "no"))
    saved = tmp_path / "model"
    assert steps["train"].outputs[0].is_file()
    assert (saved / "chat_template.jinja").read_text() == (HERE / "trainers" / "llama-3.1.jinja").read_text()
    chat = open_chat_format(saved)
    assert (chat.name, chat.notices) == ("llama-3.1-instruct", ())
