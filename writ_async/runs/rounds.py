"""The rounds of a run that goes on until enough rows are kept, as its folder holds them.

rounds.jsonl   one line per round, written and synced before the round is played: how many rows each cell shall have,
               where that is new, and which trials of which tasks are to be played
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, trajectory_id
from writ_async.curation.quota import Cell, KeepRules, Quota, TaskRecord
from writ_async.curation.rules import FilterRules
from writ_async.files import is_whole, read_jsonl
from writ_async.runs.view import RunView
from writ_async.runs.writing import AppendLog, mend, storage_error

ROUNDS = "rounds.jsonl"


class Round(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one round plays: numbers of trials by task. `asked` is what the run shall keep of each cell from now on."""

    trials: dict[str, tuple[int, ...]]
    asked: tuple[tuple[Cell, int], ...] = ()


def read_rounds(run: RunView) -> list[Round]:
    """All rounds of a run, the first one first; none where it has none. Raises `InputError`."""
    path = run.path / ROUNDS
    return list(read_jsonl(path, Round, skip_torn=True)) if path.is_file() else []


def mend_rounds(run: RunView) -> None:
    """Cut off a line that broke off: its round was not begun. Raises `StorageError`."""
    mend(run.path / ROUNDS, is_whole, in_order=True)


def append_round(run: RunView, new: Round) -> None:
    """Make a round durable before it is played. Raises `StorageError`."""
    path = run.path / ROUNDS
    log = AppendLog(path)
    try:
        log.append(msgspec.json.encode(new) + b"\n")
        log.sync()
    except OSError as exc:
        raise storage_error(path, exc) from exc
    finally:
        log.close()


def asked_in(rounds: Sequence[Round]) -> dict[Cell, int]:
    """What each cell shall have, as the newest round that says so has it."""
    return next((dict(one.asked) for one in reversed(rounds) if one.asked), {})


def planned_ids(rounds: Iterable[Round]) -> list[str]:
    """The ids of all trials that were to be played, in the order of the rounds."""
    return [
        trajectory_id(task_id, trial) for one in rounds for task_id, trials in one.trials.items() for trial in trials
    ]


def keep_rules_of(run: RunView) -> KeepRules | None:
    """How many rows a run shall keep, and of which; None for a run of so many tasks."""
    given = run.manifest.config.get("keep")
    return None if given is None else msgspec.convert(given, KeepRules)


def records_of(rows: Iterable[Trajectory], rules: FilterRules) -> dict[str, TaskRecord]:
    """How each task fared."""
    records: dict[str, TaskRecord] = {}
    for row in rows:
        records.setdefault(row.task_id, TaskRecord()).add(row, rules)
    return records


def quota_of(run: RunView, tasks: Iterable[Task], rules: FilterRules) -> Quota | None:
    """The quota of a run that shall keep so many rows; None for any other. Reads all rows once."""
    keep = keep_rules_of(run)
    if keep is None:
        return None
    return Quota(keep, asked_in(read_rounds(run)), tasks, records_of(run.trajectories(), rules))


def retired_tasks(records: Mapping[str, TaskRecord], attempts: int) -> dict[str, dict[str, int]]:
    """The tasks of which no attempt passed, with how often each reason spoke against one."""
    return {
        task_id: record.reasons
        for task_id, record in sorted(records.items())
        if record.played >= attempts and not record.passed
    }
