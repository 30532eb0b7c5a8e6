"""The slips that the scripted user can make, so that an audit of the user's side has something to find."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from random import Random
from typing import Any

from writ_async.behaviour.pieces import wrong_version
from writ_async.core.domain import Domain
from writ_async.core.task import Fact, Task
from writ_async.core.trajectory import CLOSING_TOKENS, Note, Signal
from writ_engines.scripted import user_lines as lines
from writ_engines.scripted.agent_lines import slot_words
from writ_engines.scripted.user_step_slips import has_room_for

USER_MISTAKES: dict[str, str] = {
    "revealed_early": "the user gives away an argument of a gold write that has to be read",
    "hallucinated": "the user makes up a number that is in no scenario",
    "contradicted": "the user takes back a fact, and says it wrongly",
    "premature_stop": "the user ends the conversation before anything was done",
    "wrong_confirmation": "the user says no to what was asked for, and keeps to it",
}

STEP_MISTAKES: dict[str, str] = {
    "acted_unasked": "the user does something else with a tool of theirs than the agent asked for",
    "reported_unseen": "the user tells a reading that they never looked up",
    "skipped_step": "the user says that a step was taken, and has not taken it",
}
"""Slips of users with tools of their own. A rate for all kinds is spread over them too where the task has steps."""


class Slip:
    """One slip of one conversation, said at its moment and noted once."""

    __slots__ = ("_line", "_moment", "kind", "note", "spared")

    def __init__(self, kind: str, moment: str, line: str, spared: Collection[str] = ()) -> None:
        self.kind = kind
        self.note: Note | None = None
        self.spared = spared
        """Of a slip with tools, those that are asked for sooner or later."""
        self._moment = moment
        self._line = line

    def line_at(self, moment: str, turns: int) -> str:
        """The words of the slip at its moment, else an empty text. A denial is kept up, others happen once."""
        if moment != self._moment or (self.note is not None and self.kind != "wrong_confirmation"):
            return ""
        if self.note is None:
            self.note = Note(f"user_{self.kind}", turns - 1, self._line, matters=True, planted=True)
        return self._line

    def happen(self, turns: int, detail: str) -> None:
        """Note a slip with tools, of which nothing is said at any other moment."""
        self.note = Note(f"user_{self.kind}", turns - 1, detail, matters=True, planted=True)


def choose_slip(task: Task, domain: Domain, rates: Mapping[str, float], rng: Random) -> Slip | None:
    """The slip of one conversation, or None. One that the task gives no room for is not made."""
    point = rng.random()
    if not has_steps(task, domain):
        rates = {kind: rate for kind, rate in rates.items() if kind not in STEP_MISTAKES}
    for kind, rate in rates.items():
        if point < rate:
            return make_slip(kind, task, domain, rng)
        point -= rate
    return None


def make_slip(kind: str, task: Task, domain: Domain, rng: Random) -> Slip | None:
    """A slip of a kind, or None where the task gives no room for it."""
    if kind in STEP_MISTAKES:
        tools = {action.name for action in task.actions or () if action.requestor == "user"}
        return Slip(kind, "", "", tools) if has_room_for(kind, tools, domain) else None
    writes = [action for action in task.actions or () if domain.writes(action)]
    if kind == "hallucinated":
        return Slip(kind, "opening", f"My reference for this is RX-{rng.randrange(10**6, 10**7)}.")
    if kind == "premature_stop":
        return Slip(kind, "stop", CLOSING_TOKENS[Signal.STOP]) if writes else None
    if kind == "wrong_confirmation":
        return Slip(kind, "confirm", rng.choice(lines.DENY)) if writes else None
    if kind == "contradicted":
        mistyped = {slot.name for slot in domain.slots if slot.mistyped}
        facts = [fact for fact in task.scenario.facts if fact.slot in mistyped]
        return _contradict(rng.choice(facts), domain) if facts and writes else None
    leaked = _unsaid_ids(task, [action.arguments for action in writes], domain)
    return Slip(kind, "opening", f"It should be {rng.choice(leaked)}, I believe.") if leaked else None


def has_steps(task: Task, domain: Domain) -> bool:
    """Whether the gold calls of a task are the user's in part, who is asked for them in words."""
    return bool(domain.user_actions) and any(action.requestor == "user" for action in task.actions or ())


def _contradict(fact: Fact, domain: Domain) -> Slip:
    line = f"Actually, my {slot_words(domain, fact.slot)} is {wrong_version(fact.value)}."
    return Slip("contradicted", "late", line)


def _unsaid_ids(task: Task, arguments: list[dict[str, Any]], domain: Domain) -> list[str]:
    """Ids among gold arguments that the scenario does not tell."""
    known = task.scenario.said.casefold()
    skipped = (domain.user_argument, "date", "dob")
    found = (text for item in arguments for key, text in _texts_by_key("", item) if key not in skipped)
    return [text for text in dict.fromkeys(found) if _is_id(text) and text.casefold() not in known]


def _is_id(text: str) -> bool:
    return " " not in text and len(text) >= 6 and any(char.isdigit() for char in text)


def _texts_by_key(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts_by_key(name, item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_by_key(key, item)
