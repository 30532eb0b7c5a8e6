"""The gold calls of a draft: goals are decided, and their reads and writes executed, while they are gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from writ_async.core.domain import ToolError
from writ_async.core.goal import Ambiguous, Decision, Key, NothingFits, Reader
from writ_async.core.state import State, World
from writ_async.core.task import Action, Goal
from writ_domains.retail.goals import RULES
from writ_domains.retail.tools import TOOLS


class Unfit(Exception):
    """The draw does not make a task; another one may."""


class Gold:
    """Gold calls on a state of their own. A cell is read once, however often it is asked for."""

    def __init__(self, world: World, refusal: bool = False) -> None:
        self.state = State(world)
        self.refusal = refusal
        self.actions: list[Action] = []
        self.goals: list[Goal] = []
        self._read: set[Key] = set()

    def reach(self, objective: str, params: dict[str, Any]) -> Decision:
        """Decide a goal and play its reads and writes.

        Raises `Unfit` when it has no single answer, when a tool refuses, or when the policy forbids it (or, for a
        refusal, does not).
        """
        reader = Reader(self.state, RULES.fetch)
        try:
            decision = RULES.objectives[objective](reader, params)
        except (NothingFits, Ambiguous) as exc:
            raise Unfit(str(exc)) from exc
        if bool(decision.refused) != self.refusal:
            raise Unfit(decision.refused or "the policy allows it")
        self._reads([key for key in reader.cells if key not in reader.quiet])
        writes = range(len(self.actions), len(self.actions) + len(decision.writes))
        if not self.refusal:
            for action in decision.writes:
                self._call(action)
        self.goals.append(Goal(objective, params, () if self.refusal else tuple(writes)))
        return decision

    def _reads(self, keys: Sequence[Key]) -> None:
        for key in keys:
            if key not in self._read:
                self._read.add(key)
                names = TOOLS[key[0]].schema["function"]["parameters"]["properties"]
                self.actions.append(Action(key[0], dict(zip(names, key[1:], strict=True))))

    def _call(self, action: Action) -> None:
        self.actions.append(action)
        try:
            TOOLS[action.name].function(self.state, **action.arguments)
        except ToolError as exc:
            raise Unfit(f"{action.name}: {exc}") from exc


def who(facts: Mapping[str, str]) -> dict[str, str]:
    """The params that identify a customer, from what the customer says."""
    if "email" in facts:
        return {"email": facts["email"]}
    first, _, last = facts["name"].partition(" ")
    return {"first_name": first, "last_name": last, "zip": facts["zip"]}
