"""Answers of `/generate`, made once with the model's own tokenizer."""

from __future__ import annotations

import msgspec

from writ_async import AssistantMessage, ChatFormat

RID = b"RID"
"""Where an answer holds the id of its request."""


def generated(chat: ChatFormat, message: AssistantMessage, least: int = 0) -> bytes:
    """The answer of a server whose model wrote this message: ids, their logprobs, and what a server says of itself.

    A text shorter than `least` ids gets a word before it, over and over, until it has as many.
    """
    written = chat.write(message)
    assert written is not None
    ids = chat.tokenizer.encode_parts(written)
    pad = chat.tokenizer.encode(" well")
    fill = (pad * least)[: max(0, least - 1 - len(ids))]
    ids = [*(() if message.tool_calls else fill), *ids, min(chat.stop_ids)]
    meta = {
        "id": RID.decode(),
        "finish_reason": {"type": "stop", "matched": ids[-1]},
        "prompt_tokens": 2900,
        "weight_version": "default",
        "num_retractions": 0,
        "output_token_logprobs": [[-0.1234567, token, None] for token in ids],
        "completion_tokens": len(ids),
        "cached_tokens": 2800,
        "weight_versions": [{"version": "default", "start": 0, "end": len(ids)}],
        "e2e_latency": 0.1,
    }
    return msgspec.json.encode({"text": "x" * 160, "output_ids": ids, "meta_info": meta})
