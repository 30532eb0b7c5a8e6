"""The tasks of a run: from benchmarks, files of tasks and other runs, with the worlds that they are played in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from writ_async.behaviour.axes import VALUES
from writ_async.core.acting import open_state
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Action, Cell, Task
from writ_async.core.tool import Tool
from writ_async.errors import InputError
from writ_async.files import read_jsonl
from writ_async.registry import load_benchmark, registered_names
from writ_async.runs.view import RunView
from writ_async.runs.worlds import open_world, world_key


class TaskSet(msgspec.Struct, frozen=True):
    """Tasks and the worlds that they are played in, by `world_key`; `notes` are what a user is to be told of them."""

    tasks: tuple[Task, ...]
    worlds: dict[str, Environment]
    notes: tuple[str, ...] = ()


def read_task_sets(
    sources: Sequence[str], *, data: str | None, tools: str | None, split: str | None, limit: int = 0
) -> TaskSet:
    """The tasks of all sources: `BENCHMARK:SUBSET`, a run folder, or a file of tasks in JSON Lines.

    A benchmark's task ids get the source before them, for its subsets number theirs alike. `limit` keeps the first
    tasks of each source, 0 all. Raises `InputError` for a source that is none of these, an id that is there twice, and
    what `require_playable` refuses.
    """
    tasks: list[Task] = []
    worlds: dict[str, Environment] = {}
    notes: list[str] = []
    for source in sources:
        found, opened, note = _read_source(source, data, tools, split)
        notes += [f"{source}: {note}"] if note else []
        if not found:
            raise InputError(f"{source}: holds no task")
        found = found[:limit] if limit else found
        tasks += found
        if opened is not None:
            worlds[world_key(opened.ref)] = opened
        for task in found:
            if world_key(task.world) not in worlds:
                worlds[world_key(task.world)] = open_world(task.world, data, tools)
    _refuse_doubles(tasks)
    require_playable(tasks, worlds)
    return TaskSet(tuple(tasks), worlds, tuple(notes))


def _read_source(
    source: str, data: str | None, tools: str | None, split: str | None
) -> tuple[list[Task], Environment | None, str]:
    name, colon, subset = source.partition(":")
    if colon and name in registered_names("benchmarks"):
        loaded = load_benchmark(name).load(subset, data, split, tools)
        found = [msgspec.structs.replace(task, id=f"{source}:{task.id}") for task in loaded.tasks]
        return found, loaded.environment if found else None, loaded.note
    path = Path(source)
    if path.is_dir():
        return list(RunView.open(path).tasks()), None, ""
    if path.is_file():
        return list(read_jsonl(path, Task)), None, ""
    known = ", ".join(f"{benchmark}:SUBSET" for benchmark in registered_names("benchmarks"))
    raise InputError(f"--tasks {source}: is neither {known}, nor a run folder, nor a file; check the spelling")


def _refuse_doubles(tasks: Iterable[Task]) -> None:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise InputError(f"task {task.id!r} is there twice; name each source once")
        seen.add(task.id)


def require_playable(tasks: Iterable[Task], worlds: Mapping[str, Environment]) -> None:
    """Refuse tasks that no conversation or verdict could make sense of, before a conversation is begun.

    Raises `InputError` for a gold action, a first wish or a read that names a tool which the task's domain has not, or
    arguments that the tool has not; for a certificate or a goal of a write that is none of the actions, for a goal of
    an unknown objective, and for an unknown value of a behaviour; for an initial state that cannot be had in the task's
    world, and an assertion function that the domain has not. It names the task.
    """
    for task in tasks:
        environment = worlds[world_key(task.world)]
        if problem := _why_unplayable(task, environment.domain) or _why_unopened(task, environment):
            raise InputError(f"task {task.id!r}: {problem}")


def _why_unopened(task: Task, environment: Environment) -> str:
    domain = environment.domain
    for assertion in task.env_assertions or ():
        known = domain.assertions.get(assertion.env_type, {})
        if assertion.func_name not in known:
            name = assertion.func_name
            return f"the domain {domain.name!r} has no assertion function {name!r}{_meant(name, known)}"
    try:
        open_state(task.initial, domain, environment.world)
    except InputError as exc:
        return str(exc)
    return ""


def _why_unplayable(task: Task, domain: Domain) -> str:
    if task.kind != "benchmark" and task.domain != domain.name:
        return f"it is of the domain {task.domain!r}, and its world of {domain.name!r}"
    actions = task.actions or ()
    wished = (task.first_wish.action,) if task.first_wish is not None else ()
    calls: list[tuple[Action | Cell, Mapping[str, Tool]]] = [
        (action, domain.tools_of(action.requestor)) for action in (*actions, *wished)
    ]
    for certificate in task.certificates:
        calls += [(cell, domain.tools_for_cell(cell.name)) for cell in certificate.cells]
        if certificate.write is not None and not 0 <= certificate.write < len(actions):
            return f"a certificate is of action {certificate.write}, and there are {len(actions)}"
    for call, tools in calls:
        if call.name not in tools:
            return f"the domain {domain.name!r} has no tool {call.name!r}{_meant(call.name, tools)}"
        # A benchmark's own gold calls are made as they are, and passed over where its tools refuse them.
        if task.kind != "benchmark" and (problem := _misfit(call.arguments, tools[call.name])):
            return f"the call of {call.name!r} {problem}"
    objectives = domain.goals.objectives if domain.goals is not None else {}
    for goal in task.goals:
        if goal.objective not in objectives:
            return f"no goal of {domain.name!r} is called {goal.objective!r}{_meant(goal.objective, objectives)}"
        if not all(0 <= write < len(actions) for write in goal.writes):
            return f"the goal {goal.objective!r} is met by actions {list(goal.writes)}, and there are {len(actions)}"
    for trait in task.behaviour.traits if task.behaviour is not None else ():
        if trait.label not in VALUES:
            return f"no behaviour of users is called {trait.label!r}{_meant(trait.label, VALUES)}"
    return ""


def _misfit(arguments: Mapping[str, Any], tool: Tool) -> str:
    """What is wrong with the names of a call's arguments, or an empty text."""
    if missing := tool.required - arguments.keys():
        return f"lacks the argument {min(missing)!r}"
    if unknown := arguments.keys() - tool.accepted:
        return f"has an argument {min(unknown)!r}{_meant(min(unknown), tool.accepted)}, which the tool has not"
    return ""


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""
