"""Answers that the real server gave: the engine understands them, and the double gives the like."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from writ_engines.http import HttpClient, TransportError, status_error
from writ_engines.sglang.wire import check_answer, parse_answer

from tests.support.sglang_double import SglangDouble
from tests.support.shared_data import SHARED, needs_shared
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind

pytestmark = needs_shared
GOOD = [
    *("generate_rid", "generate_logprob", "generate_stop_str", "generate_stop_token", "generate_max_new_0"),
    *("mt_turn2_token_in", "mt_logprob_start0", "generate_across_update", "kv_prompt_plus_new_larger_than_pool"),
    *("startup_generate", "sigterm_new_request", "generate_no_metrics_flag", "generate_json_schema"),
]


def captured(name: str) -> dict[str, Any]:
    assert SHARED is not None
    response: dict[str, Any] = json.loads((SHARED / "sglang" / "captures" / f"{name}.json").read_bytes())["response"]
    return response


def events(name: str) -> list[bytes]:
    """The data of the captured events, without the closing one."""
    lines = [line for _, line in captured(name)["sse_lines"] if line.startswith("data: {")]
    return [line[6:].encode() for line in lines]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_is_read_as_it_stands(name: str) -> None:
    body = captured(name)["body"]
    answer = check_answer(parse_answer(msgspec.json.encode(body)))
    meta = body["meta_info"]
    assert answer.output_ids == body["output_ids"]
    assert len(answer.output_ids) == meta["completion_tokens"]
    assert answer.meta_info.cached_tokens == meta["cached_tokens"]
    assert [(s.version, s.start, s.end) for s in answer.meta_info.weight_versions or ()] == [
        (span["version"], span["start"], span["end"]) for span in meta["weight_versions"]
    ]
    if "output_token_logprobs" in meta:
        told = meta["output_token_logprobs"]
        assert [token for _, token, *_ in told] == answer.output_ids
        assert [row.value for row in answer.meta_info.output_token_logprobs or ()] == [value for value, *_ in told]


@pytest.mark.parametrize("name", ["abort_target_generate", "flush_busy_target"])
def test_an_abort_with_status_200_is_a_failure_that_may_pass(name: str) -> None:
    with pytest.raises(TransportError) as caught:
        check_answer(parse_answer(msgspec.json.encode(captured(name)["body"])))
    assert (caught.value.kind, caught.value.retryable) == ("aborted_by_server", True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("queue_full_generate", "overloaded"),
        ("queue_full_generate_batch", "overloaded"),
        ("kv_retract_3", "overloaded"),
        ("startup_ready", "overloaded"),
        ("router_after_worker_kill_0", "server_error"),
        ("err_context_too_long", "context_window"),
        ("err_input_plus_new_too_long", "context_window"),
        ("kv_prompt_larger_than_pool", "context_window"),
        ("err_unknown_sampling_param", "bad_request"),
        ("err_bad_temperature", "bad_request"),
        ("err_bad_regex", "bad_request"),
        ("err_empty_input_ids", "bad_request"),
        ("err_invalid_json", "bad_request"),
        ("dup_rid_second", "bad_request"),
        ("err_404", "not_found"),
        ("err_405", "not_found"),
        ("err_chat_context_too_long", "context_window"),
        ("queue_full_chat", "overloaded"),
    ],
)
def test_a_refusal_has_its_kind(name: str, kind: str) -> None:
    response = captured(name)
    error = status_error(response["status"], msgspec.json.encode(response["body"]))
    assert error.kind == kind
    assert "/site-packages/" not in str(error)


def test_failures_inside_a_stream_of_status_200_have_their_kinds() -> None:
    (full,) = events("queue_full_generate_stream")
    with pytest.raises(TransportError) as caught:
        check_answer(parse_answer(full))
    assert caught.value.kind is EngineErrorKind.OVERLOADED
    (long,) = events("err_context_too_long_stream")
    with pytest.raises(ContextWindowError):
        check_answer(parse_answer(long))


def test_the_last_event_of_a_stream_is_the_whole_answer() -> None:
    answers = [parse_answer(event) for event in events("generate_stream_logprob")]
    assert all(answer.meta_info.finish_reason is None for answer in answers[:-1])
    last = check_answer(answers[-1])
    assert last.output_ids[: len(answers[0].output_ids)] == answers[0].output_ids
    assert len(last.meta_info.output_token_logprobs or ()) == len(last.output_ids)


@pytest.mark.asyncio
async def test_the_double_answers_in_the_shapes_of_the_real_server(double: Callable[..., SglangDouble]) -> None:
    optional = {"queue_time", "forward_entry_time", "decode_throughput"}
    async with double() as server:
        client = HttpClient(server.url)
        sampling = {"max_new_tokens": 3}
        body = {"rid": "a", "input_ids": [5, 6], "sampling_params": sampling, "return_logprob": True}
        ours = msgspec.json.decode(await client.post("/generate", msgspec.json.encode(body)))
        theirs = captured("generate_logprob")["body"]
        assert set(ours) == set(theirs)
        timing = {key for key in theirs["meta_info"] if key.endswith(("_ts", "_time", "_wait", "_latency"))}
        assert set(ours["meta_info"]) - timing == set(theirs["meta_info"]) - timing - optional
        for name, path in (
            ("err_empty_input_ids", "/generate"),
            ("update_weights_bad_path", "/update_weights_from_disk"),
        ):
            bad = {"rid": "b", "input_ids": [], "model_path": "/nonexistent", "sampling_params": {}}
            with pytest.raises(EngineError) as caught:
                await client.post(path, msgspec.json.encode(bad))
            real = captured(name)
            assert isinstance(caught.value, TransportError)
            assert caught.value.status == real["status"]
            assert caught.value.kind == status_error(real["status"], msgspec.json.encode(real["body"])).kind
        await client.aclose()
