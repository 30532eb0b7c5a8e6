"""The rehearsal, killed in its middle and gone on with; what its files say; what the trainers' files read of them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.models.folders import write_family
from examples.reproduce import driver
from examples.reproduce.__main__ import main
from examples.reproduce.recipe import HERE, read_config
from examples.reproduce.stamps import Stamps
from examples.reproduce.table import markdown_table
from tests.support.recorded_prompts import write_kit
from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async import InputError
from writ_async.cli import main as cli

ROOT = Path(__file__).resolve().parents[2]
STEPS = (
    *("synth-1", "synth-2", "select", "replay", "contamination", "publish", "export", "export-validation"),
    *("eval", "report", "table"),
)


def begin(out: Path, *more: str) -> subprocess.Popen[bytes]:
    """The rehearsal in a process of its own, in its own group, without a word."""
    words = [sys.executable, "-m", "examples.reproduce", "run", "rehearsal", "--out", str(out), *more]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAU2_")}
    sink = subprocess.DEVNULL
    return subprocess.Popen(words, cwd=ROOT, env=environment, start_new_session=True, stdout=sink, stderr=sink)


def until(there: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


def lives_on(group: int) -> bool:
    """Whether any process of a group has not ended yet."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def times(out: Path) -> dict[str, int]:
    return {path.stem: path.stat().st_mtime_ns for path in (out / "steps").glob("*.json")}


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a rehearsal under the benchmark's recorded texts that was killed once, and of one that was not."""
    assert TAU2_DATA is not None
    folder = tmp_path_factory.mktemp("reproduce")
    kit = write_kit(folder / "kit.json")
    out, more = folder / "out", ("--data", str(TAU2_DATA), "--prompts", str(kit))
    child = begin(out, *more)
    until(lambda: (out / "steps" / "synth-2.json").exists() or child.poll() is not None)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    until(lambda: not lives_on(child.pid))  # what it had started holds the run's lock until it has gone
    stamps = Stamps(out)
    first = stamps.read("synth-1")
    assert first is not None
    assert first.done
    second = stamps.read("synth-2")
    assert second is not None
    assert not second.done
    before = times(out)["synth-1"]
    assert begin(out, *more).wait(timeout=600) == 0
    assert times(out)["synth-1"] == before
    return out


@needs_shared
def test_a_killed_rehearsal_goes_on_to_its_end_and_then_has_nothing_to_do(
    rehearsed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(times(rehearsed)) == set(STEPS)
    before = times(rehearsed)
    kit = rehearsed.parent / "kit.json"
    more = ["--data", str(TAU2_DATA), "--prompts", str(kit), "--out", str(rehearsed)]
    assert main(["run", "rehearsal", *more]) == 0
    said = capsys.readouterr().out
    assert times(rehearsed) == before
    assert all(f"{name}: done" in said for name in STEPS)
    assert "train: needs a GPU" in said
    assert "trl sft --config examples/reproduce/trainers/qwen3-4b.trl.yaml" in said
    assert main(["run", "rehearsal", *more, "--set", "selection.rows=8"]) == 2
    said = capsys.readouterr().err
    assert "select: --n was 10, is 8" in said
    assert "export: select is stale" in said
    assert "synth-1" not in said
    assert "eval:" not in said  # of a rehearsal it rests on no rows


@needs_shared
def test_rows_are_replayed_clean_and_in_the_benchmarks_texts(rehearsed: Path) -> None:
    assert "0 mismatches" in (rehearsed / "replay.txt").read_text()
    shared = json.loads((rehearsed / "contamination.json").read_text())
    assert [shared[key]["both"] for key in ("users", "ids", "gold_writes")] == [0, 0, 0]
    kit = json.loads((rehearsed.parent / "kit.json").read_text())
    instruction = kit["agent_prompt"].partition("{policy}")[0]
    rows = jsonl(rehearsed / "export" / "trl" / "train.jsonl")
    assert len(rows) == 10
    assert all(row["messages"][0]["content"].startswith(instruction) for row in rows)
    assert (rehearsed / "published" / "README.md").is_file()


@needs_shared
def test_trl_reads_messages_tools_and_the_greeting(rehearsed: Path) -> None:
    folder = rehearsed / "export" / "trl"
    assert sorted(path.name for path in folder.iterdir()) == ["test.jsonl", "train.jsonl"]  # a card would hide the test
    train, test = jsonl(folder / "train.jsonl"), jsonl(folder / "test.jsonl")
    assert (len(train), len(test)) == (10, 2)
    for row in (*train, *test):
        assert set(row) == {"messages", "tools"}
        tools = json.loads(row["tools"])
        assert {tool["type"] for tool in tools} == {"function"}
        assert [message["role"] for message in row["messages"][:3]] == ["system", "assistant", "user"]
        names = {tool["function"]["name"] for tool in tools}
        for message in row["messages"]:
            for call in message.get("tool_calls", []):
                assert call["function"]["name"] in names
                assert isinstance(call["function"]["arguments"], dict)
    users = [{message["content"] for message in row["messages"] if message["role"] == "user"} for row in train]
    assert all(users)


@needs_shared
def test_llamafactorys_entries_columns_and_roles_are_those_of_its_files(
    rehearsed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a copy: a run's folder may be moved, and what does not change stays done."""
    out = shutil.copytree(rehearsed, tmp_path / "out")
    kit = rehearsed.parent / "kit.json"
    more = ["--data", str(TAU2_DATA), "--prompts", str(kit), "--out", str(out), "--trainer", "llamafactory"]
    assert main(["run", "rehearsal", *more, "--redo", "--to", "train"]) == 0
    said = capfd.readouterr().out
    assert all(f"{name}: done" in said for name in ("synth-1", "synth-2", "select", "publish"))
    folder = out / "export" / "llamafactory"
    info = json.loads((folder / "dataset_info.json").read_text())
    config = read_config(HERE / "trainers" / "qwen3-4b.llamafactory.yaml")
    assert set(info) == {config["dataset"], config["eval_dataset"]}
    for entry in info.values():
        columns, tags = entry["columns"], entry["tags"]
        assert entry["formatting"] == "sharegpt"
        speakers = ({tags["user_tag"], tags["observation_tag"]}, {tags["assistant_tag"], tags["function_tag"]})
        rows = jsonl(folder / entry["file_name"])
        assert rows
        for row in rows:
            assert set(columns.values()) <= set(row)
            turns = row[columns["messages"]]
            # Its converter passes over rows in silence that do not alternate, or that do not end with an answer.
            assert len(turns) % 2 == 0
            assert all(turn[tags["role_tag"]] in speakers[place % 2] for place, turn in enumerate(turns))
            assert json.loads(row[columns["tools"]])
            for turn in turns:
                if turn[tags["role_tag"]] == tags["function_tag"]:
                    assert set(json.loads(turn[tags["content_tag"]])) == {"name", "arguments"}


@needs_shared
def test_the_table_has_the_published_rows_and_this_runs_with_intervals(rehearsed: Path) -> None:
    table = (rehearsed / "report" / "table.md").read_text()
    assert "| Qwen3-4B-Instruct-2507, WRIT | published | 71.05 | 61.00 | 67.99 | 251,000 |" in table
    assert "| GPT-5.1, no thinking | published | – | – | 62.80 | 318,000 |" in table
    # Three tasks of each subset, all solved: the interval of three in three.
    assert "| eval: scripted | this run | 100.00 (24.8 to 100.0) |" in table
    assert "terms tau2" in table
    assert "terms of our own" not in table


def test_without_the_benchmark_rows_are_made_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAU2_DATA_DIR", raising=False)
    small = ["synthesis.keep=4", "synthesis.seeds=1", "selection.rows=3", "selection.validation=0"]
    small = [word for change in small for word in ("--set", change)] + ["--out", str(tmp_path)]
    assert main(["run", "rehearsal", *small]) == 0
    assert "eval and report are left out" in capsys.readouterr().out
    assert len(jsonl(tmp_path / "export" / "trl" / "train.jsonl")) == 3
    assert not (tmp_path / "eval").exists()


def test_a_recipe_without_the_benchmark_or_with_a_step_that_is_none_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main(["run", "qwen3-4b", *out, "--tau2", str(tmp_path)]) == 2
    assert "no data folder of τ²-bench" in capsys.readouterr().err
    assert main(["run", "rehearsal", *out, "--to", "nowhere"]) == 2
    assert "no step 'nowhere'; there are synth-1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@needs_shared
def test_a_students_recipe_runs_to_its_training_where_there_is_no_gpu(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its flags stand; the script teaches, and a tokenizer of 600 words counts what is too long."""
    monkeypatch.setattr(driver, "has_gpu", lambda: False)
    student = write_family(tmp_path / "student", "qwen3-instruct-2507")
    small = ["synthesis.keep=4", "synthesis.seeds=1", "synthesis.world_size=80", "selection.rows=2"]
    small += ["selection.validation=0", "selection.max_tokens=90000"]
    more = [word for change in small for word in ("--set", change)]
    more += ["--teacher-engine", "scripted", "--user-engine", "scripted", "--model", str(student)]
    more += [
        "--data",
        str(TAU2_DATA),
        "--prompts",
        str(write_kit(tmp_path / "kit.json")),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["run", "qwen3-4b", *more, "--accept", "model"]) == 1
    said = capsys.readouterr().err
    assert "train: this machine has no GPU" in said
    assert "and go on here with --accept train" in said
    assert len(jsonl(tmp_path / "out" / "export" / "trl" / "train.jsonl")) == 2
    (tmp_path / "out" / "model").mkdir()
    (tmp_path / "out" / "model" / "config.json").write_text("{}")
    assert main(["run", "qwen3-4b", *more, "--accept", "train"]) == 1
    streams = capsys.readouterr()
    assert "export: done" in streams.out
    assert "train: done" in streams.out
    assert "eval-untrained: the server needs a GPU" in streams.err
    assert f"writ serve {student} --port 30000 --context 32768" in streams.err
    assert cli(["serve", str(student), "--port", "30000", "--context", "32768", "--dry-run"]) == 0


@pytest.mark.slow
@needs_shared
def test_the_plan_has_tokens_dollars_and_hours_and_plays_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = write_kit(tmp_path / "kit.json")
    more = ["--data", str(TAU2_DATA), "--prompts", str(kit), "--out", str(tmp_path / "out")]
    assert main(["run", "qwen2.5-14b", *more, "--dry-run", "--gpu-dollars", "2"]) == 0
    printed = capsys.readouterr().out
    lines = {line.partition("  ")[0]: line.split("  ") for line in printed.splitlines()}
    numbers = {name: [word.strip() for word in words if word.strip()] for name, words in lines.items()}
    teacher = numbers["synth, teacher"]
    tokens_in, _, dollars = (float(word.replace(",", "")) for word in teacher[1:4])
    # A prompt's tokens cost an eighth of a dollar a million from the cache, 1.25 at most.
    assert tokens_in * 0.125 < dollars < tokens_in * 1.25 + 100
    assert "4 × 600 rows, at 63% kept" in printed
    assert "1.8 times as slow" in printed
    # Two epochs of 2,000 rows of 8,000 tokens on 14.7 thousand million parameters.
    assert numbers["train"][1:5] == ["32.00", "–", "–", "4.0"]
    assert "GPUs at 2 dollars an hour" in printed
    assert not (tmp_path / "out").exists()


def test_what_is_no_report_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="wants what `writ report --json` writes"):
        markdown_table("Qwen3-4B-Instruct-2507", tmp_path / "x.json")


def test_two_runs_are_held_against_each_other_and_ours_are_said_not_to_compare(tmp_path: Path) -> None:
    def scored(label: str, terms: str, value: float) -> dict[str, Any]:
        interval = {"estimate": value, "low": value - 0.1, "high": value + 0.1}
        scores = [
            {"name": name, "tasks": tasks, "trials": 4 * tasks, "pass_hat": [interval]}
            for name, tasks in (("tau2:retail", 114), ("tau2:airline", 50), ("all", 164))
        ]
        told = {"user": "openai gpt-4.1", "judge": "openai gpt-4.1", "agent": "sglang student"}
        return {"label": label, "terms": terms, "scores": scores, "tokens": [1000] * 656, **told}

    gap = {"mean": 0.2, "low": 0.1, "high": 0.3, "p": 0.001}
    against = [{"label": "eval", "tasks": 164, "difference": gap, "why": ""}]
    found = {"runs": [scored("eval-untrained", "tau2", 0.4), scored("eval", "writ", 0.6)], "against": against}
    (tmp_path / "x.json").write_text(json.dumps(found))
    table = markdown_table("Llama-3.1-8B-Instruct", tmp_path / "x.json")
    assert "| eval-untrained: sglang student | this run | 40.00 (30.0 to 50.0) |" in table
    assert "| 164,000 |" in table  # tokens of one trial of each task
    assert "- eval minus eval-untrained: +20.0 points (+10.0 to +30.0), p = 0.001, paired over 164 tasks." in table
    assert table.count("terms of our own") == 1
    assert "CoVe, best before" in table


def jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
