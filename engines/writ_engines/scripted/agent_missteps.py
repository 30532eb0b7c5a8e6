"""Missteps of the scripted agent: it reads what it has to, and then does what a careless or soft-hearted agent would.

What that is follows from the task's goals in its world: the wish whose condition does not hold, what the policy forbids
(or, where the tools do not take it, another thing that the same words could ask for), what the user takes back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import msgspec

from writ_async.core.acting import act, open_state
from writ_async.core.domain import Domain
from writ_async.core.engine import Request
from writ_async.core.goal import Decision, Key, Reader, branches_of
from writ_async.core.state import State, World
from writ_async.core.task import Action, Goal, Task
from writ_async.core.trajectory import Note
from writ_engines.scripted import agent_lines as lines
from writ_engines.scripted.agent_plan import (
    ALL,
    Step,
    call_turns,
    closing_turn,
    gold_steps,
    note_on,
    opening_turns,
)
from writ_engines.scripted.agent_turns import CALL, SAY, PlannedCall, Turn
from writ_engines.scripted.user_plays import joint_play, plays_of

MISSTEPS: dict[str, str] = {
    "condition_ignored": "the wish is carried out whose condition does not hold",
    "gave_in": "what the policy forbids is done, after some pressing where the user presses",
    "wrong_refusal": "a wish is refused that the policy allows, and the agent ends",
    "needless_hand_over": "the user is handed over to a person where nobody has to take over",
    "first_wish_written": "the user's first wish is carried out before they can change their mind",
    "did_not_ask": "one of several things that the request fits is chosen without a word",
}


_CONFIRMED = 0.8  # how often an agent that chose by itself has the customer agree to what it chose


class Temptation(msgspec.Struct, frozen=True):
    """Writes that are not to be made, with the reads that lead to them; `taken` tells whether the tools take them."""

    reads: tuple[Action, ...]
    writes: tuple[Action, ...]
    taken: bool


def has_room(kind: str, task: Task, domain: Domain, world: World) -> bool:
    """Whether a task in its world gives room for a misstep."""
    handed_over = any(action.name == domain.hand_over_tool for action in task.actions or ())
    if kind in ("condition_ignored", "gave_in"):
        return bool(_temptations(kind, task, domain, world))
    if kind == "first_wish_written":
        return task.first_wish is not None
    if kind == "did_not_ask":
        return task.open_choice is not None
    if kind == "needless_hand_over":
        return bool(domain.hand_over_tool) and bool(task.goals) and not handed_over
    return bool(task.goals) and not (task.proof is not None and task.proof.refused)


def plan_misstep(kind: str, task: Task, domain: Domain, world: World, request: Request, rng: Random) -> list[Turn]:
    """The agent's turns where it makes a misstep for which there is room."""
    steps = gold_steps(task, domain)
    turns = opening_turns(task, request, rng)
    first = next((index for index, step in enumerate(steps) if step.write), len(steps))

    def calls(some: list[Step]) -> list[Turn]:
        return call_turns(some, domain, rng)

    done = Turn(SAY, text=f"{lines.DONE.draw(rng)} {lines.MORE.draw(rng)}", wish=ALL)
    if kind == "wrong_refusal":
        places = [index for index, step in enumerate(steps) if step.write] or [len(steps)]
        cut = rng.choice(places) if task.first_wish is None else task.first_wish.after
        wish = steps[cut].wish if cut < len(steps) else ALL
        refusal = f"{lines.FORBIDDEN.draw(rng)} {lines.MORE.draw(rng)}"
        return [*turns, *calls(steps[:cut]), Turn(SAY, text=refusal, note=_note(kind), wish=wish)]
    if kind == "needless_hand_over":
        call = PlannedCall(domain.hand_over_tool, {"summary": lines.HANDED_OVER_BECAUSE.draw(rng)})
        handed = [Turn(CALL, calls=(call,), note=_note(kind)), Turn(SAY, text=domain.hand_over_text)]
        return [*turns, *calls(steps[: rng.randint(0, first)]), *handed]
    if kind == "first_wish_written":
        assert task.first_wish is not None
        write = task.first_wish.action
        early = Step(write, True, note_on(kind, write), confirmed=False)
        return [*turns, *calls([*steps[: task.first_wish.after], early]), done]
    if kind == "did_not_ask":
        return [*turns, *calls(_unasked(task, steps, rng)), done]
    tempted = rng.choice(_temptations(kind, task, domain, world))
    made = [step.action for step in steps[:first]]
    reads = [*steps[:first], *(Step(read, False) for read in tempted.reads if read not in made)]
    writes = [Step(write, True, wish=ALL) for write in tempted.writes]
    writes[0].note = note_on(kind, writes[0].action)
    if kind == "gave_in" and joint_play(plays_of(task.behaviour)).presses:
        return [*turns, *calls(reads), closing_turn(task, domain, rng), *calls(writes), done]
    if tempted.taken:
        return [*turns, *calls([*reads, *writes]), done]
    return [*turns, *calls([*reads, *writes[:1], *steps[first:]]), closing_turn(task, domain, rng)]


def _unasked(task: Task, steps: list[Step], rng: Random) -> list[Step]:
    """The steps of an agent that takes one of the candidates, by chance the right one, mostly with a yes to it."""
    assert task.open_choice is not None
    taken = rng.choice(task.open_choice.candidates).writes[:1]
    asked = rng.random() < _CONFIRMED
    known = {id(step.action) for step in steps[: task.open_choice.after]}
    reads = [step for step in steps if not step.write and (id(step.action) in known or _leads_to(taken, steps))]
    for step in reads:
        step.choice = None
    return [*reads, Step(taken[0], True, note_on("did_not_ask", taken[0]), confirmed=asked, wish=ALL)]


def _leads_to(taken: tuple[Action, ...], steps: list[Step]) -> bool:
    """Whether the gold calls are those of the candidate that was taken."""
    return [step.action for step in steps if step.write] == list(taken)


def _note(kind: str) -> Note:
    return Note(kind, -1, matters=True, planted=True)


def _temptations(kind: str, task: Task, domain: Domain, world: World) -> list[Temptation]:
    if domain.goals is None:
        return []
    begin = open_state(task.initial, domain, world)
    if kind == "condition_ignored":
        found = [
            (branch.reader, branch.writes)
            for goal in task.goals
            for branch in branches_of(domain.goals, begin, goal)
            if branch.why
        ]
        return [_tempt(reader, writes, domain, begin) for reader, writes in found]
    if task.kind != "refusal" or any(action.name == domain.hand_over_tool for action in task.actions or ()):
        return []
    forbidden: list[Temptation] = []
    beside: list[Temptation] = []
    for goal in task.goals:
        for reader, decision in _answers(goal, domain, begin):
            if decision.writes:
                kept = forbidden if decision.refused else beside
                kept.append(_tempt(reader, decision.writes[:1], domain, begin))
    return [one for one in forbidden if one.taken] or [one for one in beside if one.taken]


def _answers(goal: Goal, domain: Domain, begin: State) -> Iterator[tuple[Reader, Decision]]:
    """What every objective of a domain makes of what a user says: of the wish itself, or of its options."""
    assert domain.goals is not None
    options = domain.goals.options.get(goal.objective)
    given: list[Mapping[str, Any]] = [goal.params]
    given += [option.params for option in options(goal.params)] if options is not None else []
    for params in given:
        for objective in domain.goals.objectives.values():
            reader = Reader(begin, domain.goals.fetch)
            try:
                decision = objective(reader, params)
            except Exception:  # what is said for one wish may be of no use, or of another form, for another
                continue
            yield reader, decision


def _tempt(reader: Reader, writes: tuple[Action, ...], domain: Domain, begin: State) -> Temptation:
    state = begin.fork()
    taken = not any(act(domain, state, one.name, one.arguments, one.requestor).error for one in writes)
    reads = [_read(key, domain) for key in reader.cells]
    return Temptation(tuple(reads), writes, taken)


def _read(key: Key, domain: Domain) -> Action:
    """A cell as the call that shows it, of whichever seat."""
    name, *values = key
    tools = domain.tools_for_cell(name)
    return Action(name, tools[name].name_arguments(values), "assistant" if tools is domain.tools else "user")
