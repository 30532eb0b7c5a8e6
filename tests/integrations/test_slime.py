"""slime is on no index under this name: the adapter against doubles made from its published interface."""

import sys
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.support.oracle_sampler import OracleSampler
from writ_async import FamilyFormat, Task
from writ_async.rl import TaskSource, TokenEngine, make_sample, play


class Sample:
    """The fields of slime's `Sample` that are read and written."""

    class Status(Enum):
        COMPLETED = "completed"
        TRUNCATED = "truncated"

    def __init__(self, prompt: Any, metadata: dict[str, Any] | None = None) -> None:
        self.prompt, self.metadata = prompt, metadata
        self.tokens: list[int] = []
        self.loss_mask: list[int] = []
        self.rollout_log_probs: list[float] = []
        self.response_length, self.response, self.reward, self.status = 0, "", 0.0, None


@pytest.mark.asyncio
async def test_a_sample_is_filled_with_the_ids_that_the_router_gave(
    source: TaskSource, tasks: list[Task], chat: FamilyFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle = OracleSampler(chat, tasks)
    (row,) = await play(tasks[:1], oracle.shown(TokenEngine(oracle.generate, chat)), "scripted")
    tokens, expected = row.tokens["agent"], make_sample(row)
    said = {tokens.ids[:start]: tokens.ids[start:end] for start, end in tokens.generated}

    async def post(url: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        assert url == "http://router:30000/generate"
        assert headers == {"X-SMG-Routing-Key": f"{tasks[0].id}#0/agent"}
        assert body["return_logprob"]
        made = said[tuple(body["input_ids"])]
        logprobs = [(-0.5, one, None) for one in made]
        return {
            "meta_info": {"finish_reason": {"type": "stop"}, "output_token_logprobs": logprobs, "weight_version": 3}
        }

    names = ("slime", "slime.utils", "slime.utils.http_utils")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules[names[-1]].post = post  # type: ignore[attr-defined]
    monkeypatch.delitem(sys.modules, "writ_async.integrations.slime", raising=False)
    from writ_async.integrations.slime import make_generate

    generate = make_generate(source, chat)
    args = SimpleNamespace(sglang_router_ip="router", sglang_router_port=30000, rollout_max_context_len=None)
    sample = await generate(args, Sample("", {"task_id": tasks[0].id}), {"max_new_tokens": 512, "temperature": 1.0})
    assert sample.tokens == list(tokens.ids)
    assert sample.response_length == len(sample.loss_mask) == len(sample.rollout_log_probs)
    assert (sample.loss_mask, sample.rollout_log_probs) == (expected.loss_mask, expected.logprobs)
    assert (sample.reward, sample.status) == (1.0, Sample.Status.COMPLETED)
    assert sample.response == chat.tokenizer.decode(expected.response_ids)
