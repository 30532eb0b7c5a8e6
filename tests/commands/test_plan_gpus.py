"""What many GPUs do and need, from what one does."""

from __future__ import annotations

import json
from math import ceil

import pytest

from writ_async.cli import main
from writ_async.commands.plan import Outcome, PlanConfig, plan_run
from writ_async.commands.plan_gpus import Assumptions, needs_of, parse_assumptions
from writ_async.errors import InputError

N = 24


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    config = PlanConfig(domains=("retail",), n=N, world_size=60, fixed=(), options={"kv_tokens": "40000"})
    return plan_run(config)[0]


def test_rates_grow_with_the_gpus_and_hours_fall(outcome: Outcome) -> None:
    one, many = (needs_of(outcome, N, 1, gpus, 10_000, Assumptions()) for gpus in (1, 800))
    assert one.conversations_per_hour == pytest.approx(outcome.conversations_per_hour)
    assert one.calls == pytest.approx(outcome.requests / outcome.seconds)
    assert one.hours == pytest.approx(10_000 / outcome.conversations_per_hour)
    for name in ("conversations_per_hour", "live", "calls", "output_tokens", "cores", "network_bytes", "drawing_cores"):
        assert getattr(many, name) == pytest.approx(800 * getattr(one, name))
    assert many.hours == pytest.approx(one.hours / 800)
    assert many.drawing_hours == one.drawing_hours
    assert many.disk_bytes == one.disk_bytes == pytest.approx(10_000 * outcome.row_bytes)
    assert (one.machines, many.machines) == (1, 100)
    assert 0 < many.prefilled_tokens < many.prompt_tokens


def test_what_was_simulated_on_several_servers_counts_for_so_many(outcome: Outcome) -> None:
    alone, four = needs_of(outcome, N, 1, 8, 1, Assumptions()), needs_of(outcome, N, 4, 32, 1, Assumptions())
    assert alone.calls == four.calls


def test_each_machine_has_a_process_and_more_where_one_core_is_not_enough(outcome: Outcome) -> None:
    usual = needs_of(outcome, N, 1, 80, 1, Assumptions())
    assert usual.processes == usual.machines == 10
    slow = needs_of(outcome, N, 1, 80, 1, Assumptions(call_cpu=1.0))
    assert slow.processes == 10 * ceil(slow.cores / 10) > 10
    busy = Assumptions(busy=0.3)
    assert needs_of(outcome, N, 1, 80, 1, busy).cores == pytest.approx(2 * usual.cores)
    live = usual.live / usual.processes
    tokens = outcome.prompt_tokens / outcome.requests
    assert usual.memory_bytes == pytest.approx(150 * 2**20 + live * (21_000 + 16 * tokens))


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({"weather": "1"}, "there are: call_cpu, "),
        ({"busy": "fine"}, "busy"),
        ({"busy": "1.5"}, "a share of a core"),
        ({"gpus_per_machine": "0"}, "must be above 0"),
        ({"call_cpu": "nan"}, "must be above 0"),
        ({"call_cpu": "inf"}, "must be above 0"),
    ],
)
def test_assumptions_that_cannot_be_are_refused(pairs: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_assumptions(pairs.items())


@pytest.mark.parametrize(("gpus", "rows", "words"), [(0, 1, "--gpus"), (10**7, 1, "--gpus"), (1, 0, "--rows")])
def test_numbers_that_cannot_be_are_refused(outcome: Outcome, gpus: int, rows: int, words: str) -> None:
    with pytest.raises(InputError, match=f"{words} must be from 1 to"):
        needs_of(outcome, N, 1, gpus, rows, Assumptions())


def test_the_command_prints_needs_and_what_they_rest_on(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["plan", "retail", "--n", "8", "--fixed", "4", "--gpus", "1000", "--rows", "5000"]
    assert main([*command, "--assume", "gpus_per_machine=4"]) == 0
    printed = capsys.readouterr().out
    assert "1,000 h200, 250 machines" in printed
    assert "disk: 5,000 rows" in printed
    assert "assumed: 305 µs of CPU for a call" in printed
    assert main([*command, "--json"]) == 0
    needs = json.loads(capsys.readouterr().out)["needs"]
    assert (needs["gpus"], needs["machines"], needs["assumptions"]["busy"]) == (1000, 125, 0.6)
