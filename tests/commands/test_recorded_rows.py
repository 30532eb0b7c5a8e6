"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "ca568c1e49a8e40c51c1292816307f38794a2228c853ca159e8746cf457cfcc7",
    "trajectories.jsonl": "466db669c03586f47baa8471352154e0d21260e3430750ce8f2084f400720f66",
}
EVAL = {
    "tasks.jsonl": "29a89f5f08754e7d1078775ac6d3464be2a50f0631b01191a6882d4d2bdcbdbe",
    "trajectories.jsonl": "a4c2ff16dd723b74eea1ba5342caafe33ab4fd8116b86c0fc8ad0cc0ac6b666e",
}


def digests(run: Path) -> dict[str, str]:
    """What `sort FILE | sha256sum` prints in the C locale, by file."""
    return {
        name: sha256(b"".join(sorted((run / name).read_bytes().splitlines(keepends=True)))).hexdigest()
        for name in ("tasks.jsonl", "trajectories.jsonl")
    }


def test_the_readmes_synthesis_gives_the_recorded_rows(readme_run: Path) -> None:
    assert digests(readme_run) == SYNTH


@needs_shared
def test_the_evaluation_on_the_benchmark_gives_the_recorded_rows(benchmark_run: Path) -> None:
    assert digests(benchmark_run) == EVAL
