"""The tasks of a run: from benchmarks, files of tasks and other runs, with the worlds that they are played in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import msgspec

from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.files import read_jsonl
from writ_async.registry import load_benchmark, registered_names
from writ_async.runs.view import RunView
from writ_async.runs.worlds import open_world, world_key


class TaskSet(msgspec.Struct, frozen=True):
    """Tasks and the worlds that they are played in, by `world_key`."""

    tasks: tuple[Task, ...]
    worlds: dict[str, Environment]


def read_task_sets(
    sources: Sequence[str], *, data: str | None, tools: str | None, split: str | None, limit: int = 0
) -> TaskSet:
    """The tasks of all sources: `BENCHMARK:SUBSET`, a run folder, or a file of tasks in JSON Lines.

    A benchmark's task ids get the source before them, for its subsets number theirs alike. `limit` keeps the first
    tasks of each source, 0 all. Raises `InputError` for a source that is none of these, an id that is there twice, and
    what `require_known_tools` refuses.
    """
    tasks: list[Task] = []
    worlds: dict[str, Environment] = {}
    for source in sources:
        found, opened = _read_source(source, data, tools, split)
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
    require_known_tools(tasks, worlds)
    return TaskSet(tuple(tasks), worlds)


def _read_source(
    source: str, data: str | None, tools: str | None, split: str | None
) -> tuple[list[Task], Environment | None]:
    name, colon, subset = source.partition(":")
    if colon and name in registered_names("benchmarks"):
        loaded = load_benchmark(name).load(subset, data, split, tools)
        found = [msgspec.structs.replace(task, id=f"{source}:{task.id}") for task in loaded.tasks]
        return found, loaded.environment if found else None
    path = Path(source)
    if path.is_dir():
        return list(RunView.open(path).tasks()), None
    if path.is_file():
        return list(read_jsonl(path, Task)), None
    known = ", ".join(f"{benchmark}:SUBSET" for benchmark in registered_names("benchmarks"))
    raise InputError(f"--tasks {source}: is neither {known}, nor a run folder, nor a file; check the spelling")


def _refuse_doubles(tasks: Iterable[Task]) -> None:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise InputError(f"task {task.id!r} is there twice; name each source once")
        seen.add(task.id)


def require_known_tools(tasks: Iterable[Task], worlds: Mapping[str, Environment]) -> None:
    """Refuse gold solutions that nobody could follow, before a conversation is begun.

    Raises `InputError` for an action or a read that names a tool which the task's domain has not, and for a certificate
    of a write that is none of the actions.
    """
    for task in tasks:
        domain = worlds[world_key(task.world)].domain
        actions = task.actions or ()
        named = [(action.name, domain.user_tools if action.requestor == "user" else domain.tools) for action in actions]
        for certificate in task.certificates:
            named += [(cell.name, domain.tools) for cell in certificate.cells]
            if certificate.write is not None and not 0 <= certificate.write < len(actions):
                raise InputError(
                    f"task {task.id!r}: a certificate is of action {certificate.write}, and there are {len(actions)}"
                )
        for name, tools in named:
            if name not in tools:
                close = get_close_matches(name, tools, 1)
                meant = f"; did you mean {close[0]!r}?" if close else ""
                raise InputError(f"task {task.id!r}: the domain {domain.name!r} has no tool {name!r}{meant}")
