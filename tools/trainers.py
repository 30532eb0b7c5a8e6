"""Load an exported file with a trainer's own code, and count the tokens that it would train on, row by row.

Runs in the trainer's environment, which needs nothing of this package:

    PYTHON_OF_TRAINER tools/trainers.py trl train.jsonl --model MODEL_FOLDER
    PYTHON_OF_TRAINER tools/trainers.py llamafactory train.jsonl --model MODEL_FOLDER
    PYTHON_OF_TRAINER tools/trainers.py verl train.parquet --model MODEL_FOLDER
    PYTHON_OF_TRAINER tools/trainers.py axolotl train.jsonl --model MODEL_FOLDER

Prints one JSON object: the versions that were loaded, and per row how many tokens there are, how many are trained on,
and the text of those.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

LENGTH = 65536
IGNORED = -100
Row = tuple[list[int], list[int]]


def trl_rows(file: str, model: str) -> Iterator[Row]:
    """Through `SFTTrainer`, with the loss on the assistant alone; no step is made.

    The tokenizer is given the published template of Qwen3-Instruct-2507, for which TRL has a marked one of its own.
    """
    import trl
    from datasets import load_dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(model)
    template = Path(trl.__file__).parent / "chat_templates" / "qwen3_instruct_2507.jinja"
    tokenizer.chat_template = template.read_text(encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, assistant_only_loss=True, max_length=LENGTH, report_to=[], use_cpu=True, bf16=False
        )
        dataset = load_dataset("json", data_files=file, split="train", cache_dir=folder)
        trainer = SFTTrainer(
            model=model,
            args=config,
            train_dataset=dataset,
            processing_class=tokenizer,
        )
        for row in trainer.train_dataset:
            yield row["input_ids"], row["assistant_masks"] if "assistant_masks" in row else _trained(row["labels"])


def llamafactory_rows(file: str, model: str) -> Iterator[Row]:
    """Through its reader, converter, template and supervised processor."""
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    with tempfile.TemporaryDirectory() as folder:
        arguments = {
            "model_name_or_path": model,
            "dataset": Path(file).stem,
            "dataset_dir": str(Path(file).parent),
            "template": "qwen3_nothink",
            "cutoff_len": LENGTH,
            "stage": "sft",
            "do_train": True,
            "finetuning_type": "full",
            "output_dir": folder,
            "overwrite_cache": True,
            "report_to": "none",
            "use_cpu": True,
        }
        model_args, data_args, training_args, _, _ = get_train_args(arguments)
        tokenizer_module = load_tokenizer(model_args)
        template = get_template_and_fix_tokenizer(tokenizer_module["tokenizer"], data_args)
        module = get_dataset(template, model_args, data_args, training_args, stage="sft", **tokenizer_module)
        for row in module["train_dataset"]:
            yield row["input_ids"], _trained(row["labels"])


def verl_rows(file: str, model: str) -> Iterator[Row]:
    """Through `MultiTurnSFTDataset`, its check that message by message equals the whole included."""
    from transformers import AutoTokenizer
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

    config = {"pad_mode": "no_padding", "max_length": LENGTH, "truncation": "error"}
    dataset = MultiTurnSFTDataset([file], AutoTokenizer.from_pretrained(model), config)
    for place in range(len(dataset)):
        row = dataset[place]
        yield row["input_ids"].tolist(), row["loss_mask"].tolist()


def axolotl_rows(file: str, model: str) -> Iterator[Row]:
    """Through its `chat_template` strategy, with `message_field_training: train`."""
    from axolotl.prompt_strategies.chat_template import StrategyLoader
    from axolotl.utils.dict import DictDefault
    from transformers import AutoTokenizer

    config = DictDefault({"sequence_len": LENGTH, "train_on_inputs": False, "chat_template": "tokenizer_default"})
    fields = {
        "type": "chat_template",
        "field_messages": "messages",
        "field_tools": "tools",
        "message_field_training": "train",
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
    strategy = StrategyLoader()(AutoTokenizer.from_pretrained(model), config, DictDefault(fields))
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            row = strategy.tokenize_prompt(json.loads(line))
            yield row["input_ids"], _trained(row["labels"])


def _trained(labels: list[int]) -> list[int]:
    return [int(label != IGNORED) for label in labels]


READERS = {"trl": trl_rows, "llamafactory": llamafactory_rows, "verl": verl_rows, "axolotl": axolotl_rows}


def report(rows: Iterable[Row], model: str) -> list[dict[str, Any]]:
    """Counts and trained text, row by row."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    found: list[dict[str, Any]] = []
    for ids, mask in rows:
        trained = [token for token, flag in zip(ids, mask, strict=True) if flag]
        found.append({"tokens": len(ids), "trained": len(trained), "text": tokenizer.decode(trained)})
    return found


def versions() -> dict[str, str]:
    """What is installed of the trainers and what they rest on."""
    found: dict[str, str] = {}
    for name in ("trl", "llamafactory", "verl", "axolotl", "datasets", "transformers"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainer", choices=sorted(READERS))
    parser.add_argument("file")
    parser.add_argument("--model", required=True, help="folder with tokenizer, template and, for TRL, weights")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    out, sys.stdout = sys.stdout, sys.stderr
    rows = report(READERS[arguments.trainer](arguments.file, arguments.model), arguments.model)
    print(json.dumps({"versions": versions(), "rows": rows}), file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
