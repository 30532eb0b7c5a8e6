"""Precision and recall of the evidence verifier against the script's own record, and what outcome reward lets through.

The scripted agent makes mistakes at known rates and notes each. The verifier never sees the notes. For every kind of
finding the rows that it names are held against the rows whose notes call for it; the second table shows how many rows
with the right outcome rest on evidence that was never gathered. A third has missteps in what wishes come to, so many
`--planted` of each kind and as many clean rows (bench/missteps.py); a fourth, for each domain whose users have tools,
has slips with those (bench/step_slips.py). With `--labels` and `--real` a last table holds the verifier against what
readers said of real conversations (bench/labels.py).

    python bench/evidence.py [--n 3000] [--seed 1] [--mistakes 0.6] [--planted 200] [--labels FILE --real DIR]
        [--json FILE]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from writ_engines.scripted import MISSTEPS, MISTAKES

from bench.labels import LabelReport, Score, label_figures, labels_table, read_labels, score_labels
from bench.missteps import missteps_table, plant, score_missteps
from bench.report import Figure, make_parser, run_script, show_figures, write_json
from bench.step_slips import domains_with_steps, plant_step_slips, score_step_slips
from writ_async import InputError, Reason, Trajectory, make_tasks, run

SLIPS = tuple(kind for kind in MISTAKES if kind not in MISSTEPS)
BEFORE_EVIDENCE = ("skipped_evidence", "early_write")
UNASKED = ("unconfirmed_write", "early_write", "extra_write")


def play(n: int, seed: int, rate: float) -> list[Trajectory]:
    """n conversations, half of each domain, in which `rate` of the agents make one mistake."""
    rows: list[Trajectory] = []
    rates = ",".join(f"{kind}={rate / len(SLIPS)}" for kind in SLIPS)
    for domain, count in (("retail", (n + 1) // 2), ("airline", n // 2)):
        if count:
            tasks = make_tasks(domain, count, seed=seed, behaviours="off", world_size=500)
            rows += run(tasks, "scripted", agent_options={"mistakes": rates}, seed=seed)
    return rows


def score(rows: Sequence[Trajectory]) -> list[Score]:
    """Precision and recall per finding, and of the verdict as a whole.

    Some mistakes have consequences that their note does not tell. What a wrong write names was never listed, what it
    changes puts reads out of date; an early write may be refused, because what was to pay for it came later; who gives
    up has not read what shows that no more was due. Wrong writes are scored by themselves, and all in the last line.
    """
    wrong = [row for row in rows if _noted(row, "wrong_write")]
    others = [row for row in rows if not _noted(row, "wrong_write") and not _refused_early(row)]
    held = [row for row in others if not _noted(row, "giving_up")]
    asked = [row for row in others if not _noted(row, "extra_write") or _found(row, Reason.SURPLUS_WRITE)]
    return [
        _score(
            "evidence missing or out of date",
            held,
            lambda row: _found(row, Reason.MISSING_EVIDENCE, Reason.STALE_EVIDENCE),
            lambda row: _noted(row, *BEFORE_EVIDENCE),
        ),
        _score("labelled lucky or blind", held, _is_poor, lambda row: _noted(row, *BEFORE_EVIDENCE)),
        _score("made-up argument, labelled blind", wrong, lambda row: _label(row) == "blind", _used_made_up),
        _score(
            # An extra write that was refused was never made: there was nothing to ask for.
            "unconfirmed write",
            asked,
            lambda row: _found(row, Reason.UNCONFIRMED_WRITE),
            lambda row: _noted(row, *UNASKED),
        ),
        _score(
            "failed or surplus write",
            others,
            lambda row: _found(row, Reason.FAILED_WRITE, Reason.SURPLUS_WRITE),
            lambda row: _noted(row, "extra_write") or any(n.kind == "malformed_json" and n.matters for n in row.notes),
        ),
        _score(
            "incomplete ending",
            rows,
            lambda row: _found(row, Reason.INCOMPLETE),
            lambda row: _noted(row, "endless_talk"),
        ),
        _score(
            "rejected at all",
            rows,
            lambda row: row.verdict is None or not row.verdict.kept,
            lambda row: any(note.matters for note in row.notes),
        ),
    ]


def _score(
    name: str, rows: Sequence[Trajectory], named: Callable[[Trajectory], bool], due: Callable[[Trajectory], bool]
) -> Score:
    entry = Score(name)
    for row in rows:
        entry.add(named(row), due(row))
    return entry


def _noted(row: Trajectory, *kinds: str) -> bool:
    return any(note.kind in kinds for note in row.notes)


def _found(row: Trajectory, *reasons: Reason) -> bool:
    return row.verdict is not None and any(item.reason in reasons for item in row.verdict.findings)


def _refused_early(row: Trajectory) -> bool:
    return _noted(row, "early_write") and _found(row, Reason.FAILED_WRITE)


def _label(row: Trajectory) -> str:
    return row.verdict.evidence if row.verdict is not None else ""


def _is_poor(row: Trajectory) -> bool:
    return _label(row) in ("lucky", "blind")


def _used_made_up(row: Trajectory) -> bool:
    """Whether a value that was nowhere to be read went into a write, and the tool did not refuse it."""
    return any(note.detail.endswith("(made up)") for note in row.notes) and not _found(row, Reason.FAILED_WRITE)


def score_table(scores: Sequence[Score]) -> Table:
    """Precision and recall."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="evidence verifier against the script's own notes")
    for heading in ("finding", "noted", "named", "precision", "recall"):
        table.add_column(heading, justify="left" if heading == "finding" else "right")
    for item in scores:
        cells = (f"{item.called_for:,}", f"{item.named:,}", f"{item.precision:.4f}", f"{item.recall:.4f}")
        table.add_row(item.name, *cells)
    return table


def ablation(rows: Sequence[Trajectory]) -> dict[str, dict[str, int]]:
    """By label: all rows, those that the outcome reward accepts, and those of them that are kept."""
    counts: dict[str, dict[str, int]] = {}
    for label in ("evidence_complete", "unproved", "lucky", "blind", ""):
        group = [row for row in rows if row.verdict is not None and row.verdict.evidence == label]
        if group:
            rewarded = [row for row in group if row.verdict is not None and row.verdict.reward.reward == 1]
            counts[label or "no write"] = {
                "rows": len(group),
                "reward 1": len(rewarded),
                "kept": sum(row.verdict is not None and row.verdict.kept for row in rewarded),
            }
    return counts


def ablation_table(counts: dict[str, dict[str, int]]) -> Table:
    """What each filter would train on."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="what outcome reward alone accepts")
    table.add_column("evidence")
    for heading in ("rows", "reward 1", "kept", "accepted by outcome alone"):
        table.add_column(heading, justify="right")
    for label, row in counts.items():
        table.add_row(label, *(f"{value:,}" for value in row.values()), f"{row['reward 1'] - row['kept']:,}")
    return table


def figures_of(scores: Sequence[Score], counts: dict[str, dict[str, int]]) -> list[Figure]:
    """Precision and recall, all of which are to be 1, and what outcome reward alone lets pass."""
    figures = [Figure("lowest precision of a finding", min(item.precision for item in scores), "", 1.0, True)]
    figures.append(Figure("lowest recall of a finding", min(item.recall for item in scores), "", 1.0, True))
    passed = sum(row["reward 1"] for label, row in counts.items() if label in ("lucky", "blind"))
    figures.append(Figure("lucky and blind rows that outcome reward alone accepts", passed))
    return figures


def main(arguments: list[str]) -> None:
    """Print the tables."""
    parser = make_parser(__doc__, n=3000, of="conversations, half of each domain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mistakes", type=float, default=0.6, help="share of the conversations with a mistake")
    parser.add_argument("--planted", type=int, default=200, help="conversations with each kind of misstep")
    parser.add_argument("--labels", default="", help="labels of real writes, JSON lines")
    parser.add_argument("--real", default="", help="the folder of the files that the labels name")
    options = parser.parse_args(arguments)
    if bool(options.labels) != bool(options.real):
        raise InputError("--labels and --real go together")
    rows = play(options.n, options.seed, options.mistakes)
    scores, counts = score(rows), ablation(rows)
    missteps = score_missteps(plant(options.planted, options.seed))
    steps = {
        name: score_step_slips(plant_step_slips(name, options.planted, options.seed)) for name in domains_with_steps()
    }
    console = Console(width=100, highlight=False)
    console.print(f"{len(rows):,} conversations; {options.mistakes:.0%} with a mistake of: {', '.join(SLIPS)}\n")
    console.print(score_table(scores), ablation_table(counts), missteps_table(missteps))
    for name, found in steps.items():
        console.print(
            missteps_table(found, f"slips with the user's tools of {name}, in {found[0].judged:,} conversations")
        )
    figures = figures_of([*scores, *missteps, *(score for found in steps.values() for score in found)], counts)
    report: LabelReport | None = None
    if options.labels:
        report = score_labels(read_labels(options.labels), options.real)
        console.print(labels_table(report.scores))
        for line in report.disagreements:
            console.print(line, soft_wrap=True)
        figures += label_figures(report.scores)
    show_figures(figures)
    write_json(
        options.json,
        figures,
        rows=len(rows),
        scores=scores,
        missteps=missteps,
        steps=steps,
        ablation=counts,
        real=report,
    )


if __name__ == "__main__":
    sys.exit(run_script(main))
