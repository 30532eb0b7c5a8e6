"""Closure: the user knows all that the reads need, and says nothing that has to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from writ_async.core.domain import Domain
from writ_async.core.message import Message, ToolMessage
from writ_async.core.task import Action, Cell, Task
from writ_async.verify.provenance import SMALL, Seen, atoms, unseen_arguments

_WORD = re.compile(r"[^\s,.;:!?()\"]+")


def why_unreachable(task: Task, domain: Domain, messages: Sequence[Message]) -> list[str]:
    """Arguments of gold reads that nobody has said or shown before the call; `messages` are the gold conversation."""
    seen = Seen()
    seen.add(task.scenario.said)
    results = [message for message in messages if isinstance(message, ToolMessage)]
    found: list[str] = []
    for action, result in zip(task.actions or (), results, strict=True):
        tool = domain.tools_of(action.requestor)[action.name]
        if tool.kind == "read":
            found += [f"{action.name}: {unseen}" for unseen in unseen_arguments(tool, action.arguments, seen)]
        seen.add(result.content)
    return found


def why_leaking(task: Task, domain: Domain, cells: Iterable[Cell]) -> list[str]:
    """What the goals do not say, but some text of the scenario does.

    Looked for are atoms of gold writes and of certificate cells, and what the user wants to be told.
    """
    said = said_values(goal.params for goal in task.goals)
    texts = " \n ".join(task.scenario.texts())
    numbers = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])", texts))
    found: list[str] = []
    calls: list[Action | Cell] = [action for action in task.actions or () if domain.writes(action)]
    for call in (*calls, *cells):
        words = domain.tools_for_cell(call.name)[call.name].words
        for path, value in atoms(dict(call.arguments)):
            if value in words or str(value) in said or isinstance(value, bool) or value is None:
                continue
            if isinstance(value, int | float):
                told = abs(value) > SMALL and f"{value:g}" in numbers
            else:
                told = len(value) > 2 and _occurs_in(value, texts)
            if told:
                found.append(f"{call.name} {path}={value!r}")
    found += [
        f"the answer {value!r}"
        for value in task.communicate or ()
        if len(value) > 2 and value not in said and _occurs_in(value, texts)
    ]
    return list(dict.fromkeys(found))


def said_values(params: Iterable[Mapping[str, Any]]) -> set[str]:
    """All values in the params of goals, and the words in them."""
    found: set[str] = set()
    for one in params:
        for _, value in atoms(dict(one)):
            found.add(str(value))
            found.update(_WORD.findall(str(value)))
    return found


def _occurs_in(wanted: str, text: str) -> bool:
    place = text.find(wanted)
    while place >= 0:
        end = place + len(wanted)
        if not (place and text[place - 1].isalnum()) and not (end < len(text) and text[end].isalnum()):
            return True
        place = text.find(wanted, place + 1)
    return False
