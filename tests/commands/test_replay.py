"""Replay finds whatever was changed in a run after it was written."""

import shutil
from pathlib import Path

import anyio
import msgspec
import pytest

from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import AssistantMessage, ToolMessage, make_call
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.runs.view import RunView


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("replay") / "run"
    anyio.run(lambda: synth(SynthConfig(domains=("retail",), n=12, seed=2, world_size=60), out))
    return out


def rewritten(run: Path, folder: Path, rows: list[Trajectory]) -> Path:
    shutil.copytree(run, folder)
    (folder / "trajectories.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return folder


def rows_of(run: Path) -> list[Trajectory]:
    return list(RunView.open(run).trajectories())


def test_an_unchanged_run_has_no_mismatch(run: Path, tmp_path: Path) -> None:
    assert replay_run(rewritten(run, tmp_path / "same", rows_of(run))).mismatches == []


def test_one_changed_byte_of_a_tool_result_is_found_at_its_message(run: Path, tmp_path: Path) -> None:
    rows = rows_of(run)
    for place, message in enumerate(rows[4].messages):
        if isinstance(message, ToolMessage):
            changed = msgspec.structs.replace(message, content=message.content[:-1] + "~")
            rows[4].messages = (*rows[4].messages[:place], changed, *rows[4].messages[place + 1 :])
            break
    report = replay_run(rewritten(run, tmp_path / "byte", rows))
    assert [(m.trajectory, m.message) for m in report.mismatches] == [(rows[4].id, place)]


def test_a_changed_argument_breaks_the_chain(run: Path, tmp_path: Path) -> None:
    rows = rows_of(run)
    for place, message in enumerate(rows[0].messages):
        if isinstance(message, AssistantMessage) and message.tool_calls:
            forged = AssistantMessage(None, (make_call(message.tool_calls[0].id, "calculate", {"expression": "1"}),))
            rows[0].messages = (*rows[0].messages[:place], forged, *rows[0].messages[place + 1 :])
            break
    assert replay_run(rewritten(run, tmp_path / "argument", rows)).mismatches


def test_a_forged_digest_and_a_forged_verdict_are_found(run: Path, tmp_path: Path) -> None:
    rows = rows_of(run)
    rows[1].digest = "0" * 32
    verdict = rows[2].verdict
    assert verdict is not None
    rows[2].verdict = msgspec.structs.replace(verdict, kept=not verdict.kept)
    report = replay_run(rewritten(run, tmp_path / "forged", rows))
    assert {m.trajectory: m.what for m in report.mismatches} == {
        rows[1].id: "the final state is not the recorded one",
        rows[2].id: "the verdict is not the one that was written",
    }


def test_a_world_that_is_not_the_tasks_own_is_refused(run: Path, tmp_path: Path) -> None:
    folder = rewritten(run, tmp_path / "world", rows_of(run))
    text = (folder / "tasks.jsonl").read_text()
    digest = RunView.open(run).tasks()[0].world.digest
    (folder / "tasks.jsonl").write_text(text.replace(digest, "f" * 32))
    with pytest.raises(InputError, match="not the one that the tasks were made in"):
        replay_run(folder)


def test_a_row_of_an_unknown_task_is_refused(run: Path, tmp_path: Path) -> None:
    rows = rows_of(run)
    rows[0].task_id = "elsewhere"
    with pytest.raises(InputError, match="names a task that is not in"):
        replay_run(rewritten(run, tmp_path / "task", rows))
