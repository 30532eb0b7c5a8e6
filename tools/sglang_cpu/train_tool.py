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
from torch.nn.functional import cross_entropy
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
NOT_LEARNT = -100

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
    """Ids and attention mask, each [samples, longest], and the answers [samples, longest answer], -100 before them.

    Samples end together, so that scores are asked for at their ends alone: those of prompts would take most of a step.
    """
    longest = max(len(prompt) + len(answer) for prompt, answer in samples)
    ids = torch.zeros(len(samples), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    answers = torch.full((len(samples), max(len(answer) for _, answer in samples)), NOT_LEARNT)
    for row, (prompt, answer) in enumerate(samples):
        ids[row, -len(prompt + answer) :] = torch.tensor(prompt + answer)
        mask[row, -len(prompt + answer) :] = 1
        answers[row, -len(answer) :] = torch.tensor(answer)
    return ids, mask, answers


def answer_scores(model: Any, ids: torch.Tensor, mask: torch.Tensor, longest: int) -> torch.Tensor:
    """The scores of all tokens at the last `longest` places: [samples, longest, vocabulary]."""
    scores: torch.Tensor = model(input_ids=ids, attention_mask=mask, logits_to_keep=longest + 1).logits[:, :-1]
    return scores


def knows(model: Any, samples: list[Sample]) -> bool:
    """True when the likeliest token is the right one at every place of every answer."""
    ids, mask, answers = collate(samples)
    with torch.no_grad():
        likeliest = answer_scores(model, ids, mask, answers.shape[1]).argmax(-1)
    return bool(((likeliest == answers) | (answers == NOT_LEARNT)).all())


def train(model: Any, tokenizer: Any) -> int:
    """Train until the held-out answers are right in bfloat16 as well; returns the number of steps."""
    random = Random(0)
    held_out = [draw(Random(seed), tokenizer) for seed in range(1000, 1032)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(1, MOST_STEPS + 1):
        ids, mask, answers = collate([draw(random, tokenizer) for _ in range(BATCH)])
        scores = answer_scores(model, ids, mask, answers.shape[1])
        loss = cross_entropy(scores.flatten(0, 1), answers.flatten(), ignore_index=NOT_LEARNT)
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
