"""What a report knows of a run: all its numbers, read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal

import msgspec

from writ_async.core.prices import Price
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.curation.diversity import Diversity, measure_diversity
from writ_async.curation.filters import NAMES
from writ_async.curation.selection import Drop, Funnel
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.card import purpose
from writ_async.runs.numbers import Numbers, count_numbers
from writ_async.runs.pricing import models_of, price_rows, unpriced
from writ_async.runs.row_numbers import RowNumbers, RunRows, read_rows
from writ_async.runs.row_selection import rules_of, selection_of
from writ_async.runs.samples import Sample, read_samples
from writ_async.runs.scores import Score, score_sources
from writ_async.runs.shortfall import shortfall_of
from writ_async.runs.task_levels import TaskLevels, read_levels
from writ_async.runs.view import RunView
from writ_async.verify.paired import Difference


class TaskOutcome(msgspec.Struct, frozen=True):
    """How the trials of one task went: how often it was solved, how often two trials differ, and its rows.

    `flip_rate` is the share of pairs of trials of which one succeeded, None where there is one trial.
    """

    task: str
    level: str
    trials: int
    solved: int
    kept: int
    flip_rate: float | None
    reasons: dict[str, int]
    failed_rows: tuple[str, ...]
    solved_rows: tuple[str, ...]


class DataSet(msgspec.Struct, frozen=True):
    """What is in a set of rows to train on: how different its users are, and what its agents are good for.

    `kept_levels` counts the rows that are left by level; `diversity` is over those. `examples` has for each filter one
    row that fell there, `reasons` the findings that speak against rows, with a row each.
    """

    purpose: str
    kept_levels: dict[str, int]
    kept_kinds: dict[str, int]
    diversity: Diversity
    examples: dict[str, str]
    reasons: dict[str, tuple[int, str]]


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that is told of one run. `agent` and `user` say who played, `terms` whose prompts they were given.

    `label` is what `writ view` calls the run, too. `user` is empty where rows of several users were selected.
    `shortfall` says which rows the run lacks, and why; empty where it lacks none.
    """

    path: str
    label: str
    kind: Literal["synth", "eval", "select"]
    agent: str
    user: str
    terms: str
    judge: str
    rows: int
    scores: list[Score]
    numbers: list[Numbers]
    funnel: Funnel
    filters: tuple[str, ...]
    outcomes: list[TaskOutcome]
    tokens: list[int]
    samples: list[Sample]
    heavy_rules: list[str]
    notes: list[str]
    shortfall: str
    data_set: DataSet | None = None

    @property
    def all(self) -> Numbers:
        """The numbers of all tasks."""
        return self.numbers[0]

    def by(self, what: str) -> list[Numbers]:
        """The numbers by one thing that tasks have in common (`Numbers.by`)."""
        return [one for one in self.numbers if one.by == what]


class Against(msgspec.Struct, frozen=True):
    """A run held against the first: the difference over their tasks, or why there is none."""

    label: str
    tasks: int = 0
    difference: Difference | None = None
    why: str = ""


class Oracle(msgspec.Struct, frozen=True):
    """What the agent that knows the gold comes to on tasks of a run: the share that the strict verdict keeps.

    `name` is that of the score that it stands beside. It was played on so many `tasks` `of` those; `why` says why on
    none.
    """

    label: str
    name: str
    tasks: int
    of: int
    strict: float | None
    why: str = ""


class Report(msgspec.Struct, frozen=True):
    """Several runs side by side, the first of which is what the others are held against."""

    runs: list[RunReport]
    against: list[Against] = []
    oracles: list[Oracle] = []


def gather_runs(paths: Sequence[PathLike], *, data: str | None, prices: Mapping[str, Price]) -> list[RunReport]:
    """All that is told of these runs, in their order. Raises `InputError` for a folder that holds no finished row."""
    places = [Path(path) for path in paths]
    resolved = [place.resolve() for place in places]
    for place, where in zip(places, resolved, strict=True):
        if resolved.count(where) > 1:
            raise InputError(f"{place}: is named twice; name each run once")
    labels: list[str] = []
    for where in resolved:
        names = chain([where.name], (f"{where.name}~{number}" for number in count(2)))
        labels.append(next(name for name in names if name not in labels))
    return [gather_run(path, label, data=data, prices=prices) for path, label in zip(places, labels, strict=True)]


def gather_run(path: PathLike, label: str, *, data: str | None, prices: Mapping[str, Price]) -> RunReport:
    """All that is told of one run. Raises `InputError` as `gather_runs`."""
    run = RunView.open(path)
    found = read_rows(run) if run.has_tasks else RunRows.empty()
    shortfall = shortfall_of(run, tasks=len(found.tasks), done={row.id for row in found.rows})
    if not found.rows:
        why = f" ({shortfall})" if shortfall is not None else ""
        raise InputError(f"{path}: has no finished conversation{why}; there is nothing to report yet")
    config = run.manifest.config
    models = models_of(run.manifest)
    found.rows = price_rows(found.rows, models, prices)
    levels = read_levels(found.tasks.values(), data)
    selection = selection_of(run, rules=rules_of(run))
    seats: Mapping[str, Any] = config.get("seats") or {}
    agent = describe_seat(seats["agent"]) if seats else " and ".join(sorted(run.agents())) or "unknown"
    without = unpriced(found.rows, models)
    return RunReport(
        path=str(path),
        label=label,
        kind=run.manifest.kind,
        agent=agent,
        user=describe_seat(seats["user"]) if seats.get("user") else agent if seats else "",
        terms=str(config.get("prompts", "writ")),
        judge=str(config.get("judge", "assume-met")),
        rows=len(found.rows),
        scores=score_sources(found),
        numbers=count_numbers(found, levels),
        funnel=selection.funnel,
        filters=NAMES,
        outcomes=_outcomes(found, levels),
        tokens=[row.usage["agent"].completion_tokens for row in found.rows if "agent" in row.usage],
        samples=read_samples(run),
        heavy_rules=levels.rules,
        notes=[
            *levels.notes,
            *(f"no price is known of {model}: give one with --prices FILE" for model in without),
        ],
        shortfall="" if shortfall is None else str(shortfall),
        data_set=None if run.manifest.kind == "eval" else _data_set(run, found, levels, selection.dropped),
    )


def describe_seat(seat: Any) -> str:
    """Who plays a seat, in a few words: the model, or the engine, with the options that make it another."""
    if not isinstance(seat, Mapping):
        return str(seat) if seat else "unknown"
    if "parts" in seat:
        return " or ".join(describe_seat(part.get("engine")) for part in seat["parts"])
    options = dict(seat.get("options") or {})
    model = str(options.pop("model", "")).rstrip("/").rpartition("/")[2]
    told = [f"{key}={value}" for key, value in options.items() if key in _TOLD and len(str(value)) <= _LONGEST]
    return " ".join([model or str(seat.get("name", "unknown")), *(f"({', '.join(told)})" for _ in told[:1])])


_TOLD = ("reasoning_effort", "temperature", "mistakes", "user_mistakes", "enable_thinking", "thinking")
_LONGEST = 40


def _outcomes(found: RunRows, levels: TaskLevels) -> list[TaskOutcome]:
    rows: dict[str, list[RowNumbers]] = {}
    for row in found.rows:
        if row.reward is not None:
            rows.setdefault(row.task_id, []).append(row)
    outcomes = []
    for task_id, trials in rows.items():
        solved = sum(row.solved for row in trials)
        played = len(trials)
        reasons: dict[str, int] = {}
        for row in trials:
            for reason in () if row.solved else row.reasons:
                reasons[reason] = reasons.get(reason, 0) + 1
        outcomes.append(
            TaskOutcome(
                task_id,
                levels.tasks[task_id].level,
                played,
                solved,
                sum(row.kept for row in trials),
                2 * solved * (played - solved) / (played * (played - 1)) if played > 1 else None,
                dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
                tuple(row.id for row in trials if not row.solved),
                tuple(row.id for row in trials if row.solved),
            )
        )
    return outcomes


def _data_set(run: RunView, found: RunRows, levels: TaskLevels, dropped: Mapping[str, Drop]) -> DataSet:
    left = {row.id: found.tasks[row.task_id] for row in found.rows if row.kept and row.id not in dropped}
    examples: dict[str, str] = {}
    for row_id, drop in dropped.items():
        examples.setdefault(drop.filter, row_id)
    reasons: dict[str, tuple[int, str]] = {}
    for row in found.rows:
        for reason in () if row.kept else row.reasons:
            found_in, first = reasons.get(reason, (0, row.id))
            reasons[reason] = (found_in + 1, first)
    return DataSet(
        purpose=" ".join(purpose(run.authors())),
        kept_levels=_counts(levels.tasks[task.id].level for task in left.values()),
        kept_kinds=_counts(f"{task.domain} {task.kind}" for task in left.values()),
        diversity=measure_diversity(found.tasks, _kept(run, left)),
        examples=examples,
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1][0], item[0]))),
    )


def _kept(run: RunView, left: Mapping[str, Task]) -> Iterator[Trajectory]:
    return (row for row in run.trajectories() if row.id in left)


def _counts(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items()))
