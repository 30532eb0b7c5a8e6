"""The benchmark's telecom tasks: those of its list, those put together, and the gold of each played to its reward."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from writ_domains.tau2 import BENCHMARK
from writ_domains.tau2.compose import Composer
from writ_domains.tau2.schema import TaskRecord

from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.replay import replay_row
from writ_async.conversation.machine import Conversation
from writ_async.core.benchmark import Subset
from writ_async.core.engine import Completion
from writ_async.core.message import AssistantMessage, make_call
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.verify.judge import AssumeMet
from writ_async.verify.outcome import compute_reward

pytestmark = needs_shared
DATA = str(TAU2_DATA)


@pytest.fixture(scope="module")
def small() -> Subset:
    return BENCHMARK.load("telecom", DATA)


def play_gold(task: Task, subset: Subset, *, leave_out: int | None = None) -> Trajectory:
    """A conversation in which each side makes its gold calls, the last one but for words being `leave_out`."""
    domain, world = subset.environment.domain, subset.environment.world
    actions = [one for index, one in enumerate(task.actions or ()) if index != leave_out]
    conversation = Conversation(task, domain, world)
    sides = iter([*actions, None])
    action = next(sides)
    while (request := conversation.request()) is not None:
        turn = "agent" if action is not None and action.requestor == "assistant" else "user"
        if request.seat != turn:
            said = AssistantMessage("Please go on.")
        elif action is None:
            said = AssistantMessage("###STOP###")
        else:
            said = AssistantMessage(None, (make_call(f"c{conversation.steps}", action.name, action.arguments),))
            action = next(sides)
        conversation.receive(Completion(message=said))
    return conversation.trajectory()


def reward_of(task: Task, row: Trajectory, subset: Subset) -> float:
    environment = subset.environment
    return compute_reward(
        task, environment.domain, environment.world, row.messages, row.termination, AssumeMet()
    ).reward


def test_the_list_of_few_is_taken_where_the_whole_one_is_missing_and_one_line_says_so(small: Subset) -> None:
    assert len(small.tasks) == 20
    assert small.note.endswith("tasks.json is not there, so the 20 tasks of tasks_small.json are taken")
    assert BENCHMARK.load("retail", DATA).note == ""


@pytest.mark.parametrize("split", ["small", "base"])
def test_the_gold_of_every_task_gets_the_whole_reward_and_replays(split: str) -> None:
    subset = BENCHMARK.load("telecom", DATA, split)
    assert len(subset.tasks) == {"small": 20, "base": 114}[split]
    for task in subset.tasks:
        row = play_gold(task, subset)
        assert reward_of(task, row, subset) == 1.0, task.id
        assert list(replay_row(task, row, subset.environment)) == []


def test_a_task_is_not_done_without_its_last_step(small: Subset) -> None:
    for task in small.tasks:
        row = play_gold(task, small, leave_out=len(task.actions or ()) - 1)
        assert reward_of(task, row, small) == 0.0, task.id


def test_every_task_that_a_split_names_can_be_put_together() -> None:
    folder = Path(DATA) / "tau2/domains/telecom"
    named = json.loads((folder / "split_tasks.json").read_bytes())
    composer = Composer(msgspec.json.decode((folder / "tasks_small.json").read_bytes(), type=list[TaskRecord]))
    assert len({composer.task(name).id for name in named["full"]}) == len(named["full"]) == 2285


def test_what_cannot_be_put_together_is_named() -> None:
    composer = Composer(())
    for task_id, message in (("nonsense", "does not say which faults"), ("[a]b|c[PERSONA:None]", "the fault 'b'")):
        with pytest.raises(InputError, match=message):
            composer.task(task_id)


def test_an_initial_state_that_cannot_be_had_is_refused_before_a_conversation(tmp_path: Path) -> None:
    place = tmp_path / "tau2/domains/telecom"
    shutil.copytree(Path(DATA) / "tau2/domains/telecom", place)
    place.chmod(0o755)
    tasks = json.loads((place / "tasks_small.json").read_bytes())
    seats = Seats(EngineSpec("scripted"))
    for changed, message in (
        ({"func_name": "melt"}, "no function 'melt'"),
        ({"func_name": "lock_sim_card", "arguments": {}}, "cannot begin with 'lock_sim_card'"),
    ):
        broken: dict[str, Any] = json.loads(json.dumps(tasks[0]))
        broken["initial_state"]["initialization_actions"][1].update(changed)
        (place / "tasks.json").write_text(json.dumps([broken]))
        (place / "split_tasks.json").unlink(missing_ok=True)
        config = EvalConfig(tasks=("tau2:telecom",), seats=seats)
        with pytest.raises(InputError, match=message):
            anyio.run(partial(evaluate, config, tmp_path / "run", data=str(tmp_path)))
        assert not (tmp_path / "run").exists()


def test_steps_of_both_sides_are_counted_and_what_they_rest_on_is_estimated(small: Subset) -> None:
    levels = {task.id: BENCHMARK.measure(task, small.environment) for task in small.tasks}
    assert levels["[service_issue]overdue_bill_suspension[PERSONA:Easy]"] == (4, 3)
    assert levels["[mobile_data_issue]data_mode_off[PERSONA:None]"] == (1, 1)
    assert levels["[service_issue]lock_sim_card_pin[PERSONA:Hard]"] == (0, 0)
