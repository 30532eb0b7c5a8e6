"""What is handed in to τ²-bench is what its own loader, evaluator and leaderboard take."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.cli import main
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.export import export_rows
from writ_async.commands.synth import SynthConfig, synth
from writ_async.errors import InputError
from writ_async.formats.foreign import BadRow, read_foreign
from writ_async.runs.scores import score_run
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView

pytestmark = needs_shared
PYTHON = os.environ.get("WRIT_TAU2_PYTHON")
RESCORE = """
import json, sys
from pathlib import Path
from loguru import logger
logger.remove()
from tau2.data_model.simulation import Results
from tau2.evaluator.evaluator import EvaluationType, evaluate_simulation
from tau2.metrics.agent_metrics import compute_metrics
from tau2.scripts.leaderboard.submission import Submission
folder = Path(sys.argv[1])
given = json.loads((folder / "submission.json").read_text())
judged = 0
for domain, scores in given["results"].items():
    results = Results.load(folder / "trajectories" / given["trajectory_files"][domain])
    tasks = {task.id: task for task in results.tasks}
    for one in results.simulations:
        if any(message.role == "tool" and message.error for message in one.messages):
            continue  # tools refuse in our words, and its evaluator wants its own again
        judged += 1
        again = evaluate_simulation(
            simulation=one, task=tasks[one.task_id], evaluation_type=EvaluationType.ENV, solo_mode=False, domain=domain)
        told = one.reward_info.db_check
        assert again.reward == 0 if told is None else again.db_check.db_match == told.db_match, one.task_id
    for k, value in compute_metrics(results).pass_hat_ks.items():
        assert abs(100 * value - scores[f"pass_{k}"]) < 1e-3, (domain, k)
Submission.model_validate(given | {"model_organization": "a", "submitting_organization": "b"})
assert judged >= 12, judged
print("agreed")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two trials of some tasks of both domains, of which some fail."""
    out = tmp_path_factory.mktemp("handed-in") / "run"
    config = EvalConfig(
        tasks=("tau2:retail", "tau2:airline"),
        limit=8,
        trials=2,
        seats=Seats(EngineSpec("scripted", {"mistakes": "0.5"})),
    )
    anyio.run(lambda: evaluate(config, out, data=str(TAU2_DATA)))
    return out


def recorded(domain: str) -> dict[str, Any]:
    assert SHARED is not None
    found: dict[str, Any] = json.loads(gzip.decompress((SHARED / "tau2/results" / f"{domain}.json.gz").read_bytes()))
    return found


def unlike(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """The fields that they do not have, or have with values of other kinds; what stands in lists is judged by one."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        if where.endswith(("arguments", "llm_args", "reward_breakdown", "/info")):
            return []
        found = [f"{where}/{key}" for key in ours.keys() - theirs.keys()]
        return found + [
            one for key in ours.keys() & theirs.keys() for one in unlike(ours[key], theirs[key], f"{where}/{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        return unlike(ours[0], theirs[0], where) if ours and theirs else []
    alike = type(ours) is type(theirs) or ours is None or theirs is None
    return [] if alike else [f"{where}: {type(ours).__name__}"]


@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_the_fields_are_those_of_files_that_its_runner_wrote(domain: str, run: Path, tmp_path: Path) -> None:
    assert main(["export", str(run), "--format", "tau2-results", "--out", str(tmp_path / "out")]) == 0
    ours, theirs = json.loads((tmp_path / "out" / f"{domain}.json").read_bytes()), recorded(domain)
    assert unlike(ours, theirs) == []
    by_role = {one["role"]: one for one in theirs["simulations"][0]["messages"]}
    for message in ours["simulations"][0]["messages"]:
        assert unlike(message, by_role[message["role"]]) == []
    ids = {task["id"]: task for task in theirs["tasks"]}
    same = [(task, ids[task["id"]]) for task in ours["tasks"] if task["id"] in ids]
    assert same
    for task, other in same:
        assert task["user_scenario"] == other["user_scenario"]
        for criteria in (task["evaluation_criteria"], other["evaluation_criteria"]):
            for action in criteria["actions"]:
                del action["action_id"]  # theirs have gaps
        assert task["evaluation_criteria"] == other["evaluation_criteria"]


def test_read_again_the_file_has_the_conversations_and_rewards_of_the_run(run: Path, tmp_path: Path) -> None:
    export_rows(run, "tau2-results", tmp_path / "out")
    rows = {(row.domain, row.task_id.rpartition(":")[2], row.trial): row for row in RunView.open(run).ordered()}
    found = [row for domain in ("retail", "airline") for row in read_foreign(tmp_path / "out" / f"{domain}.json")]
    assert len(found) == len(rows) == 32
    rewards: set[float | None] = set()
    for one, row in zip(found, rows.values(), strict=True):
        assert not isinstance(one, BadRow)
        assert row.verdict is not None
        assert [message.content for message in one.messages] == [message.content for message in row.messages]
        assert one.reward == row.verdict.reward.reward
        rewards.add(one.reward)
    assert rewards == {0.0, 1.0}


def test_a_submission_has_the_scores_of_the_run(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--format", "tau2-submission", "--out", str(tmp_path / "out")]) == 0
    given = json.loads((tmp_path / "out" / "submission.json").read_bytes())
    assert "32 rows" in capsys.readouterr().out
    for score in score_run(run)[:2]:
        wanted = [None if one is None else round(100 * one.estimate, 4) for one in score.pass_hat]
        told = given["results"][score.name.partition(":")[2]]
        assert [told["pass_1"], told["pass_2"]] == wanted
        assert "pass_3" not in told
    assert given["submission_type"] == "custom"  # it was made on other prompts than the benchmark's
    assert {path.name for path in (tmp_path / "out/trajectories").iterdir()} == {"retail.json", "airline.json"}


@pytest.mark.parametrize(
    ("prompts", "kind", "modified"), [("tau2 1.0.1", "standard", False), ("changed tau2 1.0.1", "custom", True)]
)
def test_a_submission_is_a_standard_one_on_the_benchmarks_own_terms_alone(
    prompts: str, kind: str, modified: bool, run: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    manifest = json.loads((run / "manifest.json").read_bytes())
    manifest["config"]["prompts"] = prompts
    (tmp_path / "run/manifest.json").write_text(json.dumps(manifest))
    export_rows(tmp_path / "run", "tau2-submission", tmp_path / "out")
    given = json.loads((tmp_path / "out/submission.json").read_bytes())
    assert given["submission_type"] == kind
    assert given["methodology"]["verification"]["modified_prompts"] is modified


def test_what_cannot_be_handed_in_is_refused_in_one_line(run: Path, tmp_path: Path) -> None:
    anyio.run(lambda: synth(SynthConfig(domains=("retail",), n=2, world_size=40), tmp_path / "synth"))
    with pytest.raises(InputError, match="writ eval"):
        export_rows(tmp_path / "synth", "tau2-results", tmp_path / "out")
    with pytest.raises(InputError, match="as they were played"):
        export_rows(run, "tau2-results", tmp_path / "out", seat="user")
    with pytest.raises(InputError, match="is a file"):
        export_rows(run, "tau2-results", run / "manifest.json")
    lines = (run / "trajectories.jsonl").read_bytes().splitlines(keepends=True)
    short = tmp_path / "short"
    short.mkdir()
    for file in run.iterdir():
        if file.is_file():
            (short / file.name).write_bytes(file.read_bytes())
    (short / "trajectories.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match="from 1 to 2 trials"):
        export_rows(short, "tau2-submission", tmp_path / "out")
    gone = json.loads(lines[0])["task_id"]
    left = [line for line in lines if json.loads(line)["task_id"] != gone]
    (short / "trajectories.jsonl").write_bytes(b"".join(left))
    with pytest.raises(InputError, match="from 0 to 2 trials"):
        export_rows(short, "tau2-submission", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(PYTHON is None, reason="WRIT_TAU2_PYTHON names no Python that imports the benchmark")
def test_its_own_loader_evaluator_and_validator_agree(run: Path, tmp_path: Path) -> None:
    export_rows(run, "tau2-submission", tmp_path / "out")
    done = subprocess.run(
        [str(PYTHON), "-c", RESCORE, str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env={**os.environ, "TAU2_DATA_DIR": str(TAU2_DATA)},
    )
    assert done.stdout.strip().endswith("agreed"), done.stderr[-2000:]
