"""What conversations are played on, for the bench and the tests of adapters: tasks, a chat format, all that is said."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.models.folders import open_family
from bench.token_table import TokenTable
from writ_async import AssistantMessage, FamilyFormat, Task, call_arguments, load_domain
from writ_async.rl import chat_message

FAMILY = "qwen3-instruct-2507"


def words_of(domain: str) -> tuple[str, str]:
    """What every prompt of a domain begins with; a tokenizer that knows it makes prompts of a third of the ids."""
    known = load_domain(domain)
    return known.policy, json.dumps(known.schemas)


def open_chat(folder: Path, domain: str) -> FamilyFormat:
    """A chat format over a tiny tokenizer, which is written to a folder and knows the words of a domain."""
    return open_family(folder, FAMILY, words_of(domain))


class Stage(msgspec.Struct):
    """What is played: the tasks, how often each, a chat format, and the table of all that is said.

    `folder` is one to write in. `left_out` has a line for each adapter whose package is not installed.
    """

    tasks: list[Task]
    trials: int
    chat: FamilyFormat
    table: TokenTable
    folder: Path
    left_out: list[str] = []

    def trials_of_tasks(self) -> Iterator[tuple[Task, int]]:
        """Each task with the number of each of its trials, by task."""
        return ((task, trial) for task in self.tasks for trial in range(self.trials))


class Played(msgspec.Struct, frozen=True):
    """How many conversations were played, and how many had reward 1."""

    conversations: int
    rewards: int


Way = Callable[[], Awaitable[Played]]


def count(rewards: Sequence[float]) -> Played:
    """What a list of rewards comes to."""
    return Played(len(rewards), sum(reward == 1.0 for reward in rewards))


def take_turn(env: Any, message: AssistantMessage) -> None:
    """An agent's turn in an environment whose methods are tools, `say` among them, as TRL's are."""
    if message.content:
        env.say(message.content)
    for call in message.tool_calls:
        getattr(env, call.function.name)(**call_arguments(call))


def action_of(message: AssistantMessage) -> dict[str, Any]:
    """An agent's turn as the fields of OpenEnv's action."""
    plain = chat_message(message)
    return {"content": plain["content"], "tool_calls": plain.get("tool_calls", ())}
