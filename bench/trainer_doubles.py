"""Doubles of what trainers have around their adapters, made from the interfaces that they have published.

Each names the release that it was made from: what is read and written there, and nothing else. All answer from a table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

from bench.token_table import LOGPROB, TokenTable
from writ_async.rl import Sampling

RELEASES = {
    "slime": "0.3.1",  # slime/utils/types.py, slime/utils/http_utils.py, slime/rollout/sglang_rollout.py
    "SkyRL": "0.3.0",  # skyrl/train/generators/base.py, skyrl/backends/skyrl_train/inference_servers/base.py
    "verl": "0.9.1",  # verl/workers/rollout/replica.py, verl/experimental/agent_loop/agent_loop.py
    "AReaL": "1.0.4",  # areal/api/workflow_api.py, areal/experimental/openai/proxy/{workflow,proxy_rollout_server}.py
}
"""What each double was made from."""


class SlimeSample:
    """The fields of slime's `Sample` that are read and written."""

    class Status(Enum):
        PENDING = "pending"
        COMPLETED = "completed"
        TRUNCATED = "truncated"
        ABORTED = "aborted"
        FAILED = "failed"

    def __init__(self, prompt: Any = "", metadata: dict[str, Any] | None = None) -> None:
        self.prompt = prompt
        self.metadata = metadata or {}
        self.tokens: list[int] = []
        self.response = ""
        self.response_length = 0
        self.reward: float | None = None
        self.loss_mask: list[int] | None = None
        self.weight_versions: list[str] = []
        self.rollout_log_probs: list[float] | None = None
        self.status = self.Status.PENDING


SLIME_ARGUMENTS = SimpleNamespace(sglang_router_ip="router", sglang_router_port=30000, rollout_max_context_len=None)


class SlimeRouter:
    """`slime.utils.http_utils.post` before a router that answers from a table; `finish` says how the n-th call ends."""

    def __init__(self, table: TokenTable, finish: Callable[[int], str] = lambda number: "stop") -> None:
        self._table = table
        self._finish = finish
        self.bodies: list[dict[str, Any]] = []

    async def post(
        self, url: str, payload: dict[str, Any], max_retries: int = 60, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        assert url == "http://router:30000/generate"
        assert payload["return_logprob"]
        assert headers is not None
        finish = self._finish(len(self.bodies))
        self.bodies.append(payload)
        given = payload["sampling_params"]
        sampling = Sampling(
            max_tokens=given["max_new_tokens"], stop_ids=(), seed=0, session=headers["X-SMG-Routing-Key"]
        )
        made = self._table.answer(payload["input_ids"], sampling).ids
        made = made[: len(made) // 2] if finish == "abort" else made  # SGLang gives what it has by then
        return {
            "text": "",
            "meta_info": {
                "finish_reason": {"type": finish},
                "output_token_logprobs": [(LOGPROB, one, None) for one in made],
                "weight_version": "3",
            },
        }


@contextmanager
def serve_slime(router: SlimeRouter) -> Iterator[Any]:
    """Slime's module, before this router, while the block lasts; gives the adapter that has imported it."""
    package = ("slime", "slime.utils", "slime.utils.http_utils")
    adapter = "writ_async.integrations.slime"
    before = {name: sys.modules.pop(name, None) for name in (*package, adapter)}
    try:
        sys.modules.update({name: ModuleType(name) for name in package})
        vars(sys.modules[package[-1]])["post"] = router.post
        yield import_module(adapter)
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


class SkyrlClient:
    """SkyRL's `InferenceEngineInterface`, as far as generators call it, answering from a table."""

    def __init__(self, table: TokenTable) -> None:
        self._table = table
        self.params: list[dict[str, Any]] = []
        self.finished: list[str] = []

    async def generate(self, input_batch: dict[str, Any], model: str | None = None) -> dict[str, Any]:
        (ids,), (session,) = input_batch["prompt_token_ids"], input_batch["session_ids"]
        self.params.append(input_batch["sampling_params"])
        sampling = Sampling(
            max_tokens=input_batch["sampling_params"]["max_tokens"], stop_ids=(), seed=0, session=session
        )
        said = list(self._table.answer(ids, sampling).ids)
        logprobs = [[LOGPROB] * len(said)] if input_batch["sampling_params"].get("logprobs") is not None else None
        return {
            "responses": [""], "response_ids": [said], "stop_reasons": ["stop"], "response_logprobs": logprobs,
            "prompt_logprobs": None, "rollout_expert_indices": None,
        }  # fmt: skip

    async def finish_session(self, session_id: str) -> None:
        self.finished.append(session_id)


class VerlServer:
    """verl's `LLMServerClient`, as far as agent loops call it; with `aborts` the first call is aborted half-way."""

    def __init__(self, table: TokenTable, *, aborts: bool = False) -> None:
        self._table = table
        self._rest: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._aborts = aborts
        self.said: dict[str, list[int]] = {}
        self.aborted = ""

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any]) -> Any:
        from verl.workers.rollout.replica import TokenOutput

        assert sampling_params["temperature"] == 1.0
        assert sampling_params["logprobs"]
        prompt = tuple(prompt_ids)
        said = list(self._rest.get(prompt) or self._table.said[prompt])
        cut = self._aborts and not self.aborted
        if cut:
            self.aborted = request_id
            self._rest[(*prompt, *said[:2])] = tuple(said[2:])
            said = said[:2]
        self.said.setdefault(request_id, []).extend(said)
        return TokenOutput(
            token_ids=said, log_probs=[LOGPROB] * len(said), stop_reason="aborted" if cut else "completed",
            extra_fields={} if cut else {"global_steps": 7},
        )  # fmt: skip


def check_generator_output(prompts: int, output: dict[str, Any]) -> None:
    """What SkyRL's trainer asserts of a `GeneratorOutput` before it is trained on. Raises `AssertionError`."""
    responses = output["response_ids"]
    assert len(responses) == prompts == len(output["prompt_token_ids"])
    for name in ("loss_masks", "rewards", "rollout_logprobs", "stop_reasons", "trajectory_ids"):
        assert output[name] is None or len(output[name]) == prompts
    for place, ids in enumerate(responses):
        assert len(ids) == len(output["loss_masks"][place])
        assert output["rollout_logprobs"] is None or len(ids) == len(output["rollout_logprobs"][place])
    assert any(map(any, output["loss_masks"]))
    assert not any(isinstance(reward, list) for reward in output["rewards"])


async def run_areal_agent(agent: Any, data: dict[str, Any], proxy: str, key: str) -> float:
    """An episode as AReaL runs it in line; in a process of its own it sets OPENAI_BASE_URL and OPENAI_API_KEY instead.

    Raises `ValueError` for a reward that AReaL takes for none.
    """
    reward = await agent.run(data, base_url=proxy, http_client=None, api_key=key)
    if not isinstance(reward, float):
        raise ValueError(f"Invalid reward type: {type(reward)}")
    return reward
