"""Slips with users' tools, planted and found, in small; `bench/evidence.py` plants 200 of each."""

from __future__ import annotations

from bench.step_slips import domains_with_steps, plant_step_slips, score_step_slips
from tests.support.router import NAME
from tests.support.router.plays import registered


def test_precision_and_recall_of_each_slip_with_a_users_tools_are_one() -> None:
    with registered():
        assert NAME in domains_with_steps()
        scores = score_step_slips(plant_step_slips(NAME, 20, 7, world_size=120))
    for entry in scores:
        assert (entry.precision, entry.recall) == (1.0, 1.0), entry
        assert entry.called_for == 20, entry
