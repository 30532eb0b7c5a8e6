"""A server that misbehaves: what is tried again, under which id, and what is told in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from writ_engines.http import MOST_EMPTY, HttpClient, RetryPolicy, TransportError
from writ_engines.sglang.engine import SglangEngine

from tests.support import sglang_shapes as shapes
from tests.support.sglang_double import SglangDouble
from tests.support.talk import TOOLS, Talk, make_engine
from writ_async.chat import HistoryChangedError
from writ_async.core.message import UserMessage
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind, InputError

pytestmark = pytest.mark.asyncio
OpenDouble = Callable[..., SglangDouble]

KIND_OF = {
    "queue_full": "overloaded",
    "server_error": "server_error",
    "router_error": "server_error",
    "abort": "aborted_by_server",
    "reset": "reset",
    "truncated": "truncated",
    "garbage": "truncated",
    "silence": "deadline",
}


def assert_ids_are_new(double: SglangDouble) -> None:
    rids = [seen.rid for seen in double.calls]
    assert len(set(rids)) == len(rids)
    assert all(rid.endswith(".") for rid in rids)  # so that none is the beginning of another


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("fault", sorted(KIND_OF))
async def test_what_may_pass_is_tried_again_under_a_new_id(
    fault: str, batch: int, double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder, timeout=0.3 if fault == "silence" else 30.0, batch=batch)
        server.faults.extend([fault, fault])
        completion = await Talk(engine, "s", tools=TOOLS).complete()
        assert completion.usage.completion_tokens > 0
        retries = engine.statistics().retries
        kinds = {KIND_OF[fault], "reset"} if fault == "truncated" else {KIND_OF[fault]}
        assert set(retries.failures) <= kinds
        assert (sum(retries.failures.values()), retries.attempts, retries.recovered) == (2, 3, 1)
        assert len(server.calls) == 3
        assert_ids_are_new(server)
        assert len({tuple(seen.ids) for seen in server.calls}) == 1
        await engine.aclose()


@pytest.mark.parametrize("fault", ["bad_request", "bad_param", "too_long"])
async def test_what_will_not_pass_is_told_at_once(fault: str, double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder)
        server.faults.append(fault)
        with pytest.raises(ContextWindowError if fault == "too_long" else TransportError) as caught:
            await Talk(engine, "s").complete()
        assert caught.value.kind == ("context_window" if fault == "too_long" else "bad_request")
        assert len(server.calls) == 1
        await engine.aclose()


@pytest.mark.parametrize("empty", [1, 4, 5, 9])
async def test_an_answer_of_nothing_but_its_end_is_asked_for_again(
    empty: int, double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder)
        says, ends = server.model, sorted(engine.chat.stop_ids)[:1]
        server.model = lambda ids, sampling: ends if len(server.calls) <= empty else says(ids, sampling)
        if empty < MOST_EMPTY:
            completion = await Talk(engine, "s").complete()
            assert completion.usage.completion_tokens > 1
        else:
            with pytest.raises(EngineError, match="gave nothing 5 times") as caught:
                await Talk(engine, "s").complete()
            assert caught.value.kind is EngineErrorKind.EMPTY
        assert len(server.calls) == min(empty + 1, MOST_EMPTY)
        assert_ids_are_new(server)
        await engine.aclose()


async def test_a_spent_budget_tells_the_last_failure_and_how_often_it_was_tried(
    double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder)
        server.faults.extend(["queue_full"] * 20)
        with pytest.raises(TransportError, match=r"queue is full.*\(8 attempts\)") as caught:
            await Talk(engine, "s").complete()
        assert caught.value.kind is EngineErrorKind.OVERLOADED
        assert engine.statistics().retries.given_up == {"overloaded": 1}
        assert_ids_are_new(server)
        await engine.aclose()


async def test_in_a_batch_a_failure_is_one_calls_own(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder, batch=8)
        await engine.server_info()
        server.faults.extend(["", "queue_full", "", "abort"])
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(Talk(engine, f"s{number}").complete)
        assert [seen.batch for seen in server.calls] == [6] * 6 + [1] * 2
        assert engine.statistics().retries.failures == {"overloaded": 1, "aborted_by_server": 1}
        assert_ids_are_new(server)
        await engine.aclose()


async def test_a_batch_that_is_refused_is_sent_again_one_by_one(double: OpenDouble, folder: Path) -> None:
    async with double(queue=4) as server:
        engine = make_engine(server.url, folder, batch=8)
        await engine.server_info()
        server.vocabulary = 2**31
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(Talk(engine, f"s{number}").complete)
        assert [seen.batch for seen in server.calls] == [3, 3, 3]
        server.calls.clear()
        server.queue, server.context = 0, 0  # the server refuses all for length, which the engine did not know
        results: list[str] = []

        async def complete(number: int) -> None:
            with pytest.raises(ContextWindowError) as caught:
                await Talk(engine, f"t{number}").complete()
            results.append(caught.value.kind)

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(complete, number)
        assert results == ["context_window"] * 3
        assert sorted(seen.batch for seen in server.calls) == [1, 1, 1, 3, 3, 3]
        assert engine.statistics().retries.failures == {"batch_refused": 3, "context_window": 3}
        await engine.aclose()


async def test_a_queue_too_short_for_a_batch_lets_every_call_through_in_the_end(
    double: OpenDouble, folder: Path
) -> None:
    async with double(queue=2, latency=0.005) as server:
        engine = make_engine(server.url, folder, batch=8, policy=RetryPolicy(attempts=99, first=0.01, longest=0.05))
        await engine.server_info()
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(Talk(engine, f"s{number}").complete)
        assert engine.statistics().retries.given_up == {}
        assert engine.statistics().retries.failures["overloaded"] >= 6
        await engine.aclose()


async def test_one_caller_leaving_a_batch_leaves_the_others_their_answers(double: OpenDouble, folder: Path) -> None:
    async with double(latency=0.2) as server:
        engine = make_engine(server.url, folder, batch=8)
        await engine.server_info()
        done: list[str] = []

        async def complete(name: str, seconds: float) -> None:
            with anyio.move_on_after(seconds):
                await Talk(engine, name).complete()
                done.append(name)

        async with anyio.create_task_group() as group:
            group.start_soon(complete, "leaves", 0.05)
            group.start_soon(complete, "stays", 30.0)
        assert done == ["stays"]
        assert [rid.partition("/")[0] for rid in server.aborts] == ["leaves"]
        assert engine.statistics().retries.failures == {}
        await engine.aclose()


async def test_the_last_caller_to_leave_takes_the_batch_with_it(double: OpenDouble, folder: Path) -> None:
    async with double(latency=30.0) as server:
        engine = make_engine(server.url, folder, batch=8)
        await engine.server_info()
        with anyio.move_on_after(0.1):
            async with anyio.create_task_group() as group:
                for number in range(3):
                    group.start_soon(Talk(engine, f"s{number}").complete)
        with anyio.fail_after(5):
            await server.idle()
        assert len(server.aborts) == 3
        await engine.aclose()


async def test_a_server_that_dies_and_comes_back_is_waited_for(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder, policy=RetryPolicy(attempts=9999, budget=30, first=0.01, longest=0.05))
        talks = [Talk(engine, f"s{number}", tools=TOOLS) for number in range(20)]
        for talk in talks[:1]:
            await talk.complete()
        server.latency = 60
        async with anyio.create_task_group() as group:
            for talk in talks:
                group.start_soon(talk.say, "hello?")
            while len(server.live) < len(talks):
                await anyio.lowlevel.checkpoint()
            await server.die()
            while "refused" not in engine.statistics().retries.failures:
                await anyio.lowlevel.checkpoint()
            server.latency = 0
            await server.revive()
        retries = engine.statistics().retries
        assert (retries.given_up, retries.recovered) == ({}, 20)
        assert set(retries.failures) == {"reset", "refused"}
        assert_ids_are_new(server)
        await engine.aclose()


async def test_a_server_that_stays_away_is_told_as_such(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder)
        talk = Talk(engine, "s")
        await talk.complete()
        await server.die()
        with pytest.raises(TransportError) as caught:
            await talk.say("are you there?")
        assert caught.value.kind is EngineErrorKind.REFUSED
        sequence = engine.end_session("s")
        assert sequence is not None
        assert not sequence.complete
        assert len(sequence.generated) == 1
        await engine.aclose()


async def test_a_server_that_is_loading_is_waited_for_once(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        server.loading = True
        engine = make_engine(server.url, folder, patience=30.0)

        async def load() -> None:
            await anyio.sleep(0.1)
            assert server.calls == []
            server.loading = False

        async with anyio.create_task_group() as group:
            group.start_soon(load)
            for number in range(5):
                group.start_soon(Talk(engine, f"s{number}").complete)
        assert len(server.calls) == 5
        assert engine.statistics().retries.failures == {}
        await engine.aclose()


@pytest.mark.parametrize(("loading", "kind"), [(True, "overloaded"), (False, "refused")])
async def test_patience_with_a_server_that_does_not_start_has_an_end(
    loading: bool, kind: str, double: OpenDouble, folder: Path
) -> None:
    async with double() as server:
        server.loading = loading
        if not loading:
            await server.die()
        engine = make_engine(server.url, folder, patience=0.1)
        with pytest.raises(TransportError, match="is it running") as caught:
            await Talk(engine, "s").complete()
        assert caught.value.kind == kind
        await engine.aclose()


@pytest.mark.parametrize("wrong", ["outside", "negative", "nothing", "no_end"])
async def test_ids_that_no_model_has_written_are_asked_for_again(wrong: str, double: OpenDouble, folder: Path) -> None:
    async with double(vocabulary=2**31) as server:
        engine = make_engine(server.url, folder)
        limit = engine.chat.tokenizer.limit
        ids = {"outside": [5, limit], "negative": [5, -1], "nothing": [], "no_end": [5, 6]}[wrong]
        reason = {"type": "length", "length": 0} if wrong == "nothing" else {"type": "stop", "matched": 7}
        made: list[int] = []

        def answer(seen: Any, output: list[int], told: Any, *rest: Any) -> dict[str, Any]:
            made.append(len(output))
            return shape(seen, ids, reason, *rest) if len(made) <= 2 else shape(seen, output, told, *rest)

        shape = shapes.answer
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shapes, "answer", answer)
            completion = await Talk(engine, "s").complete()
        assert completion.usage.completion_tokens > 0
        assert engine.statistics().retries.failures == {"truncated": 2}
        assert_ids_are_new(server)
        assert all(0 <= token < limit for seen in server.calls for token in seen.ids)
        await engine.aclose()


async def test_ids_that_are_wrong_three_times_are_the_servers_fault(double: OpenDouble, folder: Path) -> None:
    async with double(vocabulary=2**31) as server:
        engine = make_engine(server.url, folder)
        shape, limit = shapes.answer, engine.chat.tokenizer.limit
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shapes, "answer", lambda seen, ids, told, *rest: shape(seen, [5, limit], told, *rest))
            with pytest.raises(EngineError, match=r"3 times: token id .* is the option model the folder") as caught:
                await Talk(engine, "s").complete()
        assert caught.value.kind is EngineErrorKind.TOKEN_RANGE
        assert len(server.calls) == 3
        await engine.aclose()


async def test_the_double_dies_of_an_id_outside_the_vocabulary_as_the_real_server_does(double: OpenDouble) -> None:
    async with double(vocabulary=100) as server:
        client = HttpClient(server.url)
        for kind in ("reset", "refused"):
            with pytest.raises(TransportError) as caught:
                await client.post("/generate", b'{"input_ids": [7, 100], "rid": "x", "sampling_params": {}}')
            assert caught.value.kind == kind
        await client.aclose()


async def test_a_changed_history_is_refused_before_anything_is_sent(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder)
        talk = Talk(engine, "s", tools=TOOLS)
        await talk.complete()
        talk.messages[2] = UserMessage("not what was said")
        with pytest.raises(HistoryChangedError):
            await talk.complete()
        assert len(server.calls) == 1
        await engine.aclose()


async def test_two_engines_on_one_server_never_share_a_request_id(double: OpenDouble, folder: Path) -> None:
    async with double() as server:
        engines: list[SglangEngine] = [make_engine(server.url, folder) for _ in range(2)]
        for engine in engines:
            await Talk(engine, "same", tools=TOOLS).complete()
            await engine.aclose()
        assert_ids_are_new(server)
        assert server.calls[0].ids == server.calls[1].ids
        assert server.calls[0].output == server.calls[1].output


@pytest.mark.parametrize("extra", ["{", "[1]", '{"max_new_tokens": 5}', '{"n": 2}'])
async def test_sampling_parameters_that_cannot_be_are_told_at_once(extra: str, folder: Path) -> None:
    with pytest.raises(InputError, match="engine 'sglang': extra "):
        make_engine("http://127.0.0.1:1", folder, extra=extra)


async def test_a_seeded_storm_of_faults_leaves_every_call_answered_or_typed(double: OpenDouble, folder: Path) -> None:
    for batch in (1, 4):
        async with double(fault_rate=0.3, seed=batch) as server:
            engine = make_engine(
                server.url, folder, batch=batch, policy=RetryPolicy(attempts=5, first=0.001, longest=0.01)
            )
            ended: list[str] = []

            async def talk_on(name: str, engine: SglangEngine = engine, ended: list[str] = ended) -> None:
                talk = Talk(engine, name, tools=TOOLS)
                try:
                    await talk.complete()
                    for turn in range(4):
                        await talk.say(f"{turn}")
                    ended.append("said")
                except EngineError as exc:
                    ended.append(exc.kind)

            async with anyio.create_task_group() as group:
                for number in range(25):
                    group.start_soon(talk_on, f"s{number}")
            statistics = engine.statistics()
            assert len(ended) == 25
            assert ended.count("said") == 25 - sum(statistics.retries.given_up.values())
            assert sum(statistics.retries.failures.values()) == statistics.retries.attempts - (
                statistics.retries.calls - sum(statistics.retries.given_up.values())
            )
            assert_ids_are_new(server)
            await engine.aclose()


async def test_a_logprob_that_the_server_does_not_tell_is_none_and_the_others_stay(
    double: OpenDouble, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, told = shapes.answer, 0

    def without_the_first(*arguments: Any) -> dict[str, Any]:
        nonlocal told
        given = answer(*arguments)
        if not told:
            given["meta_info"]["output_token_logprobs"][0][0] = None
        told += 1
        return given

    monkeypatch.setattr(shapes, "answer", without_the_first)
    async with double() as server:
        engine = make_engine(server.url, folder, logprobs=True)
        talk = Talk(engine, "s")
        await talk.complete()
        await talk.say("more")
        sequence = engine.end_session("s")
        await engine.aclose()
    assert sequence is not None
    assert len(sequence.logprobs) == sum(sequence.loss_mask())
    assert [value is None for value in sequence.logprobs] == [True, *[False] * (len(sequence.logprobs) - 1)]
    mask, aligned = sequence.loss_mask(), sequence.aligned_logprobs()
    assert [value for value, written in zip(aligned, mask, strict=True) if written] == list(sequence.logprobs)
    assert all(value is None for value, written in zip(aligned, mask, strict=True) if not written)
