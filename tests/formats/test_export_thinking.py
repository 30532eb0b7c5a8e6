"""What the agent thought goes where a trainer's format has a place for it, and nowhere else."""

import json
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from tests.formats.test_export import make_run
from tests.formats.test_export_formats import rows_of
from tests.support.samples import TALK, trajectory
from writ_async.core.message import AssistantMessage
from writ_async.formats.export import FORMATS, format_named
from writ_async.runs.view import RunView

THOUGHT = "They want it cancelled."


def thinking(places: tuple[int, ...]) -> Any:
    return tuple(
        msgspec.structs.replace(message, reasoning=THOUGHT)
        if place in places and isinstance(message, AssistantMessage)
        else message
        for place, message in enumerate(TALK)
    )


@pytest.fixture
def run(tmp_path: Path) -> RunView:
    """A row whose agent thought before its first call and before its last words."""
    return make_run(tmp_path / "run", [trajectory(messages=thinking((2, 6)))])


def written(run: RunView, name: str) -> Path:
    out = run.path.parent / f"{name}.out"
    format_named(name).write(run, out)
    return out


@pytest.mark.parametrize("name", ["trl", "axolotl"])
def test_formats_of_messages_have_it_under_the_key_that_templates_read(run: RunView, name: str) -> None:
    (row,) = rows_of(written(run, name))
    told = [message.get("reasoning_content") for message in row["messages"] if message["role"] == "assistant"]
    assert told[-3:] == [THOUGHT, None, THOUGHT]


def test_llamafactory_has_it_before_words_and_not_before_calls(run: RunView) -> None:
    (row,) = rows_of(written(run, "llamafactory"))
    assert row["conversations"][-1]["value"] == f"<think>\n{THOUGHT}\n</think>\n\nIt is cancelled."
    assert [THOUGHT in turn["value"] for turn in row["conversations"][:-1]] == [False] * 5


def test_verl_has_it_in_the_content(run: RunView) -> None:
    (row,) = pl.read_parquet(written(run, "verl")).to_dicts()
    said = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
    assert said[-1] == f"<think>\n{THOUGHT}\n</think>\n\nIt is cancelled."
    assert said[-3].startswith(f"<think>\n{THOUGHT}\n</think>\n\n<tool_call>")
    assert row["enable_thinking"]


@pytest.mark.parametrize("name", ["openai", "writ-2k", "apigen-mt"])
def test_formats_without_a_place_leave_it_out(run: RunView, tmp_path: Path, name: str) -> None:
    silent = make_run(tmp_path / "silent" / "run", [trajectory()])
    assert rows_of(written(run, name)) == rows_of(written(silent, name))


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("parquet", "verl", "tokens")])
def test_rows_without_thoughts_have_no_key_for_them(tmp_path: Path, name: str) -> None:
    silent = make_run(tmp_path / "run", [trajectory()])
    assert "reasoning" not in json.dumps(rows_of(written(silent, name)))
    assert b"reasoning" not in msgspec.json.encode(trajectory().messages)
