"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "e5b9b8f155091d0190745b1788c8d927e5c0e2c4e636d09f926dad7c84c67839",
    "trajectories.jsonl": "04fe4c1d252419819217ea2b95636f4fa5fba399e350cf3bfa2368a18e738f9b",
}
EVAL = {
    "tasks.jsonl": "29a89f5f08754e7d1078775ac6d3464be2a50f0631b01191a6882d4d2bdcbdbe",
    "trajectories.jsonl": "1745b7d3ac45b5b38da8438ad965bee0e0e3b90a4105dd631a78668f5398aed8",
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
