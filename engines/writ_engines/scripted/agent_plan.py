"""The scripted agent's plan: the turns that play a task's gold calls, bent by a mistake where one is to be made."""

from __future__ import annotations

from collections.abc import Set
from random import Random
from typing import Any

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.engine import Request
from writ_async.core.message import UserMessage
from writ_async.core.task import Action, Cell, OpenChoice, Task
from writ_async.core.tool import ToolKind
from writ_async.core.trajectory import Note
from writ_engines.scripted import agent_lines as lines
from writ_engines.scripted.agent_answers import answers
from writ_engines.scripted.agent_steps import ask_for_steps
from writ_engines.scripted.agent_turns import APOLOGISE, CALL, ENDLESS, SAY, SETTLED, PlannedCall, Turn

_GROUPED = 0.3  # how often reads by the same tool in a row are sent in one message, where the policy allows that
_LOOKS_TOGETHER = 2  # looks in a row that the user is asked for in one message
ALL = 1_000_000
"""The wish of a turn that has to wait for every other."""


class Step(msgspec.Struct):
    """One gold call on its way into the plan. Before it the agent asks which of the `choice` is meant, if there is.

    `by_user`: the call is the user's, whom the agent asks for it.
    """

    action: Action
    write: bool
    note: Note | None = None
    confirmed: bool = True
    wrong: bool = False
    wish: int = 0
    choice: OpenChoice | None = None
    by_user: bool = False


def make_plan(task: Task, domain: Domain, request: Request, mistake: str | None, rng: Random) -> list[Turn]:
    """The agent's turns for one conversation, seen from its first request.

    For a plain user they are all there is; with a behaviour, the agent asks and answers in between as it is needed.
    """
    steps = gold_steps(task, domain)
    before_wish = steps[: task.first_wish.after] if task.first_wish is not None else []
    turns = opening_turns(task, request, rng)
    if mistake == "endless_talk":
        note = Note("endless_talk", len(turns), matters=True, planted=True)
        return [*turns, Turn(ENDLESS, text=lines.ASK_AGAIN.draw(rng), note=note)]
    if mistake in ("skipped_evidence", "early_write"):
        steps = _bend_evidence(task, steps, mistake, rng)
        ask_in_time(task, steps)
    elif mistake == "wrong_write":
        victim = rng.choice([step for step in steps if step.write])
        victim.wrong = True
        victim.note = note_on("wrong_write", victim.action)
    elif mistake == "unconfirmed_write":
        victim = rng.choice([step for step in steps if step.write])
        victim.confirmed = False
        victim.note = note_on("unconfirmed_write", victim.action)
    elif mistake == "extra_write":
        last = max(index for index, step in enumerate(steps) if step.write)
        note = note_on("extra_write", steps[last].action)
        again = Step(steps[last].action, True, note, confirmed=False, wish=steps[last].wish)
        steps.insert(last + 1, again)
    given_up = False
    if mistake == "giving_up":
        cut = rng.choice([index for index, step in enumerate(steps) if step.write])
        steps, given_up = steps[:cut], True
    if task.first_wish is not None and mistake != "giving_up":
        # A mistake may have left some of them out.
        kept = [place for place, step in enumerate(steps, start=1) if any(step is one for one in before_wish)]
        after = max(kept, default=0)
        turns += call_turns(steps[:after], domain, rng)
        turns.append(ask_to_confirm(task.first_wish.action, 0, domain, rng))
        steps = steps[after:]
    turns += call_turns(steps, domain, rng)
    if mistake in ("hallucinated_tool", "malformed_json"):
        _insert_broken_call(turns, mistake, rng)
    if given_up:
        turns.append(
            Turn(APOLOGISE, text=lines.APOLOGY.draw(rng), note=Note("giving_up", -1, matters=True, planted=True))
        )
        return turns
    return [*turns, closing_turn(task, domain, rng)]


def opening_turns(task: Task, request: Request, rng: Random) -> list[Turn]:
    """The question for who the user is, before a plain user who has not said it all."""
    plain = task.behaviour is None and all(action.requestor == "assistant" for action in task.actions or ())
    must_ask = plain and _must_ask(task, request)
    return [Turn(SAY, text=lines.ASK_DETAILS.draw(rng))] if must_ask else []


def closing_turn(task: Task, domain: Domain, rng: Random) -> Turn:
    """The last words: what was done, answered or refused, and what the user asked to hear."""
    if any(action.name == domain.hand_over_tool for action in task.actions or ()):
        return Turn(SAY, text=domain.hand_over_text, wish=ALL)
    kinds = {tool.kind for action in task.actions or () if (tool := domain.tool_for(action)) is not None}
    said = [saying.draw(rng) for saying in _what_came_of_it(task, kinds)]
    return Turn(SAY, text=" ".join([*said, *answers(task, rng), lines.MORE.draw(rng)]), wish=ALL)


def _what_came_of_it(task: Task, kinds: Set[ToolKind]) -> tuple[lines.Saying, ...]:
    """What an agent may say at the end that has made calls of these kinds."""
    if task.kind == "refusal":
        return (lines.LOOKED_AND_FORBIDDEN if "read" in kinds else lines.FORBIDDEN,)
    if task.proof is not None and task.proof.refused:
        return (lines.DONE_ONE, lines.ALSO_FORBIDDEN) if "write" in kinds else (lines.ALSO_FORBIDDEN,)
    if "write" in kinds:
        return (lines.DONE,)
    return (lines.ANSWERED,) if task.kind == "information" and "read" in kinds else ()


def gold_steps(task: Task, domain: Domain) -> list[Step]:
    """The gold calls of both seats, each with the number of the write that it leads to."""
    steps: list[Step] = []
    wish = 0
    for action in task.actions or ():
        by_user, write = action.requestor == "user", domain.writes(action)
        steps.append(Step(action, write and not by_user, wish=wish, by_user=by_user))
        wish += write
    ask_in_time(task, steps)
    return steps


def ask_in_time(task: Task, steps: list[Step]) -> None:
    """Have the agent ask which one is meant, where a task leaves that open: before what comes after the look-ups."""
    if task.open_choice is None or any(step.choice for step in steps):
        return
    later = (task.actions or ())[task.open_choice.after :]
    due = next((step for step in steps if step.write or any(step.action is one for one in later)), None)
    if due is not None:
        due.choice = task.open_choice


def _must_ask(task: Task, request: Request) -> bool:
    """Whether the user has facts to tell that are not in what was said first."""
    said = " ".join(m.content or "" for m in request.messages if isinstance(m, UserMessage))
    return any(fact.text not in said for fact in task.scenario.facts)


def note_on(kind: str, action: Action, detail: str = "") -> Note:
    """The note of a mistake that was made with a call."""
    return Note(kind, -1, detail or action.name, matters=True, planted=True)


def _bend_evidence(task: Task, steps: list[Step], mistake: str, rng: Random) -> list[Step]:
    """Leave a cell of some write's certificate out, or make the write before all of them."""
    of_refusals = mistake == "skipped_evidence"
    fit = [item for item in task.certificates if item.cells and (item.write is not None or of_refusals)]
    certificate = rng.choice(fit)
    if certificate.write is None:
        # Without the cell nobody knows that nothing (more) is due; a read of something else is what the note is put to.
        cell = rng.choice(certificate.cells)
        left = [step for step in steps if not _is_read_of(step, cell)]
        if left:
            note = Note("skipped_evidence", -1, f"{cell.name} {_json_text(cell.arguments)}", matters=True, planted=True)
            left[0].note = note
        return left
    write = (task.actions or ())[certificate.write]
    at = next(index for index, step in enumerate(steps) if step.action is write)
    if mistake == "skipped_evidence":
        cell = rng.choice(certificate.cells)
        steps[at].note = note_on("skipped_evidence", write, f"{cell.name} {_json_text(cell.arguments)}")
        return [step for index, step in enumerate(steps) if index > at or not _is_read_of(step, cell)]
    first = min(
        (index for index, step in enumerate(steps[:at]) if any(_is_read_of(step, cell) for cell in certificate.cells)),
        default=at,
    )
    steps[at].note = note_on("early_write", write)
    steps[at].confirmed = False
    return [*steps[:first], steps[at], *steps[first:at], *steps[at + 1 :]]


def _is_read_of(step: Step, cell: Cell) -> bool:
    return step.action.name == cell.name and step.action.arguments == cell.arguments


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def call_turns(steps: list[Step], domain: Domain, rng: Random) -> list[Turn]:
    """Calls as turns: reads by one tool in a row may share a message, a write comes alone after a confirmation."""
    grouped = 0.0 if domain.one_call_a_message else _GROUPED
    turns: list[Turn] = []
    for index, step in enumerate(steps):
        action = step.action
        if step.by_user:
            turns += _asking_turns(steps, index, domain, rng)
            continue
        call = PlannedCall(action.name, action.arguments, wrong=step.wrong, write=step.write)
        if step.choice is not None:
            turns.append(ask_which(step.choice, step.wish, rng))
        if step.write:
            if step.confirmed:
                turns.append(ask_to_confirm(action, step.wish, domain, rng))
            turns.append(Turn(CALL, calls=(call,), note=step.note, wish=step.wish))
            continue
        before = steps[index - 1] if index else None
        follows = before is not None and not (before.write or before.by_user) and before.action.name == action.name
        if follows and turns and turns[-1].kind == CALL and rng.random() < grouped:
            turns[-1] = msgspec.structs.replace(turns[-1], calls=(*turns[-1].calls, call))
        else:
            turns.append(Turn(CALL, calls=(call,), note=step.note, wish=step.wish))
    return turns


def _asking_turns(steps: list[Step], index: int, domain: Domain, rng: Random) -> list[Turn]:
    """The turn that asks the user for a step of theirs, or nothing where an earlier one has asked for it as well.

    Looks in a row may be asked for in one message. What is done comes alone, for its report is waited for.
    """
    together = _in_a_row(steps, index, domain)
    if together[0] < index:
        return []
    actions = tuple(steps[place].action for place in together)
    asked = ask_for_steps(actions, domain, rng)
    return [Turn(SAY, text=asked, wish=steps[index].wish, note=steps[index].note, asks_steps=actions)]


def _in_a_row(steps: list[Step], index: int, domain: Domain) -> list[int]:
    """The places of the user's steps that are asked for together with one: at most two looks, paired from the first."""
    first = index
    while first and steps[first - 1].by_user and not domain.writes(steps[first - 1].action):
        first -= 1
    if domain.writes(steps[index].action):
        return [index]
    start = first + (index - first) // _LOOKS_TOGETHER * _LOOKS_TOGETHER
    return [
        place
        for place in range(start, min(start + _LOOKS_TOGETHER, len(steps)))
        if steps[place].by_user and not domain.writes(steps[place].action)
    ]


def ask_which(choice: OpenChoice, wish: int, rng: Random) -> Turn:
    """What the request fits laid out, and the question which one of it is meant."""
    labels = [one.label for one in choice.candidates]
    text = lines.ASK_WHICH.draw(rng).format(f"{', '.join(labels[:-1])} and {labels[-1]}")
    return Turn(SAY, text=text, wish=wish, asks_which=True)


def ask_to_confirm(action: Action, wish: int, domain: Domain, rng: Random) -> Turn:
    """A write laid out with what it comes to and what the customer is to be reminded of, and the question for a yes."""
    said = f"{lines.lay_out(lines.LAY_OUT.draw(rng), action.name, action.arguments, rng)} {SETTLED}"
    if reminders := domain.telling.reminders.get(action.name):
        said = f"{said} {lines.saying_of(reminders).draw(rng)}"
    question = f"{said} {lines.CONFIRM.draw(rng)}"
    return Turn(SAY, text=question, wish=wish, confirms=True, settles=action, draw=rng.getrandbits(32))


def _insert_broken_call(turns: list[Turn], mistake: str, rng: Random) -> None:
    """Put a call that cannot work before a call that can."""
    places = [index for index, turn in enumerate(turns) if turn.kind == CALL]
    place = rng.choice(places) if places else len(turns)
    if mistake == "hallucinated_tool":
        call = PlannedCall("look_up_everything", {"query": "customer"})
        wish = turns[place].wish if places else 0
        turns.insert(place, Turn(CALL, calls=(call,), note=Note(mistake, -1, call.name, planted=True), wish=wish))
        return
    good = turns[place].calls[0]
    broken = msgspec.structs.replace(good, broken=True)
    note = Note(mistake, -1, good.name, matters=good.write, planted=True)
    turns.insert(place, Turn(CALL, calls=(broken,), note=note, wish=turns[place].wish))
