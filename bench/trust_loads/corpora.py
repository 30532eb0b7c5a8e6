"""What inputs are mutated from: our own tasks and rows, conversations of others, forms of calls and of answers."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from writ_async import Domain, InputError, Task, Trajectory, load_domain, make_tasks, run
from writ_async.registry import registered_names

_CALL = '{"name": "get_order_details", "arguments": {"order_id": "#W1234567", "items": [{"id": 1, "price": 2.5}]}}'
_ARGUMENTS = '{"order_id": "#W1234567", "reason": "no \\"longer\\" needed"}'

COMPLETIONS = (
    f"Let me look.\n<tool_call>\n{_CALL}\n</tool_call>\n<tool_call>\n{_CALL}\n</tool_call>",
    "<think>\nWhich one?\n</think>\n\n<tool_call>\n<function=get_order_details>\n<parameter=order_id>\n#W1\n"
    "</parameter>\n<parameter=items>\n[1, 2]\n</parameter>\n</function>\n</tool_call>",
    "<tool_call>get_order_details\n<arg_key>order_id</arg_key>\n<arg_value>#W1</arg_value>\n</tool_call>",
    '<function_calls>\n<invoke name="get_order_details">\n<parameter name="order_id">#W1</parameter>\n</invoke>\n'
    "</function_calls>",
    '<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_order_details">\n'
    '<｜DSML｜parameter name="order_id" string="true">#W1'
    "</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_order_details\n"
    "```json\n" + _ARGUMENTS + "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_order_details<｜tool▁sep｜>" + _ARGUMENTS + "<｜tool▁call▁end｜>",
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_order_details:0<|tool_call_argument_begin|>"
    + _ARGUMENTS + "<|tool_call_end|><|tool_calls_section_end|>",
    f"[TOOL_CALLS][{_CALL}, {_CALL}]",
    f"[TOOL_CALLS]get_order_details[ARGS]{_ARGUMENTS}[TOOL_CALLS]get_order_details[CALL_ID]abc[ARGS]{{}}",
    _CALL.replace("arguments", "parameters"),
    f"<|python_tag|>{_CALL}; {_CALL}",
    '<|python_tag|>get_order_details.call(order_id="#W1", number=1)',
    'I will. [get_order_details(order_id="#W1", items=[{"a": 1}], late=True), think(thought=\'so\')]',
    f"Here it is:\n```json\n{_CALL}\n```\nDone.",
    "<|channel|>analysis<|message|>So.<|end|><|start|>assistant<|channel|>commentary to=functions.get_order_details "
    f"<|constrain|>json<|message|>{_ARGUMENTS}<|call|><|start|>assistant<|channel|>final<|message|>Done.<|return|>",
    "Thought without an opening.\n</think>\nYour order #W1234567 is 1,250.00 dollars [see here] `so`.",
    "{'name': 'get_order_details', 'arguments': {'order_id': '#W1', 'late': True, 'none': None}}",
)  # fmt: skip
"""One completion and more of each form in which families write calls."""

TOKENS = (
    "<tool_call>", "</tool_call>", "<tool_calls>", "<function=", "</function>", "<parameter=", "</parameter>",
    "<think>", "</think>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", '<invoke name="', "</invoke>",
    "<function_calls>", "｜DSML｜", "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>",
    "<｜tool▁call▁end｜>", "<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>", "[TOOL_CALLS]",
    "[ARGS]", "[CALL_ID]",
    "<|python_tag|>", "```json\n", "```", "<|channel|>", "<|message|>", "<|call|>", "<|end|>", "<|start|>",
    "<|constrain|>", "to=functions.", "get_order_details", "functions.", '"name"', '"arguments"', '"parameters"', "{",
    "}", "[", "]", '"', "'", ":", ",", "\\", "\n", "(", ")", "=", "[[", "{{", "True", "None", "null", "\\u00e9",
    "\\ud83d", "\\", "&lt;", ";",
)  # fmt: skip
"""What means something in one of the forms."""

SUMS = ("(20.5 + 4) * 3", "1,250.00 - 3 * (2 / 7)", "-5 + -(3.25)", "100/3", "2*3*4-5+6/7", "((1))", "0.1+0.2", "1e3+5")
SUM_TOKENS = (*"0123456789.+-*/() ,", "**", "//", "e9", "1e308", "(((", ")))", "0.0", "9" * 400, "_", "j", "0x1", "\t")

FILTERS = (
    'reward < 1 and not kept', 'domain == "retail" or (w >= 2 and r > 3)', "reason ~ unconfirmed",
    'messages ~ "late fee"', "tool != cancel_order and tokens > 1e3", "not (not (strict))", "id == 'a\\'b'",
    "trial == 0 and end != user_stop",
)  # fmt: skip
FILTER_TOKENS = (
    "and", "or", "not", "(", ")", "==", "!=", "<", "<=", ">", ">=", "~", "=", "reward", "kept", "strict", "domain",
    "messages", "tool", "reason", "tokens", "w", "r", "id", '"', "'", "\\", " ", "1", "-1.5", "nan", "inf", "true",
    "yes", "1e999", ".",
)  # fmt: skip

FLAGS = (
    "normal=0.5,read-heavy=0.3,write-heavy=0.2", "W1R0=1,W2R3=0.5", "W1-3R2-8", "2/4", "slurm", "10m,5$", "2h",
    "domain,kind", "0.2..0.8", "unconfirmed_write=drop", "mask-turns", "policy_violation=allow",
)  # fmt: skip
FLAG_TOKENS = (
    *"=,/.:-0123456789$%WRwr",
    "..",
    "normal",
    "drop",
    "mask",
    "allow",
    "inf",
    "nan",
    "1e999",
    "domain",
    "m",
    "h",
    "slurm",
)

CONFIGS = (
    'domains = ["retail", "airline"]\nn = 10\nseed = 1\nmistakes = 0.25\n',
    'domains = ["retail"]\nkeep = 5\nattempts = 2\nbalance = "domain,kind"\nquiet = true\n',
    'domains = ["airline"]\nengine = "openai"\nout = "x"\n[engine-option]\nurl = "http://127.0.0.1:1"\nmodel = "m"\n',
    'domains = "retail"\nmix = "normal=1"\nlevels = "W1R0=1"\nfilters = ["mask-turns"]\nconcurrency = 4\nlimit = 3\n',
)  # fmt: skip
PRICES = (
    '[gpt-x]\ninput = 2.5\noutput = 10\ncached = 1.25\ndate = "2026-01-01"\nsource = "list"\n',
    '["a/b-2025-01-01"]\ninput = 0\noutput = 0.0\n["a/b"]\ninput = 1\noutput = 2\n',
)
TOML_TOKENS = (
    "=", "[", "]", "[[", "]]", '"', "'", '"""', "\n", "#", ".", ",", "{", "}", "true", "false", "inf", "nan", "-inf",
    "1e999", "0x1", "1_0", "1979-05-27T07:32:00Z", "input", "output", "cached", "domains", "n", "seed",
    "engine-option", "keep", "\\u0000", "\t", "\r\n",
)  # fmt: skip

ANSWERS: tuple[Any, ...] = (
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "So.",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "think", "arguments": '{"thought": "x"}'},
                        }
                    ],
                },
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3}},
    },
    {
        "choices": [{"message": {"content": "Hello <think>x</think>", "refusal": None}, "finish_reason": "stop"}],
        "usage": None,
    },
    {
        "choices": [
            {
                "message": {
                    "content": [{"type": "text", "text": "Hi"}],
                    "function_call": {"name": "f", "arguments": "{}"},
                }
            }
        ]
    },
    {
        "error": {
            "message": "Rate limit reached, try again in 1.5s",
            "type": "rate_limit",
            "code": "rate_limit_exceeded",
        }
    },
    {"object": "error", "message": "maximum context length is 4096 tokens", "code": 400},
    {
        "text": "x",
        "output_ids": [1, 2, 3],
        "meta_info": {
            "id": "a/b/1",
            "finish_reason": {"type": "stop", "matched": 2},
            "prompt_tokens": 5,
            "completion_tokens": 3,
            "cached_tokens": 1,
            "weight_version": "default",
            "output_token_logprobs": [[-0.5, 1, None], [None, 2, None]],
        },
    },
    {
        "output_ids": [],
        "meta_info": {"finish_reason": {"type": "abort", "status_code": 503, "message": "The queue is full"}},
    },
    {
        "error": {"message": "The input is too long", "code": 400},
        "detail": [{"msg": "no", "loc": ["body", 0]}],
        "retry_after": 2,
    },
)
"""Answers of chat servers and of SGLang, good and bad."""

HEADERS = (
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-tokens",
    "anthropic-ratelimit-tokens-reset",
    "ratelimit",
    "ratelimit-reset",
    "date",
)
HEADER_VALUES = (
    "1",
    "0.5",
    "6m0s",
    "1h2m3.5s",
    "20ms",
    "2026-01-01T00:00:00Z",
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "1764530000",
    '"default";r=0;t=30',
    "-1",
    "inf",
    "nan",
)

_TOLD = [
    {"role": "system", "content": "Policy."},
    {"role": "user", "content": "Hi"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c",
                "type": "function",
                "function": {"name": "get_order_details", "arguments": '{"order_id": "#W1"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "c", "content": '{"status": "pending"}'},
    {"role": "assistant", "content": "It is pending."},
    {"role": "user", "content": "Thanks ###STOP###"},
]
_FROM = [
    {"from": "human", "value": "Hi"},
    {"from": "function_call", "value": '{"name": "f", "arguments": {"a": 1}}'},
    {"from": "observation", "value": "{}"},
    {"from": "gpt", "value": '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'},
]
FOREIGN: tuple[Any, ...] = (
    {"messages": _TOLD, "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}], "task_id": "1"},
    _TOLD,
    {"conversations": _FROM, "system": "S", "tools": "[]"},
    {"prompt": _TOLD[:2], "completion": _TOLD[2:]},
    {"prompt": "Hi", "completion": "Hello"},
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "So."},
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "1"}]}],
            },
        ]
    },
    {
        "input": [{"type": "message", "role": "user", "content": "Hi"}],
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
        ],
    },
    {
        "task_id": 0,
        "reward": 1.0,
        "info": {"task": {"user_id": "u", "actions": [{"name": "f", "kwargs": {"a": 1}}]}},
        "traj": _TOLD,
        "trial": 0,
    },
    {
        "id": "s",
        "task_id": "1",
        "run_info": {},
        "termination_reason": "user_stop",
        "reward_info": {"reward": 1.0},
        "messages": [
            {"role": "assistant", "content": "Hi", "turn_idx": 0},
            {"role": "user", "content": "Hello", "turn_idx": 1},
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "name": "f", "arguments": {"a": 1}, "requestor": "assistant"}],
            },
            {"role": "tool", "id": "c", "content": "1", "requestor": "assistant", "error": False},
        ],
        "trial": 0,
        "seed": 1,
    },
    {"id": 1, "epoch": 1, "target": "", "scores": {"x": {"value": 1}}, "messages": _TOLD, "metadata": {}},
    {"trajectory_type": "x", "messages": _TOLD},
)
"""A small conversation in each shape in which others keep them."""


class Own(msgspec.Struct, frozen=True):
    """Tasks and rows of a domain, scripted, with mistakes in them."""

    domain: Domain
    tasks: tuple[Task, ...]
    rows: tuple[Trajectory, ...]


@cache
def own_corpus(name: str) -> Own:
    """Some tasks of a domain and a conversation of each."""
    tasks = make_tasks(name, 16, seed=11, world_size=60)
    rows = run(tasks, "scripted", agent_options={"mistakes": "0.5"}, seed=11)
    return Own(load_domain(name), tuple(tasks), tuple(rows))


def own_domains() -> Sequence[str]:
    """The domains that draw worlds of their own."""
    return [name for name in registered_names("domains") if load_domain(name).recipes]


@cache
def foreign_rows() -> tuple[Any, ...]:
    """Conversations of others: the small ones above, and some real ones in the folder of `WRIT_SHARED`, if any."""
    found = list(FOREIGN)
    shared = Path(os.environ.get("WRIT_SHARED", "../shared"))
    for path in sorted([*shared.glob("real/*.json.gz"), *shared.glob("cases/check/f*.json")]):
        try:
            value = json.loads(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
        except (OSError, ValueError) as exc:
            raise InputError(f"{path}: {exc}") from None
        rows = value.get("simulations", [value]) if isinstance(value, dict) else value
        found += [row for row in rows[:400:40] if len(json.dumps(row)) < 60_000]
    return tuple(found)
