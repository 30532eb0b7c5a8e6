"""Reading a run folder: what replay, export and reports need. Takes no lock and changes nothing.

manifest.json        how the run was made: kind, command, config, worlds, seeds, versions
tasks.jsonl          every task, written whole before the first conversation
prompts.json         per domain: policy, tool schemas
trajectories.jsonl   one finished conversation per line: while a run goes on in the order in which they end, and once it
                     has ended by task and trial (`row_order`). It is then another file of the same name: who follows
                     it while it grows begins again when its inode changes
failures.log         conversations that left no row, one JSON line per attempt (`attempts`); resuming runs them again,
                     but for those that were stopped early and those that would fail again
phrasing.json        of a run whose requests a model said anew: what became of its answers
rounds.jsonl         of a run that shall keep so many rows: what each round plays, written before it is played
timings.csv          seconds per trajectory; depends on the clock
samples.jsonl        how many were live, waited, had ended, every few seconds; depends on the clock
summary.json         counts and means per domain and kind, and the funnel of the filters
selection.json       the rows that fall because of others: near-duplicates, and those beyond the cap of a task
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.files import PathLike, open_binary, read_json, read_jsonl
from writ_async.registry import load_engine
from writ_async.runs.manifest import FORMAT, Manifest, Prompt, prompt_key, require_settings
from writ_async.runs.row_order import RowPlace, bad_row, find_rows, read_row, row_id_of, whole_lines
from writ_async.runs.summary import Summary

MANIFEST = "manifest.json"
TASKS = "tasks.jsonl"
PROMPTS = "prompts.json"
TRAJECTORIES = "trajectories.jsonl"
FAILURES = "failures.log"
TIMINGS = "timings.csv"
SUMMARY = "summary.json"
CALLS = "calls.log"
SAMPLES = "samples.jsonl"
_FURTHER = (
    "selection.json",
    "phrasing.json",
    "rounds.jsonl",
    "shard.json",
    "notes.log",
    ".lock",
    "segments",
    "drawing",
)
READ_NAMES = (MANIFEST, TASKS, PROMPTS, TRAJECTORIES, FAILURES, TIMINGS, SUMMARY, CALLS, SAMPLES, *_FURTHER)
"""All that is read of a run folder: the files named above, and those of modules that rest on this one."""

_decode_trajectory = msgspec.json.Decoder(Trajectory).decode


class _WithoutTokens(Trajectory, kw_only=True, omit_defaults=True):
    """A row whose token ids are passed over: they are most of it, and what judges rows looks at none."""

    tokens: msgspec.Raw = msgspec.Raw()  # type: ignore[assignment]


_decode_unheeding = msgspec.json.Decoder(_WithoutTokens).decode


_OTHER_FIELDS = tuple(name for name in Trajectory.__struct_fields__ if name != "tokens")


def _decode_without_tokens(line: bytes) -> Trajectory:
    row = _decode_unheeding(line)
    return Trajectory(**{name: getattr(row, name) for name in _OTHER_FIELDS})


class RunView:
    """A run folder opened to read, also while another process writes to it; a line still being written is left out."""

    def __init__(self, path: PathLike, manifest: Manifest, told: dict[str, Prompt] | None = None) -> None:
        self.path = Path(path)
        self.manifest = manifest
        self._told = told

    @classmethod
    def open(cls, path: PathLike) -> RunView:
        """Open a run to read. Raises `InputError` when the folder holds none, or one of a newer format."""
        return RunView(path, read_manifest(path))

    @property
    def has_tasks(self) -> bool:
        """Whether the tasks were written; a run that was killed before has none."""
        return (self.path / TASKS).is_file()

    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in the run's order. Raises `InputError` when the file is missing or does not fit."""
        return tuple(read_jsonl(self.path / TASKS, Task))

    def tasks_among(self, ids: Container[str]) -> tuple[Task, ...]:
        """The tasks with these ids, in the run's order; no other is held. Raises `InputError` as `tasks` does."""
        return tuple(task for task in read_jsonl(self.path / TASKS, Task) if task.id in ids)

    def prompts(self) -> dict[str, Prompt]:
        """The prompts by `prompt_key`. Raises `InputError` when the file is missing or does not fit."""
        return read_json(self.path / PROMPTS, dict[str, Prompt]) if self._told is None else self._told

    def with_prompts(self, told: dict[str, Prompt]) -> RunView:
        """The same run as if its agents had been given these prompts."""
        return RunView(self.path, self.manifest, told)

    def trajectories(self) -> Iterator[Trajectory]:
        """Every finished trajectory, in the order in which they ended; none when the run has not got so far."""
        if (self.path / TRAJECTORIES).is_file():
            yield from read_jsonl(self.path / TRAJECTORIES, Trajectory, skip_torn=True)

    def ordered(self, *, tokens: bool = True) -> Iterator[Trajectory]:
        """Every finished trajectory by task and trial, so that the same run gives the same order whatever ended first.

        Tasks come in the order of `tasks()`, unknown ones after them by id. Only one row is held at a time, without its
        token ids where they are not wanted: they are most of it.
        """
        read = _decode_trajectory if tokens else _decode_without_tokens
        if not (self.path / TRAJECTORIES).is_file():
            return
        path = self.path / TRAJECTORIES
        with open_binary(path) as file:  # one file to the end, for a run that ends puts another one in its place
            for row in sorted(self.find_rows(file)):
                try:
                    yield read(read_row(file, row, tokens=tokens))
                except msgspec.DecodeError as exc:
                    raise bad_row(path, row.number, exc) from None

    def find_rows(self, file: BinaryIO) -> list[RowPlace]:
        """Where the rows are in the open file of them, as they stand there. Raises `InputError` for what is no row."""
        return find_rows(file, self.path / TRAJECTORIES, self.task_places())

    def task_places(self) -> dict[str, int]:
        """The places of the tasks in the run's order, by id."""
        return {task_id: index for index, task_id in enumerate(self.task_ids())}

    def failures(self) -> Iterator[Trajectory]:
        """What was said in conversations that something outside ended; one per attempt."""
        if (self.path / FAILURES).is_file():
            yield from read_jsonl(self.path / FAILURES, Trajectory, skip_torn=True)

    def done_ids(self) -> AbstractSet[str]:
        """The ids of all finished trajectories. Decodes the ids alone.

        Raises `InputError` for a line that does not start with one, and for an id that is there twice.
        """
        found: set[str] = set()
        path = self.path / TRAJECTORIES
        if not path.is_file():
            return found
        with open_binary(path) as file:
            for number, line in whole_lines(file, path):
                row_id = row_id_of(line)
                if row_id is None:
                    raise InputError(f"{path}: line {number} does not start with an id; remove that line")
                if row_id in found:
                    raise InputError(f"{path}: line {number}: id {row_id!r} is there twice; remove one")
                found.add(row_id)
        return found

    def agents(self) -> AbstractSet[str]:
        """The engines by name that played the agent, of several runs where the rows were selected out of those."""
        return {name for name, _ in _agents_in(self.manifest.config)}

    def authors(self) -> AbstractSet[str]:
        """The engines whose words the agents' are: those that played, or whose words these say."""
        return {_author(name, options) for name, options in _agents_in(self.manifest.config)}

    def summary(self) -> Summary:
        """The summary as last written. Raises `InputError` when there is none."""
        return read_json(self.path / SUMMARY, Summary)

    def task_ids(self) -> Iterator[str]:
        """The ids of the tasks, in order; of a run that has none yet, none."""
        if self.has_tasks:
            for task in read_jsonl(self.path / TASKS, _TaskId):
                yield task.id


def _agents_in(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The names and options in a run's settings; an engine that a program handed over has none."""
    if config.get("runs"):
        for manifest in config["runs"]:
            yield from _agents_in(manifest["config"])
        return
    found: Any = config
    for key in ("seats", "agent"):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, dict) and isinstance(name := found.get("name"), str):
        options = found.get("options")
        yield name, options if isinstance(options, dict) else {}


def _author(engine: str, options: Mapping[str, Any]) -> str:
    """The engine that makes up the words that an engine says, itself where it is not known here."""
    try:
        factory = load_engine(engine)
    except InputError:
        return engine
    defaults = {field.name: field.default for field in msgspec.structs.fields(factory.options)}
    return str(options.get(factory.words_of) or defaults[factory.words_of]) if factory.words_of else engine


class _TaskId(msgspec.Struct):
    """The id of a task alone."""

    id: str


def read_manifest(path: PathLike) -> Manifest:
    """The manifest of a run. Raises `InputError` when the folder holds none, or one of a newer format."""
    folder = Path(path)
    if folder.is_file():
        raise InputError(f"{folder}: is a file, and a run is a folder; give the folder that `--out` named")
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such run folder; check the path")
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder}: is no run folder, it has no {MANIFEST}; check the path")
    _refuse_others(folder)
    form = read_json(folder / MANIFEST, _Format).format
    if form > FORMAT:
        raise InputError(f"{folder}: has format {form}, this version reads up to {FORMAT}; upgrade writ-async")
    return require_settings(folder / MANIFEST, read_json(folder / MANIFEST, Manifest))


def _refuse_others(folder: Path) -> None:
    """Raise `InputError` where what is read of a run folder is a link, a pipe or a device.

    Whoever sent the folder chose what it leads to, or how long it is waited for.
    """
    for name in READ_NAMES:
        path = folder / name
        if path.is_symlink():
            raise InputError(f"{path}: is a link to another place, which is not followed; put the file there")
        if path.exists() and not path.is_file() and not path.is_dir():
            raise InputError(f"{path}: is neither a file nor a folder; remove it")


class _Format(msgspec.Struct):
    """The format of a manifest alone."""

    format: int = FORMAT


def prompt_for(prompts: dict[str, Prompt], task: Task | None, domain: str) -> Prompt:
    """The prompt of a row, by its task's world, else by its domain. Raises `InputError` when there is neither."""
    if task is not None and (found := prompts.get(prompt_key(task.world))) is not None:
        return found
    if domain in prompts:
        return prompts[domain]
    known = ", ".join(prompts) or "none"
    raise InputError(f"{PROMPTS} has no prompt for domain {domain!r}; it has: {known}")
