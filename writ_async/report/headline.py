"""What evaluations came to: the row to quote, scores with intervals, pass^k, differences between runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from writ_async.report.blocks import Block, Cell, Curves, Dots, Section, Table
from writ_async.report.gather import Against, Oracle, Report, RunReport
from writ_async.report.shared import named_rows
from writ_async.report.texts import UNKNOWN, dollars, estimate, number, p_value, percent, points
from writ_async.runs.scores import Score
from writ_async.verify.intervals import Interval

_CERTAIN = 0.05
_FEW_SOURCES = 4
"""Of more sources the row to quote has the domains."""


def headline(report: Report, runs: Sequence[RunReport]) -> Section:
    """The first section of a report on evaluations."""
    blocks = [
        Block(
            text=("pass^1 in per cent, with its 95 % interval over tasks; tokens and dollars are the agent's.",),
            table=quotable_table(runs),
        ),
        _scores(report, runs),
        Block(text=tuple(_what_a_difference_means(runs))),
    ]
    if report.against:
        blocks.append(_against(runs[0].label, report.against))
    return Section("headline", "Headline", blocks)


def quotable_table(runs: Sequence[RunReport]) -> Table:
    """One row a model: pass^1 by source and over all tasks, the agent's output tokens and cost per conversation.

    The last of the pass^1 is the mean over all tasks, so that each source weighs as many as it has.
    """
    by = "source" if all(len(run.by("source")) <= _FEW_SOURCES for run in runs) else "domain"
    sources = list(dict.fromkeys(one.score.name for run in runs for one in run.by(by)))
    rows: list[tuple[str, ...]] = []
    for run in runs:
        scores = {one.score.name: one.score for one in run.by(by)}
        spent = run.all.spent
        used = spent.usage.get("agent")
        out = spent.per_conversation(used.completion_tokens) if used is not None and used.completion_tokens else None
        rows.append(
            (
                run.agent if len({one.agent for one in runs}) == len(runs) else f"{run.agent}, {run.label}",
                *(points(_first(scores.get(source))) for source in sources),
                points(_first(run.all.score)),
                number(out, 0),
                dollars(spent.per_conversation(spent.agent_dollars)),
                dollars(spent.agent_dollars),
            )
        )
    columns = ("agent", *sources, "all tasks", "output tokens", "cost each", "cost of all")
    return Table(columns, rows)


def _first(score: Score | None) -> Interval | None:
    return score.pass_hat[0] if score is not None and score.pass_hat else None


def _scores(report: Report, runs: Sequence[RunReport]) -> Block:
    names = list(dict.fromkeys(score.name for run in runs for score in run.scores))
    series = {run.label: [_first(_named(run.scores, name)) for name in names] for run in runs}
    spoken = "; ".join(_spoken(label, names, values) for label, values in series.items())
    assumed = [
        f"In {run.label} the plain-language assertions of {run.scores[-1].assumed:,} conversations: {run.judge}."
        for run in runs
        if run.scores and run.scores[-1].assumed
    ]
    return Block(
        title="Scores",
        text=(*assumed, *_oracle_told(report.oracles)),
        plot=Dots(tuple(names), series, "pass^1, with 95 % intervals"),
        alt=f"pass^1 by source of tasks: {spoken}",
        table=_score_table(report, runs, names),
    )


def _score_table(report: Report, runs: Sequence[RunReport], names: Sequence[str]) -> Table:
    most = max((len(score.pass_hat) for run in runs for score in run.scores), default=0)
    oracles = {(oracle.label, oracle.name): percent(oracle.strict) for oracle in report.oracles if not oracle.why}
    slips = any(score.slips for run in runs for score in run.scores)
    rows: list[tuple[RunReport, tuple[Cell, ...]]] = []
    for name in names:
        for run in runs:
            score = _named(run.scores, name)
            if score is not None:
                beside = [oracles.get((run.label, name), UNKNOWN)] if oracles else []
                rows.append((run, (name, *_score_cells(score, most, slips), *beside)))
    hats = [f"pass^{k}" for k in range(1, most + 1)]
    more = [*(["slips", "without slips"] if slips else []), "strict", *(["oracle's strict"] if oracles else [])]
    return named_rows(runs, (("tasks from",), ("tasks", "trials", *hats, *more)), rows)


def _spoken(label: str, names: Sequence[str], values: Sequence[Interval | None]) -> str:
    return f"{label} " + ", ".join(f"{name} {points(value)}" for name, value in zip(names, values, strict=True))


def _score_cells(score: Score, most: int, slips: bool) -> Iterable[str]:
    yield f"{score.tasks:,}"
    yield f"{score.trials:,}"
    for k in range(most):
        hat = score.pass_hat[k] if k < len(score.pass_hat) else None
        yield points(hat) if k == 0 else estimate(hat)
    if slips:
        yield f"{score.slips:,}"
        yield points(score.pass_1_without) if score.slips else points(_first(score))
    yield percent(score.strict)


def _oracle_told(oracles: Iterable[Oracle]) -> Iterable[str]:
    for oracle in oracles:
        if oracle.why:
            yield f"The oracle was not played on the tasks of {oracle.label}: {oracle.why}."
        elif oracle.tasks < oracle.of and oracle.name == "all":
            yield f"The oracle played {oracle.tasks:,} of the {oracle.of:,} tasks of {oracle.label}."


def _named(scores: Iterable[Score], name: str) -> Score | None:
    return next((score for score in scores if score.name == name), None)


def _what_a_difference_means(runs: Sequence[RunReport]) -> Iterable[str]:
    for run in runs:
        spread = run.all.score.spread
        if spread is None:
            continue
        differ = [] if spread.flip_rate is None else [f"two trials of a task differ in {percent(spread.flip_rate)}"]
        alike = [] if spread.correlation is None else [f"trials of a task correlate by {spread.correlation:.2f}"]
        need = f"two runs like this must differ by {100 * spread.significant:.1f} points of pass^1 to mean anything"
        yield f"{run.label}: {'; '.join([*differ, *alike, need])}."


def _against(first: str, against: Sequence[Against]) -> Block:
    rows = []
    for one in against:
        if one.difference is not None:
            found = one.difference
            rows.append(
                (
                    one.label,
                    f"{one.tasks:,}",
                    f"{100 * found.mean:+.1f}",
                    f"{100 * found.low:+.1f} to {100 * found.high:+.1f}",
                    p_value(found.p),
                    f"{100 * found.detectable:.1f}",
                    "more than chance" if found.p < _CERTAIN else "may be chance",
                )
            )
    return Block(
        title=f"Against {first}",
        text=(
            *("Paired by task, in points of pass^1; p by sign flips." for _ in rows[:1]),
            *(f"{one.label} is not compared: {one.why}" for one in against if one.why),
        ),
        table=Table(("run", "tasks", "points", "95 %", "p", "detectable", "difference"), rows),
    )


def pass_hats(runs: Sequence[RunReport]) -> Section:
    """pass^k for every k that all tasks have trials for, under both conventions."""
    series = {
        run.label: [(float(k), hat) for k, hat in enumerate(run.all.score.pass_hat, 1) if hat is not None]
        for run in runs
    }
    most = max((len(run.all.score.pass_hat_failed) for run in runs), default=0)
    lost = any(run.all.score.unjudged for run in runs)
    rows: list[tuple[RunReport, tuple[Cell, ...]]] = []
    for k in range(1, most + 1):
        for run in runs:
            score = run.all.score
            both = (score.pass_hat, score.pass_hat_failed)
            cells = [points(hats[k - 1]) if k <= len(hats) else UNKNOWN for hats in both]
            rows.append((run, (f"{k}", *(cells if lost else cells[:1]))))
    text = ["The chance that k trials of a task all succeed, in per cent, with its 95 % interval over tasks."]
    for run in runs:
        if run.all.score.unjudged:
            text.append(
                f"In {run.label} nobody judged {run.all.score.unjudged:,} trials, since a server or a deadline ended "
                "them. They do not count (the benchmark's convention), or count as failures."
            )
    heads = ("k",), ("pass^k", *(("unjudged as failures",) if lost else ()))
    spoken = "; ".join(
        f"{label} " + ", ".join(f"pass^{k:.0f} {estimate(hat)}" for k, hat in curve) for label, curve in series.items()
    )
    return Section(
        "pass-k",
        "pass^k",
        [
            Block(
                text=tuple(text),
                plot=Curves(series, "k", "pass^k") if any(len(curve) > 1 for curve in series.values()) else None,
                alt=f"pass^k of all tasks: {spoken}",
                table=named_rows(runs, heads, rows),
            )
        ],
    )
