"""A folder with a family's tokenizer and template, and a model from scratch that transformers can train."""

from collections.abc import Sequence
from pathlib import Path

from bench.models.folders import write_family

MARKS = {
    "qwen2.5-instruct": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "qwen3-instruct-2507": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "llama-3.1-instruct": {
        "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "pad_token": "<|end_of_text|>",
    },
}  # fmt: skip


def write_trainable(folder: Path, family: str = "qwen3-instruct-2507", corpus: Sequence[str] = ()) -> Path:
    """Write it: one layer, some 60,000 parameters that have learnt nothing. The model is a Qwen3 in every family.

    Its tokenizer has learnt from `corpus` too.
    """
    import torch
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    write_family(folder, family, corpus)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **MARKS[family])
    tokenizer.chat_template = (folder / "chat_template.jinja").read_text()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=1024, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=32768, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, tie_word_embeddings=True,
    )  # fmt: skip
    Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder
