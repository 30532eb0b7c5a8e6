"""What evaluations came to, seen from many sides: where agents succeed, how, who is to blame, which tasks are hard."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from writ_async.core.level import BURDEN_LEVELS, WRITE_LEVELS
from writ_async.report.blocks import Bars, Block, Cell, Curves, Dots, Section, Table
from writ_async.report.gather import RunReport, TaskOutcome
from writ_async.report.links import row_link
from writ_async.report.shared import level_grid, named_rows, of_run
from writ_async.report.texts import UNKNOWN, estimate, number, percent, points, share
from writ_async.runs.numbers import LISTED, OTHERS, READ_HEAVY, Numbers
from writ_async.runs.task_levels import HEAVY_RULE
from writ_async.verify.blame import Blame
from writ_async.verify.intervals import Interval

_SHOWN = 10
_OFTEN = 8
"""Fewer tasks with a behaviour say too little of it to be drawn."""


def where(runs: Sequence[RunReport]) -> Section:
    """Where agents succeed: by kind, domain and subset, by level, and by burden."""
    blocks = [_groups(runs, "kind", "By kind"), _groups(runs, "domain", "By domain"), _subsets(runs)]
    blocks += [_levels(run, runs) for run in runs]
    return Section("where", "Where it succeeds", [*(block for block in blocks if block is not None), _burden(runs)])


def _groups(runs: Sequence[RunReport], by: str, title: str) -> Block | None:
    # Where each is one of the sources, the headline has told it.
    if all(len(run.by(by)) < 2 or len(run.by(by)) == len(run.by("source")) for run in runs):
        return None
    names = list(dict.fromkeys(one.score.name for run in runs for one in run.by(by)))
    return Block(
        title=title,
        plot=_dots(runs, by, names),
        alt=_spoken(title, runs, by),
        table=_score_table(runs, by, names),
    )


def _dots(runs: Sequence[RunReport], by: str, names: Sequence[str]) -> Dots:
    series: dict[str, list[Interval | None]] = {}
    for run in runs:
        hats = {one.score.name: pass_1(one) for one in run.by(by)}
        series[run.label] = [hats.get(name) for name in names]
    return Dots(tuple(names), series, "pass^1, with 95 % intervals")


def pass_1(numbers: Numbers) -> Interval | None:
    """pass^1 of a group; None where it is not known."""
    return numbers.score.pass_hat[0] if numbers.score.pass_hat else None


def _spoken(title: str, runs: Sequence[RunReport], by: str) -> str:
    parts = [f"{one.score.name}{of_run(run, runs)} {points(pass_1(one))}" for run in runs for one in run.by(by)]
    return f"pass^1 {title.lower()}: {'; '.join(parts)}"


def _score_table(runs: Sequence[RunReport], by: str, names: Sequence[str]) -> Table:
    most = max((len(one.score.pass_hat) for run in runs for one in run.by(by)), default=0)
    rows: list[tuple[RunReport, tuple[Cell, ...]]] = []
    for name in names:
        for run in runs:
            for one in run.by(by):
                if one.score.name == name:
                    hats = [*one.score.pass_hat, *([None] * (most - len(one.score.pass_hat)))]
                    further = (estimate(hat) for hat in hats[1:])
                    rows.append(
                        (run, (name, f"{one.score.tasks:,}", f"{one.score.trials:,}", points(pass_1(one)), *further,
                               percent(one.score.strict)))
                    )  # fmt: skip
    heads = (by,), ("tasks", "trials", *(f"pass^{k}" for k in range(1, most + 1)), "strict")
    return named_rows(runs, heads, rows)


def _subsets(runs: Sequence[RunReport]) -> Block | None:
    known = {one.score.name for run in runs for one in run.by("subset")}
    names = [name for name in (READ_HEAVY, OTHERS, LISTED) if name in known]
    if READ_HEAVY not in names and LISTED not in names:
        return None
    rules = list(dict.fromkeys(rule for run in runs for rule in run.heavy_rules))
    return Block(
        title="Read-heavy tasks",
        text=(
            f"Read-heavy by burden: {HEAVY_RULE}.",
            *([f"As listed for this benchmark: {'; '.join(rules)}."] if rules else []),
        ),
        plot=_dots(runs, "subset", names),
        alt=_spoken("of read-heavy tasks", runs, "subset"),
        table=_score_table(runs, "subset", names),
    )  # fmt: skip


def _levels(run: RunReport, runs: Sequence[RunReport]) -> Block | None:
    found = run.by("level")
    if not found:
        return None
    cells = {
        one.score.name: (hat.estimate, f"{100 * hat.estimate:.0f} · {one.score.tasks}")
        for one in found
        if (hat := pass_1(one)) is not None
    }
    table = _score_table([run], "level", [one.score.name for one in found])
    block = level_grid(
        f"Writes against burden{of_run(run, runs)}", cells, table, "pass^1 in per cent · tasks, by level"
    )
    notes = tuple(f"{note}." for note in run.notes if "burden" in note)
    return Block(
        title=block.title,
        text=(f"pass^1 in per cent · how many tasks. {_LEVELS}", *notes),
        plot=block.plot,
        alt=block.alt,
        table=block.table,
    )


_LEVELS = (
    f"{WRITE_LEVELS[0]} has nothing to write, {WRITE_LEVELS[-1]} four writes or more; {BURDEN_LEVELS[0]} rests on at "
    f"most 2 cells, R1 on 3 to 4, R2 on 5 to 7, R3 on 8 to 12, {BURDEN_LEVELS[-1]} on 13 or more."
)


def _burden(runs: Sequence[RunReport]) -> Block:
    series = {
        run.label: [(_middle(one.score.name), hat) for one in run.by("burden") if (hat := pass_1(one)) is not None]
        for run in runs
    }
    if not any(len(curve) > 1 for curve in series.values()):
        return Block(title="Burden against success", text=("The burden of these tasks is not known.",))
    names = sorted({one.score.name for run in runs for one in run.by("burden")}, key=_middle)
    return Block(
        title="Burden against success",
        text=(
            "The cells of the certificate that needs most of them, and pass^1 of the tasks that have so many; rare "
            "burdens are put together.",
        ),
        plot=Curves(series, "cells", "pass^1"),
        alt=_spoken("by burden in cells", runs, "burden"),
        table=_score_table(runs, "burden", names),
    )


def _middle(burdens: str) -> float:
    """Where a range of burdens stands on the axis."""
    first, _, last = burdens.partition(" to ")
    return (int(first) + int(last or first)) / 2


def process(runs: Sequence[RunReport]) -> Section:
    """How agents came to their outcomes."""
    rows: list[tuple[RunReport, tuple[Cell, ...]]] = []
    wrong: list[str] = []
    for run in runs:
        for one in (run.all, *(group for group in run.by("subset") if group.score.name != OTHERS)):
            found = one.process
            if found is None:
                continue
            shares = (found.complete, found.unproved, found.lucky, found.blind, found.unconfirmed)
            rows.append(
                (run, (one.score.name, number(found.reads), number(found.distinct_reads), f"{found.writes:,}",
                       *map(percent, shares), percent(found.wrong), number(found.first_wrong, 0)))
            )  # fmt: skip
        if run.all.process is not None and run.all.process.wrong_names:
            named = ", ".join(f"{name} {count:,}" for name, count in list(run.all.process.wrong_names.items())[:5])
            wrong.append(f"First wrong writes{of_run(run, runs)}: {named}.")
    heads = ("tasks",), (
        "reads", "distinct", "writes", "evidence complete", "unproved", "lucky", "blind", "unconfirmed",
        "with a wrong write", "the first of them is write",
    )  # fmt: skip
    text = (
        "Reads are means per conversation. What writes rested on is in per cent of the writes: their whole "
        "certificate; values seen, where no certificate is known; values seen, but part of the certificate unread "
        "(lucky); values that nobody had said or shown (blind). A wrong write is one that no gold write stands for.",
        *wrong,
    )
    return Section("process", "How it gets there", [Block(text=text, table=named_rows(runs, heads, rows))])


def blame(runs: Sequence[RunReport]) -> Section:
    """Who is to blame for what did not succeed, and pass^1 without the conversations in which the user slipped."""
    names = [one.value for one in Blame]
    parts = {name: [float(run.all.blame[name]) for run in runs] for name in names}
    parts = {name: counts for name, counts in parts.items() if any(counts)}
    rows: list[tuple[RunReport, tuple[Cell, ...]]] = []
    for run in runs:
        for one in (run.all, *run.by("source")) if len(run.by("source")) > 1 else (run.all,):
            total = sum(one.blame.values())
            cells = (f"{one.blame[name]:,} ({share(one.blame[name], total)})" if total else "0" for name in names)
            without = one.score.pass_1_without if one.score.slips else pass_1(one)
            rows.append((run, (one.score.name, *cells, points(pass_1(one)), f"{one.score.slips:,}", points(without))))
    heads = ("tasks",), (*names, "pass^1", "conversations with a slip", "pass^1 without them")
    spoken = "; ".join(f"{run.label} " + ", ".join(f"{name} {run.all.blame[name]:,}" for name in names) for run in runs)
    failed = any(sum(run.all.blame.values()) for run in runs)
    block = Block(
        text=(
            "Of the conversations that did not succeed; the first that fits: nobody judged it since a server or a "
            "deadline ended it (infrastructure), the simulated user slipped, only the judge of plain-language "
            "assertions says no, else the agent.",
        ),
        plot=Bars(tuple(run.label for run in runs), parts, "conversations") if failed else None,
        alt=f"Who is to blame: {spoken}",
        table=named_rows(runs, heads, rows),
    )
    return Section("blame", "Who is to blame", [block])


def behaviours(runs: Sequence[RunReport]) -> Section | None:
    """pass^1 by what users are like; None where no task says it."""
    names = sorted({one.score.name for run in runs for one in run.by("behaviour")})
    if not names:
        return None
    often = {one.score.name for run in runs for one in run.by("behaviour") if one.score.tasks >= _OFTEN}
    drawn = [name for name in names if name in often]
    block = Block(
        text=(
            "A task counts under each value of its user's behaviour, so these overlap. Drawn are those of "
            f"{_OFTEN} tasks or more.",
        ),
        plot=_dots(runs, "behaviour", drawn) if drawn else None,
        alt=_spoken("by the user's behaviour", runs, "behaviour"),
        table=_score_table(runs, "behaviour", names),
    )  # fmt: skip
    return Section("behaviours", "What users are like", [block])


def hard_tasks(runs: Sequence[RunReport], viewer: str, look: str) -> Section:
    """The ten tasks that go worst and the ten whose trials differ most, with rows; `look` says how to look at those."""
    blocks = [Block(text=(look,))]
    for run in runs:
        failed = [one for one in run.outcomes if one.solved < one.trials]
        worst = sorted(failed, key=lambda one: (one.solved / one.trials, -one.trials, one.kept, one.task))[:_SHOWN]
        flips = [(one.flip_rate, one) for one in run.outcomes if one.flip_rate]
        shaky = [one for _, one in sorted(flips, key=lambda pair: (-pair[0], -pair[1].trials, pair[1].task))][:_SHOWN]
        blocks += [
            Block(title=f"{title}{of_run(run, runs)}", text=() if chosen else ("There is none.",),
                  table=_task_table(chosen, run.label, viewer))
            for title, chosen in (("Worst", worst), ("Least stable", shaky))
        ]  # fmt: skip
    return Section("tasks", "Tasks to look at", blocks)


def viewer_line(paths: Sequence[str], viewer: str) -> str:
    """How to look at rows, in words."""
    return "Rows lead into the viewer." if viewer else f"Look at rows with `writ view {shlex.join(paths)}`."


def _task_table(outcomes: Sequence[TaskOutcome], run: str, viewer: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in outcomes:
        rows.append(
            (
                one.task,
                ", ".join(f"{reason} {count}" for reason, count in list(one.reasons.items())[:3]) or UNKNOWN,
                tuple(row_link(viewer, run, row_id) for row_id in one.failed_rows[:4]),
                tuple(row_link(viewer, run, row_id) for row_id in one.solved_rows[:1]),
                one.level or UNKNOWN,
                f"{one.solved} of {one.trials}",
                percent(one.flip_rate, 0),
            )
        )
    return Table(("task", "found", "failed", "solved", "level", "trials solved", "two differ in"), rows, 4)
