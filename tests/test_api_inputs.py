"""What the library is given is judged as what the command is, in the library's words; results stand by position."""

from __future__ import annotations

import asyncio
import math
from typing import Any, cast

import msgspec
import pytest

from writ_async.api import load_tasks, make_tasks, rollouts, run
from writ_async.conversation import Rules
from writ_async.core.behaviour import Behaviour, Trait
from writ_async.core.task import Action, Task
from writ_async.errors import InputError
from writ_async.scheduler import Limits


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return make_tasks("retail", 3, seed=1, world_size=60)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"limits": 3}, "limits must be a Limits, not 3; as in Limits(...)"),
        ({"limits": Limits(concurrency=0)}, "concurrency must be at least 1, not 0"),
        ({"limits": Limits(in_flight=-1)}, "in_flight must be at least 0, not -1"),
        ({"limits": Limits(kv_tokens=10**30)}, "kv_tokens must be at most 9,223,372,036,854,775,807, not 1000000"),
        ({"limits": Limits(request_timeout=-1)}, "request_timeout must be at least 0, not -1"),
        ({"limits": Limits(conversation_timeout=math.nan)}, "conversation_timeout must be at least 0, not nan"),
        ({"limits": Limits(concurrency=cast(int, "many"))}, "limits: Expected `int`, got `str` - at `$.concurrency`"),
        ({"rules": {"max_steps": 3}}, "rules must be a Rules, not {'max_steps': 3}; as in Rules(...)"),
        ({"rules": Rules(max_steps=0)}, "max_steps must be at least 1, not 0"),
        ({"trials": 0}, "trials must be at least 1, not 0"),
        ({"trials": -1}, "trials must be at least 1, not -1"),
        ({"trials": 1.5}, "trials must be a whole number, not 1.5"),
        ({"trials": 10**20}, "trials must be at most 1,000,000, not 100000000000000000000"),
        ({"seed": "x"}, "seed must be a whole number, not 'x'"),
        ({"seed": 2**63}, "seed must be at most 9,223,372,036,854,775,807, not 9223372036854775808"),
        ({"seed": 10**5000}, "seed must be at most 9,223,372,036,854,775,807, not a number of 16,610 bits"),
        ({"judge": "nobody"}, "unknown judge 'nobody'"),
        ({"judge": 5}, "judge must be a registered name or have a method `judge`, not 5"),
        ({"stop_early": "failed"}, "stop_early must be a list of texts, not 'failed'"),
        ({"stop_early": ["never"]}, "stop_early: unknown rule 'never'"),
        ({"stop": 3}, "stop must be a function, not 3"),
        ({"watch": 3}, "watch must be a function, not 3"),
        ({"agent": 5}, "agent must be a registered name, an EngineSpec, or an engine with a method `complete`, not 5"),
        ({"agent": dict}, "agent is the class dict; give an instance of it"),
        ({"user": object}, "user is the class object; give an instance of it"),
        ({"agent_options": 5}, "agent_options must be a mapping of names to values, not 5"),
        ({"tasks": "retail"}, "tasks must be a list of Task, not 'retail'; make_tasks and load_tasks give one"),
        ({"tasks": [{"id": "x"}]}, "tasks[0] must be a Task, not {'id': 'x'}"),
    ],
)
def test_what_cannot_be_is_one_line_in_the_words_of_the_library(
    tasks: list[Task], given: dict[str, Any], words: str
) -> None:
    given = dict(given)
    with pytest.raises(InputError) as caught:
        run(given.pop("tasks", tasks), **given)
    assert words in str(caught.value)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": -1}, "n must be at least 1, not -1"),
        ({"n": 99999999999999999999}, "n must be at most 10,000,000, not 99999999999999999999"),
        ({"n": "3"}, "n must be a whole number, not '3'"),
        ({"world_size": 0}, "world_size must be at least 1, not 0"),
        ({"world_size": 10**12}, "world_size must be at most 1,000,000, not 1000000000000"),
        ({"max_tool_tokens": -1}, "max_tool_tokens must be at least 0, not -1"),
        ({"mix": 3}, "mix must be a text, not 3"),
        ({"levels": "x"}, "levels: unknown level 'x'"),
        ({"behaviours": None}, "behaviours must be a text, not None"),
        ({"domains": 5}, "domains must be registered names or Domains, not 5"),
    ],
)
def test_tasks_that_cannot_be_made_are_one_line_in_the_words_of_the_library(given: dict[str, Any], words: str) -> None:
    given = {"domains": "retail", "n": 2, **given}
    with pytest.raises(InputError) as caught:
        make_tasks(**given)
    assert words in str(caught.value)
    assert "--" not in str(caught.value)


def test_loading_nothing_or_less_is_one_line() -> None:
    with pytest.raises(InputError, match="there is nothing to load"):
        load_tasks()
    with pytest.raises(InputError, match="limit must be at least 0, not -1"):
        load_tasks("x.jsonl", limit=-1)
    with pytest.raises(InputError, match=r"sources x\.jsonl: is neither"):
        load_tasks("x.jsonl")


def test_the_kth_occurrence_of_a_task_is_its_trial_k_minus_1_and_rows_stand_by_position(tasks: list[Task]) -> None:
    first, second, third = tasks
    given = [first, second, first, first, third]
    rows = run(given, "scripted", trials=2, limits=Limits(concurrency=2))
    assert [row.task_id for row in rows] == [task.id for task in given * 2]
    numbers = {task.id: [row.trial for row in rows if row.task_id == task.id] for task in tasks}
    assert numbers == {first.id: [0, 1, 2, 3, 4, 5], second.id: [0, 1], third.id: [0, 1]}
    alone = run([first], "scripted", trials=6)
    assert [row for row in rows if row.task_id == first.id] == alone


def test_a_stream_says_where_each_trajectory_stands(tasks: list[Task]) -> None:
    given = [*tasks, tasks[0]]

    async def collect() -> dict[int, str]:
        async with rollouts(iter(given), "scripted", trials=2) as stream:  # type: ignore[arg-type]
            return {stream.places[row.id]: row.task_id async for row in stream}

    assert asyncio.run(collect()) == {place: given[place % 4].id for place in range(8)}


def test_a_running_loop_hears_what_to_do_instead(tasks: list[Task]) -> None:
    async def notebook() -> None:
        run(tasks, "scripted")

    with pytest.raises(InputError, match=r"as in a notebook; use `async with rollouts\(\.\.\.\) as stream"):
        asyncio.run(notebook())


def test_two_tasks_of_one_id_are_refused(tasks: list[Task]) -> None:
    other = msgspec.structs.replace(tasks[1], id=tasks[0].id)
    with pytest.raises(InputError, match=r"tasks\[1\] is another task than the one before it of the id 'retail-s1-0"):
        run([tasks[0], other], "scripted")


def _spoilt(task: Task, change: str) -> Task:
    action, *rest = task.actions or ()
    arguments = action.arguments
    changes: dict[str, Any] = {
        "unknown argument": {"actions": (Action(action.name, {**arguments, "user_idd": 1}), *rest)},
        "missing argument": {"actions": (Action(action.name, {}), *rest)},
        "unknown tool": {"actions": (Action(f"{action.name}x", arguments), *rest)},
        "goal": {"goals": tuple(msgspec.structs.replace(goal, objective="nothing") for goal in task.goals)},
        "goal of no action": {"goals": tuple(msgspec.structs.replace(goal, writes=(77,)) for goal in task.goals)},
        "behaviour": {"behaviour": Behaviour((Trait("tone", "angri"),))},
        "domain": {"domain": "airline"},
    }
    return msgspec.structs.replace(task, **changes[change])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("unknown argument", "has an argument 'user_idd'"),
        ("missing argument", "lacks the argument"),
        ("unknown tool", "has no tool"),
        ("goal", "no goal of 'retail' is called 'nothing'"),
        ("goal of no action", "is met by actions [77], and there are"),
        ("behaviour", "no behaviour of users is called 'tone=angri'; did you mean 'tone=angry'?"),
        ("domain", "it is of the domain 'airline', and its world of 'retail'"),
    ],
)
def test_a_task_file_that_cannot_be_played_is_refused_when_it_is_loaded(
    tasks: list[Task], tmp_path: Any, change: str, words: str
) -> None:
    file = tmp_path / "tasks.jsonl"
    task = next(task for task in tasks if task.actions and task.goals)
    file.write_bytes(msgspec.json.encode(task) + b"\n")
    assert load_tasks(str(file)) == [task]
    file.write_bytes(msgspec.json.encode(_spoilt(task, change)) + b"\n")
    with pytest.raises(InputError, match=f"task '{task.id}': ") as caught:
        load_tasks(str(file))
    assert words in str(caught.value)
