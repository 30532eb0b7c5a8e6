"""A server that answers nobody any more: few requests, little time, and conversations that can be gone on with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from bench.faults import open_hall
from bench.models.folders import write_family
from bench.trust_loads import fault_kinds
from bench.trust_loads.fault_kinds import refusal
from bench.trust_loads.fault_run import Hall, Outcome, conversation_ids, play_virtual
from bench.trust_loads.fault_schedule import Outage, Schedule, Strike
from bench.trust_loads.fault_shapes import FINAL, Shape
from writ_async import clock

N = 2000


class Always(Schedule):
    """Every call meets the same fault from some request on; looks at the server do not."""

    def __init__(self, fault: str, *, after: int = 0, outages: Sequence[Outage] = ()) -> None:
        super().__init__(outages=outages)
        self._fault = fault
        self._after = after

    def next_strike(self, call: str) -> Strike | None:
        if call.startswith("/"):
            return None
        self.requests += 1
        return Strike(call, 0, self._fault, 1) if self.requests > self._after else None


@pytest.fixture(scope="module", params=["openai", "sglang"])
def hall(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    folder = str(write_family(tmp_path_factory.mktemp("model") / "qwen3", "qwen3-instruct-2507"))
    return open_hall(request.param, N, folder)


def play(hall: Hall, schedule: Schedule) -> Outcome:
    outcome = play_virtual(msgspec.structs.replace(hall, concurrency=64), schedule)
    assert outcome.hung == []
    assert outcome.left == 0
    assert all(count == 1 for count in outcome.delivered.values())
    return outcome


@pytest.mark.parametrize("name", ["quota", "balance", "region", "no such model", "key"])
@pytest.mark.parametrize("after", [0, 400])
def test_an_account_or_a_key_that_is_refused_is_not_asked_2000_times(name: str, after: int, hall: Hall) -> None:
    if name == "quota" and hall.engine == "sglang":
        pytest.skip("such servers have no accounts: a 429 is a limit there")
    outcome = play(hall, Always(name, after=after))
    assert str(FINAL[name].status) in outcome.halted or "credit" in outcome.halted
    assert outcome.requests <= after + 64 + 5  # what was under way, and no more
    assert len(outcome.delivered) < N  # the rest was never begun
    assert outcome.virtual_seconds < 60


def test_a_server_that_is_busy_for_ever_costs_one_deadline_and_not_one_a_wave(hall: Hall) -> None:
    outcome = play(hall, Always("sglang queue full"))
    assert "The request queue is full" in outcome.halted
    assert 60 <= outcome.virtual_seconds < 600
    assert len(outcome.delivered) == 64
    assert outcome.rows == {}


def test_a_server_that_is_gone_for_ever_costs_one_deadline(hall: Hall) -> None:
    outcome = play(hall, Schedule(outages=[Outage(0, 1.0, 10_000.0)]))
    assert "Connection refused" in outcome.halted
    assert 60 <= outcome.virtual_seconds < 11_000
    done = len(outcome.rows)
    assert 0 < done < N
    assert len(outcome.failed) <= 64


def test_a_server_that_comes_back_in_time_costs_nothing(hall: Hall) -> None:
    few = msgspec.structs.replace(hall, jobs=hall.jobs[:300])
    outcome = play(few, Schedule(outages=[Outage(0, 0.5, 120.0)]))
    assert not outcome.halted
    assert len(outcome.rows) == 300


@pytest.mark.parametrize("asked", [3600, 100_000])
def test_a_wait_that_is_longer_than_the_deadline_ends_the_run_in_order(
    asked: int, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = Shape(429, {"error": {"message": "come back later"}}, (("Retry-After", str(asked)),))
    monkeypatch.setitem(fault_kinds.WIRE, "later", refusal(shape))
    outcome = play(hall, Always("later", after=200))
    assert "come back later" in outcome.halted
    assert outcome.requests <= 200 + 2 * 64
    assert outcome.virtual_seconds < 700
    assert len(outcome.failed) <= 64


@pytest.mark.parametrize("seconds", [7, 90])
def test_a_wait_is_kept_as_it_is_asked_for_by_all(seconds: int, hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape(503, {"error": {"message": "busy"}}, (("Retry-After", str(seconds)),))
    monkeypatch.setitem(fault_kinds.WIRE, "asked", refusal(shape))

    asked: list[float] = []

    class Once(Always):
        def next_strike(self, call: str) -> Strike | None:
            strike = super().next_strike(call)
            if not call.startswith("/"):
                asked.append(clock.loop_time())
            return strike if self.requests <= 1 else None

    few = msgspec.structs.replace(hall, jobs=hall.jobs[:1])
    assert play(few, Once("asked")).rows == play(few, Schedule()).rows
    assert asked[1] - asked[0] == pytest.approx(seconds, abs=0.5)


def test_requests_that_one_conversation_alone_is_refused_end_that_one_alone(hall: Hall) -> None:
    few = msgspec.structs.replace(hall, jobs=hall.jobs[:40])
    names = conversation_ids(few.jobs)[:10]
    strikes = [Strike(f"{name}/user/0", 0, "bad temperature", 1) for name in names]
    outcome = play(few, Schedule(listed=strikes))
    assert not outcome.halted
    assert sorted(outcome.failed) == sorted(names)
