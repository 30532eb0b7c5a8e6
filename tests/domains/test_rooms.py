"""Every domain of ours has the same rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

DOMAINS = Path(__file__).parents[2] / "domains"
ROOMS = (
    "__init__.py", "schema.py", "world.py", "lookups.py", "tools/__init__.py", "policy.md", "policy.py",
    "deeds.py", "telling.py", "settling.py", "evidence.toml", "facts.toml",
    "goals/__init__.py", "goals/fetch.py", "goals/choose.py", "goals/objectives.py", "goals/counter_worlds.py",
    "goals/encodings.py", "goals/answers.py", "goals/meant.py",
    "recipes/__init__.py", "recipes/customers.py", "recipes/cancelling.py", "recipes/several.py",
    "recipes/asked.py",
    "phrases.py", "phrases.toml",
)  # fmt: skip
"""What each domain has; beside it may stand what it alone sells, tools and recipes by what they are about."""
SOLD = {
    *("goals/choose.py", "goals/answers.py", "goals/meant.py"),
    *("recipes/cancelling.py", "recipes/several.py", "recipes/asked.py"),
}
"""Rooms for choosing among the things that a customer has bought, and for doing something with several of them."""
SELLS_NOTHING = {"telecom"}
"""Domains whose customers have a line and a phone in hand, of which a number says which: nothing is chosen."""
OF_ITS_OWN = {
    "airline": {"airports.py", "airports.toml", "schedule.py"},
    "retail": {"catalogue.py", "catalogue.toml"},
    "telecom": {
        *("phone", "charges.py", "syncing.py", "setups.py", "assertions.py", "catalogue.toml"),
        *("manual.md", "workflow.md", "user_actions.toml"),
    },
}
GOALS_OF_ITS_OWN = {
    "airline": {"goals/flights.py", "goals/moving.py"},
    "retail": {"goals/scales.py"},
    "telecom": {"goals/ways.py"},
}


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_every_domain_has_the_same_rooms(name: str) -> None:
    folder = DOMAINS / "writ_domains" / name
    rooms = [room for room in ROOMS if name not in SELLS_NOTHING or room not in SOLD]
    assert [room for room in ROOMS if (folder / room).is_file()] == rooms
    top = {path.name for path in folder.iterdir()} - {"__pycache__"}
    assert top - {room.split("/")[0] for room in ROOMS} == OF_ITS_OWN[name]
    goals = {f"goals/{path.name}" for path in (folder / "goals").glob("*.py")}
    assert goals - {room for room in ROOMS if room.startswith("goals/")} == GOALS_OF_ITS_OWN.get(name, set())


def test_no_domain_is_left_out() -> None:
    folders = {policy.parent.name for policy in (DOMAINS / "writ_domains").glob("*/policy.md")}
    assert folders == set(OF_ITS_OWN)
