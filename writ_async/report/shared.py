"""Sections that reports on evaluations and on data sets have alike: funnel, tokens and cost, the run over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from writ_async.core.trajectory import Usage
from writ_async.report.blocks import Bars, Block, Cell, Grid, Histogram, Lines, Section, Table
from writ_async.report.gather import RunReport
from writ_async.report.texts import UNKNOWN, dollars, number, share
from writ_async.runs.samples import Sample

_SEATS = "agent user judge"
"""In which order they are told of."""
Heads = tuple[tuple[str, ...], tuple[str, ...]]
"""Columns of texts, and columns of numbers."""


def named_rows(runs: Sequence[RunReport], heads: Heads, rows: Iterable[tuple[RunReport, tuple[Cell, ...]]]) -> Table:
    """A table whose rows are each of one run: it has a column for the run's name where there are several."""
    texts, numbers = heads
    several = len(runs) > 1
    return Table(
        (*texts, *(("run",) if several else ()), *numbers),
        [(*row[: len(texts)], *((run.label,) if several else ()), *row[len(texts) :]) for run, row in rows],
        len(texts) + several,
    )


def funnel(runs: Sequence[RunReport]) -> Section:
    """How many rows fell at which filter, and what is left by kind and level."""
    blocks = [
        Block(
            text=("A row falls at the first filter that speaks against it; what is left, `writ export` writes.",),
            table=_left_table(runs),
        )
    ]
    for run in runs:
        blocks += [_funnel_bars(run, runs), _funnel_groups(run, runs)]
    return Section("funnel", "What is left to train on", blocks)


def _left_table(runs: Sequence[RunReport]) -> Table:
    stages = [(run, run.funnel.total) for run in runs]
    rows = [(run.label, f"{stage.rows:,}", f"{stage.left:,}", share(stage.left, stage.rows)) for run, stage in stages]
    return Table(("run", "rows", "left", "share"), rows)


def _funnel_bars(run: RunReport, runs: Sequence[RunReport]) -> Block:
    stage = run.funnel.total
    names = [name for name in run.filters if stage.fell.get(name)]
    left = stage.rows
    rows: list[tuple[Cell, ...]] = []
    bars: dict[str, list[float]] = {"left": [], "fell": []}
    for name in names:
        left -= stage.fell[name]
        bars["left"].append(left)
        bars["fell"].append(stage.fell[name])
        rows.append((name, f"{stage.fell[name]:,}", share(stage.fell[name], stage.rows), f"{left:,}"))
    return Block(
        title=f"Filter by filter{of_run(run, runs)}",
        text=() if names else ("No row fell.",),
        plot=Bars(tuple(names), bars, "rows") if names else None,
        alt=f"Of {stage.rows:,} rows fell at " + ", ".join(f"{name} {stage.fell[name]:,}" for name in names),
        table=Table(("filter", "fell", "share", "left"), rows),
    )


def _funnel_groups(run: RunReport, runs: Sequence[RunReport]) -> Block:
    names = [name for name in run.filters if run.funnel.total.fell.get(name)]
    kinds = sorted(run.funnel.by_kind.items())
    groups = [*kinds, *sorted(run.funnel.by_level.items())]
    bars = {
        "left": [float(stage.left) for _, stage in kinds],
        "fell": [float(stage.rows - stage.left) for _, stage in kinds],
    }
    rows: list[tuple[Cell, ...]] = []
    for name, stage in groups:
        fell = [f"{stage.fell.get(item, 0):,}" for item in names]
        rows.append((name, f"{stage.rows:,}", *fell, f"{stage.left:,}", share(stage.left, stage.rows)))
    return Block(
        title=f"By kind and level{of_run(run, runs)}",
        plot=Bars(tuple(name for name, _ in kinds), bars, "rows"),
        alt="Rows left: " + ", ".join(f"{name} {stage.left:,} of {stage.rows:,}" for name, stage in groups),
        table=Table(("fell at", "in", *names, "left", "share"), rows),
    )


def level_grid(title: str, levels: dict[str, tuple[float, str]], table: Table, words: str) -> Block:
    """A map of writes against burden; levels without a burden are left to the table."""
    found = {level: value for level, value in levels.items() if len(level) == 4}
    rows = tuple(sorted({level[:2] for level in found}, reverse=True))
    columns = tuple(sorted({level[2:] for level in found}))
    cells = [[found.get(row + column) for column in columns] for row in rows]
    spoken = ", ".join(f"{level} {text}" for level, (_, text) in found.items())
    return Block(title=title, plot=Grid(columns, rows, cells) if found else None, alt=f"{words}: {spoken}", table=table)


def spending(runs: Sequence[RunReport]) -> Section:
    """Tokens, seconds and dollars, per conversation and per task that was solved."""
    rows = []
    for run in runs:
        for seat, used in sorted(run.all.spent.usage.items(), key=lambda item: _SEATS.find(item[0])):
            rows.append((run, (seat, *_token_cells(used, run.all.spent.conversations))))
    heads = ("seat",), ("requests", "tokens in", "cached", "out", "reasoning", "hit rate")
    notes = [f"{run.label}: {note}." for run in runs for note in run.notes if "price" in note]
    counted = {run.label: [float(count) for count in run.tokens if count] for run in runs}
    counted = {label: values for label, values in counted.items() if values}
    if not counted:
        notes.append("No tokens were counted: the engine that played has none to count.")
    blocks = [
        Block(title="Per conversation", text=tuple(notes), table=named_rows(runs, heads, rows)),
        Block(
            title="Cost and time",
            text=("Per solved task: all conversations, those that failed included, by the tasks that were solved.",),
            table=_cost_table(runs),
        ),
    ]
    if counted:
        spoken = "; ".join(f"{label} {sum(values) / len(values):,.0f} on average" for label, values in counted.items())
        blocks.append(
            Block(
                title="Output tokens of the agent",
                plot=Histogram(counted, "output tokens in a conversation", "conversations"),
                alt=f"How output tokens are spread: {spoken}",
                table=_quantile_table(runs, counted),
            )
        )
    return Section("tokens", "Tokens, time and cost", blocks)


def _token_cells(used: Usage, count: int) -> Iterable[str]:
    tokens = (used.prompt_tokens, used.cached_tokens, used.completion_tokens, used.reasoning_tokens)
    for amount in (used.requests, *tokens):
        yield number(amount / count, 1 if amount < 100 * count else 0) if amount else UNKNOWN
    yield share(used.cached_tokens, used.prompt_tokens)


def _cost_table(runs: Sequence[RunReport]) -> Table:
    rows = []
    for run in runs:
        spent = run.all.spent
        seconds = spent.seconds / spent.timed if spent.timed else None
        rows.append(
            (
                run,
                (
                    run.agent,
                    number(seconds),
                    dollars(spent.dollars),
                    dollars(spent.per_conversation(spent.dollars)),
                    f"{spent.solved_tasks:,}",
                    dollars(spent.per_solved_task(spent.dollars)),
                    number(spent.per_solved_task(_output(spent.usage)), 0),
                ),
            )
        )
    heads = ("agent",), (
        "seconds each", "dollars", "each", "tasks solved", "dollars per solved task", "output tokens per solved task",
    )  # fmt: skip
    return named_rows(runs, heads, rows)


def _output(usage: dict[str, Usage]) -> float | None:
    return float(sum(used.completion_tokens for used in usage.values())) or None


def _quantile_table(runs: Sequence[RunReport], counted: dict[str, list[float]]) -> Table:
    rows = []
    for run in runs:
        values = sorted(counted.get(run.label, ()))
        if values:
            cells = [f"{values[min(len(values) - 1, int(part * len(values)))]:,.0f}" for part in (0.1, 0.5, 0.9, 0.99)]
            rows.append((run, (run.agent, *cells, f"{values[-1]:,.0f}")))
    return named_rows(runs, (("agent",), ("a tenth have at most", "half", "nine tenths", "99 %", "most")), rows)


_SERIES: tuple[tuple[str, str, Callable[[Sample], float | None]], ...] = (
    ("Live conversations", "live", lambda one: float(one.live)),
    ("Calls in flight", "calls", lambda one: float(one.in_flight)),
    ("KV pool in use", "share", lambda one: one.kv_used / one.kv_tokens if one.kv_tokens else None),
    ("Event loop late, one of a hundred looks", "ms", lambda one: 1e3 * one.lag),
)


def over_time(runs: Sequence[RunReport]) -> Section:
    """Throughput and load over the time of the run, where its folder has them."""
    known = [run for run in runs if len(run.samples) > 1]
    blank = [run.label for run in runs if run not in known]
    text = [f"Nothing of the kind is stored in {', '.join(blank)}."] if blank else []
    if not known:
        return Section("time", "The run over time", [Block(text=tuple(text))])
    blocks = [_lines("Throughput", "conversations a minute", {run.label: _rates(run.samples) for run in known}, known)]
    hits = {run.label: _hits(run.samples) for run in known}
    blocks.append(_lines("Hit rate of the prefix cache", "share of prompt tokens", hits, known))
    for title, value, of in _SERIES:
        series = {run.label: [(s.seconds, y) for s in run.samples if (y := of(s)) is not None] for run in known}
        blocks.append(_lines(title, value, series, known))
    return Section("time", "The run over time", [Block(text=tuple(text)), *blocks])


_STRETCHES = 40
"""How many stretches a run is cut into to say how much was done in each: from look to look it would be noise."""


def _rates(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    least = samples[-1].seconds / _STRETCHES
    kept = [samples[0]]
    for sample in samples[1:]:
        if sample.seconds - kept[-1].seconds >= least or sample is samples[-1]:
            kept.append(sample)
    return [
        (after.seconds, 60 * (after.done - before.done) / (after.seconds - before.seconds))
        for before, after in pairwise(kept)
        if after.seconds > before.seconds and after.done >= before.done
    ]


def _hits(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    return [
        (after.seconds, (after.cached_tokens - before.cached_tokens) / (after.prompt_tokens - before.prompt_tokens))
        for before, after in pairwise(samples)
        if after.prompt_tokens > before.prompt_tokens and after.cached_tokens >= before.cached_tokens
    ]


_FEWEST = 2


def _lines(title: str, value: str, series: dict[str, list[tuple[float, float]]], runs: Sequence[RunReport]) -> Block:
    drawn = {label: points for label, points in series.items() if len(points) >= _FEWEST}
    if not any(y for points in drawn.values() for _, y in points):
        return Block(title=title, text=("Nothing was measured.",))
    rows = []
    for run in runs:
        values = [y for _, y in drawn.get(run.label, ())]
        if values:
            cells = [number(one, 2) for one in (min(values), sum(values) / len(values), max(values))]
            rows.append((run, (value, *cells)))
    spoken = "; ".join(f"{label} {sum(y for _, y in ps) / len(ps):,.2f} on average" for label, ps in drawn.items())
    return Block(
        title=title,
        plot=Lines(drawn, "seconds", value),
        alt=f"{title} over the seconds of the run, {value}: {spoken}",
        table=named_rows(runs, (("of",), ("least", "mean", "most")), rows),
    )


def of_run(run: RunReport, runs: Sequence[RunReport]) -> str:
    """What a heading says of whose it is, where there are several runs."""
    return f", {run.label}" if len(runs) > 1 else ""
