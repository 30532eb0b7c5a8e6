"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "2f0f6669e88377be64343df03805febb817232390b93797d78b9467508259879",
    "trajectories.jsonl": "cc2e055a71baf44f1abce2a67286621557a07f89bae1ee476cdcbb5652b7604a",
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
