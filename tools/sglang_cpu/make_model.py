"""Make a tiny Qwen3 with random weights and a byte-level BPE of its own: the same files from the same Python.

    make_model.py OUT LAYERS

The model writes noise, fast, on any CPU; its tokenizer, template and special tokens have the shape of the real family,
so that everything but the sense of the words is as it is in production. Nothing is downloaded.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

HERE = Path(__file__).resolve().parent
VOCABULARY = 4096
CONTEXT = 32768
END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TAGS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
# Words, single digits, punctuation with the line ends behind it, and runs of space: the family splits text like this.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def read_texts() -> Iterator[str]:
    """What the vocabulary is learnt from: the domains' policies and sources, and modules of the standard library."""
    domains = HERE.parent.parent / "domains" / "writ_domains"
    policies = sorted(domains.glob("*/policy.md"))
    sources = sorted(domains.rglob("*.py"))
    modules = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:120]
    for path in (*policies * 8, *sources * 4, *modules):
        yield path.read_text(encoding="utf-8", errors="ignore")
    for path in sources:  # schemas of tools are JSON, which sources are not
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        yield json.dumps([{"type": "string", "description": line, "name": "id", "required": []} for line in lines])


def train_tokenizer() -> Tokenizer:
    """A byte-level BPE with the family's special tokens at the lowest ids and its tags at the highest."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT, TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(read_texts(), trainer)
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    return tokenizer


def save_tokenizer(out: Path) -> PreTrainedTokenizerFast:
    """Write the tokenizer and the chat template the way a model folder holds them."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=train_tokenizer(),
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START, TURN_END],
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = (HERE / "chat_template.jinja").read_text(encoding="utf-8")
    tokenizer.save_pretrained(out)
    return tokenizer


def save_model(out: Path, tokenizer: PreTrainedTokenizerFast, layers: int) -> int:
    """Write random weights and the generation settings; returns how many parameters there are.

    The attention of the CPU server costs the square of the prompt's length, hence few and small heads.
    """
    torch.manual_seed(0)
    text_end, turn_end = (tokenizer.convert_tokens_to_ids(token) for token in (END_OF_TEXT, TURN_END))
    config = Qwen3Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=2 * layers,
        num_key_value_heads=layers,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=text_end,
        eos_token_id=turn_end,
        pad_token_id=text_end,
        dtype="bfloat16",
    )
    model = Qwen3ForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(out)
    settings = {
        "bos_token_id": text_end,
        "eos_token_id": [turn_end, text_end],
        "pad_token_id": text_end,
        "do_sample": True,
        "temperature": 0.6,
        "top_k": 20,
        "top_p": 0.95,
    }
    (out / "generation_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return sum(parameter.numel() for parameter in model.parameters())


def main(arguments: list[str]) -> None:
    """Make the folder named by the first argument."""
    out = Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = save_tokenizer(out)
    parameters = save_model(out, tokenizer, int(arguments[1]))
    print(f"{out}: {len(tokenizer):,} tokens, {parameters:,} parameters")


if __name__ == "__main__":
    main(sys.argv[1:])
