"""Whole conversations of the retail domain, both seats on one server: token for token what was sent and made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from writ_engines.http import RetryPolicy
from writ_engines.sglang.engine import SglangEngine

from tests.support.sglang_double import SglangDouble
from tests.support.sglang_shapes import Seen, logprob
from tests.support.talk import make_engine
from writ_async.chat import open_chat_format
from writ_async.conversation import Rules, user_system_prompt
from writ_async.conversation.rules import GREETING
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Seat, Termination, TokenSequence, Trajectory, Usage
from writ_async.scheduler import Job, Limits, run_rollouts

pytestmark = pytest.mark.asyncio
OpenDouble = Callable[..., SglangDouble]
ENDS = {Termination.USER_STOP, Termination.MAX_STEPS, Termination.TOO_MANY_ERRORS}
SEATS: tuple[Seat, Seat] = ("agent", "user")


def jobs_of(retail_environment: Environment, count: int) -> list[Job]:
    def task(number: int) -> Task:
        scenario = Scenario(f"Talk, {number}.")
        return Task(id=f"t{number}", domain="retail", kind="normal", world=retail_environment.ref, scenario=scenario)

    return [Job(task(number), retail_environment.domain, retail_environment.world) for number in range(count)]


async def run(jobs: list[Job], engine: SglangEngine, **limits: float) -> list[Trajectory]:
    bounds = Limits(concurrency=16, request_timeout=limits.get("request_timeout", 60.0))
    async with run_rollouts(jobs, {"agent": engine, "user": engine}, rules=Rules(max_steps=24), limits=bounds) as rows:
        return [row async for row in rows]


def calls_of(double: SglangDouble, session: str) -> list[Seen]:
    """The calls of a session that were answered, in order."""
    pattern = re.compile(re.escape(session) + r"/\d+~")
    return [seen for seen in double.calls if pattern.match(seen.rid) and seen.finish in ("stop", "length")]


def assert_token_exact(double: SglangDouble, rows: list[Trajectory], *, cached: bool) -> int:
    """Prompts strictly extend; sequences are what was sent and made; masks cover what was made. How many turns."""
    turns = 0
    for row in rows:
        for seat in SEATS:
            calls = calls_of(double, f"{row.id}/{seat}")
            sequence = row.tokens.get(seat, TokenSequence(()))  # a seat that has not spoken has none
            assert len(calls) == len(sequence.generated) == row.usage.get(seat, Usage()).requests
            mask = [0] * len(sequence.ids)
            for index, (seen, (start, end)) in enumerate(zip(calls, sequence.generated, strict=True)):
                assert tuple(seen.ids) == sequence.ids[:start]
                assert tuple(seen.output) == sequence.ids[start:end]
                mask[start:end] = [1] * (end - start)
                if index:
                    before = calls[index - 1]
                    history = [*before.ids, *before.output]
                    assert seen.ids[: len(history)] == history
                    assert len(seen.ids) > len(history)
                    assert not cached or seen.cached == len(history) - 1
                turns += 1
            assert sequence.loss_mask() == mask
            made = [token for start, end in sequence.generated for token in sequence.ids[start:end]]
            if sequence.logprobs:
                assert list(sequence.logprobs) == [logprob(token) for token in made]
    return turns


@pytest.mark.parametrize("batch", [1, 8])
async def test_both_seats_are_token_exact_and_their_histories_cached(
    batch: int, double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder, max_tokens=400, logprobs=True, batch=batch)
        rows = await run(jobs_of(retail_environment, 36), engine)
        turns = assert_token_exact(server, rows, cached=True)
        assert turns == len(server.calls) > 8 * len(rows)
        assert {row.termination for row in rows} <= ENDS
        said = [message for row in rows for message in row.messages if isinstance(message, AssistantMessage)]
        assert {len(message.tool_calls) for message in said} == {0, 1, 2}
        statistics = engine.statistics()
        assert statistics.cached_tokens == sum(seen.cached for seen in server.calls)
        assert statistics.prompt_tokens == sum(len(seen.ids) for seen in server.calls)
        assert engine._seats == {}
        await engine.aclose()


async def test_the_same_seed_gives_the_same_rows_whatever_is_batched(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    runs = []
    for batch in (1, 8):
        async with double() as server:
            engine = make_engine(server.url, folder, max_tokens=400, batch=batch)
            rows = await run(jobs_of(retail_environment, 12), engine)
            for row in rows:
                for usage in row.usage.values():
                    usage.cached_tokens = 0  # what is cached depends on who came first
            runs.append(sorted(rows, key=lambda row: row.id))
            await engine.aclose()
    assert runs[0] == runs[1]


async def test_conversations_stay_token_exact_through_faults(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double(fault_rate=0.15, seed=5) as server:
        policy = RetryPolicy(attempts=4, first=0.001, longest=0.01)
        engine = make_engine(server.url, folder, max_tokens=400, logprobs=True, policy=policy)
        rows = await run(jobs_of(retail_environment, 24), engine)
        assert_token_exact(server, rows, cached=False)
        failed = [row for row in rows if row.termination is Termination.INFRASTRUCTURE_ERROR]
        assert len(failed) == sum(engine.statistics().retries.given_up.values())
        kinds = {"overloaded", "server_error", "aborted_by_server", "reset", "truncated"}
        assert all(row.error.partition(":")[0] in kinds for row in failed)
        assert all(not all(sequence.complete for sequence in row.tokens.values()) for row in failed)
        await engine.aclose()


async def test_a_context_that_is_full_ends_the_conversation_with_that_reason(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double() as probe:
        engine = make_engine(probe.url, folder, max_tokens=400)
        await run(jobs_of(retail_environment, 1), engine)
        first = max(len(seen.ids) for seen in probe.calls if "/agent/0" in seen.rid)
        await engine.aclose()
    async with double(context=first + 300) as server:
        engine = make_engine(server.url, folder, max_tokens=100)
        rows = await run(jobs_of(retail_environment, 12), engine)
        full = [row for row in rows if row.termination is Termination.CONTEXT_WINDOW_EXCEEDED]
        assert full
        assert all("the server takes" in row.error for row in full)
        assert all(len(seen.ids) + seen.sampling["max_new_tokens"] <= first + 300 for seen in server.calls)
        assert_token_exact(server, rows, cached=True)
        await engine.aclose()


async def test_a_pool_that_cuts_silently_is_noted(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder, max_tokens=400)
        await engine.server_info()
        jobs = jobs_of(retail_environment, 4)
        told: list[Message] = [user_system_prompt(jobs[0].task.scenario), UserMessage(GREETING)]
        # Smaller than the server said: the user's first words are cut, the agent's prompt is refused.
        server.pool = len(open_chat_format(folder).first(told, ()).ids) + 20
        rows = await run(jobs, engine)
        assert {row.termination for row in rows} == {Termination.CONTEXT_WINDOW_EXCEEDED}
        assert all([note.kind for note in row.notes] == ["cut_at_length"] for row in rows)
        assert {seen.finish for seen in server.calls if "/user/" in seen.rid} == {"length"}
        await engine.aclose()


async def test_the_scheduler_cutting_a_call_leaves_a_partial_sequence_and_an_abort(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double(latency=30.0) as server:
        engine = make_engine(server.url, folder)
        rows = await run(jobs_of(retail_environment, 3), engine, request_timeout=0.3)
        assert {row.termination for row in rows} == {Termination.TIMEOUT}
        assert all(not row.tokens["user"].complete for row in rows)
        assert sorted(server.aborts) == sorted(seen.rid for seen in server.calls)
        await engine.aclose()


async def test_weights_that_change_in_mid_run_are_in_the_trajectory(
    double: OpenDouble, folder: Path, retail_environment: Environment
) -> None:
    async with double() as server:
        engine = make_engine(server.url, folder, max_tokens=400)
        count = 0
        model = server.model

        def counting(ids: Sequence[int], sampling: dict[str, Any]) -> list[int]:
            nonlocal count
            count += 1
            if count == 40:
                server.version = "step-2"
            return model(ids, sampling)

        server.model = counting
        rows = await run(jobs_of(retail_environment, 12), engine)
        versions = [span.version for row in rows for tokens in row.tokens.values() for span in tokens.weights]
        assert set(versions) == {"default", "step-2"}
        for row in rows:
            for tokens in row.tokens.values():
                made = [place for start, end in tokens.generated for place in range(start, end)]
                assert made == [place for span in tokens.weights for place in range(span.start, span.end)]
        await engine.aclose()
