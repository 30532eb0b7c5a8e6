"""The evidence verifier against the script's own record, in small; `bench/evidence.py` does it for 3,000."""

from __future__ import annotations

from bench.evidence import ablation, play, score


def test_precision_and_recall_are_one_and_outcome_alone_is_not_enough() -> None:
    rows = play(240, 11, 0.7)
    for entry in score(rows):
        assert (entry.precision, entry.recall) == (1.0, 1.0), entry
        assert entry.called_for or "made-up" in entry.name
    counts = ablation(rows)
    for label in ("lucky", "blind"):
        assert counts[label]["reward 1"] > 0
        assert counts[label]["kept"] == 0
