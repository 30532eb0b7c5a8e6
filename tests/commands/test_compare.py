"""Two evaluations are held against each other task by task; what cannot be compared is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import msgspec
import pytest

from writ_async.cli import main
from writ_async.commands.compare import compare_runs
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView


def play(out: Path, tasks: list[Task], *, mistakes: str = "0", seed: int = 1, user: str = "0") -> Path:
    """An evaluation in which the agent makes so many mistakes; the user is one of its own."""
    file = out.with_suffix(".jsonl")
    file.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    seats = Seats(EngineSpec("scripted", {"mistakes": mistakes}), EngineSpec("scripted", {"user_mistakes": user}))
    anyio.run(lambda: evaluate(EvalConfig(tasks=(str(file),), trials=2, seed=seed, seats=seats), out))
    return out


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tasks: list[Task]) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("compared")
    return play(folder / "good", tasks), play(folder / "bad", tasks, mistakes="0.8")


def test_the_difference_is_that_of_the_tasks_that_both_have(runs: tuple[Path, Path]) -> None:
    found = compare_runs(*runs)
    shares = []
    for path in runs:
        right: dict[str, list[bool]] = {}
        for row in RunView.open(path).trajectories():
            assert row.verdict is not None
            right.setdefault(row.task_id, []).append(row.verdict.reward.reward == 1)
        shares.append({task: sum(trials) / len(trials) for task, trials in right.items()})
    before, after = shares
    assert found.tasks == 24
    assert found.trials == (48, 48)
    assert found.difference.mean == pytest.approx(sum(after[task] - before[task] for task in before) / 24)
    assert {one.task: (one.before, one.after) for one in found.changed} == {
        task: (before[task], after[task]) for task in before if before[task] != after[task]
    }
    assert found.difference.high < 0
    assert found.difference.p < 0.01


def test_a_run_against_itself_has_no_difference_and_an_interval_all_the_same(runs: tuple[Path, Path]) -> None:
    found = compare_runs(runs[0], runs[0])
    assert (found.difference.mean, found.changed, found.difference.p) == (0, (), 1)
    assert found.difference.low < 0 < found.difference.high


def test_the_command_prints_it_and_fails_below_what_is_asked_for(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = map(str, runs)
    assert main(["compare", good, bad]) == 0
    told = capsys.readouterr().out
    assert "the difference is more than chance" in told
    assert "lost:" in told
    assert main(["compare", good, bad, "--fail-below", "-2"]) == 1
    assert "--fail-below" in capsys.readouterr().err
    assert main(["compare", bad, good, "--fail-below", "-2"]) == 0
    capsys.readouterr()
    assert main(["compare", good, good, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["difference"]["mean"] == 0
    assert main(["compare", good]) == 2


def test_unlike_tasks_and_users_are_refused_by_name(runs: tuple[Path, Path], tasks: list[Task], tmp_path: Path) -> None:
    fewer = play(tmp_path / "fewer", tasks[1:])
    with pytest.raises(InputError, match=f"unlike tasks: '{tasks[0].id}'"):
        compare_runs(runs[0], fewer)
    other = msgspec.structs.replace(tasks[0], communicate=("7",))
    with pytest.raises(InputError, match="is not the same"):
        compare_runs(runs[0], play(tmp_path / "other", [other, *tasks[1:]]))
    with pytest.raises(InputError, match=r"unlike users: the set of options is .*user_mistakes"):
        compare_runs(runs[0], play(tmp_path / "slips", tasks, user="0.5"))
    manifest = runs[1] / "manifest.json"
    plain = manifest.read_bytes()
    try:
        content = json.loads(plain)
        content["config"]["seats"]["user"]["options"]["model"] = "another"
        manifest.write_text(json.dumps(content))
        with pytest.raises(InputError, match="unlike users: the model is '' in"):
            compare_runs(*runs)
        content["config"]["stop_early"] = ["settled"]
        manifest.write_text(json.dumps(content))
        with pytest.raises(InputError, match="stopped early"):
            compare_runs(*runs)
    finally:
        manifest.write_bytes(plain)
