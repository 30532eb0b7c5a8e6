"""`writ check`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import msgspec

from writ_async.cli.output import print_json, print_tables, tell_shortfalls
from writ_async.cli.tables import counts_table, diversity_table, new_table
from writ_async.cli.terminal import complain, say
from writ_async.commands.check import ANY, REASONS, CheckReport, check_contamination, check_rows
from writ_async.commands.check_proofs import ProofReport, check_proofs
from writ_async.curation.contamination import Contamination
from writ_async.curation.diversity import measure_diversity
from writ_async.errors import InputError
from writ_async.runs.own_files import refuse_own_files
from writ_async.runs.view import RunView
from writ_async.runs.writing import write_whole

if TYPE_CHECKING:
    from rich.table import Table

_MOST = 20


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code.

    1 when a proof does not hold or a finding of `--fail-on` was made, 2 when a row cannot be read.
    """
    tell_shortfalls(*arguments.paths)
    if arguments.proofs:
        return _check_proofs(arguments)
    if arguments.contamination:
        return _check_contamination(arguments)
    if arguments.diversity:
        return _check_diversity(arguments)
    writes = _names(arguments.writes)
    if writes and arguments.domain:
        raise InputError("--writes and --domain both say what the tools are; give one of them")
    failing = _read_reasons(arguments.fail_on)
    report = check_rows(
        arguments.paths,
        data=arguments.data,
        benchmark=arguments.benchmark,
        domain=arguments.domain,
        writes=writes,
        out=arguments.out,
    )
    named = arguments.paths[0] if len(arguments.paths) == 1 else ""
    for row in report.bad[:_MOST]:
        complain(f"{named}{': ' if named else ''}{row.place}: {row.reason}")
    if len(report.bad) > _MOST:
        complain(f"and {len(report.bad) - _MOST:,} more rows that cannot be read")
    if not report.rows and not report.bad:
        raise InputError(f"{', '.join(arguments.paths)}: holds no trajectory")
    if arguments.json:
        print_json(report)
    elif report.rows:
        _print_report(report)
        if arguments.out:
            say(f"verdicts in {arguments.out}")
    return 2 if report.bad else int(_fails(report, failing))


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


def _read_reasons(given: str) -> frozenset[str]:
    """The reasons of `--fail-on`. Raises `InputError` for one that nothing is ever found for."""
    reasons = frozenset(_names(given))
    for name in sorted(reasons - {ANY, *REASONS}):
        raise InputError(f"--fail-on: there is no reason {name!r}; there are: {ANY}, {', '.join(sorted(REASONS))}")
    return reasons


def _fails(report: CheckReport, reasons: frozenset[str]) -> bool:
    """Whether a finding was made that is to end the command with 1."""
    return (ANY in reasons and report.clean < report.rows) or not reasons.isdisjoint(report.findings)


def _the_run(arguments: argparse.Namespace) -> str:
    """The one run folder that a report is about. Raises `InputError` for several."""
    if len(arguments.paths) > 1:
        raise InputError("--proofs, --contamination and --diversity are about one run folder; give one")
    return str(arguments.paths[0])


def _check_diversity(arguments: argparse.Namespace) -> int:
    run = RunView.open(_the_run(arguments))
    kept = (row for row in run.trajectories() if row.verdict is not None and row.verdict.kept)
    measures = measure_diversity({task.id: task for task in run.tasks()}, kept)
    if arguments.json:
        print_json(measures)
    else:
        print_tables(diversity_table(measures))
    return 0


def _check_proofs(arguments: argparse.Namespace) -> int:
    report = check_proofs(_the_run(arguments), arguments.data)
    if arguments.out:
        refuse_own_files(arguments.out)
        write_whole(arguments.out, msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if arguments.json:
        print_json(report)
        return 0 if report.sound else 1
    for false in report.false[:_MOST]:
        for problem in false.problems:
            say(f"{false.task_id}: {_problem_text(problem)}")
    if len(report.false) > _MOST:
        say(f"and {len(report.false) - _MOST:,} more")
    _print_proofs(report)
    return 0 if report.sound else 1


def _problem_text(problem: Any) -> str:
    return ": ".join(str(getattr(problem, name)) for name in problem.__struct_fields__)


def _print_proofs(report: ProofReport) -> None:
    print_tables(counts_table("proofs that hold, by level", report.by_level, report.tasks))
    unproved = f", {report.unproved:,} tasks have none" if report.unproved else ""
    say(
        f"{report.held:,} of {report.tasks:,} proofs hold, {len(report.false):,} do not{unproved}; "
        f"largest burden {report.burden} reads"
    )


def _check_contamination(arguments: argparse.Namespace) -> int:
    report = check_contamination(
        _the_run(arguments), data=arguments.data, benchmark=arguments.benchmark, out=arguments.out
    )
    if arguments.json:
        print_json(report)
    else:
        print_tables(_contamination_table(report))
        for line in report.sentences():
            say(line)
        if arguments.out:
            say(f"report in {arguments.out}")
    return 0


def _contamination_table(report: Contamination) -> Table:
    from rich.markup import escape

    table = new_table((f"run {escape(report.run)}",), ("ours", "theirs", "both"))
    table.add_column("such as")
    for name, shared in (
        ("users", report.users),
        ("other ids", report.ids),
        ("gold writes", report.gold_writes),
        (f"texts sharing {100 * report.threshold:g} % of 8-grams", report.texts),
    ):
        table.add_row(
            name,
            f"{shared.ours:,}",
            f"{shared.theirs:,}",
            f"{shared.both:,}",
            escape(", ".join(shared.examples[:2])) or "–",
        )
    return table


def _print_report(report: CheckReport) -> None:
    tables = [counts_table("evidence of the writes, by row", report.evidence, report.rows)]
    if report.findings:
        tables.append(counts_table("found", report.findings, report.rows))
    if report.slip_kinds:
        tables.append(counts_table("slips of the user", report.slip_kinds, report.rows))
    print_tables(*tables)
    made = ", ".join(f"{count:,} {name}" for name, count in sorted(report.formats.items()))
    kinds = ", ".join(f"{count:,} by {name}" for name, count in sorted(report.kinds.items()))
    say(f"{report.rows:,} rows ({made}), {report.calls:,} calls, {report.writes:,} writes; tools known: {kinds}")
    if report.replayed:
        say(f"{report.replayed:,} calls made again in the world")
    if report.rewarded:
        stated = f"; the file says {report.stated:,}, other in {report.disagreeing:,}" if report.stated_of else ""
        say(f"{report.solved:,} of {report.rewarded:,} with reward 1{stated}")
    if report.slips:
        share = 100 * report.slips / report.rows
        say(f"the user slipped in {report.slips:,} rows ({share:.1f} %){_slips_note(report)}")
    say(f"{report.clean:,} rows with nothing against them")


def _slips_note(report: CheckReport) -> str:
    """pass^1 with and without those rows, where rewards are known."""
    if report.pass_1 is None or report.pass_1_without is None:
        return ""
    return f"; pass^1 is {report.pass_1:.3f} with them, {report.pass_1_without:.3f} without"
