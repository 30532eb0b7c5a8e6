"""What is said in the conversations that all clients are measured with: tasks' gold calls, one a turn.

The user says hello, the agent makes the gold calls one by one and closes, the user stops: two model calls of the user's
seat, and of the agent's one more than there are gold calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from writ_async import (
    AssistantMessage,
    Completion,
    Conversation,
    Environment,
    InputError,
    Rules,
    Scenario,
    Task,
    ToolMessage,
    agent_system_prompt,
    make_call,
    make_tasks,
)
from writ_async.conversation import user_system_prompt
from writ_async.conversation.rules import GREETING
from writ_async.core.trajectory import CLOSING_TOKENS, Signal
from writ_async.runs.task_sets import TaskSet, read_task_sets
from writ_async.runs.worlds import open_worlds, world_key

DOMAINS = ("airline", "retail")
STOP = CLOSING_TOKENS[Signal.STOP]
SEED = 5


class Plan(msgspec.Struct, frozen=True):
    """One conversation. `calls` are names and arguments as JSON text, `results` what our environment answers to them.

    `lines` are those of the scenario, bare, by which a user's request is recognised; `number` is the task's own.
    """

    task: str
    domain: str
    number: str
    hello: str
    calls: tuple[tuple[str, str], ...]
    results: tuple[str, ...]
    closing: str
    user_system: str
    lines: tuple[str, ...]


class DomainText(msgspec.Struct, frozen=True):
    """What the agents of one domain are told."""

    system: str
    tools: tuple[dict[str, Any], ...]


class Script(msgspec.Struct, frozen=True):
    """All that a client needs to play the conversations without our package; `data` says where τ²-bench's is."""

    greeting: str
    domains: dict[str, DomainText]
    plans: tuple[Plan, ...]
    data: str = ""

    @property
    def agent_calls(self) -> int:
        """Model calls of the agents' seats, each conversation played once."""
        return sum(len(plan.calls) + 1 for plan in self.plans)

    @property
    def user_calls(self) -> int:
        """Model calls of the users' seats, each conversation played once."""
        return 2 * len(self.plans)


def choose_tasks(data: str | None, n: int) -> TaskSet:
    """n tasks, half of each domain: τ²-bench's where its folder is given, else our own. The same whenever asked.

    Of the benchmark's those are left out whose reward asks a model to judge, a call that only its own runner makes.
    Raises `InputError` when there are not as many.
    """
    if data:
        found = read_task_sets([f"tau2:{name}" for name in DOMAINS], data=data, tools=None, split=None)
        tasks, worlds = list(found.tasks), found.worlds
    else:
        tasks = [
            task
            for name in DOMAINS
            for task in make_tasks(name, (n + 1) // 2, seed=SEED, behaviours="off", world_size=100)
        ]
        worlds = open_worlds(tasks, None)
    judged = {task.id for task in tasks if "NL_ASSERTION" in task.reward_basis and task.nl_assertions}
    known = Recogniser((task.id, lines_of(task.scenario)) for task in tasks)
    fit = [task for task in tasks if task.actions and task.id not in judged and known.find(task.scenario) == task.id]
    parts = zip(DOMAINS, (n - n // 2, n // 2), strict=True)
    chosen = [task for name, part in parts for task in [one for one in fit if one.domain == name][:part]]
    if len(chosen) < n:
        raise InputError(f"--n {n}: there are only {len(chosen)} tasks that all clients can play alike")
    keys = {world_key(task.world) for task in chosen}
    return TaskSet(tuple(chosen), {key: opened for key, opened in worlds.items() if key in keys})


def write_script(tasks: TaskSet, data: str | None) -> Script:
    """The script of some tasks; the gold calls are made to learn their results."""
    plans = tuple(make_plan(task, tasks.worlds[world_key(task.world)]) for task in tasks.tasks)
    domains = {
        opened.domain.name: DomainText(agent_system_prompt(opened.domain.policy).content, tuple(opened.domain.schemas))
        for opened in tasks.worlds.values()
    }
    return Script(GREETING, domains, plans, data or "")


def make_plan(task: Task, opened: Environment) -> Plan:
    """One task's conversation, played once without a model."""
    conversation = Conversation(task, opened.domain, opened.world, rules=Rules(max_errors=1000))
    hello = f"TASK:{task.id} Hello, I need help with my request."
    closing = "All done. " + " ".join(task.communicate or ())
    turns = [AssistantMessage(hello)]
    for number, action in enumerate(task.actions or ()):
        turns.append(AssistantMessage(None, (make_call(f"call_{number}", action.name, action.arguments),)))
    turns += [AssistantMessage(closing), AssistantMessage(STOP)]
    for message in turns:
        conversation.receive(Completion(message=message))
    assert conversation.ended
    calls = tuple((call.function.name, call.function.arguments) for turn in turns for call in turn.tool_calls)
    results = tuple(message.content for message in conversation.messages if isinstance(message, ToolMessage))
    return Plan(
        task=task.id,
        domain=task.domain,
        number=task.id.rpartition(":")[2],
        hello=hello,
        calls=calls,
        results=results,
        closing=closing,
        user_system=user_system_prompt(task.scenario, task.behaviour).content,
        lines=lines_of(task.scenario),
    )


def lines_of(scenario: Scenario) -> tuple[str, ...]:
    """The lines of a scenario's texts without what is before and after them, whoever lays them out."""
    texts = (
        scenario.text,
        scenario.persona,
        scenario.reason_for_call,
        scenario.known_info,
        scenario.unknown_info,
        scenario.task_instructions,
    )
    return tuple(bare_lines("\n".join(texts)))


def bare_lines(text: str) -> Iterator[str]:
    """The lines of a text, stripped, without empty ones."""
    return filter(None, map(str.strip, text.splitlines()))


class Recogniser:
    """Finds the task of a scenario by its lines: of the tasks whose lines are all there, the one that has most."""

    def __init__(self, tasks: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._tasks = [(name, frozenset(lines)) for name, lines in tasks]
        self._known: dict[str, str] = {}

    def find(self, scenario: Scenario) -> str:
        """The task of a scenario of ours, empty when there is none."""
        return self.find_text("\n".join(lines_of(scenario)))

    def find_text(self, text: str) -> str:
        """The task of a scenario as text."""
        found = self._known.get(text)
        if found is None:
            lines = frozenset(bare_lines(text))
            fit = [(len(known), name) for name, known in self._tasks if known <= lines]
            found = self._known[text] = max(fit)[1] if fit else ""
        return found
