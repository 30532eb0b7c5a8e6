"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "45aa08675eecc3b2cb573b16c5169e6a0178504e746e881e4c16b9683c36c867",
    "trajectories.jsonl": "7b68a3710a64143ee147d008dff501077b603735b6eb10fe740d4356e647370d",
}
EVAL = {
    "tasks.jsonl": "29a89f5f08754e7d1078775ac6d3464be2a50f0631b01191a6882d4d2bdcbdbe",
    "trajectories.jsonl": "70e617ad993c45122965711e813bd0b066689284b87a08032e6f09f622df89dc",
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
