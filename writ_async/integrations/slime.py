"""slime 0.3.1: `--custom-generate-function-path`. A module of yours makes the function, and names it there:

generate = make_generate(TaskSource(load_tasks("runs/train")), open_chat_format("models/Qwen3-4B-Instruct-2507"))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slime.utils.http_utils import post

from writ_async.chat import ChatFormat
from writ_async.core.trajectory import Trajectory
from writ_async.rl import Generation, Sampling, TaskSource, TokenEngine, benchmark_reward, is_judged, make_sample, play
from writ_async.runs.early_stop import any_of


def make_generate(
    source: TaskSource, chat: ChatFormat, user: Any = "scripted", *,
    reward: Callable[[Trajectory], float] = benchmark_reward, **settings: Any,
) -> Callable[[Any, Any, dict[str, Any]], Awaitable[Any]]:  # fmt: skip
    """The function that slime calls for each sample; `settings` are those of `groups`, but for `size`.

    The prompt or `metadata["task_id"]` of a sample names its task, whose next trial is played through slime's router.
    What slime aborts ends there, and its sample is as it was, but for the status.
    """
    stop, usable = settings.pop("stop", None), settings.pop("usable", None) or is_judged

    async def generate(args: Any, sample: Any, sampling_params: dict[str, Any]) -> Any:
        finishes: set[str] = set()

        async def ask(ids: list[int], sampling: Sampling) -> Generation:
            params = {"max_new_tokens": sampling.max_tokens, "stop_token_ids": list(sampling.stop_ids)}
            body = {"input_ids": ids, "sampling_params": {**sampling_params, **params}, "return_logprob": True}
            url = f"http://{args.sglang_router_ip}:{args.sglang_router_port}/generate"
            told = (await post(url, body, headers={"X-SMG-Routing-Key": sampling.session}))["meta_info"]
            made = told.get("output_token_logprobs") or []
            finishes.add(finish := told["finish_reason"]["type"])
            return Generation(
                ids=[one[1] for one in made], logprobs=[one[0] for one in made],
                version=str(told.get("weight_version") or ""), finish="stop" if finish == "stop" else "length",
            )  # fmt: skip

        task, status = source[(sample.metadata or {}).get("task_id") or sample.prompt], type(sample).Status
        most, context = sampling_params["max_new_tokens"], args.rollout_max_context_len or 0
        engine = TokenEngine(ask, chat, max_tokens=most, context=context)
        ends: dict[str, Any] = {"stop": any_of(lambda *_: "slime has aborted it" if "abort" in finishes else "", stop)}
        ends["usable"] = lambda row: "abort" in finishes or usable(row)
        (row,) = await play([task], engine, user, **{"first_trial": source.next_trial(task), **settings, **ends})
        if "abort" in finishes:
            sample.status = status.ABORTED
            return sample
        made = make_sample(row, reward=reward)
        sample.tokens, sample.response_length = made.prompt_ids + made.response_ids, len(made.response_ids)
        sample.response = chat.tokenizer.decode(made.response_ids)
        sample.loss_mask, sample.rollout_log_probs, sample.reward = made.loss_mask, made.logprobs, made.reward
        sample.weight_versions = [span.version for span in row.tokens["agent"].weights]
        sample.status = status.COMPLETED if row.termination.value in ("user_stop", "agent_stop") else status.TRUNCATED
        return sample

    return generate
