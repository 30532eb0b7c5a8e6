"""What the engine and a server do together; the same tests run against the double and against the real server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise

import anyio
import msgspec
import pytest
from writ_engines.http import HttpClient, TransportError
from writ_engines.sglang.control import ServerControl
from writ_engines.sglang.wire import check_answer, parse_answer

from tests.support.talk import TOOLS, Talk, Target, make_engine
from writ_async.chat import open_chat_format
from writ_async.core.engine import Completion, Gauged
from writ_async.errors import ContextWindowError, EngineError, EngineErrorKind

pytestmark = pytest.mark.asyncio
Serve = Callable[..., AbstractAsyncContextManager[Target]]
PAGE = 1


def fresh(name: str) -> str:
    """A session that no cache of a server that is used again has seen."""
    return f"{name}-{secrets.token_hex(4)}"


async def talked(talk: Talk, turns: int) -> list[Completion]:
    """Some turns of a conversation."""
    completions = [await talk.complete()]
    for turn in range(1, turns):
        completions.append(await talk.say(f"and then {turn}, “ünï” 😀?"))
    return completions


async def test_later_turns_are_cached_up_to_the_last_token_that_was_made(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model)
        talks = [Talk(engine, fresh("cached"), tools=TOOLS) for _ in range(4)]
        for talk in talks:
            usages = [completion.usage for completion in await talked(talk, 5)]
            for before, after in pairwise(usages):
                expected = before.prompt_tokens + before.completion_tokens - 1
                assert abs(after.cached_tokens - expected) <= PAGE
        await engine.aclose()


async def test_the_sequence_holds_what_was_sent_and_what_came_back(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model, logprobs=True)
        talk = Talk(engine, fresh("sequence"), tools=TOOLS)
        completions = await talked(talk, 4)
        sequence = engine.end_session(talk.session)
        again = engine.end_session(talk.session)
        await engine.aclose()
    assert sequence is not None
    assert again is None
    assert sequence.complete
    usages = [completion.usage for completion in completions]
    starts = [usage.prompt_tokens for usage in usages]
    assert list(sequence.generated) == [(u.prompt_tokens, u.prompt_tokens + u.completion_tokens) for u in usages]
    assert sum(sequence.loss_mask()) == sum(usage.completion_tokens for usage in usages)
    assert len(sequence.ids) == sequence.generated[-1][1]
    assert len(sequence.logprobs) == sum(usage.completion_tokens for usage in usages)
    assert all(value is not None and value <= 0 for value in sequence.logprobs)
    assert [span.start for span in sequence.weights] == starts
    if target.double is not None:
        for seen, (start, end) in zip(target.double.calls, sequence.generated, strict=True):
            assert tuple(seen.ids) == sequence.ids[:start]
            assert tuple(seen.output) == sequence.ids[start:end]


async def test_logprobs_belong_to_the_tokens_that_were_made(serve: Serve) -> None:
    async with serve() as target:
        client = HttpClient(target.url)
        chat = open_chat_format(target.model)
        sampling = {"max_new_tokens": 6, "temperature": 1.0}
        body = {"input_ids": chat.tokenizer.encode("hello"), "sampling_params": sampling, "return_logprob": True}
        raw = await client.post("/generate", msgspec.json.encode(body))
        await client.aclose()
    answer = check_answer(parse_answer(raw))
    told = msgspec.json.decode(raw)["meta_info"]["output_token_logprobs"]
    assert [token for _, token, *_ in told] == answer.output_ids
    assert [row.value for row in answer.meta_info.output_token_logprobs or ()] == [value for value, *_ in told]


async def test_batched_calls_give_what_single_calls_give(serve: Serve) -> None:
    async with serve() as target:
        name = fresh("batch")
        said: list[list[str]] = []
        for batch in (1, 16):
            engine = make_engine(target.url, target.model, batch=batch, temperature=0.0, logprobs=True)
            talks = [Talk(engine, f"{name}{index}", tools=TOOLS) for index in range(12)]
            turns: list[list[Completion]] = [[] for _ in talks]

            async def run(talk: Talk, into: list[Completion]) -> None:
                into += await talked(talk, 3)

            async with anyio.create_task_group() as group:
                for talk, into in zip(talks, turns, strict=True):
                    group.start_soon(run, talk, into)
            said.append([repr([c.message for c in completions]) for completions in turns])
            batches = engine.statistics().batches
            await engine.aclose()
            if batch > 1:
                assert batches.largest > 1
                assert batches.calls == 36
            if target.double is not None:
                target.double.cache.flush()
        assert said[0] == said[1]


async def test_a_completion_that_is_cut_says_so_and_the_conversation_goes_on(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model, max_tokens=1, extra='{"ignore_eos": true}')
        talk = Talk(engine, fresh("cut"), tools=TOOLS)
        first, second = await talked(talk, 2)
        assert (first.finish_reason, second.finish_reason) == ("length", "length")
        assert [note.kind for note in first.notes if note.matters] == ["cut_at_length"]
        assert second.usage.cached_tokens >= first.usage.prompt_tokens + first.usage.completion_tokens - 1 - PAGE
        assert engine.statistics().cut == 2
        await engine.aclose()


async def test_a_prompt_that_is_too_long_is_not_sent(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model)
        talk = Talk(engine, fresh("long"))
        await talk.complete()
        assert engine.info is not None
        assert engine.info.context is not None
        calls = engine.statistics().retries.calls
        with pytest.raises(ContextWindowError, match="the server takes"):
            await talk.say("word " * engine.info.context)
        assert engine.statistics().retries.calls == calls
        sequence = engine.end_session(talk.session)
        assert sequence is not None
        assert not sequence.complete
        await engine.aclose()


async def test_a_completion_is_kept_within_the_room_that_is_left(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model, max_tokens=10**6, extra='{"stop_token_ids": null}')
        info = await engine.server_info()
        assert info.context is not None
        talk = Talk(engine, fresh("room"))
        # a first call, of one token, to learn how long the prompt is
        probe = make_engine(target.url, target.model, max_tokens=1)
        used = (await Talk(probe, talk.session).complete()).usage.prompt_tokens
        per_word = len(open_chat_format(target.model).tokenizer.encode(" word" * 1000)) / 1000
        filler = " word" * int((info.context - used - 24) / per_word)
        completion = await talk.say(filler)
        assert completion.usage.prompt_tokens + completion.usage.completion_tokens <= info.context
        await engine.aclose()
        await probe.aclose()


async def test_refusals_are_not_tried_again(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model, extra='{"temperature": -1.0}')
        with pytest.raises(EngineError) as caught:
            await Talk(engine, fresh("refused")).complete()
        assert caught.value.kind is EngineErrorKind.BAD_REQUEST
        assert engine.statistics().retries.attempts == 1
        await engine.aclose()


async def test_the_server_says_for_itself_what_is_too_long(serve: Serve) -> None:
    async with serve() as target:
        client = HttpClient(target.url)
        body = {"input_ids": [5] * 100_000, "sampling_params": {"max_new_tokens": 1}}
        with pytest.raises(ContextWindowError):
            await client.post("/generate", msgspec.json.encode(body))
        await client.aclose()


async def test_a_call_that_is_cancelled_is_aborted(serve: Serve) -> None:
    async with serve(latency=20.0) as target:
        engine = make_engine(target.url, target.model, max_tokens=20_000, extra='{"ignore_eos": true}')
        await engine.server_info()
        talk = Talk(engine, fresh("cancelled"))
        with anyio.move_on_after(0.2) as scope:
            await talk.complete()
        assert scope.cancelled_caught
        assert engine.statistics().aborts == 1
        sequence = engine.end_session(talk.session)
        assert sequence is not None
        assert (sequence.complete, sequence.generated) == (False, ())
        if target.double is not None:
            assert target.double.aborts == [target.double.calls[0].rid]
        await engine.aclose()


async def test_a_call_past_its_deadline_is_aborted_and_told_as_deadline(serve: Serve) -> None:
    async with serve(latency=20.0) as target:
        options = {"max_tokens": 20_000, "timeout": 0.2, "extra": '{"ignore_eos": true}', "attempts": 2}
        engine = make_engine(target.url, target.model, policy=None, **options)
        with pytest.raises(TransportError) as caught:
            await Talk(engine, fresh("late")).complete()
        assert caught.value.kind is EngineErrorKind.DEADLINE
        assert (engine.statistics().aborts, engine.statistics().retries.failures) == (2, {"deadline": 2})
        await engine.aclose()


async def test_weights_are_swapped_between_turns_and_their_versions_kept(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model)
        control = ServerControl(target.url)
        talk = Talk(engine, fresh("weights"))
        before = await control.weight_version()
        after = fresh("step")
        await talk.complete()
        async with control.paused("retract"):
            await control.update_weights(str(target.model), version=after)
        assert await control.weight_version() == after
        swapped = await talk.say("on")
        sequence = engine.end_session(talk.session)
        assert sequence is not None
        assert [span.version for span in sequence.weights] == [before, after]
        assert swapped.usage.cached_tokens == 0
        with pytest.raises(TransportError) as caught:
            await control.update_weights("/nonexistent/folder", version="never")
        assert caught.value.kind is EngineErrorKind.BAD_REQUEST
        assert await control.weight_version() == after
        await control.flush_cache()
        await control.aclose()
        await engine.aclose()


async def test_calls_wait_while_generation_is_paused(serve: Serve) -> None:
    async with serve() as target:
        engine = make_engine(target.url, target.model)
        control = ServerControl(target.url)
        talk = Talk(engine, fresh("paused"))
        await engine.server_info()
        done = anyio.Event()

        async def complete() -> None:
            await talk.complete()
            done.set()

        async with anyio.create_task_group() as group:
            async with control.paused("in_place"):
                group.start_soon(complete)
                await anyio.sleep(0.2)
                assert not done.is_set()
            with anyio.fail_after(30):
                await done.wait()
        await control.aclose()
        await engine.aclose()


async def test_an_abort_of_all_is_tried_again_under_a_new_id(serve: Serve) -> None:
    async with serve(latency=1.0) as target:
        engine = make_engine(target.url, target.model, max_tokens=400, extra='{"ignore_eos": true}')
        control = ServerControl(target.url)
        talk = Talk(engine, fresh("aborted"))
        await engine.server_info()
        async with anyio.create_task_group() as group:
            group.start_soon(talk.complete)
            await anyio.sleep(0.4)
            await control.abort_all()
        assert engine.statistics().retries.failures == {"aborted_by_server": 1}
        assert engine.statistics().retries.recovered == 1
        if target.double is not None:
            assert len({seen.rid for seen in target.double.calls}) == 2
        await control.aclose()
        await engine.aclose()


async def test_the_server_tells_what_it_is_doing(serve: Serve) -> None:
    async with serve(latency=0.5) as target:
        engine = make_engine(target.url, target.model, max_tokens=300, extra='{"ignore_eos": true}')
        idle = await engine.gauges()
        assert (idle.running, idle.waiting) == (0, 0)
        assert idle.capacity_tokens > 0
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(Talk(engine, fresh("gauged")).complete)
            await anyio.sleep(0.3)
            busy = await engine.gauges()
        assert 1 <= busy.running + busy.waiting <= 3
        assert 0 < busy.used_tokens <= busy.capacity_tokens == idle.capacity_tokens
        assert isinstance(engine, Gauged)
        await engine.aclose()
