"""Evaluation: sources of tasks, trials, pass^k, and the benchmark's own judgement of its gold actions."""

import gzip
import json
from pathlib import Path

import anyio
import msgspec
import pytest

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.runs.scores import score_run
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.task_sets import read_task_sets
from writ_async.runs.view import RunView


@pytest.fixture
def file(tasks: list[Task], tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    return path


def play(config: EvalConfig, out: Path) -> None:
    anyio.run(lambda: evaluate(config, out, data=str(TAU2_DATA) if TAU2_DATA else None))


def test_every_task_of_a_file_is_played_as_often_as_asked(file: Path, tasks: list[Task], tmp_path: Path) -> None:
    play(EvalConfig(tasks=(str(file),), trials=3), tmp_path / "run")
    ids = sorted(row.id for row in RunView.open(tmp_path / "run").trajectories())
    assert ids == sorted(f"{task.id}#{trial}" for task in tasks for trial in range(3))


def test_more_trials_on_the_same_folder_play_what_is_missing_and_fewer_are_refused(file: Path, tmp_path: Path) -> None:
    for run, trials in (("grown", 1), ("grown", 2), ("whole", 2)):
        play(EvalConfig(tasks=(str(file),), trials=trials), tmp_path / run)
    rows = [(tmp_path / run / "trajectories.jsonl").read_bytes() for run in ("grown", "whole")]
    assert rows[0] == rows[1]
    with pytest.raises(InputError, match="trials = 2, now it is 1"):
        play(EvalConfig(tasks=(str(file),), trials=1), tmp_path / "grown")


def test_scores_count_successes_per_task(file: Path, tasks: list[Task], tmp_path: Path) -> None:
    seats = Seats(EngineSpec("scripted", {"mistakes": "giving_up=0.5"}))
    play(EvalConfig(tasks=(str(file),), trials=4, seed=5, seats=seats), tmp_path / "run")
    scores = {item.name: item for item in score_run(tmp_path / "run")}
    rows = list(RunView.open(tmp_path / "run").trajectories())
    solved = {task.id: 0 for task in tasks}
    for row in rows:
        assert row.verdict is not None
        solved[row.task_id] += row.verdict.reward.reward == 1
    everything = scores["all"]
    hats = [hat for hat in everything.pass_hat if hat is not None]
    assert len(hats) == 4
    assert hats[0].estimate == pytest.approx(sum(solved.values()) / len(rows))
    assert hats[3].estimate == pytest.approx(sum(c == 4 for c in solved.values()) / len(tasks))
    assert 0 < hats[3].estimate < hats[0].estimate < 1
    assert hats[0].low < hats[0].estimate < hats[0].high
    assert sum(item.tasks for name, item in scores.items() if name != "all") == len(tasks)


def test_a_source_that_is_named_twice_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match="is there twice"):
        read_task_sets((str(file), str(file)), data=None, tools=None, split=None)


def test_a_limit_takes_the_first_tasks_of_each_source(file: Path, tasks: list[Task]) -> None:
    chosen = read_task_sets((str(file),), data=None, tools=None, split=None, limit=3)
    assert [task.id for task in chosen.tasks] == [task.id for task in tasks[:3]]


@needs_shared
def test_the_oracle_gets_the_reward_that_the_benchmark_gives_its_gold_actions(benchmark_run: Path) -> None:
    rewards: dict[str, set[float]] = {}
    for row in RunView.open(benchmark_run).trajectories():
        assert row.verdict is not None
        rewards.setdefault(row.task_id, set()).add(row.verdict.reward.reward)
    assert SHARED is not None
    compared = 0
    for domain in ("retail", "airline"):
        with gzip.open(SHARED / "conformance" / f"{domain}_eval.jsonl.gz", "rt") as lines:
            for line in lines:
                vector = json.loads(line)
                if vector.get("variant") == "gold":
                    assert rewards[f"tau2:{domain}:{vector['task_id']}"] == {vector["reward_info_all"]["reward"]}
                    compared += 1
    assert compared > 100
    assert len(rewards) == 164


@needs_shared
def test_a_model_can_be_shown_the_benchmarks_own_tool_schemas_and_policy(tmp_path: Path) -> None:
    assert SHARED is not None
    tools = SHARED / "conformance"
    chosen = read_task_sets(("tau2:airline",), data=str(TAU2_DATA), tools=str(tools), split="test", limit=1)
    (retail_environment,) = chosen.worlds.values()
    recorded = json.loads((tools / "airline_tools.json").read_text())["tools"]
    assert list(retail_environment.domain.schemas) == recorded
    assert TAU2_DATA is not None
    assert retail_environment.domain.policy == (TAU2_DATA / "tau2/domains/airline/policy.md").read_text()
