"""The published policies of `bench/admission.py`: they keep every conversation, and their books within the pool."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from writ_engines.simulated import Server, SimulatedEngine, costs_of

from bench.admission import RIVALS, policies, shapes
from bench.loads import CONTEXT, Load, play
from bench.rivals import BUFFER, CUT, SECOND_CUT, STEP, AimdAdmission, PausingAdmission
from writ_async import Limits
from writ_async.core.engine import Gauges
from writ_async.scheduler.ticket import Stage, Ticket

POOL = 40_000
COSTS = msgspec.structs.replace(costs_of("qwen3-4b", "h200"), kv_tokens=POOL, decode_base=0.05)
"""A small pool, and steps so slow that a run is looked at many times."""


class Watched(SimulatedEngine):
    """An engine that notes at every look the most that its server's cache held."""

    most = 0

    async def gauges(self, server: int = 0) -> Gauges:
        cache = self._servers[server].cache
        self.most = max(self.most, cache.used + cache.taken)
        return await super().gauges(server)


class WatchedPausing(PausingAdmission):
    """It notes after every check what those which stay need, and how many they are."""

    def __init__(self, kv_tokens: int) -> None:
        super().__init__(kv_tokens)
        self.seen: list[tuple[int, int]] = []

    def server_observed(self, server: int, gauges: Gauges) -> None:
        super().server_observed(server, gauges)
        if self._looks % 5 == 0:
            self.seen.append((self.needed, sum(not one.ticket.marked for one in self._live.values())))


@pytest.mark.parametrize("name", ["kv-budget", *RIVALS, "fixed 4", "unbounded"])
def test_every_policy_plays_every_conversation_to_its_end_in_a_pool_that_cannot_hold_them_all(name: str) -> None:
    load = Load(shapes("service", 24))
    engine = Watched(load, Server(COSTS), context=CONTEXT)
    _, limits, admission = next(one for one in policies(COSTS, 24, [4]) if one[0] == name)
    _, rows, _ = play(load, engine, msgspec.structs.replace(limits, request_timeout=0.0), admission)
    assert sorted(row.id for row in rows) == sorted(f"c{number}#0" for number in range(24))
    assert {row.termination for row in rows} == {"user_stop"}
    planned = {name: len(plan.agent) for name, plan in load._plans.items()}
    assert {row.id: row.usage["agent"].requests for row in rows} == planned
    assert engine.most <= POOL


def test_pausing_pauses_until_what_stays_fits_and_everything_comes_back() -> None:
    load = Load(shapes("service", 24))
    admission = WatchedPausing(POOL)
    _, rows, pauses = play(
        load, SimulatedEngine(load, Server(COSTS), context=CONTEXT), Limits(concurrency=24), admission
    )
    assert len(rows) == 24
    assert pauses == admission.parkings > 0
    assert admission.seen
    assert all(needed <= POOL or staying == 1 for needed, staying in admission.seen)
    assert (admission._live, admission._paused, list(admission._new)) == ({}, {}, [])


def look(policy: AimdAdmission | PausingAdmission, used: float, retractions: int = 0) -> None:
    policy.server_observed(0, Gauges(used_tokens=round(1000 * used), capacity_tokens=1000, retractions=retractions))


def full(concurrency: int) -> tuple[AimdAdmission, list[Ticket]]:
    """A policy with all of its places taken, and who took them."""
    policy = AimdAdmission(concurrency * 1000, 1000)
    tickets = [Ticket(number) for number in range(concurrency)]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    assert list(policy.decide_next()) == tickets
    assert policy.live == policy.limit == concurrency
    return policy, tickets


def test_aimd_adds_less_the_nearer_the_target_is_and_nothing_that_is_not_used() -> None:
    policy, _ = full(8)
    look(policy, 0.0)
    assert policy.limit == 8 + STEP
    look(policy, 0.0)
    assert policy.limit == 8 + STEP, "places that nobody has taken are not added to"
    policy, _ = full(8)
    look(policy, 0.79)
    assert policy.limit == 8, "use that has just risen has not settled"
    look(policy, 0.79)
    assert policy.limit == 9
    for used in (0.80, 0.94):
        policy, _ = full(8)
        look(policy, used)
        look(policy, used)
        assert policy.limit == 8


@pytest.mark.parametrize(("used", "retractions"), [(0.95, 0), (0.5, 1)])
def test_aimd_cuts_by_a_factor_once_and_again_only_when_so_few_live(used: float, retractions: int) -> None:
    policy, tickets = full(16)
    look(policy, used, retractions)
    assert policy.limit == 16 * CUT
    look(policy, used, 2 * retractions)
    assert policy.limit == 16 * CUT
    for ticket in tickets[:4]:
        policy.conversation_ended(ticket)
    look(policy, used, 3 * retractions)
    assert policy.limit == 12 * SECOND_CUT
    policy.offer_conversation(Ticket(99))
    assert not policy.decide_next()
    assert policy.cuts == 2


def begin(policy: PausingAdmission, sizes: Sequence[int]) -> list[Ticket]:
    """Conversations that live and hold so much, each with a call to ask for."""
    tickets = [Ticket(number) for number in range(len(sizes))]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    assert list(policy.decide_next()) == tickets
    for ticket, size in zip(tickets, sizes, strict=True):
        assert policy.ask_for_call(ticket)
        policy.call_ended(ticket, "agent", size)
    return tickets


def test_pausing_takes_the_smallest_at_its_next_call_and_brings_it_back_when_there_is_room() -> None:
    policy = PausingAdmission(10_000)
    small, large = begin(policy, [3000, 8000])
    for _ in range(4):
        look(policy, 1.0)
    assert not small.marked, "it checks every five seconds"
    look(policy, 1.0)
    assert (small.marked, large.marked) == (True, False)
    assert not policy.ask_for_call(small)
    assert small.stage is Stage.PARKED
    new = Ticket(2)
    policy.offer_conversation(new)
    assert not policy.decide_next(), "nothing new begins while one waits"
    policy.call_ended(large, "agent", 10_000 - 3000 - 2 * BUFFER)
    for _ in range(5):
        look(policy, 1.0)
    assert list(policy.decide_next()) == [small], "and the pool has no room for the new one then"
    policy.conversation_ended(large)
    for _ in range(5):
        look(policy, 1.0)
    assert list(policy.decide_next()) == [new]


def test_pausing_with_room_to_spare_begins_later_than_it_ends_and_fills_less() -> None:
    policy = PausingAdmission(10_000, pause_above=0.95, pause_to=0.5, fill_to=0.6)
    tickets = begin(policy, [1000, 2000, 5900])
    for _ in range(5):
        look(policy, 1.0)
    assert [ticket.marked for ticket in tickets] == [False] * 3, "9,200 are not above 9,500"
    policy.call_ended(tickets[2], "agent", 6400)
    for _ in range(5):
        look(policy, 1.0)
    assert [ticket.marked for ticket in tickets] == [True, True, False]
    assert not policy.ask_for_call(tickets[0])
    assert not policy.ask_for_call(tickets[1])
    policy.call_ended(tickets[2], "agent", 4000)
    for _ in range(5):
        look(policy, 1.0)
    assert list(policy.decide_next()) == [tickets[0]], "the other would be more than 6,000"


def test_whoever_was_paused_for_half_an_hour_comes_back_in_any_case() -> None:
    policy = PausingAdmission(10_000)
    small, large = begin(policy, [3000, 9800])
    for _ in range(5):
        look(policy, 1.0)
    assert not policy.ask_for_call(small)
    for _ in range(1795):
        look(policy, 1.0)
    assert not policy.decide_next()
    for _ in range(5):
        look(policy, 1.0)
    assert list(policy.decide_next()) == [small]
    assert large.stage is Stage.LIVE
