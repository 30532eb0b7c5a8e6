"""Servers that break in every way, in virtual time: each conversation ends once, and is what it is without faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writ_engines.http import connection as rules
from writ_engines.sglang.engine import SglangEngine

from bench.faults import open_hall, replay
from bench.models.folders import write_family
from bench.trust_loads.fault_kinds import BODIES, FINAL_NAMES, WIRE, weights
from bench.trust_loads.fault_run import (
    Hall,
    Outcome,
    conversation_ids,
    given_up,
    play_on_sockets,
    play_virtual,
    problems,
    shrunk,
)
from bench.trust_loads.fault_schedule import Outage, Schedule, Strike, read_script, shrink, write_script

ENGINES = ("openai", "sglang")
N = 24


@dataclass
class Known:
    """Conversations of an engine, and what they are without faults."""

    hall: Hall
    reference: Outcome

    @property
    def ids(self) -> list[str]:
        return conversation_ids(self.hall.jobs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_family(tmp_path_factory.mktemp("model") / "qwen3", "qwen3-instruct-2507"))


@pytest.fixture(scope="module", params=ENGINES)
def known(request: pytest.FixtureRequest, folder: str) -> Known:
    hall = open_hall(request.param, N, folder)
    return Known(hall, play_virtual(hall, Schedule()))


@pytest.fixture(autouse=True)
def bodies_of_a_few_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_BYTES", 2**23)


def test_without_faults_all_end_and_nothing_is_asked_twice(known: Known) -> None:
    assert problems(known.reference, known.reference, known.ids) == []
    assert len(known.reference.rows) == N
    turns = known.reference.requests
    assert 4 * N <= turns <= 4 * N + 2  # and a look at the server


@pytest.mark.parametrize("name", sorted({*WIRE, *BODIES["openai"], *BODIES["sglang"]}))
def test_each_fault_costs_its_own_conversation_at_most(name: str, known: Known) -> None:
    if name not in weights(known.hall.engine):
        pytest.skip("an answer of the other protocol")
    few = msgspec.structs.replace(known.hall, jobs=known.hall.jobs[:6])
    drawn = Random(name)
    listed = [
        Strike(f"{one}/{seat}/{turn}", attempt, name, drawn.getrandbits(31))
        for one in known.ids[:6]
        for seat in ("user", "agent")
        for turn in (0, 1)
        for attempt in (0, 1)  # a third wrong answer in a row is believed to be the server's way
        if drawn.random() < 0.4
    ]
    outcome = play_virtual(few, Schedule(listed=listed))
    assert outcome.met.total() >= 2
    found = problems(outcome, known.reference, known.ids[:6])
    if name in FINAL_NAMES:
        at_its_end = ("ended in order", "failed, though") if name == "key" else ("ended in order",)
        found = [text for text in found if not text.startswith(at_its_end)]
    assert found == []
    if name not in FINAL_NAMES:
        assert given_up(outcome) == []


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("servers", "batch"), [(1, 1), (2, 1), (2, 4)])
def test_faults_of_all_kinds_on_one_call_in_five(known: Known, seed: int, servers: int, batch: int) -> None:
    hall = msgspec.structs.replace(known.hall, servers=servers, batch=batch)
    outages = (Outage(0, 0.3, 20.0), Outage(1, 30.0, 15.0, "unknown")) if servers > 1 else ()
    schedule = Schedule(seed, 0.2, weights(hall.engine), outages=outages)
    outcome = play_virtual(hall, schedule)
    assert outcome.met.total() > N / 2
    assert problems(outcome, known.reference, known.ids, outages) == []


def test_the_same_schedule_is_the_same_run(known: Known) -> None:
    def play(schedule: Schedule) -> tuple[object, ...]:
        outcome = play_virtual(known.hall, schedule)
        return outcome.rows, outcome.failed, outcome.virtual_seconds, schedule.met

    first = Schedule(3, 0.3, weights(known.hall.engine))
    told = play(first)
    assert play(Schedule(3, 0.3, weights(known.hall.engine))) == told
    assert play(Schedule(listed=first.met)) == told


def test_the_same_schedule_goes_over_sockets(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    few = msgspec.structs.replace(known.hall, jobs=known.hall.jobs[:8])
    quick = {
        name: 1.0 for name in weights(known.hall.engine) if not name.startswith(("hang", "drip", "limit", "endless"))
    }
    outcome = play_on_sockets(few, Schedule(4, 0.2, quick))
    assert outcome.met.total() > 3
    assert problems(outcome, known.reference, known.ids[:8]) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_schedule_is_listed(known: Known, data: st.DataObject) -> None:
    # A key that is refused before anything was answered is believed to be wrong.
    names = st.sampled_from(sorted(weights(known.hall.engine).keys() - {"key"}))
    calls = st.sampled_from(
        [f"{name}/{seat}/{turn}" for name in known.ids[:3] for seat in ("user", "agent") for turn in (0, 1)]
    )
    strikes = st.builds(Strike, calls, st.integers(0, 3), names, st.integers(0, 2**31))
    listed = data.draw(st.lists(strikes, max_size=12, unique_by=lambda one: (one.call, one.attempt)))
    few = msgspec.structs.replace(known.hall, jobs=known.hall.jobs[:3])
    outcome = play_virtual(few, Schedule(listed=listed))
    assert problems(outcome, known.reference, known.ids[:3]) == []


def test_a_fault_that_the_engine_lets_in_is_found_and_shrunk_to_itself(
    known: Known, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if known.hall.engine != "sglang":
        pytest.skip("the fault that is planted is in the other engine")
    monkeypatch.setattr(SglangEngine, "_what_is_wrong", lambda self, answer: "")
    schedule = Schedule(5, 0.3, {"end missing": 1.0, "delay": 1.0, "reset before": 1.0, "twice": 1.0})
    outcome = play_virtual(known.hall, schedule)
    assert any(text.startswith("not as without faults") for text in problems(outcome, known.reference, known.ids))
    script = shrunk(known.hall, outcome, schedule, known.reference)
    (strike,) = script.strikes
    assert strike.fault == "end missing"
    assert script.only == (strike.call.partition("/")[0],)
    write_script(script, tmp_path / "least.json")
    told = read_script(tmp_path / "least.json")
    assert told == script
    assert replay(told, known.hall.model)[0].startswith("not as without faults")
    monkeypatch.undo()
    assert replay(told, known.hall.model) == []


@given(st.sets(st.integers(0, 40), max_size=5), st.integers(1, 41))
def test_what_is_shrunk_still_fails_and_has_nothing_to_spare(needed: set[int], size: int) -> None:
    def fails(items: object) -> bool:
        return needed <= set(items)  # type: ignore[call-overload, no-any-return]

    items = sorted({*range(size), *needed})
    assert sorted(shrink(items, fails)) == sorted(needed)


def test_the_watchdog_sees_a_call_that_hangs(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.trust_loads.fault_run.SECONDS", {"timeout": 0.0, "deadline": 0.0})
    monkeypatch.setattr("bench.trust_loads.fault_run.LONGEST_CALL", 100.0)
    few = msgspec.structs.replace(known.hall, jobs=known.hall.jobs[:2])
    strike = Strike(f"{known.ids[0]}/agent/0", 0, "drip for ever", 1)

    def until(check: Callable[[], bool]) -> Outcome:
        return play_virtual(few, Schedule(listed=[strike], outages=[Outage(0, 400.0, 1.0)]))

    outcome = until(bool)
    assert outcome.hung == [f"{strike.call} is under way for 120 s"]
