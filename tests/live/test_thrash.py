"""The simulated server against this real one, on loads whose outcome hangs little on timing."""

from __future__ import annotations

import pytest

from bench.thrash import LOADS, compare
from tests.live.server import RANDOM, Servers

SMALL = ("--max-total-tokens", "8000", "--max-running-requests", "16")


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (("--schedule-policy", "fcfs", "--radix-eviction-policy", "slru"), ("rr 64/8", "rr 64/64")),
        (("--schedule-policy", "lpm"), ("sticky 64/8", "rr 64/8")),
    ],
)
def test_simulated_hit_rates_are_within_three_points(
    servers: Servers, flags: tuple[str, ...], names: tuple[str, ...]
) -> None:
    server = servers.get(RANDOM, *SMALL, *flags)
    cells = compare(server.url, 1, [load for load in LOADS if load.name in names])
    assert [cell.load for cell in cells] == list(names)
    assert [cell for cell in cells if not cell.met] == []
