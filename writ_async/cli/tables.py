"""Everything that the commands print as a table; lines that stand below one, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from writ_async.curation.diversity import Diversity
from writ_async.curation.selection import Funnel, Stage
from writ_async.runs.estimate import Estimate
from writ_async.runs.scores import Score
from writ_async.runs.summary import Group, Summary
from writ_async.verify.intervals import Interval

if TYPE_CHECKING:
    from rich.table import Table

_UNKNOWN = "–"
_MOST = 4  # columns of pass^k; all of them are in --json


def new_table(texts: Iterable[str], numbers: Iterable[str], *, title: str | None = None) -> Table:
    """A table without rows: columns of texts, then columns of numbers."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    for heading in texts:
        table.add_column(heading, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def summary_table(summary: Summary) -> Table:
    """A table of the groups with a line for the whole; fits 80 columns. Steps and calls are means per conversation."""
    table = new_table(("domain", "kind"), ("done", "kept", "%", "reward", "steps", "calls", "tokens"))
    last = ""
    for domain, kind, group in summary.rows():
        table.add_row(domain if domain != last else "", kind, *_group_cells(group))
        last = domain
    table.add_section()
    table.add_row("all", "", *_group_cells(summary.total()), style="bold")
    return table


def reasons_table(summary: Summary) -> Table:
    """A table of how conversations ended and what the verifiers found, the most frequent first; fits 80 columns."""
    total = summary.total()
    table = new_table(("", "reason"), ("conversations", "share"))
    table.columns[1].no_wrap, table.columns[1].overflow = False, "fold"
    for title, counts in (("ended by", total.terminations), ("found", total.findings)):
        first = title
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(first, reason, f"{count:,}", _percent(count, total.conversations))
            first = ""
        table.add_section()
    return table


def estimate_table(estimate: Estimate) -> Table:
    """A table of what each seat of a run takes."""
    table = new_table(("seat", "played by"), ("calls", "tokens in", "tokens out", "dollars"))
    for seat, found in estimate.seats.items():
        dollars = "" if found.dollars is None else f"{found.dollars:,.2f}"
        counts = (found.calls, found.prompt_tokens, found.completion_tokens)
        table.add_row(seat, found.engine, *(f"{count:,}" for count in counts), dollars)
    return table


def cost_line(summary: Summary) -> str:
    """What the run cost, by seat and per conversation, in one line; empty where no price is known."""
    total = summary.total()
    seats = {seat: used.dollars for seat, used in sorted(total.usage.items()) if used.nano_dollars}
    whole = sum(seats.values())
    if not whole:
        return ""
    shares = " + ".join(f"{seat} ${dollars:,.2f}" for seat, dollars in seats.items())
    return f"cost ${whole:,.2f} ({shares}), ${whole / total.conversations:.4f} per conversation"


def saved_line(summary: Summary) -> str:
    """What stopping early has saved, in one line; empty where nothing could be stopped."""
    if summary.saved is msgspec.UNSET:
        return ""
    saved = summary.saved
    return (
        f"{saved.conversations:,} conversations stopped early, which saved about "
        f"{saved.calls:,} model calls and {saved.tokens:,} tokens"
    )


def keeping_line(summary: Summary) -> str:
    """How a run came to the rows that it was to keep, in one line; empty where no number was asked for."""
    if summary.keeping is msgspec.UNSET:
        return ""
    keeping = summary.keeping
    line = (
        f"{keeping.kept:,} of {keeping.asked:,} rows kept after {keeping.rounds:,} rounds over {keeping.tasks:,} tasks"
    )
    if keeping.retired:
        reasons = Counter(reason for found in keeping.retired.values() for reason in found)
        often = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common(3))
        line += f"; {len(keeping.retired):,} tasks never passed ({often})"
    return line


def phrasing_line(summary: Summary) -> str:
    """What became of a phraser's answers, in one line; empty where there was none."""
    if summary.phrasing is msgspec.UNSET:
        return ""
    report = summary.phrasing
    line = f"{report.written:,} of {report.written + report.kept:,} texts in a model's words, by {report.calls:,} calls"
    if report.refused:
        kinds = sorted(report.refused.items(), key=lambda item: (-item[1], item[0]))
        line += f"; answers refused: {', '.join(f'{kind} {number:,}' for kind, number in kinds)}"
    check = report.check
    if check.asked or check.unasked:
        line += f"; the check agreed with {check.agreed:,} of {check.asked:,}"
        if check.refused:
            kinds = sorted(check.refused.items(), key=lambda item: (-item[1], item[0]))
            line += f" (otherwise: {', '.join(f'{kind} {number:,}' for kind, number in kinds)})"
        line += f", {check.unasked:,} could not be asked about" if check.unasked else ""
    dollars = report.usage.dollars + check.usage.dollars
    return f"{line}; ${dollars:,.2f}" if report.usage.nano_dollars + check.usage.nano_dollars else line


def _group_cells(group: Group) -> tuple[str, ...]:
    count = group.conversations
    return (
        f"{count:,}",
        f"{group.kept:,}" if group.judged else "–",
        _percent(group.kept, group.judged),
        f"{group.mean_reward:.3f}" if group.rewarded else "–",
        f"{group.steps / count:.1f}" if count else "–",
        f"{group.tool_calls / count:.1f}" if count else "–",
        _short_count(group.tokens),
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


def _short_count(count: int) -> str:
    """A count in at most five characters: 950, 12.3k, 4.56M."""
    if count < 1000:
        return str(count)
    value = float(count)
    for unit in ("", "k", "M", "G", "T"):
        if value < 999.5:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}P"


def funnel_table(funnel: Funnel, names: Sequence[str]) -> Table:
    """A table of the funnel by kind and level, with a line for the whole, without filters at which nothing fell."""
    shown = [name for name in (*names, *sorted(funnel.total.fell)) if funnel.total.fell.get(name)]
    shown = list(dict.fromkeys(shown))
    table = new_table(("fell at",), ("in", *shown, "left", "%"))
    for groups in (funnel.by_kind, funnel.by_level):
        for name, stage in sorted(groups.items()):
            table.add_row(name, *_funnel_cells(stage, shown))
        if groups:
            table.add_section()
    table.add_row("all", *_funnel_cells(funnel.total, shown), style="bold")
    return table


def _funnel_cells(stage: Stage, names: Sequence[str]) -> list[str]:
    fell = [f"{stage.fell[name]:,}" if stage.fell.get(name) else "·" for name in names]
    share = f"{100 * stage.left / stage.rows:.1f}" if stage.rows else "–"
    return [f"{stage.rows:,}", *fell, f"{stage.left:,}", share]


def scores_table(scores: Sequence[Score]) -> Table:
    """A rich table with a line per group; fits 100 columns. What is not known of any group has no column.

    `slips` counts conversations whose user slipped, `without` is pass^1 over the others.
    """
    columns = [column for column in _score_columns(scores) if set(column[1]) != {_UNKNOWN}]
    table = new_table(("tasks from",), [heading for heading, _ in columns])
    table.show_edge = True
    for row, score in enumerate(scores):
        if score.name == "all":
            table.add_section()
        table.add_row(score.name, *(cells[row] for _, cells in columns), style="bold" if score.name == "all" else "")
    return table


def spread_line(score: Score) -> str:
    """How much a run like this is sure of, in words; empty where it is not known."""
    if score.spread is None:
        return ""
    flips, points = score.spread.flip_rate, 100 * score.spread.significant
    differ = "" if flips is None else f"two trials of a task differ in {100 * flips:.0f} %; "
    return f"{differ}two runs like this must differ by {points:.1f} points of pass^1 to mean anything"


def width_lines(scores: Sequence[Score], width: float) -> list[str]:
    """What each group's pass^1 is known to be of its very tasks, and whether that is as well as was asked for."""
    lines = []
    for score in scores:
        if (found := score.by_trials) is None or (score.name == "all" and len(scores) > 1):
            continue
        trials = score.trials // score.tasks
        wide = "" if found.high - found.low <= width else f", wider than the {100 * width:g} points asked for"
        lines.append(
            f"{score.name}: pass^1 of these tasks lies between {100 * found.low:.1f} and {100 * found.high:.1f} "
            f"points after {trials} trials of each{wide}"
        )
    return lines


def unjudged_line(score: Score) -> str:
    """What pass^k is where trials that nobody judged count as failures, in one line; empty where there is none."""
    if not score.unjudged:
        return ""
    hats = [f"pass^{k} {_estimate_text(hat)}" for k, hat in enumerate(score.pass_hat_failed[:_MOST], 1)]
    return f"trials that nobody judged, and that do not count: {score.unjudged:,}; as failures: {', '.join(hats)}"


def _score_columns(scores: Sequence[Score]) -> list[tuple[str, list[str]]]:
    """Each column's heading and its cells."""
    columns = [
        ("tasks", [f"{score.tasks:,}" for score in scores]),
        ("trials", [f"{score.trials:,}" for score in scores]),
    ]
    columns.append(("reward", [_rate(score.mean_reward) for score in scores]))
    for k in range(min(_MOST, max((len(score.pass_hat) for score in scores), default=0))):
        hats = [score.pass_hat[k] if k < len(score.pass_hat) else None for score in scores]
        # The width of one interval says how sure all are; those of the others are in --json.
        columns.append((f"pass^{k + 1}", [_interval_text(hat) if k == 0 else _estimate_text(hat) for hat in hats]))
    if any(score.slips for score in scores):
        columns.append(("slips", [f"{score.slips:,}" for score in scores]))
        columns.append(("without", [_interval_text(score.pass_1_without) for score in scores]))
    columns.append(("strict", [_rate(score.strict) for score in scores]))
    return columns


def _rate(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.3f}"


def _estimate_text(value: Interval | None) -> str:
    return _UNKNOWN if value is None else f"{value.estimate:.3f}"


def _interval_text(value: Interval | None) -> str:
    if value is None:
        return _UNKNOWN
    half = max(value.high - value.estimate, value.estimate - value.low)
    return f"{value.estimate:.3f}±{half:.2f}".replace("±0.", "±.") if half else f"{value.estimate:.3f}"


def diversity_table(measures: Diversity) -> Table:
    """The measures as a table for a terminal: the whole in the title, then a line per value."""
    title = (
        f"{measures.conversations:,} conversations · {measures.combinations:,} combinations of traits · distinct first "
        f"turns {100 * measures.first_turns:.1f} % · distinct-1 {measures.distinct_1:.3f}, distinct-2 "
        f"{measures.distinct_2:.3f} · {measures.turns:.1f} user turns of {measures.words:.1f} words · the first tells "
        f"{100 * measures.first_slots:.0f} %"
    )
    table = new_table(("axis", "value"), ("asked", "shown %"), title=title)
    last = ""
    for key in sorted(measures.values):
        axis, _, value = key.partition("=")
        shown = measures.values[key]
        table.add_row(axis if axis != last else "", value, f"{shown.asked:,}", f"{100 * shown.rate:.1f}")
        last = axis
    return table


def counts_table(title: str, counts: Mapping[str, int], whole: int) -> Table:
    """A line per name with its share of the whole, the most frequent first."""
    from rich.markup import escape

    table = new_table((title,), ("rows", "%"))
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(escape(name), f"{count:,}", f"{100 * count / whole:.1f}" if whole else "–")
    return table
