"""Every domain has the same rooms, and `domains/README.md` shows a whole one that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.state import State
from writ_async.core.task import Kind, WorldRef
from writ_async.synthesis.proof import check_proof
from writ_async.synthesis.tasks import synthesise_tasks

DOMAINS = Path(__file__).parents[2] / "domains"
ROOMS = (
    "__init__.py", "schema.py", "world.py", "lookups.py", "tools/__init__.py", "policy.md", "policy.py",
    "goals/__init__.py", "goals/fetch.py", "goals/choose.py", "goals/objectives.py", "goals/changes.py",
    "goals/encodings.py", "recipes/__init__.py", "recipes/customers.py", "recipes/cancelling.py", "recipes/several.py",
    "phrases.py",
)  # fmt: skip
"""What each domain has; beside it may stand what it alone sells, tools and recipes by what they are about."""
OF_ITS_OWN = {"airline": {"schedule.py"}, "retail": {"catalogue.py"}}


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_every_domain_has_the_same_rooms(name: str) -> None:
    folder = DOMAINS / "writ_domains" / name
    assert [room for room in ROOMS if not (folder / room).is_file()] == []
    top = {path.name for path in folder.iterdir()} - {"__pycache__"}
    assert top - {room.split("/")[0] for room in ROOMS} == OF_ITS_OWN[name]
    goals = {f"goals/{path.name}" for path in (folder / "goals").glob("*.py")}
    assert goals == {room for room in ROOMS if room.startswith("goals/")}


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_the_words_are_data(name: str) -> None:
    text = (DOMAINS / "writ_domains" / name / "phrases.py").read_text(encoding="utf-8")
    assert not re.search(r"^\s*(def|class|return|async) ", text, re.MULTILINE)


def _of_readme() -> Domain:
    text = (DOMAINS / "README.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {"__name__": "lending"}
    source = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    exec(compile(source, "README.md", "exec", dont_inherit=True), found)
    domain = found["DOMAIN"]
    assert isinstance(domain, Domain)
    return domain


@pytest.mark.parametrize("kind", ["normal", "read-heavy", "refusal"])
def test_the_domain_of_the_readme_gives_tasks_with_proofs(kind: Kind) -> None:
    domain = _of_readme()
    world = domain.generate(1, 40)
    ref = WorldRef("lending", seed=1, size=40, digest=world.digest())
    tasks, _ = synthesise_tasks([Environment(domain, world, ref)], 20, 5, {kind: 1.0})
    assert len(tasks) == 20
    for task in tasks:
        assert check_proof(task, domain, world) == []
        assert task.proof is not None
        assert bool(task.proof.refused) is (kind == "refusal")
        assert task.proof.burden >= (3 if kind == "read-heavy" else 1)


def test_its_worlds_are_read_back_as_they_were() -> None:
    domain = _of_readme()
    world = domain.generate(3, 12)
    assert domain.load(msgspec.json.encode(domain.dump(State(world)))).digest() == world.digest()
