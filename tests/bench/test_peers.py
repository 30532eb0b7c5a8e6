"""The conversations that clients are compared on: whoever plays them meets the same turns."""

from __future__ import annotations

import asyncio
import textwrap
from typing import Any

import msgspec
import pytest

from bench.client_loads.gold_server import GoldConnection, Stats, prepare
from bench.client_loads.naive import converse
from bench.client_loads.plans import Recogniser, Script, choose_tasks, write_script
from bench.models.folders import write_family
from bench.peers import VERIFIERS, Client, Measured, Row, check_calls, figures_of, make_rows
from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.conversation import Conversation
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, FunctionCall, ToolCall, ToolMessage
from writ_async.core.trajectory import Termination
from writ_async.errors import InputError
from writ_async.runs.task_sets import TaskSet
from writ_async.runs.worlds import world_key


@pytest.fixture(scope="module")
def tasks() -> TaskSet:
    return choose_tasks(None, 5)


@pytest.fixture(scope="module")
def script(tasks: TaskSet) -> Script:
    return write_script(tasks, None)


@pytest.fixture
def server(script: Script, monkeypatch: pytest.MonkeyPatch) -> GoldConnection:
    monkeypatch.setattr(GoldConnection, "stats", Stats())
    prepare(script, None)
    return GoldConnection()


def message_in(answer: bytes) -> dict[str, Any]:
    """The message of a chat answer."""
    body = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])
    message: dict[str, Any] = body["choices"][0]["message"]
    return message


def played(script: Script) -> Stats:
    return Stats(agent=script.agent_calls, user=script.user_calls)


def test_half_of_the_tasks_are_of_each_domain(tasks: TaskSet) -> None:
    assert [task.domain for task in tasks.tasks] == ["airline"] * 3 + ["retail"] * 2


def test_the_naive_loop_makes_every_call_of_the_script_once(script: Script, server: GoldConnection) -> None:
    async def complete(messages: list[dict[str, Any]], tools: list[Any] | None) -> dict[str, Any]:
        assert bool(tools) == ("<scenario>" not in messages[0]["content"])
        return message_in(server.chat_turn(msgspec.json.encode({"messages": messages, "tools": tools})))

    plain = msgspec.to_builtins(script)
    for plan in plain["plans"]:
        asyncio.run(converse(plan, plain, complete))
    assert server.stats == played(script)


def test_our_conversation_makes_the_same_calls_and_hears_the_results_of_the_script(
    tasks: TaskSet, script: Script, server: GoldConnection
) -> None:
    def complete(request: Request) -> Completion:
        messages = msgspec.to_builtins(list(request.messages))
        said = message_in(server.chat_turn(msgspec.json.encode({"messages": messages})))
        calls = [ToolCall(call["id"], FunctionCall(**call["function"])) for call in said.get("tool_calls", ())]
        return Completion(message=AssistantMessage(said["content"], tuple(calls)))

    for task, plan in zip(tasks.tasks, script.plans, strict=True):
        retail_environment = tasks.worlds[world_key(task.world)]
        conversation = Conversation(task, retail_environment.domain, retail_environment.world)
        while (request := conversation.request()) is not None:
            conversation.receive(complete(request))
        row = conversation.trajectory()
        assert row.termination is Termination.USER_STOP
        assert tuple(message.content for message in row.messages if isinstance(message, ToolMessage)) == plan.results
        assert row.digest == task.gold_digest
    assert server.stats == played(script)


def test_a_request_by_token_ids_is_answered_by_its_id(
    script: Script, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GoldConnection, "stats", Stats())
    prepare(script, str(write_family(tmp_path_factory.mktemp("m") / "model", "qwen3-instruct-2507")))
    server, plan = GoldConnection(), script.plans[0]
    for seat, count in (("user", 2), ("agent", len(plan.calls) + 1)):
        for turn in range(count):
            rid = f"{plan.task}#3/{seat}/{turn}~ab.0."
            answer = server.ids_turn(msgspec.json.encode({"rid": rid, "input_ids": [1]}))
            assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["meta_info"]["id"] == rid
    assert (server.stats.user, server.stats.agent, server.stats.unknown) == (2, len(plan.calls) + 1, 0)


def test_a_turn_beyond_the_script_is_refused_and_counted(script: Script, server: GoldConnection) -> None:
    said = {"role": "user", "content": "TASK:nobody Hello"}
    assert server.chat_turn(msgspec.json.encode({"messages": [said]})).startswith(b"HTTP/1.1 400")
    assert server.stats == Stats(unknown=1)


def test_a_scenario_is_known_however_it_is_laid_out_and_the_fuller_task_wins() -> None:
    known = Recogniser([("short", ["You want to cancel."]), ("long", ["You want to cancel.", "You are Emma."])])
    text = textwrap.indent("Known info:\nYou are Emma.\n\nReason:\n\tYou want to cancel.\n", "\t")
    assert known.find_text(text) == "long"
    assert known.find_text("\tYou want to cancel.") == "short"
    assert known.find_text("You are Emma.") == ""


@needs_shared
def test_the_benchmarks_tasks_that_need_a_judge_are_left_out() -> None:
    chosen = choose_tasks(str(TAU2_DATA), 20).tasks
    assert len({task.id for task in chosen}) == 20
    assert not any("NL_ASSERTION" in task.reward_basis and task.nl_assertions for task in chosen)


def test_more_tasks_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.client_loads.plans.make_tasks", lambda *args, **kwargs: [])
    with pytest.raises(InputError, match="--n 4: there are only 0 tasks"):
        choose_tasks(None, 4)


def measured(script: Script, **fields: Any) -> Measured:
    plain = Measured(
        conversations=len(script.plans),
        wall=1.0,
        cpu=0.5,
        server_cpu=0.1,
        agent=script.agent_calls,
        user=script.user_calls,
        unknown=0,
    )
    return msgspec.structs.replace(plain, **fields)


def test_a_client_that_made_other_calls_than_the_script_is_not_compared(script: Script) -> None:
    client = Client(name="other", module="naive")
    check_calls(client, script, measured(script))
    for fields in ({"agent": 1}, {"user": 1}, {"unknown": 1}):
        with pytest.raises(InputError, match="other: made"):
            check_calls(client, script, measured(script, **fields))


def test_ratios_are_of_the_runs_of_one_round_and_their_median_counts(script: Script) -> None:
    ours, other = Client(name="ours, openai engine", module="ours"), Client(name=VERIFIERS, module="verifiers")
    costs = {ours.name: (0.5, 1.0, 2.0), other.name: (10.0, 30.0, 44.0)}
    found = {name: [measured(script, cpu=cpu, wall=2 * cpu) for cpu in each] for name, each in costs.items()}
    rows = make_rows([ours, other], found)
    assert rows[1].slower == rows[1].slower_wall == 22.0
    assert isinstance(rows[0], Row)
    aimed = [figure for figure in figures_of(rows) if figure.aim is not None]
    assert [(figure.value, figure.aim, figure.met) for figure in aimed] == [(22.0, 20.0, True)]
