"""`tools/conformance.py` on the recorded vectors, on vectors with faults put in, and on input that cannot be read."""

import copy
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from tools.conformance import main

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "conformance.py"
Lines = list[dict[str, Any]]


def run(*files: Path | str, data: Path | str | None = TAU2_DATA) -> subprocess.CompletedProcess[str]:
    """What the script says and the code that it ends with, called in this process."""
    arguments, out, err = ["--data", str(data), *map(str, files)], StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def typed(*files: Path | str, data: Path | str | None = TAU2_DATA) -> subprocess.CompletedProcess[str]:
    """The same of a process of its own."""
    command = [sys.executable, str(SCRIPT), "--data", str(data), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@needs_shared
@pytest.mark.parametrize("domain", ["airline", "retail", "telecom"])
def test_every_recorded_vector_agrees(domain: str) -> None:
    assert SHARED is not None
    done = typed(*(SHARED / "conformance" / f"{domain}_{kind}.jsonl.gz" for kind in ("gold", "fuzz", "eval")))
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].endswith(" 0 mismatches")
    assert len(done.stdout.splitlines()) == 1
    assert done.returncode == 0


def vectors(kind: str, where: Callable[[dict[str, Any]], bool]) -> Lines:
    """The header and the first fitting line of a file of airline vectors."""
    assert SHARED is not None
    with gzip.open(SHARED / "conformance" / f"airline_{kind}.jsonl.gz", "rt") as file:
        header = json.loads(next(file))
        return [header, next(line for line in map(json.loads, file) if where(line))]


def wrote(line: dict[str, Any]) -> bool:
    return any(call["type"] == "write" and not call["error"] for call in line["calls"]) and bool(line["db_diff"])


def judged(line: dict[str, Any]) -> bool:
    return line["variant"] == "gold" and bool(line["reward_info_all"]["communicate_checks"])


def edit(line: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        line = line[int(key) if isinstance(line, list) else key]
    line[last] = value


def check(tmp_path: Path, lines: Lines) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "vectors.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run(path)


def assert_found(tmp_path: Path, lines: Lines, name: str, faults: Sequence[tuple[str, Any, str]]) -> None:
    """Each fault (path, value, message), put into a copy of the second line, gives one line of output that says so."""
    header, line = lines
    copies = [copy.deepcopy(line) for _ in faults]
    for changed, (path, value, _) in zip(copies, faults, strict=True):
        edit(changed, path, value)
    done = check(tmp_path, [header, *copies])
    *found, last = done.stdout.splitlines()
    assert len(found) == len(faults)
    for number, (text, (_, _, message)) in enumerate(zip(found, faults, strict=True), 2):
        assert text.startswith(f"{tmp_path}/vectors.jsonl:{number}: {name}: {message}")
    assert last.endswith(f"in {len(faults)} episodes checked: {len(faults)} mismatches")
    assert (done.returncode, done.stderr) == (1, "")


@needs_shared
def test_each_fault_in_a_gold_vector_is_one_line(tmp_path: Path) -> None:
    lines = vectors("gold", lambda line: wrote(line) and line["calls"][0]["name"] == "get_user_details")
    faults = [
        ("calls.0.error", True, "call 0 (get_user_details): success, recorded error"),
        ("calls.0.content", "{}", "call 0 (get_user_details): content differs at 1"),
        ("db_hash", "0", "database hash"),
        ("db_canon_sha256", "0", "canonical database hash"),
        ("db_diff", {"users": {}}, "database differs from the recorded one at $."),
        ("evaluator_gold_db_hash", "0", "the evaluator's gold database hashes to"),
    ]
    assert_found(tmp_path, lines, f"task {lines[1]['task_id']}", faults)


@needs_shared
def test_each_fault_in_a_shortened_content_is_one_line(tmp_path: Path) -> None:
    lines = vectors("fuzz", lambda line: any("content_sha256" in call for call in line["calls"]))
    index = next(index for index, call in enumerate(lines[1]["calls"]) if "content_sha256" in call)
    where = f"call {index} ({lines[1]['calls'][index]['name']})"
    faults = [
        (f"calls.{index}.content_len", 1, f"{where}: content has"),
        (f"calls.{index}.content_head", "x", f"{where}: content begins"),
        (f"calls.{index}.content_sha256", "0", f"{where}: content has another hash"),
    ]
    assert_found(tmp_path, lines, f"episode {lines[1]['episode']}", faults)


@needs_shared
def test_each_fault_in_an_eval_vector_is_one_line(tmp_path: Path) -> None:
    lines = vectors("eval", judged)
    faults = [
        ("reward_info_all.reward", 0.0, "reward 1.0, recorded 0.0"),
        ("reward_info_all.reward_breakdown.DB", 0.0, "reward: components"),
        ("reward_info_all.db_check.db_match", False, "database check"),
        ("reward_info_all.action_checks.0.action_match", False, "action checks"),
        ("reward_info_all.communicate_checks.0.met", False, "communicate checks"),
        ("reward_info_all.nl_assertions", [], "assertions None, recorded []"),
        ("reward_info_all.info.note", "ended", "note '', recorded 'ended'"),
        ("all_ignore_basis.reward", 0.0, "reward ignoring the basis 1.0, recorded 0.0"),
        ("all_nl_unmet.reward", 0.0, "reward with nothing met 1.0, recorded 0.0"),
        ("final_db_hash", "0", "final database hash"),
    ]
    assert_found(tmp_path, lines, f"task {lines[1]['task_id']} (gold)", faults)


@needs_shared
def test_a_note_must_name_the_reason_of_the_ending(tmp_path: Path) -> None:
    header, line = vectors("eval", lambda line: line["variant"] == "premature")
    done = check(tmp_path, [header, line, {**line, "termination_reason": "user_stop"}])
    assert not [text for text in done.stdout.splitlines() if "jsonl:2:" in text]
    assert "recorded 'Simulation" in done.stdout
    assert done.returncode == 1


@needs_shared
def test_a_fault_in_a_header_is_found(tmp_path: Path) -> None:
    header, _ = vectors("gold", wrote)
    faults = [
        ("db_hash", "0", "the stock database hashes to"),
        ("db_canon_sha256", "0", "the stock database hashes to"),
        ("tool_types", {**header["tool_types"], "calculate": "read"}, "the tool calculate is generic, recorded read"),
        ("policy_sha256", "0", "the policy is not the recorded one"),
    ]
    done = check(tmp_path, [header, *({**header, field: value} for field, value, _ in faults)])
    *found, last = done.stdout.splitlines()
    for number, (text, (_, _, message)) in enumerate(zip(found, faults, strict=True), 2):
        assert text.startswith(f"{tmp_path}/vectors.jsonl:{number}: header: {message}")
    assert last.endswith("4 mismatches")
    assert done.returncode == 1


@needs_shared
def test_a_conversation_that_does_not_replay_is_reported(tmp_path: Path) -> None:
    header, line = vectors("eval", judged)
    line["messages"] = [message for message in line["messages"] if message["role"] != "tool"]
    done = check(tmp_path, [header, line])
    assert "expected the result of the tool call" in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def assert_refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Exit code 2 and one line that has all parts."""
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    for part in parts:
        assert part in line


HEADER = '{"kind": "header", "domain": "retail"}\n'


def test_files_that_cannot_be_read_are_one_line_and_code_2(tmp_path: Path) -> None:
    assert_refused(run(tmp_path / "none.jsonl.gz"), "none.jsonl.gz", "No such file")
    for name, packed in (("a.jsonl.gz", b"no gzip"), ("b.jsonl.gz", gzip.compress(b"{}" * 9)[:-9])):
        (tmp_path / name).write_bytes(packed)
        assert_refused(run(tmp_path / name), name)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert_refused(run(empty), "empty.jsonl", "the file is empty")
    for content, message in (
        ('{"kind": "fuzz", "episode": 0, "calls": [], "db_hash": "", "db_canon_sha256": "", "db_diff": {}}', "header"),
        ('{"kind": "header"}', "domain"),
        ('{"kind": "header", "domain": "mock"}', "not supported yet"),
        ('{"kind": "header", "domain": "pizza"}', "unknown domain 'pizza'"),
        ('{"kind": "cake"}', "cake"),
        ('{"kind": ', "truncated"),
        ('{"kind": "\udcff"}', "utf-8"),
    ):
        (tmp_path / "bad.jsonl").write_bytes(content.encode(errors="surrogateescape"))
        assert_refused(run(tmp_path / "bad.jsonl"), "bad.jsonl:1: ", message)


@needs_shared
def test_a_broken_line_in_a_file_is_named(tmp_path: Path) -> None:
    for line, message in (
        ("{", "truncated"),
        ('{"kind": "fuzz"}', "`episode`"),
        ('{"kind": "fuzz", "episode": 0, "calls": [{"name": 1}]}', "`$.calls[0].name`"),
        (
            '{"kind": "gold", "task_id": "x", "calls": [], "db_hash": "", "db_canon_sha256": "", "db_diff": {},'
            ' "evaluator_gold_db_hash": ""}',
            "no task 'x'",
        ),
    ):
        path = tmp_path / "bad.jsonl"
        path.write_text(HEADER + line)
        assert_refused(run(path), "bad.jsonl:2: ", message)


def test_wrong_flags_and_folders_are_code_2(tmp_path: Path) -> None:
    path = tmp_path / "vectors.jsonl"
    path.write_text(HEADER)
    assert_refused(run(path, data=tmp_path / "none"), "vectors.jsonl:1: tau2: no folder")
    assert_refused(run("--wrong"), "--help")
    assert_refused(typed("--wrong"), "--help")
