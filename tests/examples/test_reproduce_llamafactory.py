"""The trainers' files in LLaMA-Factory itself: what it would train on is what the student is asked in.

`make test-trainers TRAINER=llamafactory` runs it in an environment that has 0.9.5; WRIT_TRAINERS names another, as
`llamafactory=/path/to/python`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.models.folders import write_family
from examples.reproduce.__main__ import main
from examples.reproduce.recipe import HERE
from examples.reproduce.steps import Options
from tests.support.recipe_exports import FAMILIES, export_run, make_run

PYTHONS = dict(pair.partition("=")[::2] for pair in os.environ.get("WRIT_TRAINERS", "").split(",") if pair)
PYTHON = sys.executable if find_spec("llamafactory") else PYTHONS.get("llamafactory", "")
# Prints, row by row, the text that is rendered and the text that is learnt, both as LLaMA-Factory has them, and what
# the template of a folder renders of the same row.
READ = """
import json, sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

if find_spec("torchaudio") is None:  # imported whatever the rows are, and used for those with sound alone
    sys.modules["torchaudio"] = ModuleType("torchaudio")
    sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)

from omegaconf import OmegaConf
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

served, file, config, *overrides = sys.argv[1:]
arguments = OmegaConf.to_container(OmegaConf.merge(OmegaConf.load(config), OmegaConf.from_cli(overrides)))
model_args, data_args, training_args, _, _ = get_train_args(arguments)
loaded = load_tokenizer(model_args)
tokenizer = loaded["tokenizer"]
template = get_template_and_fix_tokenizer(tokenizer, data_args)
data = get_dataset(template, model_args, data_args, training_args, stage="sft", **loaded)["train_dataset"]
roles = {"human": "user", "gpt": "assistant", "observation": "tool", "function_call": "assistant"}
found = []
for line, row in zip(open(file), data, strict=True):
    item = json.loads(line)
    messages = [{"role": "system", "content": item["system"]}]
    for turn in item["conversations"]:
        message = {"role": roles[turn["from"]], "content": turn["value"]}
        if turn["from"] == "function_call":
            message = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": json.loads(turn["value"])}]}
        messages.append(message)
    asked = tokenizer.apply_chat_template(
        messages, tools=json.loads(item["tools"]), tokenize=False, chat_template=open(served).read()
    )
    learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != -100]
    found.append([tokenizer.decode(row["input_ids"]), tokenizer.decode(learnt), asked])
print(json.dumps(found))
"""  # noqa: E501


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("reproduce") / "run", ("retail", "airline"), 4)


def student(folder: Path, family: str) -> Path:
    """A folder that transformers opens: tokenizer, template and the configuration of a model of no weights."""
    write_family(folder, family)
    llama = family.startswith("llama")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "llama" if llama else "qwen2", "hidden_size": 32, "num_attention_heads": 2}
    (folder / "config.json").write_text(json.dumps(config))
    marks = json.loads((folder / "tokenizer_config.json").read_text())
    marks |= {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|eot_id|>" if llama else "<|im_end|>"}
    marks |= {"pad_token": "<|end_of_text|>" if llama else "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(marks))
    return folder


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_what_is_learnt_is_what_the_served_student_is_asked_in(name: str, run: Path, tmp_path: Path) -> None:
    if not PYTHON:
        pytest.skip("LLaMA-Factory is not installed here; make test-trainers TRAINER=llamafactory")
    model = student(tmp_path / "student", FAMILIES[name])
    options = Options(out=tmp_path / "out", model=str(model), trainer="llamafactory")
    steps = export_run(name, options, run)
    served = model
    if "template" in steps:
        served = tmp_path / "served"
        served.mkdir()
        assert main(["template", "llama-3.1-llamafactory", str(served)]) == 0
    assert steps["train"].command[:2] == ("llamafactory-cli", "train")
    # Rows are longer for a vocabulary of 600 than for the student's; deepspeed wants a GPU.
    more = ("cutoff_len=200000", "deepspeed=null", "bf16=false", "use_cpu=true", "preprocessing_num_workers=1")
    words = [str(served / "chat_template.jinja"), str(steps["export"].outputs[0]), *steps["train"].command[2:], *more]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    command = [PYTHON, "-c", READ, *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parents[1], env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(done.stdout.splitlines()[-1])
    assert len(rows) == 4
    for rendered, learnt, asked in rows:
        assert rendered == asked
        assert learnt
        assert "<|im_start|>" not in learnt
        assert "<|start_header_id|>" not in learnt
