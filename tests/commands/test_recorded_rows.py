"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "6522bd50e43d7610e8df2c0d1b3234e9f98636051bdbb6b912dedfb9a32d6a99",
    "trajectories.jsonl": "0f22261bb70615b46d078271f31e86eaa65805669fba0a6453cb2cf1e8c6c32e",
}
EVAL = {
    "tasks.jsonl": "80ec170350c640b5f1ffc06c8e95d7e459c9be6af2891304deda48a08d5b0959",
    "trajectories.jsonl": "e21bd87653daf2d74863c65a362c1845dd7525e5a434322377e33781da756e01",
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
