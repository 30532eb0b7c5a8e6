"""The published table beside a run's own figures, as Markdown."""

from __future__ import annotations

from pathlib import Path

import msgspec

from examples.reproduce.recipe import HERE
from writ_async import InputError

SOURCES = ("tau2:retail", "tau2:airline", "all")
DASH = "–"


class Published(msgspec.Struct, frozen=True, rename={"everything": "all"}):
    """A row of published.toml: pass^1 in per cent, and output tokens of one pass over all tasks."""

    student: str
    method: str
    everything: float
    retail: float | None = None
    airline: float | None = None
    output_tokens: int | None = None


class _Interval(msgspec.Struct):
    estimate: float
    low: float
    high: float


class _Score(msgspec.Struct):
    name: str
    tasks: int
    trials: int
    pass_hat: list[_Interval | None]


class _Run(msgspec.Struct):
    """What is read of a run in the JSON of `writ report`; `tokens` are the agent's of each conversation."""

    label: str
    agent: str
    user: str
    terms: str
    judge: str
    scores: list[_Score]
    tokens: list[int]


class _Difference(msgspec.Struct):
    mean: float
    low: float
    high: float
    p: float


class _Against(msgspec.Struct):
    label: str
    tasks: int
    difference: _Difference | None
    why: str


class _Numbers(msgspec.Struct):
    runs: list[_Run]
    against: list[_Against] = []


def published_rows(student: str) -> list[Published]:
    """What was published of a student, and of the models that it is held against."""
    rows = msgspec.toml.decode((HERE / "published.toml").read_bytes(), type=dict[str, list[Published]])["rows"]
    return [row for row in rows if row.student in (student, "")]


def markdown_table(student: str, numbers: Path) -> str:
    """The table, and below it on what terms this run's figures are.

    Raises `InputError` for a file that `writ report --json` has not written.
    """
    try:
        found = msgspec.json.decode(numbers.read_bytes(), type=_Numbers)
    except (OSError, msgspec.MsgspecError) as exc:
        raise InputError(f"{numbers}: {exc}; it wants what `writ report --json` writes") from None
    lines = [
        f"# {student} on τ²-bench, pass^1 in per cent",
        "",
        "| agent | from | retail | airline | all tasks | output tokens a pass |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in published_rows(student):
        cells = [_per_cent(value) for value in (row.retail, row.airline, row.everything)]
        tokens = DASH if row.output_tokens is None else f"{row.output_tokens:,}"
        name = f"{row.student}, {row.method}" if row.student else row.method
        lines.append(f"| {name} | published | {' | '.join(cells)} | {tokens} |")
    for run in found.runs:
        cells = [_measured(run, source) for source in SOURCES]
        lines.append(f"| {run.label}: {run.agent} | this run | {' | '.join(cells)} | {_tokens(run)} |")
    lines += ["", "Published figures have no intervals; this run's are of 95 % over tasks."]
    lines += [_terms(run) for run in found.runs]
    lines += [_difference(found.runs[0].label, other) for other in found.against]
    return "\n".join(lines) + "\n"


def _per_cent(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"


def _score(run: _Run, source: str) -> _Score | None:
    return next((score for score in run.scores if score.name == source), None)


def _measured(run: _Run, source: str) -> str:
    score = _score(run, source)
    first = score.pass_hat[0] if score is not None and score.pass_hat else None
    return DASH if first is None else f"{100 * first.estimate:.2f} ({100 * first.low:.1f} to {100 * first.high:.1f})"


def _tokens(run: _Run) -> str:
    """Output tokens of one trial of every task: all conversations' over the trials of a task."""
    whole = _score(run, "all")
    if whole is None or not whole.trials or not sum(run.tokens):
        return DASH
    return f"{sum(run.tokens) * whole.tasks / whole.trials:,.0f}"


def _terms(run: _Run) -> str:
    counts = ", ".join(f"{score.tasks} tasks and {score.trials} trials of {score.name}" for score in run.scores)
    ours = "" if run.terms != "writ" else "; on terms of our own, so that it does not compare with what was published"
    return f"- {run.label}: {counts}; user {run.user}, judge {run.judge}, terms {run.terms}{ours}."


def _difference(first: str, other: _Against) -> str:
    if other.difference is None:
        return f"- {other.label} is not held against {first}: {other.why}."
    gap = other.difference
    return (
        f"- {other.label} minus {first}: {100 * gap.mean:+.1f} points ({100 * gap.low:+.1f} to {100 * gap.high:+.1f}), "
        f"p = {gap.p:.3f}, paired over {other.tasks} tasks."
    )
