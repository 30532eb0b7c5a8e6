"""What recipes say, and the trainers' files beside them: every value has its source, and one place alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from examples.reproduce.__main__ import main
from examples.reproduce.costs import serving_hours, training_hours
from examples.reproduce.recipe import HERE, instead, read_config, read_recipe, recipe_names
from examples.reproduce.steps import Options, Step, steps_of
from examples.reproduce.table import published_rows
from writ_async import InputError
from writ_async.formats.export import format_named

TRAINED = [name for name in recipe_names() if not read_recipe(name).rehearsal]
CONFIGS = sorted((HERE / "trainers").glob("*.yaml"))
SOURCES = re.findall(r"^\| (\w[\w-]*) \|", (HERE / "trainers" / "SOURCES.md").read_text(), re.MULTILINE)

# What stands in the sources, as read at the commits that SOURCES.md names; each uses its own names for the keys.
FACTS = {
    "slime": {
        "learning_rate": 1e-5, "num_train_epochs": 2, "weight_decay": 0.01, "adam_beta2": 0.98, "warmup": 0.05,
        "lr_scheduler_type": "cosine", "gradient_checkpointing": "true",
    },
    "Simia": {
        "learning_rate": 5e-6, "num_train_epochs": 2, "lr_scheduler_type": "cosine", "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 2, "logging_steps": 1, "bf16": "true", "finetuning_type": "full", "stage": "sft",
        "template": "qwen", "ddp_timeout": 180000000,
    },
    "UserRL": {
        "max_length": 16384, "lr_scheduler_type": "cosine", "save_strategy": "epoch", "bf16": "true", "stage": "sft",
        "finetuning_type": "full", "preprocessing_num_workers": 16, "ddp_timeout": 180000000,
    },
    "EnvScaler": {
        "lr_scheduler_type": "cosine", "bf16": "true", "finetuning_type": "full", "stage": "sft",
        "preprocessing_num_workers": 16, "ddp_timeout": 180000000,
    },
    "LLaMA-Factory": {"learning_rate": 1e-5, "report_to": "none", "bf16": "true", "preprocessing_num_workers": 16},
}  # fmt: skip
SAME = {"cutoff_len": "max_length", "warmup_steps": "warmup", "warmup_ratio": "warmup"}

# Arguments that LLaMA-Factory 0.9.5 declares itself; the rest of its files are those of transformers' trainer.
LLAMAFACTORY = {
    *("stage", "do_train", "finetuning_type", "dataset", "eval_dataset", "template", "cutoff_len", "mask_history"),
    *("neat_packing", "preprocessing_num_workers", "overwrite_output_dir"),
}
TRANSFORMERS = {
    *("deepspeed", "learning_rate", "lr_scheduler_type", "warmup_ratio", "weight_decay", "adam_beta2", "seed", "bf16"),
    *("num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps", "eval_strategy", "report_to"),
    *("per_device_eval_batch_size", "prediction_loss_only", "ddp_timeout", "logging_steps", "save_strategy"),
    "save_total_limit",
}


def options(out: Path, *, trainer: str = "trl", server: str = "") -> Options:
    data = "tau2/data"
    return Options(out=out, model="models/student", data=data, prompts="tau2", trainer=trainer, server=server)


def named(steps: list[Step]) -> dict[str, Step]:
    return {step.name: step for step in steps}


def test_the_three_students_and_a_rehearsal_have_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert recipe_names() == ["llama-3.1-8b", "qwen2.5-14b", "qwen3-4b", "rehearsal"]
    assert all(name in listed for name in recipe_names())
    models = {read_recipe(name).student.model.rpartition("/")[2] for name in TRAINED}
    assert models == {"Qwen3-4B-Instruct-2507", "Llama-3.1-8B-Instruct", "Qwen2.5-14B-Instruct"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_value_of_a_trainers_file_names_a_source_or_says_that_it_is_ours(path: Path) -> None:
    read_config(path)
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        comment = line.partition(" # ")[2]
        key = line.partition(":")[0]
        known = comment.startswith(("ours", "all of them")) or any(source in comment for source in SOURCES)
        assert known or key in ("dataset", "eval_dataset", "chat_template_path"), line
        value = line.partition(" # ")[0].partition(":")[2].strip()
        for source, facts in FACTS.items():
            fact = facts.get(SAME.get(key, key))
            if fact is not None and re.match(rf"(.*; )?{source}\b", comment.partition(": ")[0]):
                assert value == fact if isinstance(fact, str) else float(value) == fact, (source, line)
    assert {"slime", "Simia", "UserRL", "EnvScaler", "WRIT"} <= set(SOURCES)


@pytest.mark.parametrize("name", TRAINED)
def test_both_trainers_are_given_the_same_hyper_parameters(name: str) -> None:
    recipe = read_recipe(name)
    trl = read_config(HERE / "trainers" / f"{recipe.student.configs}.trl.yaml")
    factory = read_config(HERE / "trainers" / f"{recipe.student.configs}.llamafactory.yaml")
    shared = set(trl) & set(factory)
    assert {"learning_rate", "num_train_epochs", "lr_scheduler_type", "adam_beta2", "weight_decay"} <= shared
    assert {key: trl[key] for key in shared} == {key: factory[key] for key in shared}
    assert trl["warmup_steps"] == factory["warmup_ratio"]
    assert trl["max_length"] == factory["cutoff_len"] == str(recipe.selection.max_tokens)
    assert (trl["assistant_only_loss"], factory["mask_history"]) == ("true", "false")
    assert set(factory) <= LLAMAFACTORY | TRANSFORMERS
    batch = recipe.training.gpus * int(trl["per_device_train_batch_size"]) * int(trl["gradient_accumulation_steps"])
    assert batch == 16


def test_templates_are_those_of_the_students() -> None:
    templates = {
        name: read_config(HERE / "trainers" / f"{name}.llamafactory.yaml")["template"]
        for name in ("qwen3-4b", "llama-3.1-8b", "qwen2.5-14b")
    }
    assert templates == {"qwen3-4b": "qwen3_nothink", "llama-3.1-8b": "llama3", "qwen2.5-14b": "qwen"}
    path = read_config(HERE / "trainers" / "llama-3.1-8b.trl.yaml")["chat_template_path"]
    assert (HERE.parents[1] / path).is_file()
    zero = read_config(HERE / "trainers" / "qwen3-4b.llamafactory.yaml")["deepspeed"]
    assert json.loads((HERE.parents[1] / zero).read_text())["zero_optimization"]["stage"] == 3


def test_published_scores_are_whole_numbers_of_trials() -> None:
    """456 trials of retail, 200 of airline, 656 of both: four of each task."""
    rows = [row for name in TRAINED for row in published_rows(read_recipe(name).published)]
    assert len(rows) == 3 * 4
    for row in rows:
        for score, trials in ((row.retail, 456), (row.airline, 200), (row.everything, 656)):
            if score is not None:
                assert min(abs(100 * won / trials - score) for won in range(trials + 1)) < 0.0051, row
        if row.retail is not None and row.airline is not None:
            assert (456 * row.retail + 200 * row.airline) / 656 == pytest.approx(row.everything, abs=0.01)


@pytest.mark.parametrize("trainer", ["trl", "llamafactory"])
@pytest.mark.parametrize("name", recipe_names())
def test_a_step_rests_on_earlier_ones_and_uses_public_commands(name: str, trainer: str, tmp_path: Path) -> None:
    steps = steps_of(read_recipe(name), options(tmp_path, trainer=trainer))
    seen: set[str] = set()
    for step in steps:
        assert set(step.after) <= seen, step.name
        assert step.name not in seen
        assert step.while_up in {"", *seen}
        assert step.command[0] in ("writ", "hf", "trl", "llamafactory-cli", "python"), step.command
        seen.add(step.name)
    assert format_named(trainer)
    wanted = {"select", "replay", "contamination", "publish", "export", "train", "eval", "report", "table"}
    assert wanted <= seen


def test_the_student_is_taught_and_scored_in_the_benchmarks_own_texts(tmp_path: Path) -> None:
    steps = named(steps_of(read_recipe("qwen3-4b"), options(tmp_path)))
    for name in ("synth-1", "eval-untrained", "eval"):
        command = " ".join(steps[name].command)
        assert "--prompts tau2 --data tau2/data" in command, name
    assert "--trials 4" in " ".join(steps["eval"].command)
    assert steps["eval"].while_up == "serve"
    assert steps["eval-untrained"].while_up == "serve-untrained"
    assert f"model={tmp_path}/model" in steps["eval"].command


def test_llama_from_llamafactory_is_served_under_the_template_that_it_was_trained_with(tmp_path: Path) -> None:
    recipe = read_recipe("llama-3.1-8b")
    steps = named(steps_of(recipe, options(tmp_path, trainer="llamafactory")))
    assert steps["eval"].after == ("template",)
    assert steps["template"].after == ("train",)
    assert "template" not in named(steps_of(recipe, options(tmp_path)))
    (tmp_path / "model").mkdir()
    assert main(["template", "llama-3.1-llamafactory", str(tmp_path / "model")]) == 0
    assert "DAY_OF_TRAINING" not in (tmp_path / "model" / "chat_template.jinja").read_text()


def test_without_rows_to_validate_on_nothing_is_validated(tmp_path: Path) -> None:
    recipe = read_recipe("qwen3-4b", ["selection.validation=0"])
    for trainer, words in (("trl", "--eval_strategy no"), ("llamafactory", "eval_strategy=no eval_dataset=null")):
        steps = named(steps_of(recipe, options(tmp_path, trainer=trainer)))
        assert "export-validation" not in steps
        assert " ".join(steps["train"].command).endswith(words)
        assert steps["train"].after == ("export",)


def test_whoever_serves_the_student_is_called_and_no_server_is_started(tmp_path: Path) -> None:
    steps = named(steps_of(read_recipe("qwen3-4b"), options(tmp_path, server="http://10.0.0.1:30000")))
    assert "serve" not in steps
    assert "serve-untrained" in steps
    assert "url=http://10.0.0.1:30000" in steps["eval"].command


def test_rows_that_are_there_are_selected_from_and_none_are_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One teacher's rows serve all three students."""
    assert main(["commands", "llama-3.1-8b", "--rows", "a/synth-1", "--rows", "a/synth-2", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "writ synth" not in printed
    assert "writ select a/synth-1 a/synth-2 --n 2000" in printed


def test_addresses_and_folders_decide_nothing_and_the_rest_does(tmp_path: Path) -> None:
    recipe = read_recipe("qwen3-4b")
    here = named(steps_of(recipe, options(tmp_path / "a")))
    there = named(steps_of(recipe, options(tmp_path / "b", server="http://10.0.0.1:1")))
    for name in ("synth-1", "select", "export", "train", "eval"):
        assert here[name].settings(tmp_path / "a") == there[name].settings(tmp_path / "b"), name
    other = named(steps_of(read_recipe("qwen3-4b", ["synthesis.teacher.options.model=gpt-5.2"]), options(tmp_path)))
    settings = other["synth-1"].settings(tmp_path)
    assert settings["--engine-option model"] == "gpt-5.2"
    assert settings[""] == "writ synth retail airline"
    assert here["train"].settings(tmp_path / "a")["learning_rate:"] == "1.0e-5"
    assert settings["--user-engine-option model"] == "gpt-4.1"
    assert "--user-engine-option prices" not in settings


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["selection.rows"], "TABLE.KEY=VALUE"),
        (["selection.rows=many"], "selection.rows"),
        (["selection.row=3"], "row"),
        (["about.more=3"], "about is no table"),
    ],
)
def test_a_change_that_cannot_be_is_one_line(changes: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [word for change in changes for word in ("--set", change)]
    assert main(["commands", "qwen3-4b", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("reproduce: ")
    assert said in error
    assert error.count("\n") == 1


def test_changes_reach_what_they_name() -> None:
    recipe = read_recipe("qwen3-4b", ["synthesis.seeds=7,8", "selection.rows=500", "evaluation.untrained=false"])
    assert (recipe.synthesis.seeds, recipe.selection.rows, recipe.evaluation.untrained) == ((7, 8), 500, False)
    with pytest.raises(InputError, match="no recipe 'none'"):
        read_recipe("none")


def test_another_teacher_keeps_no_options_of_the_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    teacher = read_recipe("qwen3-4b").synthesis.teacher
    assert instead(teacher, "", ["url=http://x"]).options == {**teacher.options, "url": "http://x"}
    assert instead(teacher, "sglang", ["model=m"]).options == {"model": "m"}
    with pytest.raises(InputError, match="KEY=VALUE"):
        instead(teacher, "", ["model"])
    asked = ["--teacher-engine", "sglang", "--url", "http://127.0.0.1:1", "--teacher-option", "model=models/big"]
    assert main(["commands", "qwen3-4b", *asked]) == 0
    printed = capsys.readouterr().out
    assert "--engine sglang --engine-option model=models/big --engine-option url=http://127.0.0.1:1" in printed
    assert "--user-engine openai --user-engine-option model=gpt-4.1" in printed


def test_keys_that_are_not_seen_are_refused(tmp_path: Path) -> None:
    for text in ("a: 1\na: 2\n", "a:\n  b: 1\n", "- a\n"):
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(InputError, match="not one KEY: VALUE"):
            read_config(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("# all\na: b # c\n\nd: 1.0e-5\n")
    assert read_config(tmp_path / "x.yaml") == {"a": "b", "d": "1.0e-5"}


def test_training_hours_follow_the_formula() -> None:
    recipe = read_recipe("qwen3-4b")
    # A million tokens in rows of 8,000: 6 × 4e9 and 6 × 36 × 4096 × 8,000 operations each, a third more to recompute.
    operations = 1e6 * (24e9 + 6 * 36 * 4096 * 8000) * 4 / 3
    assert training_hours(recipe, 1e6, 8000) == pytest.approx(operations / (989e12 * 0.30) / 3600)


def test_every_gpu_of_a_server_is_counted() -> None:
    recipe = read_recipe("qwen2.5-14b", ["serving.tensor_parallel=4"])
    assert serving_hours(recipe, 656, 328.0) == pytest.approx(2 * 1.8 * 4)
