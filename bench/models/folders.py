"""Model folders without weights, for tests and for benches that are given no model: a tiny tokenizer, trained here."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from bench.models.templates import LLAMA31, QWEN3, QWEN25
from writ_async import FamilyFormat, open_chat_format

CHATML_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML_PLAIN = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
LLAMA_SPECIAL = (
    *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
    *("<|eom_id|>", "<|eot_id|>", "<|python_tag|>"),
)
LOOK_ALIKES = (*CHATML_SPECIAL, *CHATML_PLAIN, *LLAMA_SPECIAL)

_CORPUS = (
    "You are an agent of a shop. Be exact, and follow the policy of the shop.\n\nuser\nassistant\nsystem\n",
    'Please cancel my order #W1234567, since I no longer need it. {"order_id": "#W1234567", "reason": "no longer"}\n',
    'Cutting Knowledge Date: December 2023\n\nipython {"name": "get_order", "arguments": {"item": [1, 2.5, null]}}\n',
    "You may call functions; the function signatures are given as JSON. The parameters are of type object, string.\n",
)
_SPLIT = "|".join(
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        r"[^\r\n\p{L}\p{N}]?\p{L}+",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
_VOCABULARY = 1000
"""With the marks it stays below 1,024."""


@cache
def _trained(special: tuple[str, ...], plain: tuple[str, ...], normalize: bool, corpus: tuple[str, ...]) -> str:
    tokenizer = Tokenizer(models.BPE(ignore_merges=not normalize))
    if normalize:
        tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(_SPLIT), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY if corpus else 600,
        special_tokens=[],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((*_CORPUS, *corpus), trainer)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in special])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in plain])
    return tokenizer.to_str()


def write_folder(
    path: Path,
    template: str | None,
    *,
    special: Sequence[str] = CHATML_SPECIAL,
    plain: Sequence[str] = CHATML_PLAIN,
    eos: str = "<|im_end|>",
    in_config: bool = False,
    vocab_size: int | None = 1024,
    corpus: Sequence[str] = (),
) -> Path:
    """A model folder without weights. `in_config` puts the template into tokenizer_config.json.

    The tokenizer learns from the texts of `corpus` too, so that such texts come to fewer ids.
    """
    path.mkdir(parents=True, exist_ok=True)
    text = _trained(tuple(special), tuple(plain), "<|im_end|>" in special, tuple(corpus))
    (path / "tokenizer.json").write_text(text)
    ids = {token["content"]: token["id"] for token in json.loads(text)["added_tokens"]}
    config = {"eos_token": {"content": eos}, "bos_token": special[0]}
    if template is not None and in_config:
        config["chat_template"] = template
    elif template is not None:
        (path / "chat_template.jinja").write_text(template)
    (path / "tokenizer_config.json").write_text(json.dumps(config))
    (path / "config.json").write_text(json.dumps({"vocab_size": vocab_size, "eos_token_id": ids.get(eos)}))
    (path / "generation_config.json").write_text(json.dumps({"eos_token_id": [ids[eos], ids[special[0]]]}))
    return path


def write_family(path: Path, name: str, corpus: Sequence[str] = ()) -> Path:
    """A folder of one of the three families."""
    if name == "llama-3.1-instruct":
        return write_folder(path, LLAMA31, special=LLAMA_SPECIAL, plain=(), eos="<|eot_id|>", corpus=corpus)
    # Qwen2.5's tokenizer has no tokens for tool results.
    plain = CHATML_PLAIN if name == "qwen3-instruct-2507" else CHATML_PLAIN[:2]
    return write_folder(path, QWEN3 if name == "qwen3-instruct-2507" else QWEN25, plain=plain, corpus=corpus)


def small_model(folder: str) -> str:
    """A model folder inside `folder` for a script that is given none."""
    return str(write_family(Path(folder) / "model", "qwen3-instruct-2507"))


def open_family(path: Path, name: str, corpus: Sequence[str] = ()) -> FamilyFormat:
    """The format of such a folder, which our own renderer must have matched."""
    chat = open_chat_format(write_family(path, name, corpus))
    assert isinstance(chat, FamilyFormat)
    assert (chat.name, chat.notices) == (name, ())
    return chat
