"""Users who call tools, too, on token ids: each seat's ids are its own view, with its own tools and no others."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tests.engines.sglang.test_conversations import SEATS, assert_token_exact, run
from tests.support.router import DOMAIN, NAME, generate
from tests.support.router.plays import registered
from tests.support.seat_model import SeatModel
from tests.support.sglang_double import SglangDouble
from tests.support.talk import make_engine
from writ_async.chat import FamilyFormat
from writ_async.commands.replay import replay_row
from writ_async.conversation import agent_system_prompt, user_system_prompt
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage, make_call
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.core.trajectory import Seat, Trajectory
from writ_async.scheduler import Job

pytestmark = pytest.mark.asyncio

WORLD = generate(3, 6)
PLACE = Environment(DOMAIN, WORLD, WorldRef(NAME, seed=3, size=6))
AGENT_CALLS = (("look_up_account", {"account_id": "acc4000"}), ("unblock_account", {"account_id": "acc4000"}))
USER_CALLS: tuple[tuple[str, dict[str, str]], ...] = (
    ("check_light", {"box": "box7000"}),
    ("press_button", {"box": "box7000"}),
    ("look_up_account", {}),
)


class BothSeatsCall(SeatModel):
    """A model whose users call tools in half of their turns, one or two at once, with words beside or without."""

    def _user(self, rng: Random, ids: object) -> AssistantMessage:
        if rng.random() < 0.5:
            calls = tuple(
                make_call(f"call_0_{index}", *rng.choice(USER_CALLS)) for index in range(rng.choice((1, 1, 2)))
            )
            return AssistantMessage(self._words(rng) if rng.random() < 0.3 else None, calls)
        return super()._user(rng, ids)  # type: ignore[arg-type]


def jobs(count: int) -> list[Job]:
    def task(number: int) -> Task:
        scenario = Scenario(f"Your box is broken, {number}.")
        return Task(id=f"t{number}", domain=NAME, kind="normal", world=PLACE.ref, scenario=scenario)

    return [Job(task(number), DOMAIN, WORLD) for number in range(count)]


def view_of(row: Trajectory, seat: Seat, task: Task) -> list[Message]:
    """What a seat saw, made anew from the record."""
    seen: list[Message] = []
    if seat == "agent":
        seen.append(agent_system_prompt(DOMAIN.policy))
    else:
        seen.append(user_system_prompt(task.scenario, with_tools=True))
    for message in row.messages:
        if isinstance(message, ToolMessage):
            if message.requestor == ("assistant" if seat == "agent" else "user"):
                seen.append(message)
        elif isinstance(message, AssistantMessage) and (seat == "agent" or not message.tool_calls):
            seen.append(message if seat == "agent" else UserMessage(message.content))
        elif isinstance(message, UserMessage) and (seat == "user" or not message.tool_calls):
            seen.append(AssistantMessage(message.content, message.tool_calls) if seat == "user" else message)
        else:
            assert isinstance(message, AssistantMessage | UserMessage | SystemMessage)
    return seen


async def test_both_seats_with_calls_are_token_exact_and_each_sees_its_own_tools(
    qwen: FamilyFormat, folder: Path
) -> None:
    model = BothSeatsCall(qwen, AGENT_CALLS)
    async with SglangDouble(model, vocabulary=qwen.tokenizer.limit) as server:
        engine = make_engine(server.url, folder, max_tokens=400, logprobs=True)
        played = jobs(24)
        rows = await run(played, engine)
        await engine.aclose()
        assert_token_exact(server, rows, cached=True)
    tasks = {job.task.id: job.task for job in played}
    called = 0
    for row in rows:
        assert list(replay_row(tasks[row.task_id], row, PLACE)) == []
        for seat in SEATS:
            if seat not in row.tokens:
                continue
            text = qwen.tokenizer.decode(row.tokens[seat].ids)
            own, other = (DOMAIN.tools, DOMAIN.user_tools) if seat == "agent" else (DOMAIN.user_tools, DOMAIN.tools)
            head = text.partition("<|im_end|>")[0]
            assert all(json.dumps(name) in head for name in own)
            assert not any(json.dumps(name) in head for name in other)
            view = view_of(row, seat, tasks[row.task_id])
            last = max(place for place, message in enumerate(view) if isinstance(message, AssistantMessage))
            whole = [message for message in view if isinstance(message, ToolMessage)]
            for message in view[:last]:
                assert not isinstance(message, ToolMessage) or message.content in text
            hidden = [m for m in row.messages if isinstance(m, ToolMessage) and m not in whole and not m.error]
            assert not any(message.content in text for message in hidden)
        called += sum(bool(message.tool_calls) for message in row.messages if isinstance(message, UserMessage))
    assert called > 24


async def test_the_ids_of_the_users_seat_train_what_the_user_wrote_its_calls_included(
    qwen: FamilyFormat, folder: Path, tmp_path: Path
) -> None:
    from writ_async.formats.export.source import Item
    from writ_async.formats.export.tokens import token_row
    from writ_async.formats.export.user_seat import turn_round
    from writ_async.runs.manifest import Prompt

    model = BothSeatsCall(qwen, AGENT_CALLS)
    async with SglangDouble(model, vocabulary=qwen.tokenizer.limit) as server:
        engine = make_engine(server.url, folder, max_tokens=400)
        played = jobs(8)
        rows = await run(played, engine)
        await engine.aclose()
    prompt = Prompt(policy=DOMAIN.policy, tools=DOMAIN.schemas, user_tools=DOMAIN.user_schemas)
    tasks = {job.task.id: job.task for job in played}
    checked = 0
    with registered():
        for row in rows:
            turned = turn_round(row, prompt, tasks[row.task_id], "")
            assert turned is not None
            made = token_row(Item(*turned, tasks[row.task_id], seat="user"), None)
            assert made is not None
            learnt = qwen.tokenizer.decode(
                [token for token, mask in zip(made.input_ids, made.loss_mask, strict=True) if mask]
            )
            for message in row.messages:
                if isinstance(message, UserMessage):
                    for call in message.tool_calls:
                        assert call.function.name in learnt
                        checked += 1
                elif isinstance(message, ToolMessage) and message.requestor == "user" and not message.error:
                    assert message.content not in learnt
    assert checked
