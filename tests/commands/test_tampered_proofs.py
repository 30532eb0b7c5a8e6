"""A proof of a task that somebody has changed does not hold; whatever was put there, it is said and not raised."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.command import called
from writ_async.commands.check_proofs import check_tasks
from writ_async.core.task import Task
from writ_async.errors import InputError

SEEDS = range(120)
_NONSENSE: tuple[Any, ...] = (
    None, "", "x", "\x00", "9" * 400, -1, 0, 77, 2**63, 10**30, 1e308, True, [], {}, [[]], {"a": {"b": []}}, [None],
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tampered") / "run"
    command = ("synth", "airline", "--n", "6", "--seed", "3", "--world-size", "60", "--quiet", "--out", str(out))
    assert called(*command).returncode == 0
    return out


def tamper(value: Any, rng: Random) -> Any:
    """The same JSON with one value, at any depth, replaced or left out."""
    path: list[tuple[Any, Any]] = []
    at = value
    while isinstance(at, dict | list) and at and (not path or rng.random() < 0.85):
        key = rng.choice(list(at) if isinstance(at, dict) else list(range(len(at))))
        path.append((at, key))
        at = at[key]
    owner, key = path[-1]
    if rng.random() < 0.2:
        del owner[key]
    else:
        owner[key] = rng.choice(_NONSENSE)
    return value


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_put_into_a_task_is_said_and_not_raised(run: Path, seed: int) -> None:
    rng = Random(seed)
    line = rng.choice((run / "tasks.jsonl").read_bytes().split(b"\n")[:-1])
    told = msgspec.json.decode(line)
    told["proof"]["plans"] = told["proof"].get("plans", {})
    part = rng.choice(["goals", "proof", "certificates", "actions", "scenario", "first_wish", "behaviour", None])
    tamper(told if part is None or not told.get(part) else told[part], rng)
    try:
        task = msgspec.json.decode(msgspec.json.encode(told), type=Task)
    except msgspec.ValidationError:
        return  # refused with its line when it is read
    try:
        report = check_tasks([task])
    except InputError:
        return  # its world is not one that can be opened
    assert report.held + report.unproved + len(report.false) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("goals", [{"objective": "nothing", "params": {}}]),
        ("goals", [{"objective": "bags", "params": {"who": 5}}]),
        ("actions", [{"name": "no_such_tool", "arguments": {}}]),
        ("actions", []),
        ("certificates", []),
        ("gold_digest", "0" * 32),
    ],
)
def test_the_command_says_which_proof_does_not_hold(run: Path, tmp_path: Path, field: str, value: Any) -> None:
    other = tmp_path / "run"
    other.mkdir()
    for name in ("manifest.json", "prompts.json", "trajectories.jsonl", "summary.json"):
        (other / name).write_bytes((run / name).read_bytes())
    tasks = [msgspec.json.decode(line) for line in (run / "tasks.jsonl").read_bytes().split(b"\n")[:-1]]
    victim = next(task for task in tasks if task.get("goals") and task.get("actions"))
    victim[field] = value
    (other / "tasks.jsonl").write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    done = called("check", "--proofs", str(other))
    assert done.returncode == 1, done.stderr
    assert victim["id"] in done.stdout
    assert "5 of 6 proofs hold, 1 do not" in done.stdout
