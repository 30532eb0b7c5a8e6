"""What is in a set of rows to train on, and whether one would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from writ_async.core.level import BURDEN_LEVELS
from writ_async.core.task import WITHOUT_WRITE
from writ_async.curation.selection import Stage
from writ_async.report.blocks import Bars, Block, Cell, Section, Table
from writ_async.report.gather import DataSet, RunReport
from writ_async.report.links import row_link
from writ_async.report.shared import level_grid, named_rows, of_run
from writ_async.report.texts import number, percent, share

_FEW_KEPT = 0.5
"""Below this share of rows left, most of what was played was for nothing."""
_FEW_HEAVY = 0.1
"""Below this share of rows of R3 and R4, reading much is hardly taught."""
_FEW_DISTINCT = 0.9
"""Below this share of distinct first turns, users begin alike."""
_FEW_SHOWN = 0.9
"""Below this share of conversations that show a trait that was asked for, it is one by name alone."""
_LEAST_ASKED = 10
_HARDER = 0.75
"""A level of which so much less is left than of the whole is one at which rows fall."""
_LEAST_ROWS = 20


class Remark(msgspec.Struct, frozen=True):
    """One thing to know before one trains on the rows: whether it is well, and in words."""

    well: bool
    text: str


def would_train(run: RunReport) -> list[Remark]:
    """What speaks for the rows of a run and what against them, each with its numbers."""
    found = run.data_set
    if found is None:
        return []
    total = run.funnel.total
    heavy = sum(count for level, count in found.kept_levels.items() if level[2:] in BURDEN_LEVELS[3:])
    idle = sum(count for kind, count in found.kept_kinds.items() if kind.rpartition(" ")[2] in WITHOUT_WRITE)
    diversity = found.diversity
    remarks = [
        Remark(total.left >= _FEW_KEPT * total.rows, _kept_text(total)),
        Remark(
            heavy >= _FEW_HEAVY * max(1, total.left),
            f"{share(heavy, total.left)} of the rows that are left are of the levels R3 and R4, whose writes rest on 8 "
            "cells or more",
        ),
        Remark(idle > 0, f"{share(idle, total.left)} end rightly without a write: a refusal, or an answer alone"),
    ]
    if diversity.conversations:
        remarks.append(
            Remark(
                diversity.first_turns >= _FEW_DISTINCT,
                f"{percent(diversity.first_turns)} of the first turns are distinct; {diversity.combinations:,} "
                f"combinations of traits in {diversity.conversations:,} conversations",
            )
        )
        remarks += _traits(found)
    return [*remarks, *_levels_that_fall(run)]


def _kept_text(total: Stage) -> str:
    often = sorted(total.fell.items(), key=lambda item: (-item[1], item[0]))[:3]
    named = f"; most fall at {', '.join(f'{name} {count:,}' for name, count in often)}" if often else ""
    return f"{total.left:,} of {total.rows:,} rows are left ({share(total.left, total.rows)}){named}"


def _traits(found: DataSet) -> Iterable[Remark]:
    asked = {key: shown for key, shown in found.diversity.values.items() if shown.asked >= _LEAST_ASKED}
    weak = sorted((shown.rate, key) for key, shown in asked.items() if shown.rate < _FEW_SHOWN)
    if weak:
        named = ", ".join(f"{key} in {percent(rate, 0)}" for rate, key in weak[:5])
        yield Remark(False, f"{len(weak):,} of {len(asked):,} traits are not shown as often as asked for: {named}")
    elif asked:
        yield Remark(True, f"each of the {len(asked):,} traits that were asked for often is shown where it was")


def _levels_that_fall(run: RunReport) -> Iterable[Remark]:
    total = run.funnel.total
    if not total.left:
        return
    rate = total.left / total.rows
    weak = [
        f"{level} {share(stage.left, stage.rows)}"
        for level, stage in sorted(run.funnel.by_level.items())
        if stage.rows >= _LEAST_ROWS and stage.left < _HARDER * rate * stage.rows
    ]
    if weak:
        yield Remark(False, f"harder rows fall more often than others; left: {', '.join(weak)}")
    else:
        yield Remark(True, "no level of which there are many falls much more often than the others")


def training(runs: Sequence[RunReport], viewer: str, look: str) -> list[Section]:
    """The sections of a report on data sets, but for what they share with evaluations; `look` says how to see rows."""
    return [
        Section("train", "Would I train on it?", [_judgement(run, runs) for run in runs]),
        Section("contents", "What is in it", [block for run in runs for block in _contents(run, runs)]),
        Section("users", "What users are like", [block for run in runs for block in _users(run, runs)]),
        Section(
            "findings",
            "What speaks against rows",
            [
                Block(text=(look,)),
                *(_findings(run, runs, viewer) for run in runs),
            ],
        ),
    ]


def _judgement(run: RunReport, runs: Sequence[RunReport]) -> Block:
    rows: list[tuple[Cell, ...]] = [("well" if remark.well else "look", remark.text) for remark in would_train(run)]
    return Block(
        title=f"{run.label}" if len(runs) > 1 else "",
        text=(run.data_set.purpose,) if run.data_set is not None else (),
        table=Table(("verdict", "what was looked at"), rows, 2),
    )


def _contents(run: RunReport, runs: Sequence[RunReport]) -> Iterable[Block]:
    found = run.data_set
    if found is None:
        return
    total = run.funnel.total.left
    kinds = found.kept_kinds
    rows: list[tuple[Cell, ...]] = [(kind, f"{count:,}", share(count, total)) for kind, count in kinds.items()]
    bars = Bars(tuple(kinds), {"rows left": [float(count) for count in kinds.values()]}, "rows left")
    yield Block(
        title=f"Kinds{of_run(run, runs)}",
        plot=bars if kinds else None,
        alt="Rows left by domain and kind: " + ", ".join(f"{kind} {count:,}" for kind, count in kinds.items()),
        table=Table(("kind", "rows left", "share"), rows),
    )
    levels = {
        level: (stage.left / stage.rows, f"{stage.left} of {stage.rows}")
        for level, stage in sorted(run.funnel.by_level.items())
    }
    yield level_grid(
        f"Writes against burden{of_run(run, runs)}: rows left",
        levels,
        Table(
            ("level", "rows", "left", "share"),
            [
                (level, f"{stage.rows:,}", f"{stage.left:,}", share(stage.left, stage.rows))
                for level, stage in sorted(run.funnel.by_level.items())
            ],
        ),
        "Rows left of those played, by level",
    )


def _users(run: RunReport, runs: Sequence[RunReport]) -> Iterable[Block]:
    if run.data_set is None:
        return
    found = run.data_set.diversity
    rows: list[tuple[RunReport, tuple[Cell, ...]]] = [
        (run, ("distinct first turns", percent(found.first_turns))),
        (run, ("combinations of traits", f"{found.combinations:,}")),
        (run, ("distinct words among all words", percent(found.distinct_1))),
        (run, ("distinct pairs of words", percent(found.distinct_2))),
        (run, ("user turns in a conversation", number(found.turns))),
        (run, ("words in a turn", number(found.words))),
        (run, ("of the request, the first turn tells", percent(found.first_slots, 0))),
    ]
    yield Block(
        title=f"Diversity{of_run(run, runs)}",
        text=(f"Over the {found.conversations:,} rows that are left.",),
        table=named_rows([run], (("of the users",), ("value",)), rows),
    )
    axes = sorted(found.axes.items())
    bars = {
        "shown": [float(shown.shown) for _, shown in axes],
        "asked for, not shown": [float(shown.asked - shown.shown) for _, shown in axes],
    }
    spoken = ", ".join(f"{axis} {shown.shown} of {shown.asked}" for axis, shown in axes)
    values: list[tuple[Cell, ...]] = [
        (key, f"{shown.asked:,}", f"{shown.shown:,}", percent(shown.rate))
        for key, shown in sorted(found.values.items())
    ]
    yield Block(
        title=f"Behaviours{of_run(run, runs)}",
        plot=Bars(tuple(axis for axis, _ in axes), bars, "conversations") if axes else None,
        alt=f"How often axes of behaviour were asked for and shown: {spoken}",
        table=Table(("behaviour", "asked for", "shown", "share"), values),
    )


def _findings(run: RunReport, runs: Sequence[RunReport], viewer: str) -> Block:
    found = run.data_set
    rows: list[tuple[Cell, ...]] = []
    if found is not None:
        rows = [
            (reason, (row_link(viewer, run.label, row_id),), f"{count:,}", share(count, run.rows))
            for reason, (count, row_id) in found.reasons.items()
        ]
        rows += [
            (f"fell as {name}", (row_link(viewer, run.label, row_id),), f"{run.funnel.total.fell.get(name, 0):,}",
             share(run.funnel.total.fell.get(name, 0), run.rows))
            for name, row_id in sorted(found.examples.items())
        ]  # fmt: skip
    return Block(
        title=run.label if len(runs) > 1 else "",
        text=() if rows else ("Nothing was found that speaks against a row.",),
        table=Table(("found", "such as", "rows", "share"), rows, 2),
    )
