"""`writ export`: the rows of a run that passed all filters, in the format of a trainer, with a data set card."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from writ_async.core.trajectory import Seat
from writ_async.curation.contamination import Contamination
from writ_async.curation.filters import CAP, NAMES
from writ_async.errors import InputError
from writ_async.files import PathLike, read_json
from writ_async.formats.export import FORMATS, RESULTS, Exported, endings_of, format_named
from writ_async.formats.export.card import refuse_other_card, write_card
from writ_async.formats.export.user_seat import user_seat_rules
from writ_async.runs.benchmark_terms import prompts_under
from writ_async.runs.joined import JoinedView
from writ_async.runs.own_files import refuse_own_files
from writ_async.runs.row_selection import rules_of, selection_of
from writ_async.runs.shortfall import require_rows
from writ_async.runs.view import RunView

_ENDINGS = (".json", ".jsonl", ".parquet", ".csv", ".arrow", ".html", ".md", ".yaml", ".toml", ".gz", ".zip", ".txt")
"""Endings that say what a file is; any other says nothing."""


class ExportReport(msgspec.Struct, frozen=True):
    """What was written in which format, and where the card is, if one was asked for."""

    exported: Exported
    format: str
    card: str = ""


def export_rows(
    run_paths: PathLike | Sequence[PathLike],
    form: str,
    out: PathLike,
    *,
    include_rejected: bool = False,
    greeting: bool | None = None,
    cap: int = CAP,
    card: bool = False,
    contamination: PathLike | None = None,
    filters: Sequence[str] = (),
    seat: Seat = "agent",
    prompts: str = "",
    data: str | None = None,
) -> ExportReport:
    """Write the rows that passed all filters, `cap` at most of a task, or with `include_rejected` all rows.

    Of several runs the rows are those of one that has them all (`runs.joined`): near-duplicates and the cap are of all.
    `greeting` keeps or drops the agent's words before the user's first; None leaves it to the format. With `card` a
    README.md for the data set is written beside `out`, with the report that `writ check --contamination` wrote, if
    `contamination` names it. `filters` are rules beside those that the run was made with: `mask-turns`, and
    `REASON=drop|mask|allow`. With the `seat` user the rows are turned round, and so are the filters: the user's words
    are learnt, where the user did nothing wrong. With `prompts` the rows are told in a benchmark's texts instead of
    those that their agents were given (see `prompts_under`); `data` is its folder. Raises `InputError` and
    `StorageError`.
    """
    paths = [run_paths] if isinstance(run_paths, str | os.PathLike) else list(run_paths)
    if cap < 1:
        raise InputError(f"--cap must be at least 1, not {cap}")
    refuse_own_files(out)
    if card:
        refuse_other_card(out)
    if contamination is not None and not card:
        raise InputError("--contamination is what the card tells; give --card as well")
    if form in RESULTS:
        if greeting is not None or filters or seat != "agent" or card or prompts:
            raise InputError(
                f"--format {form}: is a benchmark's own account of all trials as they were played; leave --greeting, "
                "--filter, --mask-turns, --seat, --card and --prompts away"
            )
        return _export_results(paths, form, out)
    chosen = format_named(form)
    _check_name(form, out, card=card)
    report = None if contamination is None else read_json(contamination, Contamination)
    run = RunView.open(paths[0]) if len(paths) == 1 else JoinedView(paths, filters)
    for path in paths:
        require_rows(RunView.open(path))
    if report is not None and report.rows != (rows := len(run.done_ids())):
        raise InputError(
            f"{contamination}: is a report on {report.rows:,} rows of {report.run}, but {run.path} has {rows:,}; make "
            "it again"
        )
    if prompts:
        run = run.with_prompts(prompts_under(run.prompts(), prompts, data))
    rules = rules_of(run, filters) if seat == "agent" else user_seat_rules(rules_of(run, filters))
    selection = selection_of(run, cap=cap, rules=rules)
    exported = chosen.write(
        run,
        out,
        include_rejected=include_rejected,
        leave_out=selection.dropped,
        greeting=greeting,
        rules=rules,
        seat=seat,
    )
    if not card:
        return ExportReport(exported, form)
    described = None if report is None else report.sentences()
    path = write_card(run, out, form, exported, selection, NAMES, described)
    return ExportReport(exported, form, str(path))


def _export_results(paths: Sequence[PathLike], form: str, out: PathLike) -> ExportReport:
    """Write an evaluation as a benchmark's own runner does."""
    if len(paths) > 1:
        raise InputError(f"--format {form}: is an account of one evaluation; name one run")
    run = RunView.open(paths[0])
    require_rows(run)
    return ExportReport(RESULTS[form](run, out), form)


def _check_name(form: str, out: PathLike, *, card: bool) -> None:
    """Raise `InputError` where a file's name is the card's, or of another kind than the format writes."""
    if card and Path(out).resolve().name == "README.md":
        raise InputError(f"{out}: is where the card goes; write the rows to another file")
    ending = Path(out).suffix.lower()
    if ending in endings_of(form) or ending not in _ENDINGS:
        return
    others = ", ".join(name for name in FORMATS if ending in endings_of(name)) or "none"
    raise InputError(
        f"--out {out}: {form} is written as {' or '.join(endings_of(form))}; name the file so, or choose a format that "
        f"is written as {ending} ({others})"
    )
