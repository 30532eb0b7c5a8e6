"""A report as a document: which sections it has, and what its words mean."""

from __future__ import annotations

from writ_async.report.blocks import Document, Section
from writ_async.report.data_set import training
from writ_async.report.evaluation import behaviours, blame, hard_tasks, process, viewer_line, where
from writ_async.report.gather import Report, RunReport
from writ_async.report.headline import headline, pass_hats
from writ_async.report.shared import funnel, over_time, spending

TERMS = (
    ("pass^k", "The chance that k trials of a task all succeed, estimated per task and averaged over tasks."),
    (
        "95 % interval",
        "Of a mean over tasks: what would be seen with other tasks of the kind. Trials of one task are alike, so tasks "
        "are what is drawn; two made-up tasks keep it from being a point.",
    ),
    ("strict", "The share of conversations that the strict verdict keeps too: every write rested on evidence, was "
               "agreed to, and was allowed."),
    ("oracle's strict", "The same of an agent that knows the gold, played anew on these tasks: what the verdict lets "
                        "through at most."),
    ("burden", "The cells of a task's largest certificate. A certificate is the smallest set of reads that fixes the "
               "arguments of a write."),
    ("slip", "What a simulated user does that no user should, such as ending before the agent is done."),
    ("two differ in", "The share of pairs of trials of a task of which one succeeded and one did not."),
)  # fmt: skip

_OF_DATA_SETS = ("burden", "slip")


def compose(report: Report, viewer: str) -> Document:
    """The document of a report; `viewer` is the address of a viewer that is up, or empty."""
    runs = report.runs
    evaluations = [run for run in runs if run.kind == "eval"]
    sets = [run for run in runs if run.data_set is not None]
    look = viewer_line([run.path for run in runs], viewer)
    sections: list[Section] = []
    if evaluations:
        sections += [headline(report, evaluations), pass_hats(evaluations), where(evaluations)]
        sections += [process(evaluations), blame(evaluations)]
        sections += [found] if (found := behaviours(evaluations)) is not None else []
    if sets:
        sections += training(sets, viewer, look)
    sections += [spending(runs), over_time(runs), funnel(runs)]
    if evaluations:
        sections.append(hard_tasks(evaluations, viewer, look))
    what = "Report on a data set" if sets and not evaluations else "Evaluation report"
    title = f"{what}: {', '.join(run.label for run in runs)}"
    terms = TERMS if evaluations else [term for term in TERMS if term[0] in _OF_DATA_SETS]
    short = tuple(f"{run.label}: {run.shortfall}. All numbers are of these rows." for run in runs if run.shortfall)
    return Document(title, tuple(map(_line, runs)), short, sections, terms)


def _line(run: RunReport) -> str:
    user = "plays both seats" if run.user == run.agent else f"user {run.user or 'of several kinds'}"
    tasks = run.all.score.tasks
    terms = "" if run.terms == "writ" else f", on the terms of {run.terms}"
    return f"{run.label}: {run.rows:,} conversations on {tasks:,} tasks, agent {run.agent}, {user}{terms} ({run.path})"
