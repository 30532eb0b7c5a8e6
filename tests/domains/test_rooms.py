"""Every domain of ours has the same rooms."""

from __future__ import annotations

from pathlib import Path

import pytest
import writ_domains

ROOMS = {
    *("__init__.py", "schema.py", "world.py", "lookups.py", "policy.md", "policy.py", "phrases.py"),
    *("tools/__init__.py", "tools/reads.py", "goals/__init__.py", "goals/fetch.py", "goals/objectives.py"),
    *("goals/changes.py", "goals/encodings.py", "recipes/__init__.py"),
}
FOLDERS = [folder for folder in Path(writ_domains.__file__).parent.iterdir() if (folder / "policy.md").exists()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_domain_has_the_same_rooms_as_the_others(folder: Path) -> None:
    assert {room for room in ROOMS if not (folder / room).exists()} == set()


def test_airline_and_retail_are_looked_at() -> None:
    assert {folder.name for folder in FOLDERS} >= {"airline", "retail"}
