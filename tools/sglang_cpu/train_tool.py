"""Teach the tiny model one habit: call a weather tool when asked anything, and tell the weather after a tool's result.

    train_tool.py MODEL

A server with this model answers every chat with a well-formed tool call, so that parsers have something to parse.
Training ends when greedy decoding would write every answer of a held-out set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

CALL = 'Let me check.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call><|im_end|>'
ANSWER = "It is sunny in Paris.<|im_end|>"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
WORDS = (
    "weather",
    "in",
    "Paris",
    "what",
    "is",
    "the",
    "list",
    "files",
    "return",
    "please",
    "call",
    "self",
    "order",
    "my",
)
BATCH = 8
CHECK_EVERY = 25
MOST_STEPS = 1200

Sample = tuple[list[int], list[int]]


def draw(random: Random, tokenizer: Any) -> Sample:
    """The ids of one prompt, and of what is to follow it."""

    def words() -> str:
        return " ".join(random.choice(WORDS) for _ in range(random.randint(1, 12)))

    messages: list[dict[str, Any]] = []
    if random.random() < 0.5:
        messages.append({"role": "system", "content": words()})
    messages.append({"role": "user", "content": words()})
    tools = [TOOL] if random.random() < 0.5 else None
    answer = CALL
    if random.random() < 0.5:
        call = {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}
        messages.append({"role": "assistant", "content": "Let me check.", "tool_calls": [call]})
        messages.append({"role": "tool", "content": words()})
        answer = ANSWER
    prompt = tokenizer.apply_chat_template(messages, tools=tools, tokenize=False, add_generation_prompt=True)
    encode = tokenizer.backend_tokenizer.encode
    return encode(prompt, add_special_tokens=False).ids, encode(answer, add_special_tokens=False).ids


def collate(samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, labels (-100 where nothing is learnt) and attention mask, each [samples, longest]."""
    longest = max(len(prompt) + len(answer) for prompt, answer in samples)
    ids = torch.zeros(len(samples), longest, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    mask = torch.zeros_like(ids)
    for row, (prompt, answer) in enumerate(samples):
        end = len(prompt) + len(answer)
        ids[row, :end] = torch.tensor(prompt + answer)
        labels[row, len(prompt) : end] = torch.tensor(answer)
        mask[row, :end] = 1
    return ids, labels, mask


def knows(model: Any, samples: list[Sample]) -> bool:
    """True when the likeliest token is the right one at every place of every answer."""
    ids, labels, mask = collate(samples)
    with torch.no_grad():
        likeliest = model(input_ids=ids, attention_mask=mask).logits[:, :-1].argmax(-1)
    wanted = labels[:, 1:]
    return bool(((likeliest == wanted) | (wanted == -100)).all())


def train(model: Any, tokenizer: Any) -> int:
    """Train until the held-out answers are right in bfloat16 as well; returns the number of steps."""
    random = Random(0)
    held_out = [draw(Random(seed), tokenizer) for seed in range(1000, 1032)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(1, MOST_STEPS + 1):
        ids, labels, mask = collate([draw(random, tokenizer) for _ in range(BATCH)])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % CHECK_EVERY == 0 and loss.item() < 0.005 and knows(model, held_out):
            return step
    raise SystemExit(f"the tiny model did not learn its tool call within {MOST_STEPS} steps")


def main(arguments: list[str]) -> None:
    """Train the model of a folder, and write the weights back."""
    folder = Path(arguments[0])
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    settings = (folder / "generation_config.json").read_bytes()
    steps = train(model, tokenizer)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").write_bytes(settings)  # the library writes one of its own
    print(f"{folder}: learnt its tool call in {steps} steps")


if __name__ == "__main__":
    main(sys.argv[1:])
