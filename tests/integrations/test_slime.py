"""slime is on no index under this name: the adapter against a double of its published interface."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from typing import Any

import pytest

from bench.token_table import LOGPROB, TokenTable
from bench.trainer_doubles import SLIME_ARGUMENTS, SlimeRouter, SlimeSample, serve_slime
from writ_async import EngineError, FamilyFormat
from writ_async.conversation import Conversation
from writ_async.rl import TaskSource, is_judged
from writ_async.scheduler import Job

PARAMS = {"max_new_tokens": 512, "temperature": 1.0}


@pytest.fixture
def make_generate() -> Iterator[Any]:
    """Makes a `generate` that posts to a router; slime's module is there only as long as the test lasts."""
    with ExitStack() as stack:
        yield lambda router, *given, **settings: stack.enter_context(serve_slime(router)).make_generate(
            *given, **settings
        )


@pytest.mark.asyncio
async def test_sixteen_tasks_in_four_trials_each_are_samples_of_exactly_the_ids_that_the_router_gave(
    source: TaskSource, chat: FamilyFormat, table: TokenTable, make_generate: Any
) -> None:
    router = SlimeRouter(table)
    generate = make_generate(router, source, chat)
    ids = {row.id: row.tokens["agent"].ids for row in table.rows}
    for row in source.rows():
        for trial in range(4):
            sample = await generate(SLIME_ARGUMENTS, SlimeSample("", {"task_id": row["task_id"]}), dict(PARAMS))
            name = f"{row['task_id']}#{trial}"
            assert tuple(sample.tokens) == ids[name]
            response = sample.tokens[-sample.response_length :]
            assert sample.response_length == len(sample.loss_mask) == len(sample.rollout_log_probs)
            sampled = [one for one, mask in zip(response, sample.loss_mask, strict=True) if mask]
            assert sampled == [one for turn in table.sampled[f"{name}/agent"] for one in turn]
            assert sample.rollout_log_probs == [LOGPROB * mask for mask in sample.loss_mask]
            turns = sum(mask for mask, _ in groupby(sample.loss_mask))
            assert sample.weight_versions == ["3"] * turns
            assert (sample.reward, sample.status) == (1.0, SlimeSample.Status.COMPLETED)
            assert sample.response == chat.tokenizer.decode(response)
    assert len(table.sampled) == 64
    assert all(body["sampling_params"]["temperature"] == 1.0 for body in router.bodies)


@pytest.mark.asyncio
async def test_what_slime_aborts_asks_for_nothing_more_and_is_played_anew_later(
    source: TaskSource, chat: FamilyFormat, table: TokenTable, make_generate: Any
) -> None:
    router = SlimeRouter(table, lambda number: "abort" if number == 2 else "stop")
    generate = make_generate(router, source, chat)
    task = next(row.task_id for row in table.rows if len(row.tokens["agent"].generated) > 4)
    sample = SlimeSample("", {"task_id": task})
    assert await generate(SLIME_ARGUMENTS, sample, dict(PARAMS)) is sample
    assert (sample.status, sample.tokens, sample.reward) == (SlimeSample.Status.ABORTED, [], None)
    assert len(router.bodies) == 3
    await generate(SLIME_ARGUMENTS, sample, dict(PARAMS))
    assert (sample.status, sample.reward) == (SlimeSample.Status.COMPLETED, 1.0)


@pytest.mark.asyncio
async def test_rules_of_the_callers_do_not_switch_off_what_slime_aborts_and_hold_beside_it(
    source: TaskSource, chat: FamilyFormat, table: TokenTable, make_generate: Any
) -> None:
    shown: list[str] = []

    def stop(job: Job, conversation: Conversation) -> str:
        shown.append(conversation.session("agent"))
        return "enough" if job.trial == 1 else ""

    router = SlimeRouter(table, lambda number: "abort" if number == 2 else "stop")
    generate = make_generate(router, source, chat, stop=stop, usable=is_judged, replacements=0)
    task = next(row.task_id for row in table.rows if len(row.tokens["agent"].generated) > 4)
    sample = SlimeSample("", {"task_id": task})
    await generate(SLIME_ARGUMENTS, sample, dict(PARAMS))
    assert (sample.status, sample.tokens, len(router.bodies)) == (SlimeSample.Status.ABORTED, [], 3)
    assert set(shown) == {f"{task}#0/agent"}
    with pytest.raises(EngineError, match=f"{task}#1 could not be played: stopped_early: enough"):
        await generate(SLIME_ARGUMENTS, sample, dict(PARAMS))
    assert len(router.bodies) == 3
