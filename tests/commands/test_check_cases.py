"""Small inputs with their right verdicts, and real files whose own rewards are known: `writ check` gives both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.shared_data import SHARED, needs_shared
from writ_async.cli import main
from writ_async.commands.check import REASONS, check_rows
from writ_async.commands.check_lines import CheckedLine

pytestmark = needs_shared

CASES = Path() if SHARED is None else SHARED / "cases" / "check"
REAL = Path() if SHARED is None else SHARED / "real"
DATA = None if SHARED is None else str(SHARED / "tau2" / "data")


def lines_of(tmp_path: Path, *paths: Path, **options: Any) -> list[CheckedLine]:
    check_rows(paths, out=tmp_path / "v.jsonl", **options)
    return [msgspec.json.decode(line, type=CheckedLine) for line in (tmp_path / "v.jsonl").read_bytes().splitlines()]


def reasons_of(line: CheckedLine) -> set[str]:
    return {finding.reason for finding in line.findings if finding.severity != "remark"}


@pytest.mark.parametrize("name", ["fr_tau_bench_ends_with_transfer", "fr_users_tool_call_before_the_end"])
def test_a_conversation_that_came_to_its_end_is_clean(name: str, tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, CASES / f"{name}.json")
    assert reasons_of(line) == set()


@pytest.mark.parametrize("name", ["fr_extra_tool_cannot_be_replayed", "fr_task_of_the_file_ignored"])
def test_a_row_is_judged_by_its_files_own_task_and_the_tools_that_are_known(name: str, tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, CASES / f"{name}.json", data=DATA)
    assert reasons_of(line) == set()
    if name == "fr_task_of_the_file_ignored":
        assert (line.reward, line.stated_reward) == (1.0, 1.0)


def test_a_simulation_of_a_viewer_that_hit_a_limit_is_incomplete(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, CASES / "reader_one_simulation_of_a_viewer.json")
    assert [(one.reason, one.detail, one.message) for one in line.findings] == [
        ("incomplete", "ended by max_steps", -1)
    ]
    assert line.stated_reward == 0


def test_results_of_tau_bench_are_read_with_their_reward(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, CASES / "reader_tau_bench_v1_results.json")
    assert (line.stated_reward, reasons_of(line)) == (1, set())


def test_results_go_to_their_calls_by_id(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, CASES / "fa_parallel_results_in_another_order.json")
    failed = [one for one in line.findings if one.reason == "failed_write"]
    assert [one.detail.split(":")[0] for one in failed] == ["cancel_pending_order"]
    given = json.loads((CASES / "fa_parallel_results_in_another_order.json").read_text())["messages"]
    assert given[failed[0].message]["tool_calls"][failed[0].call]["function"]["name"] == "cancel_pending_order"


@pytest.mark.slow
def test_rewards_of_real_files_are_those_that_the_files_state() -> None:
    report = check_rows([*REAL.glob("*.gz"), *REAL.glob("viewer/*.gz")], data=DATA)
    assert (report.rows, report.bad) == (719 + 5, [])
    assert report.rewarded >= 706
    assert report.disagreeing == 0


def test_every_finding_points_at_the_call_that_it_names(tmp_path: Path) -> None:
    path = REAL / "v1_airline_grok-4-fast-reasoning.json.gz"
    from writ_async.files import open_binary

    with open_binary(path) as file:
        rows = json.load(file)
    pointed = 0
    for row, line in zip(rows, lines_of(tmp_path, path, data=DATA), strict=True):
        for finding in line.findings:
            if finding.call >= 0:
                call = row["traj"][finding.message]["tool_calls"][finding.call]
                assert finding.detail.startswith(call["function"]["name"])
                pointed += 1
    assert pointed > 10


def test_the_command_takes_several_files_and_fails_on_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, cut = CASES / "fr_tau_bench_ends_with_transfer.json", CASES / "reader_one_simulation_of_a_viewer.json"
    out = tmp_path / "v.jsonl"
    assert main(["check", str(ended), str(cut), "--out", str(out)]) == 0
    assert [Path(json.loads(line)["file"]).name for line in out.read_bytes().splitlines()] == [ended.name, cut.name]
    assert main(["check", str(ended), str(cut), "--fail-on", "incomplete, failed_write"]) == 1
    assert main(["check", str(ended), str(cut), "--fail-on", "any"]) == 1
    assert main(["check", str(ended), "--fail-on", "any"]) == 0
    assert main(["check", str(ended), "--fail-on", "incompleet"]) == 2
    assert "there is no reason 'incompleet'" in capsys.readouterr().err


def test_a_folder_is_its_files_by_name_and_what_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rows" / "below"
    folder.mkdir(parents=True)
    for name in ("b", "a"):
        (folder / f"{name}.json").write_bytes((CASES / "fr_tau_bench_ends_with_transfer.json").read_bytes())
    (folder / "c.json").write_text('{"no": "conversation"}')
    (folder / "notes.txt").write_text("none")
    out = tmp_path / "v.jsonl"
    assert main(["check", str(tmp_path / "rows"), "--out", str(out)]) == 2
    assert "c.json" in capsys.readouterr().err
    assert [Path(json.loads(line)["file"]).name for line in out.read_bytes().splitlines()] == ["a.json", "b.json"]


OPTIONS: dict[str, dict[str, Any]] = {
    "fr_task_of_the_file_ignored": {"data": DATA},
    "fr_extra_tool_cannot_be_replayed": {"data": DATA},
    "fa_value_that_only_the_user_saw": {"writes": ["reset_line"]},
}
EXPECTED: dict[str, str] = {} if SHARED is None else json.loads((CASES / "expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_every_case_has_the_verdict_that_its_table_calls_right(name: str, tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, CASES / f"{name}.json", **OPTIONS.get(name, {}))
    told, found = EXPECTED[name], reasons_of(line)
    named = {reason for reason in REASONS if reason in told}
    if told.startswith("clean"):
        assert found == set()
    elif "only" in told:
        assert found == named
    else:
        assert named <= found
    if "reward 1" in told and "stated" not in told:
        assert line.reward == 1
    if "stated reward" in told:
        assert line.stated_reward == float(told.rpartition(" ")[2])
    for argument in told.partition("unseen_argument: ")[2].split():
        assert any(one.reason == "unseen_argument" and f": {argument}=" in one.detail for one in line.findings)
