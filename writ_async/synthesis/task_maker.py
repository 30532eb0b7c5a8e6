"""Draws one task after the other of a domain, from as many worlds as it takes, each proved before it is used.

What was taken, which recipe reached what, and what failed, decides the next draw; `drawing` says it of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from writ_async.conversation.calls import call_key
from writ_async.core.acting import open_state
from writ_async.core.domain import Domain, Draft, Recipe
from writ_async.core.environment import Environment
from writ_async.core.goal import decide_goal
from writ_async.core.level import ANY_EXTENT, Extent, extent_of, fits
from writ_async.core.task import WITHOUT_WRITE, Action, Goal, InitialState, Kind, Proof, Task
from writ_async.errors import InputError, WritError, describe_error, place_of
from writ_async.synthesis.aims import TaskAim, TaskWishes
from writ_async.synthesis.drawing import DrawnTask, FailedDraws
from writ_async.synthesis.proof import prove_task
from writ_async.synthesis.shortcuts import FamilyAudit, shortcuts_of, shortcuts_that_hit
from writ_async.synthesis.solver import goal_rules_of
from writ_async.synthesis.soundness import why_unsound

logger = logging.getLogger(__name__)

_DRAWS = 40  # per recipe and task: beyond this the world has nothing fit for the recipe
_LEVEL_DRAWS = 120  # where a level is asked for, which most draws of a recipe that cannot be aimed miss
_AIMED_DRAWS = 24  # where the recipe aims at it
_FAILURES = 3  # times in a row of so many draws, after which a recipe is left alone in a world
_HEAVY = 3  # the least burden of a read-heavy task
_AIM_WORLDS = 4  # in how many a task is looked for that is just as asked for, before one that is near to it will do
_WORLDS = 8  # how many further worlds are drawn, where one has too little


Further = Callable[[Environment, int], Environment]
"""Draws the n-th further world beside one that has too little of what is asked for."""


class SynthesisReport(msgspec.Struct):
    """What became of the draws: how many tasks, and how many draws were empty, unsound, had been drawn before, were of
    another level or too long, or would have let a shortcut pay. `faults` counts why draws were not proved, `audits` has
    the shortcuts by family.
    """

    tasks: int = 0
    empty: int = 0
    unsound: int = 0
    duplicate: int = 0
    off_level: int = 0
    too_long: int = 0
    shortcut: int = 0
    faults: dict[str, int] = {}
    audits: dict[str, FamilyAudit] = {}


class TaskMaker:
    """The draws of one environment: what was taken so far, in each world, and which recipe reached which level."""

    def __init__(
        self, environment: Environment, seed: int, wanted: TaskWishes, report: SynthesisReport, further: Further | None
    ) -> None:
        self.environments = [environment]
        self.taken: list[set[bytes]] = [set()]
        self.seed = seed
        self.wanted = wanted
        self.report = report
        self.further = further
        self.reached: set[tuple[str, Extent]] = set()
        self.failed: dict[tuple[str, Extent, int, TaskAim | None], int] = {}
        self.broken: dict[str, str] = {}
        self._left: dict[str, Any] = {}
        self._failed: dict[tuple[str, Extent, int, TaskAim | None], int] = {}  # what was changed of `failed`

    def take_up(self, drawn: DrawnTask) -> Task:
        """A task that was drawn before, and all that its draw has changed, without drawing it."""
        for index in range(1, drawn.world + 1):
            self._open_world(index)
        for one in drawn.failed:
            self._set_failed((one.recipe, one.extent, one.world, one.aim), one.times)
        self.broken |= drawn.broken
        self.reached.add(drawn.reached)
        task, environment = drawn.task, self.environments[0]
        if drawn.solved is not None:
            self._audit_of(task).add(drawn.solved, drawn.scanned)
        self.taken[drawn.world].add(_gold_key(task.actions or (), task.goals, task.initial, environment.domain))
        return task

    def draw_anew(self, draw: Callable[[], Task]) -> DrawnTask:
        """Draw a task, and say what that has changed."""
        self._left, self._failed, broken = {}, {}, dict(self.broken)
        task = draw()
        failed = [
            FailedDraws(recipe=recipe, extent=extent, world=world, aim=aim, times=times)
            for (recipe, extent, world, aim), times in self._failed.items()
        ]
        new = {name: why for name, why in self.broken.items() if name not in broken}
        return DrawnTask(task=task, failed=tuple(failed), broken=new, **self._left)

    def _set_failed(self, where: tuple[str, Extent, int, TaskAim | None], times: int) -> None:
        self._failed[where] = times
        if times:
            self.failed[where] = times
        else:
            self.failed.pop(where, None)

    def draw_after(self, aim: TaskAim, number: int) -> Task:
        """A task that comes as near to an aim as the domain has any. Raises `InputError` when no world has room."""
        domain = self.environments[0].domain
        for wider in aim.wider():
            extent = extent_of(wider.level) if wider.level else ANY_EXTENT
            recipes = [recipe for recipe in domain.recipes if recipe.name == wider.recipe] or [
                recipe
                for recipe in domain.recipes
                if (not wider.level or may_reach(recipe.kind, wider.level)) and recipe.can_reach(extent)
            ]
            rng = Random(f"{self.seed}/{domain.name}/{number}/{wider.level}/{wider.recipe}")
            for index in range(_AIM_WORLDS if wider == aim else 1):
                if not self._open_world(index):
                    break
                task = self._draw_from(index, recipes, number, wider.level, extent, rng, wider)
                if task is not None:
                    return task
        return self.draw(list(domain.recipes), number, "", ANY_EXTENT)

    def draw(self, recipes: Sequence[Recipe], number: int, level: str, extent: Extent) -> Task:
        """A task of one of the recipes, from the first world that has room. Raises `InputError` when none has.

        A task is of the level, if one is asked for; without, it comes to the extent where a world has room for that.
        """
        rng = Random(f"{self.seed}/{self.environments[0].domain.name}/{number}")
        extents = (extent_of(level),) if level else tuple(dict.fromkeys((extent, ANY_EXTENT)))
        for index in range(_WORLDS + 1):
            if not self._open_world(index):
                break
            for wanted in extents:
                task = self._draw_from(index, recipes, number, level, wanted, rng)
                if task is not None:
                    return task
        environment = self.environments[0]
        if broken := "; ".join(f"recipe {name!r} failed: {why}" for name, why in self.broken.items()):
            raise InputError(f"domain {environment.domain.name!r} can draw no task {number + 1}: {broken}")
        raise InputError(
            f"the {environment.domain.name} world of {environment.ref.size} users has no room for task {number + 1}"
            f"{f' of level {level}' if level else ''}; raise --world-size or lower --n"
        )

    def _open_world(self, index: int) -> bool:
        """Draw the next further world, if it is not there yet; False where there can be none."""
        if index == len(self.environments):
            if self.further is None:
                return False
            self.environments.append(self.further(self.environments[0], index))
            self.taken.append(set())
        return True

    def _draw_from(
        self,
        index: int,
        recipes: Sequence[Recipe],
        number: int,
        level: str,
        extent: Extent,
        rng: Random,
        aim: TaskAim | None = None,
    ) -> Task | None:
        """A task that comes to an extent, and to an aim if there is one, from one world."""
        for recipe in self._order_recipes(recipes, extent, index, rng, aim):
            where = (recipe.name, extent, index, aim)
            if recipe.name in self.broken or self.failed.get(where, 0) >= _FAILURES or not recipe.can_reach(extent):
                continue
            try:
                task = self._try_recipe(recipe, index, number, level, extent, rng, aim)
            except WritError:
                raise
            except Exception as exc:
                self._leave_out(recipe, exc)
                continue
            if task is not None:
                if where in self.failed:
                    self._set_failed(where, 0)
                self.reached.add((recipe.name, extent))
                self._left |= {"world": index, "reached": (recipe.name, extent)}
                return task
            self._set_failed(where, self.failed.get(where, 0) + 1)
        return None

    def _leave_out(self, recipe: Recipe, exc: Exception) -> None:
        """Draw no more from a recipe that fails, or whose objectives, tools or proofs do; its author hears of it."""
        self.broken[recipe.name] = why = f"{describe_error(exc)} ({place_of(exc)})"
        self.report.faults[f"{recipe.name}: failed"] = 1
        name = self.environments[0].domain.name
        logger.error("domain %r: recipe %r failed and is left out: %s", name, recipe.name, why, exc_info=exc)

    def _order_recipes(
        self, recipes: Sequence[Recipe], extent: Extent, index: int, rng: Random, aim: TaskAim | None
    ) -> list[Recipe]:
        """The recipes in random order; those that were tried for an extent and never came to it come last."""
        order = rng.sample(recipes, len(recipes))
        tried = self.failed
        return sorted(
            order, key=lambda one: (one.name, extent, index, aim) in tried and (one.name, extent) not in self.reached
        )

    def _try_recipe(
        self,
        recipe: Recipe,
        index: int,
        number: int,
        level: str,
        extent: Extent,
        rng: Random,
        aim: TaskAim | None,
    ) -> Task | None:
        environment, report = self.environments[index], self.report
        if recipe.reach is None and not level:
            extent = ANY_EXTENT
        for _ in range(_count_draws(recipe, extent)):
            draft = recipe.draw(environment.world, rng, extent)
            if draft is None:
                report.empty += 1
                if extent != ANY_EXTENT:
                    return None
                continue
            key = _gold_key(draft.actions, draft.goals, draft.initial, environment.domain)
            if key in self.taken[index]:
                report.duplicate += 1
                continue
            task_id = f"{environment.domain.name}-s{self.seed}-{number:05d}"
            drafted = make_task(draft, recipe, environment, task_id, self.seed)
            writes, reads = _count_calls(draft, environment.domain)
            fit = aim is None or aim.accepts(draft, environment.domain)
            if not fit or not extent.meets(Extent((writes, writes), (0, reads))):
                report.off_level += 1
                continue
            tried = self._try_shortcuts(drafted, environment)
            task = self._prove_and_audit(drafted, environment) if tried is not None else None
            if tried is None or task is None or not self._is_admitted(task, level, extent, writes):
                continue
            audit, solved, scanned = tried
            if audit is not None:
                audit.add(solved, scanned)
                self._left |= {"solved": tuple(sorted(solved)), "scanned": scanned}
            self.taken[index].add(key)
            return task
        return None

    def _prove_and_audit(self, task: Task, environment: Environment) -> Task | None:
        if not task.goals:
            state = open_state(task.initial, environment.domain, environment.world)
            if why_unsound(task, environment.domain, state):
                self.report.unsound += 1
                return None
            return msgspec.structs.replace(task, gold_digest=state.digest(), proof=None)
        proved, found = prove_task(task, environment.domain, environment.world)
        if proved is None:
            self.report.unsound += 1
            for problem in found.problems[:1]:
                name = f"{task.recipe}: {problem.fault.value}"
                self.report.faults[name] = self.report.faults.get(name, 0) + 1
        return proved

    def _try_shortcuts(
        self, task: Task, environment: Environment
    ) -> tuple[FamilyAudit | None, frozenset[str], int] | None:
        """The audit of a read-heavy task's family with the shortcuts that solve it, or None if it may not join."""
        if task.kind != "read-heavy" or not task.goals:
            return None, frozenset(), 0
        rules = goal_rules_of(environment.domain)
        state = open_state(task.initial, environment.domain, environment.world)
        reader, decision = decide_goal(rules, state, task.goals[0])
        audit = self._audit_of(task)
        barred = audit.barred(shortcuts_of(rules), reader.scanned)
        solved = shortcuts_that_hit(rules, task.goals[0], reader, decision, barred)
        if reader.scanned < 2 or not audit.admits(solved, reader.scanned):
            self.report.shortcut += 1
            return None
        return audit, solved, reader.scanned

    def _audit_of(self, task: Task) -> FamilyAudit:
        return self.report.audits.setdefault(f"{task.domain}/{task.recipe}", FamilyAudit())

    def _is_admitted(self, task: Task, level: str, extent: Extent, writes: int) -> bool:
        """Whether a task comes to what is asked for, needs the reads that its kind promises, and is short enough."""
        report = self.report
        if task.proof is None:
            return not level
        burden = task.proof.burden
        if not extent.meets(Extent((writes, writes), (burden, burden))) or not fits(task.proof.level, level):
            report.off_level += 1
            return False
        if task.kind == "read-heavy" and burden < _HEAVY:
            report.off_level += 1
            return False
        if 0 < self.wanted.max_tool_tokens < task.proof.tool_tokens:
            report.too_long += 1
            return False
        return True


def make_task(draft: Draft, recipe: Recipe, environment: Environment, task_id: str, seed: int) -> Task:
    """The task of a draft, not proved yet."""
    return Task(
        id=task_id,
        domain=environment.domain.name,
        kind=recipe.kind,
        world=environment.ref,
        scenario=draft.scenario,
        actions=draft.actions,
        certificates=draft.certificates,
        communicate=draft.communicate,
        recipe=recipe.name,
        seed=seed,
        goals=draft.goals,
        first_wish=draft.first_wish,
        initial=draft.initial,
        proof=Proof(level="", burden=0, path=0, pins=draft.pins) if draft.goals else None,
    )


def _count_draws(recipe: Recipe, extent: Extent) -> int:
    if extent == ANY_EXTENT:
        return _DRAWS
    return _LEVEL_DRAWS if recipe.reach is None else _AIMED_DRAWS


def may_reach(kind: Kind, level: str) -> bool:
    """Whether a kind can have a level at all: some have no write, and several writes are write-intensive."""
    if "W" not in level:
        return kind not in WITHOUT_WRITE
    writes = int(level[level.index("W") + 1])
    return (kind in WITHOUT_WRITE) == (writes == 0) and (kind == "write-intensive") == (writes > 1)


def _count_calls(draft: Draft, domain: Domain) -> tuple[int, int]:
    """How many writes and how many reads the gold calls are."""
    kinds = [tool.kind for action in draft.actions if (tool := domain.tool_for(action)) is not None]
    return kinds.count("write"), kinds.count("read")


def _gold_key(actions: Sequence[Action], goals: Sequence[Goal], initial: InitialState | None, domain: Domain) -> bytes:
    """The same for drafts with the same gold writes that begin alike; those without writes are told apart by what they
    ask for.
    """
    writes = [action for action in actions if domain.writes(action)]
    keys = [call_key(action.name, action.arguments) for action in writes]
    if not keys:
        keys = [call_key(goal.objective, goal.params) for goal in goals]
    begins = [] if initial is None else [msgspec.json.encode(initial)]
    return b"\n".join(begins + sorted(keys))
