"""Passes the rows of a run through all filters, and keeps what was found in the run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.trajectory import Trajectory
from writ_async.curation.filters import CAP, pass_filters, reason_names
from writ_async.curation.near_duplicates import ALIKE
from writ_async.curation.quota import Quota
from writ_async.curation.rules import STRICT, FilterRules, parse_filter_rules
from writ_async.curation.selection import SELECTION, Selection
from writ_async.errors import InputError
from writ_async.files import read_json
from writ_async.registry import load_domain
from writ_async.runs.rounds import quota_of
from writ_async.runs.view import RunView
from writ_async.runs.writing import OWN_FILE, write_whole

_encode = msgspec.json.Encoder(order="deterministic").encode


def select_rows(run: RunView, *, cap: int = CAP, alike: float = ALIKE, rules: FilterRules = STRICT) -> Selection:
    """The selection over all rows that a run has now."""
    return select_rows_and_quota(run, cap=cap, alike=alike, rules=rules)[0]


def select_rows_and_quota(
    run: RunView,
    *,
    cap: int = CAP,
    alike: float = ALIKE,
    rules: FilterRules = STRICT,
    see: Callable[[Trajectory], None] | None = None,
) -> tuple[Selection, Quota | None]:
    """`select_rows`, with the quota of a run that shall keep so many rows, as the rows have filled it.

    `see` is shown each row, without its token ids, so that one reading serves both.
    """
    tasks = {task.id: task for task in run.tasks()} if run.has_tasks else {}
    rows = run.ordered(tokens=False)
    if see is not None:
        rows = _show_each(rows, see)
    domains = load_known_domains(task.domain for task in tasks.values())
    quota = quota_of(run, tasks.values(), rules)
    return pass_filters(rows, tasks, domains, cap=cap, alike=alike, rules=rules, quota=quota), quota


def _show_each(rows: Iterable[Trajectory], see: Callable[[Trajectory], None]) -> Iterator[Trajectory]:
    for row in rows:
        see(row)
        yield row


def write_selection(run: RunView, selection: Selection) -> None:
    """Write `selection.json`. Raises `StorageError`."""
    write_whole(run.path / SELECTION, msgspec.json.format(_encode(selection)) + b"\n", OWN_FILE)


def rules_of(run: RunView, more: Sequence[str] = ()) -> FilterRules:
    """The rules of filters that a run was made with, and `more` that go before them. Raises `InputError`."""
    return parse_filter_rules([*run.manifest.config.get("filters", ()), *more], reason_names())


def selection_of(run: RunView, *, cap: int = CAP, alike: float = ALIKE, rules: FilterRules = STRICT) -> Selection:
    """The selection that was written, if it is over the rows that are there and with these settings, else a new one."""
    path = run.path / SELECTION
    if path.is_file():
        found = read_json(path, Selection)
        if (found.rows, found.cap, found.alike, found.rules) == (len(run.done_ids()), cap, alike, rules):
            return found
    return select_rows(run, cap=cap, alike=alike, rules=rules)


def load_known_domains(names: Iterable[str]) -> dict[str, Domain]:
    """The registered domains of these names; one that is not there any more tells nothing."""
    found: dict[str, Domain] = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = load_domain(name)
        except InputError:
            continue
    return found
