"""An environment is the conversation of `rollouts`, with the agent outside: the same words, hashes and verdicts."""

import anyio
import pytest

from tests.support.oracle_sampler import OracleSampler
from writ_async import (
    AssistantMessage,
    Completion,
    EngineError,
    FamilyFormat,
    InputError,
    Request,
    SystemMessage,
    Task,
    Termination,
    Trajectory,
    rollouts,
    run,
)
from writ_async.rl import BlockingEnv, TokenEngine, WritEnv, chat_message, kept_reward, read_message


def agent_turns(row: Trajectory) -> list[AssistantMessage]:
    """What the agent said after the greeting."""
    return [message for message in row.messages[1:] if isinstance(message, AssistantMessage)]


async def rows_of(tasks: list[Task], trials: int = 1) -> list[Trajectory]:
    return await anyio.to_thread.run_sync(lambda: run(tasks, "scripted", trials=trials))


@pytest.mark.asyncio
async def test_stepping_through_an_agents_turns_gives_the_row_that_rollouts_give(tasks: list[Task]) -> None:
    for row, task in zip(await rows_of(tasks), tasks, strict=True):
        env = WritEnv(task, reward=kept_reward)
        step = await env.reset()
        assert isinstance(step.messages[0], SystemMessage)
        seen = list(step.messages)
        for message in agent_turns(row):
            assert not step.done
            assert step.reward == 0.0
            step = await env.step(chat_message(message))
            seen += step.messages
        assert step.done
        assert step.reward == 1.0
        assert env.trajectory is not None
        assert env.trajectory.messages == row.messages
        assert (env.trajectory.chain, env.trajectory.seal) == (row.chain, row.seal)
        assert env.trajectory.verdict == row.verdict
        assert seen == list(env.messages)
        await env.close()


@pytest.mark.asyncio
async def test_token_ids_are_stepped_with_and_kept_exactly(tasks: list[Task], chat: FamilyFormat) -> None:
    row = (await rows_of(tasks[:1]))[0]
    env = WritEnv(tasks[0], chat=chat)
    step = await env.reset()
    whole: list[int] = []
    written: list[int] = []
    for message in agent_turns(row):
        whole += step.ids
        ids = [*chat.tokenizer.encode_parts(chat.write(message)), chat.tokenizer.added[chat.family.end]]
        whole += ids
        written += ids
        step = await env.step(ids, [-0.25] * len(ids), "7")
    assert step.done
    assert env.trajectory is not None
    tokens = env.trajectory.tokens["agent"]
    assert list(tokens.ids) == whole
    assert [one for one, mask in zip(tokens.ids, tokens.loss_mask(), strict=True) if mask] == written
    assert tokens.logprobs == (-0.25,) * len(written)
    assert {span.version for span in tokens.weights} == {"7"}
    assert tokens.complete
    await env.close()


@pytest.mark.asyncio
async def test_an_engine_of_token_ids_and_an_environment_make_the_same_sequence(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    oracle = OracleSampler(chat, tasks)
    agent = oracle.shown(TokenEngine(oracle.generate, chat))
    async with rollouts(tasks[:1], agent, "scripted") as stream:
        rows = [row async for row in stream]
    env = WritEnv(tasks[0], chat=chat)
    await env.reset()
    tokens = rows[0].tokens["agent"]
    for start, end in tokens.generated:
        await env.step(list(tokens.ids[start:end]))
    assert env.tokens is not None
    assert env.tokens.ids == tokens.ids
    await env.close()


@pytest.mark.asyncio
async def test_each_reset_is_the_next_trial_unless_one_is_named(tasks: list[Task]) -> None:
    env = WritEnv(tasks[0])
    ids: list[str] = []
    for trial in (None, None, 7, None):
        await env.reset(trial)
        step = await env.stop()
        assert step.done
        assert env.trajectory is not None
        assert env.trajectory.termination is Termination.CANCELLED
        assert env.trajectory.verdict is None
        ids.append(env.trajectory.id)
    assert ids == [f"{tasks[0].id}#{trial}" for trial in (0, 1, 7, 8)]
    await env.close()


@pytest.mark.asyncio
async def test_a_user_that_fails_ends_the_conversation_as_something_outside(tasks: list[Task]) -> None:
    class Broken:
        calls = 0

        async def complete(self, request: Request) -> Completion:
            self.calls += 1
            if self.calls == 1:
                return Completion(message=AssistantMessage("Hello, I need help."))
            raise EngineError("the line is dead")

    env = WritEnv(tasks[0], Broken())
    assert not (await env.reset()).done
    step = await env.step("How can I help?")
    assert (step.done, step.reward) == (True, 0.0)
    assert env.trajectory is not None
    assert env.trajectory.termination is Termination.INFRASTRUCTURE_ERROR
    assert "the line is dead" in env.trajectory.error
    with pytest.raises(RuntimeError, match="has ended"):
        await env.step("Hello?")
    await env.close()


@pytest.mark.asyncio
async def test_what_cannot_be_a_step_is_refused_and_the_conversation_can_go_on(
    tasks: list[Task], chat: FamilyFormat
) -> None:
    env = WritEnv(tasks[0])
    with pytest.raises(RuntimeError, match="reset"):
        await env.step("Hello.")
    await env.reset()
    for wrong, words in (([1, 2], "chat=..."), (7, "not a int"), ({"content": 3}, "content must be")):
        with pytest.raises(InputError, match=words):
            await env.step(wrong)
    assert not (await env.step("How can I help?")).done
    with pytest.raises(InputError, match="must be a Task"):
        WritEnv("retail")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown engine"):
        await WritEnv(tasks[0], "nobody").reset()
    exact = WritEnv(tasks[0], chat=chat)
    await exact.reset()
    with pytest.raises(InputError, match="step with the ids"):
        await exact.step("Hello.")
    with pytest.raises(InputError, match="1 logprobs for 2 ids"):
        await exact.step([1, 2], [-0.1])
    await env.close()
    await exact.close()


@pytest.mark.asyncio
async def test_calls_are_read_in_the_shapes_that_trainers_write_them(tasks: list[Task]) -> None:
    call = {"function": {"name": "get_order", "arguments": {"order_id": "7"}}}
    read = read_message({"role": "assistant", "content": None, "tool_calls": [call]}, turn=3)
    assert read.tool_calls[0].id == "call_3_0"
    assert read.tool_calls[0].function.arguments == '{"order_id":"7"}'
    assert read_message(chat_message(read)) == read


def test_a_blocking_environment_is_stepped_through_without_a_loop(tasks: list[Task]) -> None:
    row = run(tasks[:1], "scripted")[0]
    env = BlockingEnv(tasks[0])
    step = env.reset()
    for message in agent_turns(row):
        step = env.step(message)
    env.close()
    assert step.done
    assert step.reward == 1.0
