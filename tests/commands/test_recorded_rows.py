"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "524799bb247adb47261a414e2f81cf7ece14c8f7c3a383e35c5d094c429f0f78",
    "trajectories.jsonl": "9345c2b7cc330d217e5e1cbd2832cc4ed783f1972d1d9daf853b8970fdf35691",
}
EVAL = {
    "tasks.jsonl": "80ec170350c640b5f1ffc06c8e95d7e459c9be6af2891304deda48a08d5b0959",
    "trajectories.jsonl": "03e2bafebe4b972efa5ad7b38de88bc9d5ca95451d8446f149eeeb0554e35a55",
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
