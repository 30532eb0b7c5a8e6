"""The gold calls of a task, played while they are gathered, and recipes made of plain functions.

A recipe is a function `(world, rng, gold) -> Draft | None`. It draws what a user wants, has `gold` decide and play it,
and puts the request into words. Where a draw does not fit, it gives None or raises, and is tried again:

>>> from random import Random
>>> from writ_domains.kit.identity import identify_by_email_or_zip
>>> from writ_domains.kit.wishes import Request, Wish, draft_request
>>> from writ_domains.retail import DOMAIN
>>> recipe = recipe_maker(DOMAIN.goals, DOMAIN.tools)
>>> def cancel_by_id(world, rng, gold):
...     order = choose_one(rng, [one for one in world.tables["orders"].values() if one.status == "pending"])
...     params = {"order": {"id": order.order_id}, "reason": "no longer needed"}
...     wish = Wish("cancel", params, f"cancel my order {order.order_id}", ("It is no longer needed.",))
...     user = world.tables["users"][order.user_id]
...     who = identify_by_email_or_zip(user.name, user.email, user.address.zip, rng)
...     return draft_request(Request((wish,)), who, gold, rng)
>>> draft = recipe("cancel_by_id", "normal", cancel_by_id).make(DOMAIN.generate(1, 40), Random(1))
>>> [action.name for action in draft.actions][-2:]
['get_order_details', 'cancel_pending_order']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any, Final, Protocol, TypeVar

import msgspec

from writ_async.core.domain import Draft, Reach, Recipe
from writ_async.core.goal import (
    Ambiguous,
    Decision,
    GoalRules,
    Key,
    NothingFits,
    Reader,
    leaves_open,
    mark_in,
    open_goal,
)
from writ_async.core.level import ANY_EXTENT, Extent
from writ_async.core.message import Requestor
from writ_async.core.state import State, World
from writ_async.core.task import Action, Candidate, FirstWish, Goal, InitialState, Kind, Pin, Scenario
from writ_async.core.tool import Tool, ToolError
from writ_domains.kit.phrasing import figure, pick, second_person, sentences
from writ_domains.kit.sums import for_calculator
from writ_domains.kit.tools import HAND_OVER

T = TypeVar("T")
MOST_CALLS: Final = 32
"""The most gold calls of a draft: with more, a talkative user's conversation has more steps than it may have."""


_UNAWARE: Final = (
    "That more than one thing may fit what you ask for does not occur to you: you say which one you mean only when the"
    " agent asks."
)


class Unfit(Exception):
    """The draw does not make a task; another one may."""


class Gold:
    """A gold solution as it is played on a state of its own. A cell is read once, however often it is asked for.

    `actions`, `goals`, `pins` and `told` grow as goals are played; `refusal` tells that the policy has to forbid them.
    `extent` is what the draw is to come to.
    `handed_over` says why a person has to take over at the end, `first_wish` what the user takes back. `choice` is the
    first-person answer to the question which one is meant, where a goal leaves that open. `initial` is what was done to
    the world before, where a recipe did anything; its effects are in `state` then.
    """

    def __init__(
        self,
        world: World,
        goals: GoalRules,
        tools: Mapping[str, Tool],
        *,
        refusal: bool = False,
        extent: Extent = ANY_EXTENT,
        user_tools: Mapping[str, Tool] | None = None,
        after_call: Callable[[State], None] | None = None,
    ) -> None:
        self.state = State(world)
        self.initial: InitialState | None = None
        self.refusal = refusal
        self.extent = extent
        self.actions: list[Action] = []
        self.goals: list[Goal] = []
        self.pins: list[Pin] = []
        self.told: list[str] = []
        self.handed_over = ""
        self.choice = ""
        self.first_wish: FirstWish | None = None
        self._rules = goals
        self._tools = {**(user_tools or {}), **tools}
        self._user_tools = {} if user_tools is None else user_tools.keys() - tools.keys()
        self._after_call = after_call
        self._first: list[Key] = []
        self._made: set[Key] = set()
        self._candidates: tuple[Candidate, ...] = ()

    def pin(self, kind: str, text: str) -> str:
        """A sentence that settles a choice, as it is; it has to be said."""
        self.pins.append(Pin(kind, text))
        return text

    def read_first(self, name: str) -> None:
        """Have the draft begin with a read without arguments, such as a list that explains what the user says."""
        if (name,) not in self._first:
            self._first.append((name,))

    def play_goal(
        self, objective: str, params: dict[str, Any], *, refused: bool | None = None, asked: bool = True
    ) -> Decision:
        """Decide a goal and play its reads, sums and writes.

        `refused` says whether the policy has to forbid this one, where that is not as with the others. The sum over
        several writes is worked out where it is `asked` for.
        Raises `Unfit` when it has no single answer, when a tool refuses, or when the policy forbids it (or, for a
        refusal, does not); `NothingFits` where it leaves something open that nobody has to ask about.
        """
        refusal = self.refusal if refused is None else refused
        if leaves_open(params):
            # What an agent reads to find that it has to ask comes before what the answer leads to.
            opened = open_goal(self._rules, self.state, objective, params)
            self._play_reads(opened.reader)
            self._candidates = opened.candidates
        reader = Reader(self.state, self._rules.fetch)
        try:
            decision = self._rules.objectives[objective](reader, params)
        except (NothingFits, Ambiguous) as exc:
            raise Unfit(str(exc)) from exc
        if bool(decision.refused) != refusal:
            raise Unfit(decision.refused or "the policy allows it")
        self._play_reads(reader)
        writes: tuple[int, ...] = ()
        if decision.handed_over:
            self.handed_over = decision.refused
        if not refusal:
            self.told += [value for value in decision.told if value not in self.told]
            self._play_sums(decision.sums if asked or not decision.several else ())
            writes = tuple(range(len(self.actions), len(self.actions) + len(decision.writes)))
            for action in decision.writes:
                self._write(action)
        self.goals.append(Goal(objective, params, writes))
        return decision

    def lay_out(self, objective: str, params: dict[str, Any]) -> Decision:
        """Play what an agent reads and works out for a wish that the user takes back before it is carried out.

        Raises `Unfit` where it has no single answer, is forbidden, or is more than one write.
        """
        reader = Reader(self.state, self._rules.fetch)
        try:
            decision = self._rules.objectives[objective](reader, params)
        except (NothingFits, Ambiguous) as exc:
            raise Unfit(str(exc)) from exc
        if decision.refused or len(decision.writes) != 1:
            raise Unfit(decision.refused or "not one write")
        self._play_reads(reader)
        self._play_sums(decision.sums)
        self.first_wish = FirstWish(decision.writes[0], len(self.actions))
        return decision

    def weigh(self, objective: str, params: dict[str, Any]) -> Decision:
        """Decide a goal without playing it. Raises `Unfit` where it has no single answer or is forbidden."""
        try:
            decision = self._rules.objectives[objective](Reader(self.state, self._rules.fetch), params)
        except (NothingFits, Ambiguous) as exc:
            raise Unfit(str(exc)) from exc
        if decision.refused:
            raise Unfit(decision.refused)
        return decision

    def draft(self, scenario: Scenario, amounts: Iterable[float] = ()) -> Draft:
        """What was played as a draft; `amounts` are the sums of money that the user must be told."""
        first = [self._action(key) for key in self._first]
        last = [Action(HAND_OVER, {"summary": self.handed_over}, compare_args=())] if self.handed_over else []
        goals = [Goal(one.objective, one.params, tuple(w + len(first) for w in one.writes)) for one in self.goals]
        if self.choice:
            said = sentences(scenario.request, *(fact.text for fact in scenario.facts))
            if mark := mark_in(said, self._candidates):
                raise Unfit(f"{mark!r} is said before anybody asks")
            scenario = with_choice(scenario, self.choice)
        return Draft(
            scenario=scenario,
            actions=(*first, *self.actions, *last),
            communicate=() if self.refusal else (*self.told, *(figure(abs(amount)) for amount in amounts)),
            goals=tuple(goals),
            pins=tuple(self.pins),
            first_wish=FirstWish(self.first_wish.action, self.first_wish.after + len(first))
            if self.first_wish
            else None,
            initial=self.initial,
        )

    def _action(self, key: Key) -> Action:
        requestor: Requestor = "user" if key[0] in self._user_tools else "assistant"
        return Action(key[0], self._tools[key[0]].name_arguments(key[1:]), requestor)

    def _play_reads(self, reader: Reader) -> None:
        """Look up all that a decision read, each thing after what it was learnt from, and what is nearest first."""
        steps: dict[Key, int] = {}
        for key in reader.cells:
            parent = reader.parents[key]
            steps[key] = 0 if parent is None else steps[parent] + 1
        for key in sorted(reader.cells, key=steps.__getitem__):
            if key not in reader.quiet:
                self._call_once(key)

    def _play_sums(self, sums: Iterable[str]) -> None:
        for expression in filter(None, map(for_calculator, sums)):
            self._call_once(("calculate", expression))

    def _call_once(self, key: Key) -> None:
        if key not in self._made:
            self._made.add(key)
            self.actions.append(self._action(key))

    def _write(self, action: Action) -> None:
        self.actions.append(action)
        try:
            self._tools[action.name].function(self.state, **action.arguments)
        except ToolError as exc:
            raise Unfit(f"{action.name}: {exc}") from exc
        if self._after_call is not None:
            self._after_call(self.state)


def with_choice(scenario: Scenario, choice: str) -> Scenario:
    """The scenario of a user who says a first-person sentence when asked which of several things is meant."""
    told = f"{_UNAWARE} What you answer then: {second_person(choice)}"
    return msgspec.structs.replace(
        scenario, choice=choice, task_instructions=sentences(scenario.task_instructions, told)
    )


Build = Callable[[World, Random, Gold], Draft | None]
"""Draws one task of a world, or gives None or raises `Unfit` where the draw does not allow it."""


class MakeRecipe(Protocol):
    """Makes a recipe of its name, its kind, the function that draws one task, and what its draws can come to."""

    def __call__(self, name: str, kind: Kind, build: Build, reach: Reach | None = None) -> Recipe:
        """The recipe."""


def recipe_maker(
    goals: GoalRules,
    tools: Mapping[str, Tool],
    *,
    tries: int = 24,
    user_tools: Mapping[str, Tool] | None = None,
    after_call: Callable[[State], None] | None = None,
) -> MakeRecipe:
    """How a domain makes its recipes: `build` is tried up to `tries` times, each with a fresh `Gold`.

    For a recipe of the kind `refusal`, each goal has to be one that the policy forbids. `user_tools` and `after_call`
    are those of the domain, where its users have tools.
    """

    def recipe(name: str, kind: Kind, build: Build, reach: Reach | None = None) -> Recipe:
        def make(world: World, rng: Random, extent: Extent = ANY_EXTENT) -> Draft | None:
            for _ in range(tries):
                try:
                    gold = Gold(
                        world,
                        goals,
                        tools,
                        refusal=kind == "refusal",
                        extent=extent,
                        user_tools=user_tools,
                        after_call=after_call,
                    )
                    draft = build(world, rng, gold)
                except (Unfit, NothingFits, Ambiguous):
                    continue
                if draft is not None and len(draft.actions) <= MOST_CALLS:
                    return draft
            return None

        return Recipe(name, kind, make, reach)

    return recipe


def choose_one(rng: Random, options: Sequence[T]) -> T:
    """One of the options. Raises `Unfit` when there are none."""
    if not options:
        raise Unfit("nothing to choose from")
    return pick(rng, options)


def choose_some(rng: Random, options: Sequence[T], low: int, high: int) -> list[T]:
    """Between `low` and `high` of the options in random order. Raises `Unfit` when there are too few."""
    if len(options) < low:
        raise Unfit("too few to choose from")
    return rng.sample(list(options), rng.randint(low, min(high, len(options))))
