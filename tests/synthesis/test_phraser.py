"""A model's words are used only where a program can vouch for them."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from tests.support.crowd import domain_and_world, environments, plain_tasks, told_tasks
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Task
from writ_async.errors import EngineError, EngineErrorKind
from writ_async.synthesis.phrase_checks import phrasing_problem
from writ_async.synthesis.phraser import LlmPhraser, phrase_all

Writer = Callable[[Request, int], str]


class Parrot:
    """An engine that answers what a function says, and counts."""

    def __init__(self, write: Writer) -> None:
        self.requests: list[Request] = []
        self.ended: list[str] = []
        self._write = write

    async def complete(self, request: Request) -> Completion:
        await anyio.lowlevel.checkpoint()
        self.requests.append(request)
        text = self._write(request, request.turn)
        if text == "!":
            raise EngineError("gone", kind=EngineErrorKind.REFUSED)
        return Completion(message=AssistantMessage(text))

    def end_session(self, session: str) -> None:
        self.ended.append(session)

    async def aclose(self) -> None:
        """Nothing to close."""


def said(request: str, scenario: str = "") -> str:
    return json.dumps({"request": request, "scenario": scenario})


def rephrase(task: Task, write: Writer, tries: int = 3) -> tuple[Task, LlmPhraser, Parrot]:
    engine = Parrot(write)
    phraser = LlmPhraser(engine, tries=tries)
    return anyio.run(phraser.phrase, task, *domain_and_world(task)), phraser, engine


def good(task: Task) -> str:
    """New words around the old ones."""
    told = task.scenario
    return said(f"Listen, {told.request} That is what I want.", f"Mind you: {told.reason_for_call} You want that.")


def test_good_words_are_taken_and_nothing_else_of_the_task_changes() -> None:
    for task in plain_tasks(1000)[:60]:
        new, phraser, engine = rephrase(task, lambda request, turn, task=task: f"Sure!\n{good(task)}")  # type: ignore[misc]
        assert new.scenario.request.startswith("Listen, ")
        assert new.scenario.reason_for_call.startswith("Mind you: ")
        assert (new.actions, new.scenario.facts, new.gold_digest) == (
            task.actions,
            task.scenario.facts,
            task.gold_digest,
        )
        assert (phraser.report.written, phraser.report.kept, phraser.report.calls) == (1, 0, 1)
        assert engine.ended == [engine.requests[0].session]


def test_the_reason_of_a_refusal_is_told_and_the_next_try_may_pass() -> None:
    task = plain_tasks(1000)[3]

    def write(request: Request, turn: int) -> str:
        return (
            said("I want something else entirely, thank you very much.", "You want that.") if turn == 0 else good(task)
        )

    new, phraser, engine = rephrase(task, write)
    assert new.scenario.request.startswith("Listen, ")
    assert phraser.report.refused
    last = engine.requests[1].messages[-1]
    assert "That cannot be used." in (last.content or "")


@pytest.mark.parametrize(
    "text", ["no json", "{", '{"request": 3}', '{"other": "x"}', "!", said(""), said("###STOP###")]
)
def test_after_all_tries_the_template_stays(text: str) -> None:
    task = plain_tasks(1000)[0]
    new, phraser, engine = rephrase(task, lambda request, turn: text, tries=2)
    assert new == task
    assert (phraser.report.written, phraser.report.kept, len(engine.requests)) == (0, 1, 2)
    assert sum(phraser.report.refused.values()) == 2


def problem(task: Task, text: str) -> str:
    return phrasing_problem(task, text, *domain_and_world(task)).partition(":")[0]


def test_words_that_lose_a_value_are_refused() -> None:
    found = 0
    for task in plain_tasks(1000)[:200]:
        told = task.scenario.request
        for word in (word.strip(".,!?():;") for word in told.split()):
            if any(char.isdigit() for char in word) and len(word) > 3 and told.count(word) == 1:
                found += 1
                assert problem(task, told.replace(word, "that one")) == "lost", (task.id, word)
    assert found > 100


def test_words_that_add_a_number_or_another_record_are_refused() -> None:
    for task in plain_tasks(1000)[:60]:
        world = environments()[task.domain].world
        table = "orders" if task.domain == "retail" else "reservations"
        other = next(key for key in world.tables[table] if key not in str(task.actions))
        assert problem(task, f"{task.scenario.request} It is number 918273.") == "added"
        assert problem(task, f"{task.scenario.request} I mean {other}.") in ("added", "leaked")


def test_words_that_give_away_what_has_to_be_read_are_refused() -> None:
    found = 0
    for task in plain_tasks(1000):
        if task.kind != "read-heavy":
            continue
        told = f"{task.scenario.request} {' '.join(fact.text for fact in task.scenario.facts)}"
        values = [
            v
            for action in task.actions or ()
            for v in _strings(action.arguments)
            if v.casefold() not in told.casefold()
        ]
        for value in values:
            if len(value) > 3 and any(char.isdigit() for char in value):
                found += 1
                assert problem(task, f"{task.scenario.request} I think it is {value}.") in ("added", "leaked")
    assert found > 200


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def test_a_behaviour_is_rewritten_only_without_values_and_with_its_wish() -> None:
    for task in told_tasks(1000)[:40]:
        assert task.behaviour is not None
        old = task.behaviour.instruction
        name = next(fact.value for fact in task.scenario.facts if fact.slot == "name")
        for text, taken in ((f"As for you: {old}", True), (f"You are {name}. {old}", False), ("You talk.", False)):
            engine = Parrot(lambda request, turn, text=text: said(text))  # type: ignore[misc]
            new = anyio.run(LlmPhraser(engine, tries=1).phrase_behaviour, task, *domain_and_world(task))
            assert (new != task) == taken, (text, task.behaviour.label)


def test_many_tasks_are_rewritten_at_once_and_stay_in_order() -> None:
    tasks = plain_tasks(1000)[:50]
    texts = {task.id: good(task) for task in tasks}
    phraser = LlmPhraser(Parrot(lambda request, turn: texts[request.task_id]))

    async def call() -> list[Task]:
        return await phrase_all(tasks, lambda task: environments()[task.domain], phraser.phrase, at_once=7)

    told = anyio.run(call)
    assert [task.id for task in told] == [task.id for task in tasks]
    assert phraser.report.written == 50
