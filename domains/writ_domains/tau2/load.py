"""Loads a domain of τ²-bench from its data folder into our types."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from writ_async.core.benchmark import ReadHeavy, Subset, Terms
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Task, WorldRef
from writ_async.core.tool import Tool
from writ_async.core.trajectory import Seat
from writ_async.errors import InputError
from writ_async.files import read_json
from writ_async.registry import load_domain
from writ_domains.tau2.burden import benchmark_level, read_heavy
from writ_domains.tau2.compose import Composer
from writ_domains.tau2.files import read_policy, read_world
from writ_domains.tau2.kit import KIT_VARIABLE, KitTools, find_kit, is_kit, make_kit, read_kit
from writ_domains.tau2.prompts import read_template
from writ_domains.tau2.schema import FirstVersionTask, TaskRecord, first_version_task, to_task

DATA_VARIABLE = "TAU2_DATA_DIR"
SUBSETS = ("airline", "retail", "telecom")
_UNSUPPORTED = ("banking_knowledge", "mock")
_DEFAULT_SPLIT = "base"
_TASKS, _FEW_TASKS, _SPLITS = "tasks.json", "tasks_small.json", "split_tasks.json"
_TEMPERATURE, _SEED = 0.0, 300
"""What its runner asks of both models, and the seed that it draws the seeds of trials from."""
_PLACES = ("tau2/domains", "domains", "data/tau2/domains", ".")


class FunctionRecord(msgspec.Struct, frozen=True):
    """The part of a function schema that is checked."""

    name: str


class SchemaRecord(msgspec.Struct, frozen=True):
    """The part of a tool schema that is checked."""

    function: FunctionRecord


class Tau2:
    """The benchmark. Its database stands in for a generated world, its policy for the domain's own."""

    subsets = SUBSETS

    def load(self, subset: str, data: str | None = None, split: str | None = None, tools: str | None = None) -> Subset:
        """Read one domain of the benchmark: `airline`, `retail` or `telecom`.

        `data` is the folder that holds `tau2/domains`, or one of the two below or above it; without it the variable
        TAU2_DATA_DIR says where. `split` names a list of tasks in `split_tasks.json`, `base` by default. `tools` is a
        file of tool schemas, a folder with `<subset>_tools.json`, a kit or a checkout; see `with_tool_schemas`.
        Raises `InputError` for an unknown subset or split, and for files that are absent or broken.
        """
        folder = find_folder(subset, data)
        domain = load_domain(subset)
        world = read_world(folder, domain)
        domain = msgspec.structs.replace(domain, policy=read_policy(folder, domain))
        if tools is not None:
            domain = with_tool_schemas(domain, tools)
        reference = WorldRef(subset, source="tau2", digest=world.digest())
        return Subset(Environment(domain, world, reference), *_read_tasks(folder, domain, reference, split))

    def compose(self, subset: str, task_id: str, data: str | None = None) -> Task | None:
        """A task of several faults put together from those of one; None where the subset has no such tasks.

        Raises `InputError` where a part of it is missing.
        """
        few = find_folder(subset, data) / _FEW_TASKS
        if not few.exists():
            return None
        record = Composer(read_json(few, list[TaskRecord])).task(task_id)
        return to_task(record, subset, WorldRef(subset, source="tau2"))

    def prompt_template(self, seat: Seat, data: str | None = None) -> str:
        """What τ²-bench tells a seat; see `writ_domains.tau2.prompts`. Raises `InputError` where that is not there."""
        return read_template(seat, find_root(data))

    def terms(self, given: str | None = None, data: str | None = None, subset: str = "") -> Terms:
        """The prompts, temperature and seed of its own runner; users who have tools are told about them.

        Raises `InputError` where its texts are not there.
        """
        place = Path(given) if given else find_kit(find_root(data))
        if place is None:
            raise InputError(
                "tau2: what it tells its agents is in its source; give its checkout as --data, or a file that "
                f"`writ tau2-kit CHECKOUT --out FILE` has made in {KIT_VARIABLE}"
            )
        kit = read_kit(place)
        with_tools = subset in SUBSETS and bool(load_domain(subset).user_tools)
        told = kit.user_prompt_with_tools if with_tools else kit.user_prompt
        prompts: dict[Seat, str] = {"agent": kit.agent_prompt, "user": told}
        return Terms("tau2", str(place), kit.version, prompts, _TEMPERATURE, _SEED)

    def dress(self, domain: Domain, given: str | None = None, data: str | None = None) -> Domain:
        """A domain of ours with its policy and tool schemas. Raises `InputError` where they are not there."""
        own = msgspec.structs.replace(domain, policy=read_policy(find_folder(domain.name, data), domain))
        return with_tool_schemas(own, self.terms(given, data).source)

    def make_kit(self, checkout: str) -> bytes:
        """The kit of a checkout, as a file. Raises `InputError` for a folder that is none."""
        return msgspec.json.format(msgspec.json.encode(make_kit(Path(checkout))), indent=1) + b"\n"

    def read_heavy(self, subset: str) -> ReadHeavy | None:
        """The tasks that a solver found to rest on most reads; None where nobody has looked."""
        return read_heavy(subset)

    def measure(self, task: Task, environment: Environment) -> tuple[int, int]:
        """The writes of a task, and the most cells that one of them rests on, estimated from below."""
        return benchmark_level(task, environment)

    def read_task(self, record: Mapping[str, Any], subset: str) -> Task | None:
        """A task of τ²-bench's results, or of τ-bench's: instructions in plain text, actions with `kwargs`, outputs.

        None for any other record.
        """
        if subset not in SUBSETS:
            return None
        try:
            if "user_scenario" in record:
                return to_task(msgspec.convert(record, TaskRecord), subset, WorldRef(subset, source="tau2"))
            return first_version_task(msgspec.convert(record, FirstVersionTask), subset)
        except (msgspec.ValidationError, RecursionError):
            return None


BENCHMARK = Tau2()


def find_folder(subset: str, data: str | None) -> Path:
    """The folder of one domain below a data folder. Raises `InputError` when it is not there."""
    if subset in _UNSUPPORTED:
        raise InputError(f"tau2: domain {subset!r} is not supported yet; there are: {', '.join(SUBSETS)}")
    if subset not in SUBSETS:
        raise InputError(f"tau2: unknown domain {subset!r}; there are: {', '.join(SUBSETS)}")
    root = find_root(data)
    for below in _PLACES:
        folder = root / below / subset
        if folder.is_dir():
            return folder
    raise InputError(f"tau2: no tau2/domains/{subset} in {root}")


def find_root(data: str | None) -> Path:
    """The folder that a caller or the environment names. Raises `InputError` where neither does, or it is not there."""
    place = data or os.environ.get(DATA_VARIABLE)
    if not place:
        raise InputError(f"tau2: where is its data? Give --data PATH or set {DATA_VARIABLE}")
    root = Path(place)
    if not root.is_dir():
        raise InputError(f"tau2: no folder {root}")
    return root


def _read_tasks(folder: Path, domain: Domain, world: WorldRef, split: str | None) -> tuple[tuple[Task, ...], str]:
    """The tasks of a split, and what is to be said of them."""
    path, note = folder / _TASKS, ""
    few = folder / _FEW_TASKS
    if not path.exists() and few.exists():
        records = read_json(few, list[TaskRecord])
        if split is not None:
            composer = Composer(records)
            records = [composer.task(task_id) for task_id in _ids_of_split(folder / _SPLITS, split)]
            note = f"{path} is not there, so the tasks of split {split!r} are put together from those of {few.name}"
        else:
            note = f"{path} is not there, so the {len(records)} tasks of {few.name} are taken"
        path, split = few, None
        wanted = {record.id for record in records}
    else:
        records = read_json(path, list[TaskRecord])
        wanted = _read_split(folder / _SPLITS, {record.id for record in records}, split)
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise InputError(f"{path}: two tasks have the id {record.id!r}")
        seen.add(record.id)
    return tuple(to_task(record, domain.name, world) for record in records if record.id in wanted), note


def _read_split(path: Path, known: set[str], split: str | None) -> set[str]:
    """The ids of a split; all tasks where the folder has no splits and none is asked for."""
    if split is None and not path.exists():
        return known
    name = split or _DEFAULT_SPLIT
    found = _ids_of_split(path, name)
    for task_id in found:
        if task_id not in known:
            raise InputError(f"{path}: split {name!r} names the task {task_id!r}, which is not in {_TASKS}")
    return set(found)


def _ids_of_split(path: Path, name: str) -> list[str]:
    """The ids of a split, in its order. Raises `InputError` where there is no such split."""
    splits = read_json(path, dict[str, list[str]])
    if name not in splits:
        raise InputError(f"{path}: no split {name!r}; there are: {', '.join(splits) or 'none'}")
    return splits[name]


def with_tool_schemas(domain: Domain, path: str) -> Domain:
    """The domain with the tool schemas of a file, in its order, so that a model meets the prompt it is scored under.

    The functions stay ours. `path` is a JSON file `{"tools": [...], "user_tools": [...]}` of OpenAI tool schemas, a
    folder with `<domain>_tools.json`, or a kit or checkout (`writ_domains.tau2.kit`). Raises `InputError` when the
    names are not exactly those of the domain.
    """
    file = Path(path)
    if is_kit(file):
        kit = read_kit(file)
        if domain.name not in kit.tools:
            raise InputError(
                f"{file}: has no tools of {domain.name}; it has those of: {', '.join(kit.tools) or 'none'}"
            )
        record = kit.tools[domain.name]
    else:
        file = file / f"{domain.name}_tools.json" if file.is_dir() else file
        record = read_json(file, KitTools)
    return msgspec.structs.replace(
        domain,
        tools=_replace_schemas(file, "tools", domain.tools, record.tools),
        user_tools=_replace_schemas(file, "user_tools", domain.user_tools, record.user_tools),
    )


def _replace_schemas(
    file: Path, field: str, tools: Mapping[str, Tool], schemas: tuple[dict[str, Any], ...]
) -> dict[str, Tool]:
    replaced: dict[str, Tool] = {}
    for position, schema in enumerate(schemas):
        try:
            name = msgspec.convert(schema, SchemaRecord).function.name
        except msgspec.ValidationError as exc:
            raise InputError(f"{file}: {field}[{position}]: {exc}") from None
        if name not in tools:
            raise InputError(f"{file}: {field}[{position}]: the domain has no tool {name!r}")
        if name in replaced:
            raise InputError(f"{file}: {field}[{position}]: a second schema for {name!r}")
        replaced[name] = msgspec.structs.replace(tools[name], schema=schema)
    for name in tools:
        if name not in replaced:
            raise InputError(f"{file}: {field}: no schema for the tool {name!r}")
    return replaced
