"""The policies by themselves: no loop, no engine, no clock."""

from collections.abc import Callable
from random import Random
from statistics import pvariance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.core.engine import Gauges
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.call_gate import HEAD_START, CallQueue
from writ_async.scheduler.fixed_admission import FixedAdmission
from writ_async.scheduler.forecast import COHORT, MOST_COHORTS, WIDTH, Cohort, Forecast
from writ_async.scheduler.kv_budget import MARGIN, KvAdmission
from writ_async.scheduler.ticket import Stage, Ticket
from writ_async.scheduler.waiting_line import PATIENCE, WINDOW

SHARED = (("agent", "retail"), 4000)


class World:
    """Drives a policy with conversations of given lengths; counts how long each waits for its calls, in decisions."""

    def __init__(self, policy: AdmissionPolicy, turns: list[int], growth: int, rng: Random) -> None:
        self.policy = policy
        self.turns = turns
        self.growth = growth
        self.rng = rng
        self.tickets: dict[int, Ticket] = {}
        self.left = dict(enumerate(turns))
        self.busy: list[Ticket] = []
        self.asked: dict[int, int] = {}
        self.grants = 0
        self.waits: list[int] = []
        self.most_used = 0
        self.most_live = 0
        self.offered = 0

    def run(self) -> None:
        while self.left:
            while self.policy.wants_more and self.offered < len(self.turns):
                ticket = Ticket(self.offered, kind="k", group=self.offered // 3, prefixes=(SHARED,))
                self.tickets[self.offered] = ticket
                self.policy.offer_conversation(ticket)
                self.offered += 1
            begun = [ticket for ticket in self.policy.decide_next() if not self.grant(ticket)]
            for ticket in begun:
                self.ask(ticket)
            if self.busy:
                self.answer(self.busy.pop(self.rng.randrange(len(self.busy))))
            else:
                assert begun or not self.left, "nothing goes on, and something is left"
            if isinstance(self.policy, KvAdmission):
                self.most_used = max(self.most_used, *(pool.used for pool in self.policy.pools))
            live = sum(m.stage in (Stage.LIVE, Stage.CALLING) for m in self.tickets.values())
            self.most_live = max(self.most_live, live)

    def grant(self, ticket: Ticket) -> bool:
        """A decision: either a call that had been asked for, or a conversation that begins."""
        if ticket.number not in self.asked:
            return False
        self.grants += 1
        self.waits.append(self.grants - self.asked.pop(ticket.number))
        self.busy.append(ticket)
        return True

    def ask(self, ticket: Ticket) -> None:
        if self.policy.ask_for_call(ticket):
            self.grants += 1
            self.busy.append(ticket)
        else:
            self.asked[ticket.number] = self.grants

    def answer(self, ticket: Ticket) -> None:
        number = ticket.number
        self.left[number] -= 1
        self.policy.call_ended(ticket, "agent", ticket.own_tokens + self.growth)
        if self.left[number] == 0:
            del self.left[number]
            self.policy.conversation_ended(ticket)
        else:
            self.ask(ticket)


lengths = st.lists(st.integers(1, 12), min_size=1, max_size=60)


@settings(max_examples=60)
@given(lengths, st.integers(1, 9), st.integers(0, 4), st.integers(0, 2**32))
def test_with_a_gate_every_call_is_served_within_a_bounded_number_of_decisions(
    turns: list[int], live: int, gate: int, seed: int
) -> None:
    world = World(FixedAdmission(live, gate), turns, 300, Random(seed))
    world.run()
    assert not world.asked
    # A call waits for those of all other live conversations that were there before, and for a head start's worth.
    assert max(world.waits, default=0) <= live + HEAD_START + 1
    assert world.most_live <= live


@settings(max_examples=60)
@given(lengths, st.integers(8_000, 60_000), st.integers(50, 3000), st.integers(0, 4), st.integers(0, 2**32))
def test_under_a_budget_every_conversation_ends_and_each_call_is_served_within_bounds(
    turns: list[int], pool: int, growth: int, gate: int, seed: int
) -> None:
    world = World(KvAdmission([pool], in_flight=gate), turns, growth, Random(seed))
    world.run()
    assert not world.asked
    # One that was parked comes back when all that began before it have ended, at the latest, and what overtakes it is
    # no more than one pool holds.
    assert max(world.waits, default=0) <= sum(turns)
    assert isinstance(world.policy, KvAdmission)
    rest = world.policy.pools[0]
    assert (rest.own, rest.shared, rest.giving, rest.live) == (0, 0, 0, 0)


def parked(policy: KvAdmission, number: int, own: int) -> Ticket:
    """A conversation that began alone, grew, and gave its place up."""
    ticket = Ticket(number, kind="long", group=number)
    policy.offer_conversation(ticket)
    assert list(policy.decide_next()) == [ticket]
    assert policy.ask_for_call(ticket)
    policy.call_ended(ticket, "agent", own)
    policy.pools[0].mark_to_leave(ticket)
    assert not policy.ask_for_call(ticket)
    assert ticket.stage is Stage.PARKED
    return ticket


def test_a_parked_conversation_comes_back_before_anything_new_begins() -> None:
    policy = KvAdmission([100_000])
    old = parked(policy, 0, 3_000)
    new = Ticket(1, kind="k")
    policy.offer_conversation(new)
    assert policy.decide_next()[0] is old


def test_what_fits_beside_overtakes_a_parked_conversation_that_does_not_but_only_as_much_as_a_pool_holds() -> None:
    policy = KvAdmission([100_000])
    for number in range(1000, 1040):  # it is known how small the small ones are
        small = Ticket(number, kind="small", group=number)
        policy.offer_conversation(small)
        policy.decide_next()
        policy.ask_for_call(small)
        policy.call_ended(small, "agent", 900)
        policy.conversation_ended(small)
    policy.forecast.refresh_forecasts()
    large = parked(policy, 1, 70_000)
    keeper = Ticket(2, kind="small")
    policy._enter_server(keeper, 0)  # as long as one lives, nothing comes in that does not fit
    keeper.stage = Stage.LIVE
    overtaking = 0
    for number in range(3, 1000):
        small = Ticket(number, kind="small", group=number)
        policy.offer_conversation(small)
        if small not in policy.decide_next():
            break
        overtaking += small.final_tokens
        policy.conversation_ended(small)
    assert large.stage is Stage.PARKED
    assert 100_000 - 2_000 <= overtaking <= 100_000 + 2_000
    policy.conversation_ended(keeper)
    assert policy.decide_next()[0] is large


def test_those_with_little_to_go_keep_their_place_while_others_can_make_room() -> None:
    policy = KvAdmission([100_000])
    tickets = [Ticket(number, kind="k", group=number) for number in range(4)]
    for ticket, final in zip(tickets, (70_000, 2_000, 70_000, 2_000), strict=True):
        policy._enter_server(ticket, 0)
        ticket.stage = Stage.LIVE
        policy.pools[0].resize_conversation(ticket, 1_000, final)
    policy.pools[0].stale = 0
    policy._yielding[0].mark_excess()
    assert [ticket.marked for ticket in tickets] == [False, False, True, False]


def test_what_is_live_stays_within_the_pool_when_all_are_alike() -> None:
    world = World(KvAdmission([100_000]), [10] * 300, 1000, Random(1))
    world.run()
    assert world.most_used <= 100_000
    assert isinstance(world.policy, KvAdmission)
    # Once it is known how large they become, about as many are live as fit staggered, 5,000 each on average, beside
    # what is kept for those that end and for errors.
    assert world.most_live >= 9


def test_shared_prefixes_count_once() -> None:
    policy = KvAdmission([50_000])
    for number in range(4):
        policy.offer_conversation(Ticket(number, kind="k", group="g", prefixes=(SHARED, (("user", "task"), 500))))
    assert len(policy.decide_next()) > 1
    assert policy.pools[0].shared == 4500
    policy.prefix_measured(SHARED[0], 5000)
    assert policy.pools[0].shared == 5500


def test_a_conversation_larger_than_the_pool_runs_alone() -> None:
    world = World(KvAdmission([5_000]), [8, 8, 8], 2000, Random(1))
    world.run()
    assert world.most_live <= 3


def test_trials_of_one_task_begin_together_as_long_as_the_head_has_patience() -> None:
    policy = KvAdmission([10**9])
    for number in range(WINDOW):
        policy.offer_conversation(Ticket(number, kind="k", group=number % 4))
    begun = [ticket.number for ticket in policy.decide_next()]
    assert [number % 4 for number in begun[:16]] == [0] * 16
    assert sorted(begun) == list(range(WINDOW))


def test_the_head_of_the_queue_is_passed_over_a_bounded_number_of_times() -> None:
    policy = KvAdmission([10**9], concurrency=1)
    order: list[int] = []
    number = 0
    live: list[Ticket] = []
    while len(order) < 400:
        while policy.wants_more:
            policy.offer_conversation(Ticket(number, kind="k", group="lonely" if number == 1 else "many"))
            number += 1
        if live:
            policy.conversation_ended(live.pop())
        for ticket in policy.decide_next():
            order.append(ticket.number)
            live.append(ticket)
    assert order.index(1) <= PATIENCE + 1


def test_retractions_make_the_budget_smaller_and_calm_restores_it() -> None:
    policy = KvAdmission([100_000])
    whole = policy.pools[0].limit
    assert whole == pytest.approx(100_000 * (1 - MARGIN / 2 - 0.25))  # a quarter is for what ends
    policy.server_observed(0, Gauges(capacity_tokens=100_000, retractions=3))
    policy.server_observed(0, Gauges(capacity_tokens=100_000, retractions=5))
    assert policy.pools[0].limit < 0.95 * whole
    assert policy.pools[0].held
    for _ in range(20):
        policy.server_observed(0, Gauges(capacity_tokens=100_000, retractions=5))
    assert policy.pools[0].limit == whole
    assert not policy.pools[0].held


def test_little_room_is_kept_for_what_ends_on_a_server_that_hears_of_ends() -> None:
    policy = KvAdmission([100_000])
    policy.server_observed(0, Gauges(capacity_tokens=100_000, hears_of_ends=True))
    assert policy.pools[0].limit >= 100_000 * (1 - MARGIN / 2 - 0.05)
    assert policy.pools[0].most_held >= policy.pools[0].limit


def test_the_room_for_what_ends_follows_what_had_to_be_computed_again() -> None:
    pool = KvAdmission([100_000]).pools[0]
    ticket = Ticket(0, own=5_000)
    pool.add_conversation(ticket)

    def call(left_meanwhile: int) -> float:
        pool.left += left_meanwhile
        pool.call_began(ticket)
        pool.left += 50_000  # while its own call runs, its context does not lie idle
        pool.use_context(ticket, "agent", 500)
        return pool.stale

    call(0)
    calm = [call(0) for _ in range(200)]
    assert calm == sorted(calm, reverse=True)
    assert calm[-1] < 0.97 * calm[0]
    assert call(30_000) > calm[-1], "more than that was left behind while it lay idle"


def test_a_queue_at_the_server_holds_new_conversations_back() -> None:
    policy = KvAdmission([100_000])
    policy.offer_conversation(Ticket(0, kind="k"))
    assert len(policy.decide_next()) == 1
    policy.server_observed(0, Gauges(running=4, waiting=50))
    policy.offer_conversation(Ticket(1, kind="k"))
    assert policy.decide_next() == []
    policy.server_observed(0, Gauges(running=4, waiting=0))
    assert len(policy.decide_next()) == 1


def test_trials_go_where_their_prefix_is_and_others_where_there_is_room() -> None:
    policy = KvAdmission([1_000_000, 1_000_000])
    tickets = [
        Ticket(number, kind="k", group=task, prefixes=((("user", task), 900),), own=100)
        for number, task in enumerate(["a", "b", "a", "b"])
    ]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    policy.decide_next()
    assert tickets[0].server == tickets[2].server
    assert tickets[1].server == tickets[3].server
    assert tickets[0].server != tickets[1].server


def test_a_drained_server_gets_nothing_and_what_lives_there_moves_with_its_next_call() -> None:
    policy = KvAdmission([1_000_000, 1_000_000])
    tickets = [Ticket(number, kind="k", group=number) for number in range(6)]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    begun = list(policy.decide_next())
    there = [ticket for ticket in begun if ticket.server == 0]
    assert there
    policy.drain_server(0)
    for ticket in there:
        assert not policy.ask_for_call(ticket)
    moved = list(policy.decide_next())
    assert {ticket.server for ticket in moved} == {1}
    assert policy.pools[0].live == 0


def test_at_the_end_a_crowded_server_gives_to_an_empty_one() -> None:
    policy = KvAdmission([1_000_000, 1_000_000])
    policy.drain_server(1)
    tickets = [Ticket(number, kind="k", group=number, own=500) for number in range(8)]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    begun = list(policy.decide_next())
    policy.restore_server(1)
    for ticket in begun:
        if not policy.ask_for_call(ticket):
            policy.decide_next()
    assert 2 <= policy.pools[1].live <= policy.pools[0].live


def ended(cohort: Cohort, sizes: list[int]) -> Cohort:
    """A cohort of which conversations of these sizes, in steps, have ended."""
    for steps in sizes:
        cohort.conversation_began()
        cohort.conversation_grew(0, steps * WIDTH)
        cohort.conversation_ended(steps * WIDTH)
    cohort.refresh_forecasts()
    return cohort


@given(st.lists(st.integers(1, 40), min_size=30, max_size=60), st.integers(0, 40), st.floats(0.05, 0.95))
def test_a_forecast_is_at_least_what_is_there_and_grows_with_the_share(
    sizes: list[int], size: int, share: float
) -> None:
    cohort = ended(Cohort(before=Cohort()), sizes)
    now = size * WIDTH
    assert cohort.size_quantile(now, share) >= now
    assert cohort.size_quantile(now, share) <= cohort.size_quantile(now, min(share + 0.04, 0.99))


@given(st.lists(st.integers(0, 23), min_size=200, max_size=300), st.floats(0.1, 0.9))
def test_a_forecast_of_a_steady_kind_is_its_quantile(sizes: list[int], share: float) -> None:
    cohort = ended(Cohort(before=Cohort()), sizes)
    forecast = cohort.size_quantile(0, share) // WIDTH
    assert sum(size < forecast for size in sizes) <= (share + 0.1) * len(sizes)
    assert sum(size <= forecast for size in sizes) >= (share - 0.1) * len(sizes)


def test_nobody_ends_before_what_is_taken_for_granted_and_three_in_four_before_twice_a_size_beyond_it() -> None:
    cohort = Cohort()
    assert cohort.size_quantile(0, 0.01) >= 12_288
    assert cohort.size_quantile(40 * WIDTH, 0.75) == pytest.approx(80 * WIDTH, rel=0.03)


@given(st.lists(st.integers(0, 23), min_size=200, max_size=300))
def test_the_variance_of_what_is_to_go_is_that_of_the_sizes(sizes: list[int]) -> None:
    cohort = ended(Cohort(before=Cohort()), sizes)
    for now in (0, min(sizes) * WIDTH):
        assert cohort.growth_variance(now) == pytest.approx(pvariance(sizes) * WIDTH**2, rel=0.5, abs=80 * WIDTH**2)
    assert ended(Cohort(before=Cohort()), [9] * 300).growth_variance(0) < 20 * WIDTH**2
    assert Cohort().growth_variance(0) > 400 * WIDTH**2, "of what nobody has shown everything is thought possible"


def test_the_first_to_finish_are_not_taken_for_all() -> None:
    cohort = Cohort(before=Cohort())
    for _ in range(40):
        cohort.conversation_began()
        cohort.conversation_grew(0, 8 * WIDTH)
    for _ in range(4):
        cohort.conversation_ended(2 * WIDTH)
    cohort.refresh_forecasts()
    assert cohort.size_quantile(0, 0.5) > 8 * WIDTH


def test_a_cohort_that_outgrows_the_one_before_expects_more_and_the_one_before_does_not() -> None:
    short = ended(Cohort(before=Cohort()), [2, 3] * 32)
    long = Cohort(before=short)
    assert long.size_quantile(0, 0.9) <= 4 * WIDTH  # it knows no better
    for _ in range(COHORT):
        long.conversation_began()
        long.conversation_grew(0, 6 * WIDTH)
    long.refresh_forecasts()
    assert long.size_quantile(6 * WIDTH, 0.5) > 24 * WIDTH
    assert short.size_quantile(0, 0.9) <= 4 * WIDTH


def test_a_shift_of_the_mix_is_known_after_a_cohort() -> None:
    forecast = Forecast(1_000_000)
    for steps in [2] * 300 + [20] * 2 * COHORT:
        ended(forecast.newest_cohort("k"), [steps])
        forecast.refresh_forecasts()
    assert forecast.newest_cohort("k").size_quantile(0, 0.2) > 15 * WIDTH
    assert len(forecast._cohorts["k"]) <= 2  # those of which nobody lives are let go


def test_one_that_lives_on_does_not_keep_all_cohorts_after_it_and_they_still_learn() -> None:
    forecast = Forecast(1_000_000)
    forecast.newest_cohort("k").conversation_began()
    for _ in range(3 * MOST_COHORTS * COHORT):
        ended(forecast.newest_cohort("k"), [3])
    forecast.refresh_forecasts()
    assert len(forecast._cohorts["k"]) == 2
    assert forecast.newest_cohort("k").size_quantile(0, 0.9) <= 5 * WIDTH
    assert sum(cohort.live for cohort in forecast._cohorts["k"]) == 1


def test_the_call_queue_lets_those_go_first_that_have_made_more_calls() -> None:
    queue = CallQueue(1)
    first, old, new = Ticket(0), Ticket(1), Ticket(2)
    old.calls = 10
    assert queue.ask_for_call(first)
    assert not queue.ask_for_call(new)
    assert not queue.ask_for_call(old)
    queue.call_ended()
    assert queue.grant_next() is old
    assert queue.grant_next() is None
    queue.call_ended()
    assert queue.grant_next() is new


@pytest.mark.parametrize("make", [lambda: FixedAdmission(3), lambda: KvAdmission([600_000])])
def test_a_conversation_that_leaves_while_it_waits_leaves_no_trace(make: Callable[[], AdmissionPolicy]) -> None:
    policy = make()
    tickets = [Ticket(number, kind="k", group=number) for number in range(3)]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    policy.conversation_ended(tickets[1])
    assert list(policy.decide_next()) == [tickets[0], tickets[2]]
