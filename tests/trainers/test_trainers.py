"""Each exported file goes through the trainer's own code, which trains on exactly the tokens that we count.

Trainers live in environments of their own. WRIT_TRAINERS says where: `trl=/path/to/python,verl=/path/to/python`; those
that are not named are skipped. `tools/trainers.py` runs there. What was measured is in bench/trainers.md.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest

from tests.support.shared_data import SHARED
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import AssistantMessage, make_call
from writ_async.formats.export import format_named
from writ_async.formats.export.lines import Line, agent_lines, one_call_a_turn, without_bad_calls, without_greeting
from writ_async.formats.export.source import Source
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView

PYTHONS = dict(pair.partition("=")[::2] for pair in os.environ.get("WRIT_TRAINERS", "").split(",") if pair)
MODEL = None if SHARED is None else SHARED / "sglang" / "cpu" / "models" / "tiny-qwen3"
TOOL = Path(__file__).parents[2] / "tools" / "trainers.py"

# What a trainer trains on beside the words and the end of the turn: the line break after it, or nothing.
BREAKS = {"trl": 1, "llamafactory": 1, "verl": 1, "axolotl": 0}
SUFFIX = {"verl": "parquet"}


def plain(lines: Sequence[Line]) -> list[Line]:
    return one_call_a_turn(without_bad_calls(without_greeting(lines)))


def flagged(lines: Sequence[Line]) -> list[Line]:
    return one_call_a_turn(without_greeting(lines))


SHOWN: dict[str, Callable[[Sequence[Line]], list[Line]]] = {
    "trl": plain, "llamafactory": plain, "verl": plain, "axolotl": flagged,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    out = tmp_path_factory.mktemp("trainers") / "run"
    seats = Seats(EngineSpec("scripted", {"mistakes": "hallucinated_tool=0.3,malformed_json=0.3"}))
    config = SynthConfig(domains=("retail", "airline"), n=20, seed=3, world_size=120, seats=seats)
    anyio.run(lambda: synth(config, out))
    return RunView.open(out)


def our_count(lines: Sequence[Line], breaks: int) -> int:
    """The tokens of every turn to learn from, as the family's renderer writes it, with the mark that ends it."""
    from tokenizers import Tokenizer

    from writ_async.chat import qwen

    assert MODEL is not None
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    total = 0
    for line in lines:
        if line.role == "assistant" and line.train:
            calls = tuple(make_call(call.id, call.name, call.arguments) for call in line.calls)
            text = str(qwen.QWEN3.write(AssistantMessage(line.content or None, calls))) + qwen.END
            total += len(tokenizer.encode(text, add_special_tokens=False).ids) + breaks
    return total


@pytest.mark.parametrize("trainer", sorted(BREAKS))
def test_the_trainer_reads_every_row_and_trains_on_our_tokens(trainer: str, run: RunView, tmp_path: Path) -> None:
    if not PYTHONS.get(trainer):
        pytest.skip(f"WRIT_TRAINERS names no Python with {trainer}")
    if MODEL is None or not MODEL.is_dir():
        pytest.skip("there is no model folder with a tokenizer in the shared data")
    out = tmp_path / f"train.{SUFFIX.get(trainer, 'jsonl')}"
    exported = format_named(trainer).write(run, out)
    command = [PYTHONS[trainer], str(TOOL), trainer, str(out), "--model", str(MODEL)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(done.stdout)["rows"]
    assert len(rows) == exported.rows > 0
    for item, row in zip(Source(run, include_rejected=False), rows, strict=True):
        lines = agent_lines(item.trajectory)
        assert lines is not None
        assert row["trained"] == our_count(SHOWN[trainer](lines), BREAKS[trainer])
