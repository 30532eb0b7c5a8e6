"""Goals: what a user wants, as a question with one answer over the cells that an agent can read.

A domain registers *objectives*: pure functions `decide(reader, params) -> Decision` that find the writes that a goal
calls for, by exhaustion. They see a state only through a `Reader`, which records each cell, so that a solver can ask
which cells the answer hangs on. `params` holds what the user says, never what has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from writ_async.core.goal_questions import GoalQuestions
from writ_async.core.state import State
from writ_async.core.task import Action, Candidate, Goal

T = TypeVar("T")

Key = tuple[Any, ...]
"""A cell as a key: the name of a read tool, then its arguments in the order of the tool's parameters."""

Edit = tuple[str, str, Any]
"""One entity of a counter-world: table, id, and the entity that stands there (None: none)."""


class NothingFits(Exception):
    """No candidate meets the request: whoever asked would have to be told so."""


class Ambiguous(Exception):
    """The request has no single answer here: a tie, or what the user asserts to be the only one is not.

    Where the user can be asked which one is meant, `candidates` are all that fit, and `nouns` what they are called.
    """

    def __init__(self, why: str = "", candidates: Sequence[Candidate] = (), nouns: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.candidates = tuple(candidates)
        self.nouns = tuple(nouns)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a goal.

    `writes` are the calls that are due. With `refused`, the policy forbids them: nothing is to be written, and `writes`
    holds what was asked for; with `handed_over` it wants a person to deal with it, too. `told` are values that the user
    asks to hear, word for word as an agent would say them; without writes the goal is nothing but that question.
    `margin` is the smallest distance between a chosen candidate and its runner-up, in the unit of what is compared, and
    at least `least`; None where nothing was compared. `several` tells that the goal asks for all that fit. `sums` are
    expressions to work out with the calculator, `figures` amounts that a user may ask for.
    """

    writes: tuple[Action, ...]
    refused: str = ""
    handed_over: bool = False
    told: tuple[str, ...] = ()
    margin: float | None = None
    least: float = 0.0
    several: bool = False
    sums: tuple[str, ...] = ()
    figures: Mapping[str, float] = {}

    def answer(self) -> tuple[str, bool, tuple[Action, ...], tuple[str, ...]]:
        """What two decisions are compared by."""
        return self.refused, self.handed_over, self.writes, self.told


class Reader:
    """The reads of one decision. What is in `known` is taken from there, except the cell `changed`.

    `cells` holds every result by key in order of reading, `parents` the cell that a cell's arguments were learnt from,
    `quiet` cells that only confirm what the user asserts, `scanned` how many candidate cells were looked through.
    """

    __slots__ = ("cells", "changed", "fetch", "known", "least", "margin", "parents", "quiet", "scanned", "state")

    def __init__(
        self,
        state: State,
        fetch: Mapping[str, Callable[..., Any]],
        known: Mapping[Key, Any] | None = None,
        changed: Key | None = None,
    ) -> None:
        self.state = state
        self.fetch = fetch
        self.known = known
        self.changed = changed
        self.cells: dict[Key, Any] = {}
        self.parents: dict[Key, Key | None] = {}
        self.quiet: set[Key] = set()
        self.scanned = 0
        self.margin: float | None = None
        self.least = 0.0

    def read(self, key: Key, by: Key | None = None, *, quiet: bool = False) -> Any:
        """The result of a cell. Raises `NothingFits` when the tool would find nothing."""
        if key in self.cells:
            if not quiet:
                self.quiet.discard(key)
            return self.cells[key]
        known = self.known
        if known is not None and key in known and key != self.changed:
            result = known[key]
        else:
            result = self.fetch[key[0]](self.state, *key[1:])
        if result is None:
            raise NothingFits(f"{key[0]} finds nothing")
        self.cells[key] = result
        self.parents[key] = by
        if quiet:
            self.quiet.add(key)
        return result

    def each(self, keys: Sequence[Key], by: Key | None = None) -> Iterator[Any]:
        """The results of candidate cells, one by one."""
        self.scanned += len(keys)
        for key in keys:
            yield self.read(key, by)

    def only(self, keys: Sequence[Key], fits: Callable[[Any], bool], by: Key | None = None) -> Any:
        """The one result that fits, as the user asserts; cells after it are read quietly.

        Raises `NothingFits` and `Ambiguous`.
        """
        self.scanned += len(keys)
        found: list[Any] = []
        for key in keys:
            result = self.read(key, by, quiet=bool(found))
            if fits(result):
                found.append(result)
        if not found:
            raise NothingFits("nothing fits the description")
        if len(found) > 1:
            raise Ambiguous("more than one fits the description")
        return found[0]

    def best(
        self, options: Iterable[T], score: Callable[[T], float], least: float, *, most: bool = False, lone: bool = True
    ) -> T:
        """The option with the smallest score (the largest, if `most`), by at least a margin.

        Raises `NothingFits` without options and `Ambiguous` within the margin, or where it is the only option and not
        `lone`.
        """
        ranked = sorted(options, key=score, reverse=most)
        if not ranked:
            raise NothingFits("there is nothing to choose from")
        if len(ranked) == 1:
            if not lone:
                raise Ambiguous("there is only one option")
            return ranked[0]
        margin = abs(score(ranked[1]) - score(ranked[0]))
        if margin < least - 1e-9:
            raise Ambiguous("no clear best option")
        if self.margin is None or margin - least < self.margin - self.least:
            self.margin, self.least = margin, least
        return ranked[0]


class Ways(msgspec.Struct, frozen=True):
    """What was found of other ways to the end that a goal's writes lead to.

    `tried` is how many, `problem` what speaks against the writes (a shorter way, another end), or an empty text.
    """

    tried: int
    problem: str = ""


Objective = Callable[[Reader, Mapping[str, Any]], Decision]

WHICH = "which"
"""The key of params, at any depth, under which stands what the user says of a thing when asked which one is meant."""
EVERY = {"all": True}
"""What stands there where all of them are meant."""


def leaves_open(params: Any) -> bool:
    """Whether something in params is told only when asked for."""
    if isinstance(params, str | int | float) or params is None:  # nearly all are, and this is asked the fastest
        return False
    if isinstance(params, Mapping):
        return WHICH in params or any(map(leaves_open, params.values()))
    return isinstance(params, list | tuple) and any(map(leaves_open, params))


def choosing(params: Any, which: Mapping[str, Any]) -> Any:
    """The params with another answer to the question which one is meant: `{}` for none, `{"place": n}` for the n-th."""
    if isinstance(params, Mapping):
        return {key: which if key == WHICH else choosing(item, which) for key, item in params.items()}
    return [choosing(item, which) for item in params] if isinstance(params, list | tuple) else params


class Option(msgspec.Struct, frozen=True):
    """One of the wishes among which a goal leaves the choice to the data and the policy.

    `params` have what it depends on, such as a limit; `regardless` are the same without.
    """

    objective: str
    params: Mapping[str, Any]
    regardless: Mapping[str, Any]


class GoalRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a domain tells the solver.

    objectives: by name.
    fetch: for each read tool a function of the state and the tool's arguments that gives a result to compare, or None.
    changes: edits that alter the result of one cell and of no other; legal by schema and policy. The same arguments
        give the same edits in the same order. The decision and its params tell which changes matter.
    standing_reads: read tools that the policy asks for before any write, such as the lookup of who asks: their cells
        are in every certificate, and need no changes. Any other cell without a change is no proof.
    plans: other ways of encoding a call that mean the same: a kind (such as `items` or `calls`), and calls.
    shortcuts: lazy ways of looking through candidate cells, by name: which of the keys are read.
    options: for an objective that does one of several wishes, those wishes in order of preference, from its params.
    questions: how the params are asked about, of whoever reads a request anew.
    ways: for domains in which what counts is the end, such as a phone that works: the other ways to it from a state,
        held against a goal's writes. It takes the place of trying the writes in every order.
    """

    objectives: Mapping[str, Objective]
    fetch: Mapping[str, Callable[..., Any]]
    changes: Callable[[Reader, Key, Mapping[str, Any], Decision], Iterator[tuple[Edit, ...]]]
    plans: Callable[[State, Action], Iterator[tuple[str, tuple[Action, ...]]]]
    standing_reads: frozenset[str] = frozenset()
    shortcuts: Mapping[str, Callable[[Sequence[Key]], Sequence[Key]]] = {}
    options: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Option]]] = {}
    questions: GoalQuestions = GoalQuestions()
    ways: Callable[[State, Mapping[str, Any], Sequence[Action]], Ways] | None = None


def decide_goal(rules: GoalRules, state: State, goal: Goal) -> tuple[Reader, Decision]:
    """The answer of a goal in a state. Raises `NothingFits`, `Ambiguous`, and `KeyError` for an unknown objective."""
    reader = Reader(state, rules.fetch)
    return reader, rules.objectives[goal.objective](reader, goal.params)


class Opened(msgspec.Struct, frozen=True):
    """What a goal leaves open until the user is asked: the reads that show it, and what fits, each with its writes."""

    reader: Reader
    candidates: tuple[Candidate, ...]
    nouns: tuple[str, ...]


def open_goal(rules: GoalRules, state: State, objective: str, params: Mapping[str, Any]) -> Opened:
    """What params leave open that hold an answer to the question which one is meant, were it not given.

    Raises `NothingFits` where that is no fair question: where one thing alone fits, one that fits may not be written or
    can be told by nothing, or it does not matter which one is meant.
    """
    reader = Reader(state, rules.fetch)
    fit: tuple[Candidate, ...] = ()
    nouns: tuple[str, ...] = ()
    try:
        rules.objectives[objective](reader, choosing(params, {}))
    except Ambiguous as exc:
        fit, nouns = exc.candidates, exc.nouns
    found: list[Candidate] = []
    for place, one in enumerate(fit):
        try:
            decision = rules.objectives[objective](Reader(state, rules.fetch), choosing(params, {"place": place}))
        except Ambiguous as exc:
            raise NothingFits(str(exc)) from exc
        if decision.refused or not decision.writes:
            raise NothingFits("not every one that fits may be written")
        found.append(msgspec.structs.replace(one, writes=decision.writes))
    if len(found) < 2:
        raise NothingFits("the request alone fits one thing")
    if len({repr(one.writes) for one in found}) < len(found):
        raise NothingFits("it does not matter which one is meant")
    if not all(one.marks for one in found):
        raise NothingFits("nothing tells one of them apart")
    return Opened(reader, tuple(found), nouns)


def mark_in(text: str, candidates: Iterable[Candidate]) -> str:
    """The first mark of a candidate that a text says, or an empty text."""
    marks = (mark for one in candidates for mark in one.marks)
    return next(
        (mark for mark in marks if re.search(rf"(?<!\w){re.escape(mark)}(?!\w)", text, re.IGNORECASE)),
        "",
    )


class Branch(msgspec.Struct, frozen=True):
    """What one option of a goal comes to by itself, and why it is not due; `why` is empty where it is."""

    reader: Reader
    writes: tuple[Action, ...]
    why: str


def branches_of(rules: GoalRules, state: State, goal: Goal) -> list[Branch]:
    """The options of a goal that has any, in a state. One that leads to no write at all is left out."""
    options = rules.options.get(goal.objective)
    found: list[Branch] = []
    taken = False
    for option in options(goal.params) if options is not None else ():
        try:
            why = rules.objectives[option.objective](Reader(state, rules.fetch), option.params).refused
        except (NothingFits, Ambiguous) as exc:
            why = str(exc)
        if not why and taken:
            why = "what is wanted first can be had"
        taken = taken or not why
        reader = Reader(state, rules.fetch)
        try:
            writes = rules.objectives[option.objective](reader, option.regardless).writes
        except (NothingFits, Ambiguous):
            continue
        if writes:
            found.append(Branch(reader, writes, why))
    return found
