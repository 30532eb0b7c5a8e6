"""New tasks are like those in which an agent failed: recipes, levels and writes, as often as it failed so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import anyio
import msgspec
import pytest

from writ_async.cli import main
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.registry import load_domain
from writ_async.runs.failure_patterns import FailurePattern, failure_patterns
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis.aims import TaskAim, TaskWishes
from writ_async.synthesis.tasks import synthesise_tasks


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose agent leaves reads out and writes too early."""
    path = tmp_path_factory.mktemp("runs") / "failed"
    seats = Seats(EngineSpec("scripted", {"mistakes": "skipped_evidence=0.3,wrong_write=0.2"}))
    config = SynthConfig(domains=("retail", "airline"), n=60, world_size=80, seed=2, seats=seats)
    anyio.run(lambda: synth(config, path))
    return path


def test_patterns_are_those_of_the_rows_that_fell_by_the_agents_doing(failed: Path) -> None:
    view = RunView.open(failed)
    tasks = {task.id: task for task in view.tasks()}
    fallen = [row for row in view.ordered() if row.verdict is not None and not row.verdict.kept]
    patterns = failure_patterns(failed)
    assert sum(pattern.conversations for pattern in patterns) == len(fallen)
    assert [pattern.conversations for pattern in patterns] == sorted(
        (pattern.conversations for pattern in patterns), reverse=True
    )
    by_recipe = Counter(tasks[row.task_id].recipe for row in fallen)
    told: Counter[str] = Counter()
    for pattern in patterns:
        told[pattern.recipe] += pattern.conversations
    assert told == by_recipe
    assert any(pattern.skipped for pattern in patterns if pattern.finding == "missing_evidence")


def test_a_run_after_failures_has_their_recipes_and_levels_by_their_weights(
    failed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    flags = ["--n", "40", "--seed", "9", "--world-size", "80", "--quiet", "--out", str(out)]
    assert main(["synth", "retail", "airline", "--from-failures", str(failed), *flags]) == 0
    capsys.readouterr()
    view = RunView.open(out)
    stored = msgspec.convert(view.manifest.config["from_failures"], tuple[FailurePattern, ...])
    assert stored == failure_patterns(failed)
    weights: dict[str, Counter[tuple[str, str]]] = {"retail": Counter(), "airline": Counter()}
    for pattern in stored:
        weights[pattern.domain][pattern.recipe, pattern.level] += pattern.conversations
    for domain, wanted in weights.items():
        drawn = Counter(
            (task.recipe, task.proof.level) for task in view.tasks() if task.domain == domain and task.proof is not None
        )
        assert drawn.total() == 20
        hit = sum(min(drawn[key], round(20 * weight / wanted.total()) + 1) for key, weight in wanted.items())
        assert hit >= 17, (drawn, wanted)
    assert not replay_run(out).mismatches
    old = {world.digest for world in RunView.open(failed).manifest.worlds}
    assert not old & {task.world.digest for task in view.tasks()}


def test_a_task_of_others_is_followed_by_its_writes_reads_and_level() -> None:
    aim = TaskAim("retail", level="W1R2", writes=("return_delivered_order_items",), reads=("get_product_details",))
    domain = load_domain("retail")
    world = generate_world(domain, 3, 80)
    tasks, _ = synthesise_tasks(
        [world], 6, 3, {"normal": 1.0}, TaskWishes(aims=((aim, 1.0),)), further=further_environment
    )
    near = 0
    for task in tasks:
        names = {action.name for action in task.actions or ()}
        writes = {name for name in names if domain.tools[name].kind == "write"}
        near += writes == {"return_delivered_order_items"}
    assert near >= 4, [task.recipe for task in tasks]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--seed", "2", "--world-size", "80"], "take another seed for fresh ones"),
        (["--seed", "3", "--levels", "W1R1=1"], "leave --mix and --levels out"),
    ],
)
def test_what_cannot_be_gets_one_line(
    flags: list[str], words: str, failed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["synth", "retail", "--from-failures", str(failed), *flags, "--out", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_run_without_failures_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = SynthConfig(domains=("retail",), n=4, world_size=40, seed=1)
    anyio.run(lambda: synth(config, tmp_path / "good"))
    code = main(
        ["synth", "retail", "--seed", "5", "--from-failures", str(tmp_path / "good"), "--out", str(tmp_path / "o")]
    )
    assert code == 2
    assert "none of its conversations has failed" in capsys.readouterr().err
