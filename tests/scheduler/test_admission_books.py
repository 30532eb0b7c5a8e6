"""Policies in a storm: conversations leave at any stage, servers come, go and change size, and the books stay right."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.core.engine import Gauges
from writ_async.scheduler.fixed_admission import FixedAdmission
from writ_async.scheduler.kv_budget import KvAdmission
from writ_async.scheduler.kv_pool import Pool
from writ_async.scheduler.ticket import Stage, Ticket
from writ_async.scheduler.waiting_line import WINDOW

LIVE = (Stage.LIVE, Stage.CALLING)
PATIENCE = 50  # rounds in which nothing is under way and nothing may go


class Rates(msgspec.Struct, frozen=True):
    """How often, per round, a server goes or comes, a conversation leaves unasked, a server says how it is."""

    weather: float
    departures: float
    gauges: float


class Storm:
    """Drives a policy with random events, and counts for itself what the policy should have in its books."""

    def __init__(
        self,
        policy: KvAdmission | FixedAdmission,
        pools: Sequence[int],
        turns: list[int],
        growth: int,
        rates: Rates,
        rng: Random,
    ) -> None:
        self.policy = policy
        self.pools = pools
        self.turns = turns
        self.growth = growth
        self.rates = rates
        self.rng = rng
        self.left = dict(enumerate(turns))
        self.tickets: dict[int, Ticket] = {}
        self.own: dict[int, int] = {}
        self.busy: list[Ticket] = []
        self.asked: set[int] = set()
        self.closed: set[int] = set()
        self.retractions = [0] * len(pools)

    def run(self) -> None:
        idle = 0
        while self.left:
            self.events()
            self.offer()
            decided = self.policy.decide_next()
            for ticket in decided:
                assert ticket.number in self.left, "one that has left may go"
                if ticket.calls:
                    self.asked.remove(ticket.number)
                    self.busy.append(ticket)
                else:
                    self.place(ticket)
                    self.ask(ticket)
            self.check()
            idle = 0 if self.busy or decided else idle + 1
            assert idle < PATIENCE, "nothing goes on, and something is left"
            if self.busy:
                self.answer(self.busy.pop(self.rng.randrange(len(self.busy))))
        self.policy.decide_next()
        self.check()

    def events(self) -> None:
        if self.rng.random() < self.rates.weather:
            server = self.rng.randrange(len(self.pools))
            (self.policy.restore_server if server in self.closed else self.policy.drain_server)(server)
            self.closed ^= {server}
        alive = [self.tickets[number] for number in self.left if number in self.tickets]
        if alive and self.rng.random() < self.rates.departures:
            ticket = self.rng.choice(alive)
            if ticket in self.busy:
                self.busy.remove(ticket)
                self.policy.call_ended(ticket, "agent")
            self.asked.discard(ticket.number)
            self.leave(ticket)
        if self.rng.random() < self.rates.gauges:
            self.observe(self.rng.randrange(len(self.pools)))
            self.policy.prefix_measured(("user", self.rng.randrange(20)), self.rng.randrange(2000))

    def observe(self, server: int) -> None:
        """What a server says: it took work back, was started anew, has another pool, is crowded, or does not tell."""
        self.retractions[server] += self.rng.choice([0, 0, 3, -self.retractions[server]])
        capacity = self.rng.choice([0, self.pools[server], self.pools[server] // 3])
        gauges = Gauges(
            running=self.rng.randrange(5),
            waiting=self.rng.randrange(20),
            used_tokens=self.rng.randint(0, capacity),
            capacity_tokens=capacity,
            retractions=self.retractions[server],
        )
        self.policy.server_observed(server, gauges)

    def offer(self) -> None:
        while self.policy.wants_more and len(self.tickets) < len(self.turns):
            number = len(self.tickets)
            task = number // 3
            prefixes = ((("agent", "retail"), 400), (("user", task), 200))
            ticket = Ticket(number, kind=f"k{number % 2}", group=task if number % 5 else None, prefixes=prefixes)
            self.tickets[number] = ticket
            self.own[number] = 0
            self.policy.offer_conversation(ticket)

    def place(self, ticket: Ticket) -> None:
        assert ticket.server not in self.closed or len(self.closed) == len(self.pools)

    def ask(self, ticket: Ticket) -> None:
        if self.policy.ask_for_call(ticket):
            self.place(ticket)
            self.busy.append(ticket)
        else:
            self.asked.add(ticket.number)

    def answer(self, ticket: Ticket) -> None:
        number = ticket.number
        self.left[number] -= 1
        self.own[number] = max(0, self.own[number] + self.rng.randrange(-50, self.growth))
        self.policy.call_ended(ticket, self.rng.choice(["agent", "user"]), self.own[number])
        if self.left[number]:
            self.ask(ticket)
        else:
            self.leave(ticket)

    def leave(self, ticket: Ticket) -> None:
        """The shell says it twice where a call waited at the gate."""
        del self.left[ticket.number]
        self.policy.conversation_ended(ticket)
        self.policy.conversation_ended(ticket)

    def check(self) -> None:
        policy = self.policy
        live = [ticket for ticket in self.tickets.values() if ticket.stage in LIVE]
        here = [[ticket for ticket in live if ticket.server == server] for server in range(len(self.pools))]
        assert policy._calls.busy == len(self.busy)
        if isinstance(policy, FixedAdmission):
            assert policy._live == [len(tickets) for tickets in here]
            assert sum(home[1] for home in policy._homes.values()) <= len(live)
            return
        waiting = [ticket for ticket in self.tickets.values() if ticket.stage is Stage.WAITING]
        begun = [ticket for ticket in self.tickets.values() if ticket.cohort and ticket.stage is not Stage.GONE]
        assert (policy._live, policy._line.length) == (len(live), len(waiting))
        assert sum(cohort.live for cohorts in policy.forecast._cohorts.values() for cohort in cohorts) == len(begun)
        assert set(policy._line._groups) == {ticket.group for ticket in waiting}
        for server, (pool, tickets) in enumerate(zip(policy.pools, here, strict=True)):
            staying = [ticket for ticket in tickets if not ticket.marked]
            keys = {key for ticket in tickets for key, _ in ticket.prefixes}
            assert (pool.live, pool.own) == (len(tickets), sum(ticket.own_tokens for ticket in tickets))
            assert pool.giving == sum(ticket.own_tokens for ticket in tickets if ticket.marked)
            assert (sum(pool._counts), sum(pool._sizes)) == (len(staying), sum(ticket.own_tokens for ticket in staying))
            assert pool._prefixes.keys() == keys
            assert pool.shared == sum(tokens for _, tokens in pool._prefixes.values())
            assert len(policy._yielding[server]._young) <= 2 * pool.live + WINDOW


lengths = st.lists(st.integers(1, 9), min_size=1, max_size=90)
sizes = st.lists(st.sampled_from([1, 17, 500, 4_000, 20_000, 60_000, 10**6, 10**9]), min_size=1, max_size=4)
rates = st.builds(
    Rates, st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from([0.0, 0.02, 0.2]), st.sampled_from([0.0, 0.05, 0.5])
)
growths = st.sampled_from([10, 300, 3_000, 100_000])
bounds = st.sampled_from([0, 0, 1, 7])


@settings(max_examples=80)
@given(lengths, sizes, growths, rates, bounds, bounds, st.integers(0, 2**32))
def test_under_a_budget_nobody_is_lost_and_the_books_are_right(
    turns: list[int], pools: list[int], growth: int, rates: Rates, live: int, gate: int, seed: int
) -> None:
    Storm(KvAdmission(pools, live, gate), pools, turns, growth, rates, Random(seed)).run()


@settings(max_examples=60)
@given(lengths, st.integers(1, 4), rates, bounds, bounds, st.integers(0, 2**32))
def test_with_a_fixed_number_nobody_is_lost_and_the_books_are_right(
    turns: list[int], servers: int, rates: Rates, live: int, gate: int, seed: int
) -> None:
    class Ungated(Storm):
        def place(self, ticket: Ticket) -> None:
            if not gate:
                super().place(ticket)

    policy = FixedAdmission(live, gate, servers)
    Ungated(policy, [0] * servers, turns, 300, rates, Random(seed)).run()
    assert policy._homes == {}


def begin(policy: KvAdmission, count: int, own: int, trials: int = 1) -> list[Ticket]:
    tickets = []
    for number in range(count):
        prefixes = ((("agent", "d"), 3000), (("user", number // trials), 500))
        tickets.append(Ticket(number, kind="k", group=number // trials, prefixes=prefixes, own=own))
        policy.offer_conversation(tickets[-1])
    policy.decide_next()
    return tickets


def test_a_restored_server_gets_a_share_of_conversations_whose_siblings_are_elsewhere_and_then_it_is_quiet() -> None:
    policy = KvAdmission([1_000_000, 1_000_000])
    policy.drain_server(1)
    tickets = begin(policy, 40, 300, trials=4)
    policy.restore_server(1)
    for _ in range(3):
        for ticket in tickets:
            if not policy.ask_for_call(ticket):
                policy.decide_next()
            policy.call_ended(ticket, "agent", ticket.own_tokens + 50)
    assert policy.pools[1].live >= 10
    assert policy.parkings == policy.pools[1].live


@pytest.mark.parametrize("size", [30_000, 3_000])
def test_a_server_that_comes_back_with_another_pool_is_taken_at_its_word_up_to_the_budget(size: int) -> None:
    policy = KvAdmission([100_000])
    limit = policy.pools[0].limit
    policy.server_observed(0, Gauges(capacity_tokens=size))
    assert 0 < policy.pools[0].limit < size
    policy.server_observed(0, Gauges(capacity_tokens=0))
    assert policy.pools[0].tokens == size
    policy.server_observed(0, Gauges(capacity_tokens=150_000))
    assert policy.pools[0].tokens == 100_000
    assert policy.pools[0].limit == pytest.approx(limit)


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 9000)), min_size=2, max_size=80), st.floats(0.1, 0.9))
def test_as_many_give_their_place_up_as_must_and_no_more(sizes: list[tuple[int, int]], share: float) -> None:
    policy = KvAdmission([10**6])
    pool = policy.pools[0]
    tickets = [Ticket(number, own=own) for number, (own, _) in enumerate(sizes)]
    for ticket, (own, more) in zip(tickets, sizes, strict=True):
        policy._enter_server(ticket, 0)
        pool.resize_conversation(ticket, own, own + more)
    pool.stale = 0
    pool.tokens = int(pool.peak_tokens() * share)
    needed: list[bool] = []

    def mark(ticket: Ticket) -> None:
        needed.append(pool.peak_tokens() > pool.limit)
        Pool.mark_to_leave(pool, ticket)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "mark_to_leave", mark)
        policy._yielding[0].mark_excess()
    assert all(needed)
    assert pool.peak_tokens() <= pool.limit or len(needed) == len(tickets) - 1
