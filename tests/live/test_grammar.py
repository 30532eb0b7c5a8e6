"""Grammars on the real server: even random weights then hold whole conversations with tools."""

from __future__ import annotations

import time
from collections import Counter

import msgspec
import pytest

from tests.live.rollout import converse, open_engine
from tests.live.server import Server
from writ_async import Limits, Rules, make_tasks
from writ_async.chat import Defect, load_tokenizer
from writ_async.core.message import AssistantMessage, MalformedArgumentsError, ToolCall, ToolMessage, call_arguments
from writ_async.core.trajectory import Trajectory

CONVERSATIONS = 500
DEFECTS = {str(defect) for defect in Defect}


@pytest.fixture(scope="module")
def rows(noise_server: Server) -> list[Trajectory]:
    """Conversations in which every turn is a short text, one call of a tool, or the user's closing token.

    All first tokens are equally likely to random weights, and few of them begin a call or the closing token: a bias
    makes both common. Long calls are cut at the limit on length, so that some are malformed.
    """
    added = load_tokenizer(noise_server.model)
    bias = {str(added.added["<tool_call>"]): 9.0, str(added.encode("###")[0]): 5.0}
    engine = open_engine(
        noise_server,
        max_tokens=96,
        tool_grammar="short",
        extra=msgspec.json.encode({"logit_bias": bias}).decode(),
    )
    tasks = make_tasks("retail", CONVERSATIONS, seed=12, world_size=120)
    began = time.monotonic()
    rows, _ = converse(tasks, engine, rules=Rules(max_steps=10, max_errors=4), limits=Limits(concurrency=128))
    print(f"{CONVERSATIONS} conversations in {time.monotonic() - began:.0f} s")
    return rows


def calls_of(row: Trajectory) -> list[tuple[int, ToolCall]]:
    """The calls of a row, each with the number of the agent's turn that made it."""
    said = [message for message in row.messages if isinstance(message, AssistantMessage)]
    made = row.usage["agent"].requests if "agent" in row.usage else 0
    turns = said[len(said) - made :]  # a greeting is no turn of the model's
    return [(turn, call) for turn, message in enumerate(turns) for call in message.tool_calls]


def test_all_conversations_end_by_themselves(rows: list[Trajectory]) -> None:
    ends = Counter(str(row.termination) for row in rows)
    print(dict(ends))
    assert sum(ends.values()) == CONVERSATIONS
    assert set(ends) <= {"user_stop", "max_steps", "too_many_errors", "agent_error", "user_error"}
    assert ends["user_stop"] > 0


def test_most_conversations_use_tools(rows: list[Trajectory]) -> None:
    using = sum(bool(row.chain) for row in rows)
    calls = Counter(call.function.name for row in rows for _, call in calls_of(row))
    print(f"{using} conversations with {sum(calls.values())} calls of {len(calls)} tools")
    assert using >= 0.5 * CONVERSATIONS
    assert len(calls) >= 10


def test_every_malformed_call_is_noted_and_answered_with_an_error(rows: list[Trajectory]) -> None:
    malformed = 0
    for row in rows:
        answers = {message.tool_call_id: message for message in row.messages if isinstance(message, ToolMessage)}
        calls = calls_of(row)
        assert sorted(answers) == sorted(call.id for _, call in calls)
        assert row.errors == sum(answer.error for answer in answers.values())
        noted = {note.turn for note in row.notes if note.kind in DEFECTS}
        for turn, call in calls:
            try:
                call_arguments(call)
            except MalformedArgumentsError:
                malformed += 1
                assert answers[call.id].error
                assert turn in noted
    print(f"{malformed} malformed calls, all noted and answered")
    assert malformed > 0
