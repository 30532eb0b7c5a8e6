"""Rows of fixed seeds are those that were recorded: a change of rows is always deliberate.

A digest is the SHA-256 of a file's lines, sorted by their bytes. To record again: print what the test compares.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.support.shared_data import needs_shared

SYNTH = {
    "tasks.jsonl": "5abe3ef772bc48f3e126d55c564364d953a2ac937863cc47c1a7bbb0cc2aedf7",
    "trajectories.jsonl": "fe9f8b05c07e6103c06184156be0d7a30de516b08978df20427f5d849d107b23",
}
EVAL = {
    "tasks.jsonl": "29a89f5f08754e7d1078775ac6d3464be2a50f0631b01191a6882d4d2bdcbdbe",
    "trajectories.jsonl": "8da013e9505276c6cb5dc3411d65093c3067b1cdf07b9bce163b6b4eba8cb677",
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
