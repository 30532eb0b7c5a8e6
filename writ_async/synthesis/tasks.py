"""Draws tasks: kinds by the mix, levels by their weights, recipes by the seed, each proved before it is used.

A recipe that states goals gives tasks with proofs. One that does not is only held to be sound: its gold calls, made,
are a conversation that every verifier keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from writ_async.core.domain import Domain, Recipe
from writ_async.core.environment import Environment
from writ_async.core.level import extent_of, spread
from writ_async.core.task import WITHOUT_WRITE, Kind, Task
from writ_async.errors import InputError
from writ_async.synthesis.aims import TaskAim, TaskWishes
from writ_async.synthesis.drawing import DrawTrace
from writ_async.synthesis.mix import EVEN, assign_extents, assign_kinds
from writ_async.synthesis.task_maker import Further, SynthesisReport, TaskMaker, may_reach


def synthesise_tasks(
    environments: Sequence[Environment],
    n: int,
    seed: int,
    mix: Mapping[Kind, float],
    wanted: TaskWishes | None = None,
    *,
    only: int | None = None,
    further: Further | None = None,
    on_task: Callable[[], None] | None = None,
    traces: Mapping[int, DrawTrace] | None = None,
) -> tuple[list[Task], SynthesisReport]:
    """Draw n tasks, in turn from each environment. No two of a world have the same gold writes.

    Without levels the mix says how many tasks there are of each kind; with levels it says which kinds may be used.
    `only` names one environment, whose tasks alone are drawn: they do not depend on those of the others. `on_task` is
    called after each. What is in the `traces`, by the numbers of environments, is not drawn again, nor in the report.
    Raises `InputError` when a world holds too little for so many tasks, or no recipe makes a kind.
    """
    wanted = wanted or TaskWishes()
    report = SynthesisReport()
    makers = [TaskMaker(environment, seed, wanted, report, further) for environment in environments]
    counts = [(n - index + len(environments) - 1) // len(environments) for index in range(len(environments))]
    kinds = [
        assign_kinds(count, _mix_of(environment.domain, mix))
        for environment, count in zip(environments, counts, strict=True)
    ]
    extents = [assign_extents(listed) for listed in kinds]
    levels = [spread(count, wanted.levels) if wanted.levels else [""] * count for count in counts]
    aims = [
        _aims_for(environment.domain, count, wanted) for environment, count in zip(environments, counts, strict=True)
    ]
    tasks: list[Task] = []
    for number in range(n):
        where, turn = number % len(environments), number // len(environments)
        if only is not None and where != only:
            continue
        maker, trace = makers[where], (traces or {}).get(where)
        if trace is not None and (known := trace.next_kept()) is not None:
            tasks.append(maker.take_up(known))
        else:
            if aims[where]:
                draw = partial(maker.draw_after, aims[where][turn], number)
            else:
                level = levels[where][turn]
                recipes = _recipes_for(environments[where].domain, kinds[where][turn], level, mix)
                draw = partial(maker.draw, recipes, number, level, extents[where][turn])
            drawn = maker.draw_anew(draw)
            tasks.append(drawn.task)
            if trace is not None:
                trace.keep(drawn)
        if on_task is not None:
            on_task()
    report.tasks = len(tasks)
    return tasks, report


def _aims_for(domain: Domain, count: int, wanted: TaskWishes) -> list[TaskAim]:
    """What each task of a domain is to be like; empty where there are no aims. Raises `InputError` for one without."""
    if not wanted.aims:
        return []
    own = {aim: weight for aim, weight in wanted.aims if aim.domain == domain.name}
    if not own:
        raise InputError(f"nothing says which tasks of {domain.name} are to be drawn; leave that domain out")
    return spread(count, own)


def _mix_of(domain: Domain, mix: Mapping[Kind, float]) -> Mapping[Kind, float]:
    """The mix for a domain; of the one that nobody asked for, a domain makes the kinds that it has recipes for."""
    made = {recipe.kind for recipe in domain.recipes}
    return {kind: weight for kind, weight in mix.items() if kind in made} or mix if mix == EVEN else mix


def _recipes_for(domain: Domain, kind: Kind, level: str, mix: Mapping[Kind, float]) -> list[Recipe]:
    if not domain.recipes:
        raise InputError(f"domain {domain.name!r} has no recipes yet, so no tasks can be drawn from it")
    if not level:
        recipes = [recipe for recipe in domain.recipes if recipe.kind == kind]
        if not recipes:
            raise InputError(f"domain {domain.name!r} has no recipe for {kind} tasks; leave them out of --mix")
        return recipes
    extent = extent_of(level)
    return [
        recipe
        for recipe in domain.recipes
        if may_reach(recipe.kind, level) and _in_mix(recipe.kind, mix) and recipe.can_reach(extent)
    ]


def _in_mix(kind: Kind, mix: Mapping[Kind, float]) -> bool:
    return bool(mix.get(kind)) or kind in WITHOUT_WRITE
