"""What SECURITY.md names as the test of a promise is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_names_tests_that_are_there() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`((?:tests|bench)/[^`]+)`", row.rpartition("|")[0].rpartition(" | ")[2])
        assert named, row
        assert all((ROOT / path).exists() for path in named), row
