"""Draws tasks: kinds by the mix, recipes by the seed, each proved sound in its world before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from writ_async.domain import Domain, Draft, Recipe
from writ_async.errors import InputError
from writ_async.state import State, World
from writ_async.synthesis.mix import assign_kinds
from writ_async.synthesis.soundness import unsound
from writ_async.task import Kind, Task, WorldRef
from writ_async.verify.calls import call_key

_DRAWS = 40  # per recipe and task: beyond this the world has nothing fit for the recipe


class Place(msgspec.Struct, frozen=True):
    """A domain and the world that tasks are drawn from."""

    domain: Domain
    world: World
    ref: WorldRef


class SynthesisReport(msgspec.Struct):
    """What became of the draws: how many tasks, and how many draws were empty, unsound, or had been drawn before."""

    tasks: int = 0
    empty: int = 0
    unsound: int = 0
    duplicate: int = 0


def synthesise(
    places: Sequence[Place], n: int, seed: int, mix: Mapping[Kind, float]
) -> tuple[list[Task], SynthesisReport]:
    """Draw n tasks, in turn from each place. No two of a place have the same gold writes.

    Raises `InputError` when a world holds too little for so many tasks, or no recipe makes a kind.
    """
    report = SynthesisReport()
    kinds = {index: assign_kinds((n - index + len(places) - 1) // len(places), mix) for index in range(len(places))}
    taken: list[set[bytes]] = [set() for _ in places]
    tasks: list[Task] = []
    for number in range(n):
        where = number % len(places)
        place = places[where]
        kind = kinds[where][number // len(places)]
        recipes = [recipe for recipe in place.domain.recipes if recipe.kind == kind]
        if not recipes:
            raise InputError(f"domain {place.domain.name!r} has no recipe for {kind} tasks; leave them out of --mix")
        tasks.append(_draw(place, recipes, number, seed, taken[where], report))
    report.tasks = len(tasks)
    return tasks, report


def _draw(
    place: Place, recipes: Sequence[Recipe], number: int, seed: int, taken: set[bytes], report: SynthesisReport
) -> Task:
    rng = Random(f"{seed}/{place.domain.name}/{number}")
    for recipe in rng.sample(recipes, len(recipes)):
        for _ in range(_DRAWS):
            draft = recipe.make(place.world, rng)
            if draft is None:
                report.empty += 1
                continue
            key = _gold_key(draft, place.domain)
            if key in taken:
                report.duplicate += 1
                continue
            task = make_task(draft, recipe, place, f"{place.domain.name}-s{seed}-{number:05d}", seed)
            state = State(place.world)
            if unsound(task, place.domain, state):
                report.unsound += 1
                continue
            taken.add(key)
            return msgspec.structs.replace(task, gold_digest=state.digest())
    raise InputError(
        f"the {place.domain.name} world of {place.ref.size} users has no room for task {number + 1}; "
        "raise --world-size or lower --n"
    )


def make_task(draft: Draft, recipe: Recipe, place: Place, task_id: str, seed: int) -> Task:
    """The task of a draft."""
    return Task(
        id=task_id,
        domain=place.domain.name,
        kind=recipe.kind,
        world=place.ref,
        scenario=draft.scenario,
        actions=draft.actions,
        certificates=draft.certificates,
        communicate=draft.communicate,
        recipe=recipe.name,
        seed=seed,
    )


def _gold_key(draft: Draft, domain: Domain) -> bytes:
    writes = [action for action in draft.actions if domain.tools[action.name].kind == "write"]
    return b"\n".join(sorted(call_key(action.name, action.arguments) for action in writes))
