"""The command that measures a GPU, end to end on the server of the live tests: all but the GPU's flags."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from writ_engines.simulated.costs import read_costs

from bench.gpu.data import Measured
from tests.live.server import ROOT, Server


@pytest.fixture(scope="module")
def out(noise_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command leaves."""
    folder = tmp_path_factory.mktemp("gpu")
    command = [sys.executable, "bench/gpu", "--device", "cpu", "--url", noise_server.url]
    command += ["--model", str(noise_server.model), "--seconds", "300", "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def measured(out: Path) -> Measured:
    return msgspec.json.decode((out / "measured.json").read_bytes(), type=Measured)


def test_every_cell_is_measured(measured: Measured) -> None:
    assert measured.stopped == []
    assert len(measured.decode) == 9
    assert len(measured.prefill) == 6
    assert measured.server["version"]


def test_decode_steps_are_the_servers_own_count_of_full_batches(measured: Measured) -> None:
    for cell in measured.decode:
        assert cell.steps >= cell.new_tokens // 4, cell
        assert cell.mean_requests == pytest.approx(cell.requests, rel=0.35), cell


def test_prefill_found_in_the_cache_what_was_put_there(measured: Measured) -> None:
    for cell in measured.prefill:
        assert cell.cached_found == pytest.approx(cell.cached, abs=1), cell


def test_every_later_turn_found_its_whole_history(measured: Measured) -> None:
    assert [row.batched for row in measured.turns] == [False, True]
    for row in measured.turns:
        assert row.whole_hits == row.later_turns > 0
        assert row.client_microseconds > 0


def test_the_fitted_costs_are_the_simulated_servers(out: Path, measured: Measured) -> None:
    assert read_costs(out / "costs.json") == measured.costs
    assert measured.costs is not None
    assert measured.costs.kv_tokens == measured.server["max_total_num_tokens"]
    assert "| context |" in (out / "table.md").read_text(encoding="utf-8")
