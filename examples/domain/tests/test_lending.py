"""What a domain has to show: every task has a proof, and a faultless agent's rows are kept, for each kind of task."""

from __future__ import annotations

import msgspec
import pytest
from writ_lending import DOMAIN

from writ_async import State, make_tasks, run
from writ_async.commands.check_proofs import check_tasks


@pytest.mark.parametrize("kind", sorted({recipe.kind for recipe in DOMAIN.recipes}))
def test_proofs_hold_and_rows_are_kept(kind: str) -> None:
    tasks = make_tasks(DOMAIN, 20, mix=f"{kind}=1", world_size=40)
    report = check_tasks(tasks)
    assert report.sound, report.false
    assert report.burden >= (3 if kind == "read-heavy" else 1)
    assert all(row.verdict is not None and row.verdict.kept for row in run(tasks))


def test_every_recipe_gives_tasks() -> None:
    tasks = make_tasks(DOMAIN, 80, mix=",".join(f"{recipe.kind}=1" for recipe in DOMAIN.recipes), world_size=40)
    assert {task.recipe for task in tasks} == {recipe.name for recipe in DOMAIN.recipes}


def test_a_world_is_read_back_as_it_was() -> None:
    world = DOMAIN.generate(3, 12)
    assert DOMAIN.load(msgspec.json.encode(DOMAIN.dump(State(world)))).digest() == world.digest()
    assert DOMAIN.generate(3, 12).digest() == world.digest()
