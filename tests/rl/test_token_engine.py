"""A trainer's sampler as an engine: exact ids, versions of weights, pauses, and what a bad sampler costs."""

from typing import Any

import anyio
import pytest

from bench.token_table import LOGPROB
from tests.support.oracle_sampler import OracleSampler
from writ_async import (
    Completion,
    FamilyFormat,
    InputError,
    Limits,
    Message,
    Request,
    Task,
    Termination,
    UserMessage,
    rollouts,
)
from writ_async.core.message import SystemMessage
from writ_async.core.trajectory import VersionSpan
from writ_async.rl import Generation, Sampling, TokenEngine

pytestmark = pytest.mark.asyncio


def request_of(session: str = "t#0/agent") -> Request:
    messages: list[Message] = [SystemMessage("Be brief."), UserMessage("Hello.")]
    return Request(
        id=f"{session}/0",
        session=session,
        seat="agent",
        task_id="t",
        trial=0,
        turn=0,
        seed=7,
        messages=messages,
        tools=(),
    )


def written(chat: FamilyFormat, text: str) -> list[int]:
    return [*chat.tokenizer.encode(text), chat.tokenizer.added[chat.family.end]]


async def test_the_sampled_ids_are_those_of_the_row_and_every_prompt_goes_on_where_the_last_turn_ended(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    oracle = OracleSampler(chat, tasks)
    agent = oracle.shown(TokenEngine(oracle.generate, chat))
    async with rollouts(tasks, agent, "scripted") as stream:
        rows = [row async for row in stream]
    assert all(row.verdict is not None and row.verdict.kept for row in rows)
    for row in rows:
        tokens = row.tokens["agent"]
        prompts = oracle.prompts[f"{row.id}/agent"]
        assert len(prompts) == len(tokens.generated) > 1
        for prompt, (start, _) in zip(prompts, tokens.generated, strict=True):
            assert tuple(prompt) == tokens.ids[:start]
        assert tokens.complete
        assert list(tokens.logprobs) == [LOGPROB] * sum(tokens.loss_mask())
        assert {span.version for span in tokens.weights} == {"0"}


async def test_a_turn_that_is_aborted_for_new_weights_goes_on_behind_what_was_sampled(chat: FamilyFormat) -> None:
    whole = written(chat, "Good morning, how can I help?")
    asked: list[list[int]] = []

    async def generate(ids: list[int], sampling: Sampling) -> Generation:
        asked.append(ids)
        if len(asked) == 1:
            await anyio.lowlevel.checkpoint()
            return Generation(ids=whole[:3], logprobs=[-1.0] * 3, finish="abort")
        return Generation(ids=whole[3:], logprobs=[-2.0] * len(whole[3:]))

    engine = TokenEngine(generate, chat, version="old")
    answers: list[Completion] = []

    async def ask() -> None:
        answers.append(await engine.complete(request_of()))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        while not asked:
            await anyio.lowlevel.checkpoint()
        async with engine.paused():
            await engine.idle()
            assert len(asked) == 1
            engine.advance("new")
    assert answers[0].message.content == "Good morning, how can I help?"
    assert asked[1] == asked[0] + whole[:3]
    tokens = engine.end_session("t#0/agent")
    assert tokens is not None
    start = len(asked[0])
    assert tokens.ids[start:] == tuple(whole)
    assert tokens.weights == (VersionSpan("old", start, start + 3), VersionSpan("new", start + 3, start + len(whole)))
    assert engine.staleness(tokens) == 1


async def test_a_pause_that_cancels_has_the_turn_sampled_anew_by_the_new_weights(chat: FamilyFormat) -> None:
    whole = written(chat, "Hello.")
    asked: list[list[int]] = []

    async def generate(ids: list[int], sampling: Sampling) -> Generation:
        asked.append(ids)
        if len(asked) == 1:
            await anyio.sleep_forever()
        return Generation(ids=whole)

    engine = TokenEngine(generate, chat, version="old")
    async with anyio.create_task_group() as group:
        group.start_soon(engine.complete, request_of())
        while not asked:
            await anyio.lowlevel.checkpoint()
        async with engine.paused(cancel=True):
            await engine.idle()
            engine.advance("new")
    tokens = engine.end_session("t#0/agent")
    assert tokens is not None
    assert asked[0] == asked[1]
    assert [span.version for span in tokens.weights] == ["new"]
    assert tokens.logprobs == ()


async def test_while_paused_no_deadline_of_a_conversation_runs(tasks: list[Task], chat: FamilyFormat) -> None:
    oracle = OracleSampler(chat, tasks)
    engine = TokenEngine(oracle.generate, chat)

    class Shown:
        async def complete(self, request: Request) -> Completion:
            await oracle.look_at(request)
            return await engine.complete(request)

        def seconds_held(self, session: str) -> float:
            return engine.seconds_held(session)

    async with rollouts(tasks[:1], Shown(), "scripted", limits=Limits(request_timeout=0.05)) as stream:
        async with engine.paused():
            await anyio.sleep(0.15)
        rows = [row async for row in stream]
    assert rows[0].termination is Termination.USER_STOP


async def test_a_completion_that_a_limit_has_cut_is_noted_and_a_prompt_beyond_the_context_ends_the_conversation(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    async def generate(ids: list[int], sampling: Sampling) -> Generation:
        return Generation(ids=chat.tokenizer.encode("word " * 99)[: sampling.max_tokens], finish="length")

    cut = await TokenEngine(generate, chat, max_tokens=5).complete(request_of())
    assert cut.finish_reason == "length"
    assert [note.kind for note in cut.notes] == ["cut_at_length"]
    async with rollouts(tasks[:1], TokenEngine(generate, chat, context=100), "scripted") as stream:
        rows = [row async for row in stream]
    assert rows[0].termination is Termination.CONTEXT_WINDOW_EXCEEDED


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("text", "a str instead of a Generation"),
        (([1, 2], [-0.1], "v"), "1 logprobs for 2 ids"),
        (Generation(ids=[1], finish="tired"), "finish='tired'"),  # type: ignore[arg-type]
        (Generation(ids=[2**40]), "vocabulary"),
        (Generation(ids=[], finish="abort"), "aborted 8 times"),
    ],
)
async def test_a_sampler_that_gives_what_is_no_answer_costs_one_conversation_and_says_why(
    tasks: list[Task], chat: FamilyFormat, answer: Any, words: str
) -> None:
    async def generate(ids: list[int], sampling: Sampling) -> Any:
        return answer

    async with rollouts(tasks[:1], TokenEngine(generate, chat), "scripted") as stream:
        rows = [row async for row in stream]
    assert rows[0].termination is Termination.INFRASTRUCTURE_ERROR
    assert words in rows[0].error


async def test_what_cannot_be_an_engine_is_refused_in_one_line(chat: FamilyFormat) -> None:
    with pytest.raises(InputError, match="async function"):
        TokenEngine(None, chat)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 1"):
        TokenEngine(lambda ids, sampling: None, chat, max_tokens=0)  # type: ignore[arg-type,return-value]
