"""What figures come to as Markdown tables, and their place in a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from examples.reproduce.small.figures import (
    COMPARED_ON,
    GROUPS,
    PAIRS,
    Figures,
    Measure,
    compare,
    compare_seeds,
    seed_interval,
    shares,
)
from writ_async import InputError

MARKS: Final = ("<!-- tables: made by the report, not by hand -->", "<!-- end of the tables -->")
"""Between these lines of a page stand the tables."""
_MEASURES: Final[dict[Measure, tuple[str, str]]] = {
    "right": ("Success", "the outcome is right (reward 1), % of tasks [95 % interval over tasks]"),
    "proved": ("Evidence", "every write was made on all of its evidence, %"),
    "read": ("Reading", "every cell that the task rests on was read, %"),
}
_LEAST_P: Final = 0.0001
"""The least that a p value can come to, by the number of flips that it is reckoned from."""


def put_tables(page: str, figures: Figures) -> str:
    """A page with the tables of some figures in place of those that it has. Raises `InputError` without the marks."""
    before, found, rest = page.partition(MARKS[0])
    _, ended, after = rest.partition(MARKS[1])
    if not found or not ended:
        raise InputError(f"the page has no place for tables: two lines, {MARKS[0]!r} and {MARKS[1]!r}")
    return f"{before}{MARKS[0]}\n\n{tables(figures)}\n\n{MARKS[1]}{after}"


def tables(figures: Figures) -> str:
    """All figures as Markdown."""
    return "\n\n".join(
        [
            _runs_table(figures),
            *(_levels_table(figures, measure) for measure in _MEASURES),
            _seeds_table(figures),
            *(_pairs_table(figures, measure) for measure in _MEASURES),
            _families_table(figures),
        ]
    )


def _runs_table(figures: Figures) -> str:
    lines = [
        "arm | seeds | rows | tokens a row | trained on of them | trained on in a run | last loss | labels of rows"
    ]
    for arm in figures.arms:
        heads = [run.head for run in figures.runs if run.arm == arm]
        one = heads[0]
        losses = ", ".join(f"{head['curve'][-1]['loss']:.3f}" for head in heads)
        seeds = ", ".join(str(head["seed"]) for head in heads)
        labels = ", ".join(f"{name} {count}" for name, count in sorted(one["labels"].items()))
        lines.append(
            f"{arm} | {seeds} | {one['rows']:,} | {one['tokens_per_row']:.1f} | {one['trained_per_row']:.1f} | "
            f"{one['trained_tokens']:,} | {losses} | {labels}"
        )
    return _markdown("What was trained", lines)


def _levels_table(figures: Figures, measure: Measure) -> str:
    groups = figures.groups
    lines = [" | ".join(["arm", *(f"{group.name} ({len(figures.places(group))})" for group in groups)])]
    for arm in figures.arms:
        cells = [arm]
        for group in groups:
            found = shares(figures, arm, measure, group)
            cells.append(f"{100 * found.estimate:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]")
        lines.append(" | ".join(cells))
    return _markdown(": ".join(_MEASURES[measure]), lines)


def _seeds_table(figures: Figures) -> str:
    lines = [" | ".join(["arm", *(title.lower() for title, _ in _MEASURES.values())])]
    for arm in figures.arms:
        found = (figures.by_seed(arm, measure, GROUPS[-1]) for measure in _MEASURES)
        lines.append(" | ".join([arm, *(", ".join(f"{100 * one:.1f}" for one in by.values()) for by in found)]))
    return _markdown(f"Seed by seed: {GROUPS[-1].name}, of unseen worlds, %", lines)


def _pairs_table(figures: Figures, measure: Measure) -> str:
    lines = ["arms | tasks | points [95 % over tasks] | p | seed by seed | [95 % over seeds]"]
    for first, second in PAIRS:
        if first not in figures.arms or second not in figures.arms:
            continue
        for group in COMPARED_ON:
            found = compare(figures, first, second, measure, group)
            seeds = compare_seeds(figures, first, second, measure, group)
            over = seed_interval(seeds)
            cells = [
                f"{first} less {second}",
                group.name,
                f"{100 * found.mean:+.1f} {_bounds(found.low, found.high)}",
                f"{found.p:.4f}" if found.p > _LEAST_P else f"≤ {_LEAST_P}",
                ", ".join(f"{100 * one:+.1f}" for one in seeds),
                "one seed" if over is None else _bounds(over.low, over.high),
            ]
            lines.append(" | ".join(cells))
    title = _MEASURES[measure][0]
    return _markdown(
        f"{title}: paired differences on read-heavy tasks of unseen worlds, over tasks and over seeds", lines
    )


def _bounds(low: float, high: float) -> str:
    return f"[{100 * low:+.1f}, {100 * high:+.1f}]"


def _families_table(figures: Figures) -> str:
    families = list(dict.fromkeys(task.recipe for task in figures.tasks))
    lines = [" | ".join(["arm", *families])]
    for arm in figures.arms:
        runs = [run for run in figures.runs if run.arm == arm]
        cells = [arm]
        for family in families:
            chosen = [place for place, task in enumerate(figures.tasks) if task.recipe == family]
            right = [run.right[place] == "1" for run in runs for place in chosen]
            cells.append(f"{100 * sum(right) / len(right):.0f}")
        lines.append(" | ".join(cells))
    return _markdown("Success by family, %", lines)


def _markdown(title: str, lines: Sequence[str]) -> str:
    columns = lines[0].count("|") + 1
    rule = "|".join(["---"] * columns)
    return "\n".join([f"**{title}**", "", f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])
