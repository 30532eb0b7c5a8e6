"""The policies by themselves: no loop, no engine, no clock."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.core.engine import Gauges
from writ_async.scheduler.admission import FixedPolicy, Policy
from writ_async.scheduler.call_gate import HEAD_START, CallQueue
from writ_async.scheduler.candidates import Member, Stage
from writ_async.scheduler.forecast import COHORT, MOST_COHORTS, WIDTH, Cohort, Forecast
from writ_async.scheduler.kv_budget import MARGIN, PATIENCE, WINDOW, BudgetPolicy

SHARED = (("agent", "retail"), 4000)


class World:
    """Drives a policy with conversations of given lengths; counts how long each waits for its calls, in decisions."""

    def __init__(self, policy: Policy, turns: list[int], growth: int, rng: Random) -> None:
        self.policy = policy
        self.turns = turns
        self.growth = growth
        self.rng = rng
        self.members: dict[int, Member] = {}
        self.left = dict(enumerate(turns))
        self.busy: list[Member] = []
        self.asked: dict[int, int] = {}
        self.grants = 0
        self.waits: list[int] = []
        self.most_used = 0
        self.most_live = 0
        self.offered = 0

    def run(self) -> None:
        while self.left:
            while self.policy.wants and self.offered < len(self.turns):
                member = Member(self.offered, kind="k", group=self.offered // 3, prefixes=(SHARED,))
                self.members[self.offered] = member
                self.policy.offer(member)
                self.offered += 1
            begun = [member for member in self.policy.decide() if not self.grant(member)]
            for member in begun:
                self.ask(member)
            if self.busy:
                self.answer(self.busy.pop(self.rng.randrange(len(self.busy))))
            else:
                assert begun or not self.left, "nothing goes on, and something is left"
            if isinstance(self.policy, BudgetPolicy):
                self.most_used = max(self.most_used, *(pool.used for pool in self.policy.pools))
            live = sum(m.stage in (Stage.LIVE, Stage.CALLING) for m in self.members.values())
            self.most_live = max(self.most_live, live)

    def grant(self, member: Member) -> bool:
        """A decision: either a call that had been asked for, or a conversation that begins."""
        if member.number not in self.asked:
            return False
        self.grants += 1
        self.waits.append(self.grants - self.asked.pop(member.number))
        self.busy.append(member)
        return True

    def ask(self, member: Member) -> None:
        if self.policy.ask(member):
            self.grants += 1
            self.busy.append(member)
        else:
            self.asked[member.number] = self.grants

    def answer(self, member: Member) -> None:
        number = member.number
        self.left[number] -= 1
        self.policy.answered(member, "agent", member.own + self.growth)
        if self.left[number] == 0:
            del self.left[number]
            self.policy.leave(member)
        else:
            self.ask(member)


lengths = st.lists(st.integers(1, 12), min_size=1, max_size=60)


@settings(max_examples=60)
@given(lengths, st.integers(1, 9), st.integers(0, 4), st.integers(0, 2**32))
def test_with_a_gate_every_call_is_served_within_a_bounded_number_of_decisions(
    turns: list[int], live: int, gate: int, seed: int
) -> None:
    world = World(FixedPolicy(live, gate), turns, 300, Random(seed))
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
    world = World(BudgetPolicy([pool], in_flight=gate), turns, growth, Random(seed))
    world.run()
    assert not world.asked
    # One that was parked comes back when all that began before it have ended, at the latest, and what overtakes it is
    # no more than one pool holds.
    assert max(world.waits, default=0) <= sum(turns)
    assert isinstance(world.policy, BudgetPolicy)
    rest = world.policy.pools[0]
    assert (rest.own, rest.shared, rest.giving, rest.live) == (0, 0, 0, 0)


def parked(policy: BudgetPolicy, number: int, own: int) -> Member:
    """A conversation that began alone, grew, and gave its place up."""
    member = Member(number, kind="long", group=number)
    policy.offer(member)
    assert list(policy.decide()) == [member]
    assert policy.ask(member)
    policy.answered(member, "agent", own)
    policy.pools[0].mark(member)
    assert not policy.ask(member)
    assert member.stage is Stage.PARKED
    return member


def test_a_parked_conversation_comes_back_before_anything_new_begins() -> None:
    policy = BudgetPolicy([100_000])
    old = parked(policy, 0, 3_000)
    new = Member(1, kind="k")
    policy.offer(new)
    assert policy.decide()[0] is old


def test_what_fits_beside_overtakes_a_parked_conversation_that_does_not_but_only_as_much_as_a_pool_holds() -> None:
    policy = BudgetPolicy([100_000])
    for number in range(1000, 1040):  # it is known how small the small ones are
        small = Member(number, kind="small", group=number)
        policy.offer(small)
        policy.decide()
        policy.ask(small)
        policy.answered(small, "agent", 900)
        policy.leave(small)
    policy.forecast.refresh()
    large = parked(policy, 1, 70_000)
    keeper = Member(2, kind="small")
    policy._enter(keeper, 0)  # as long as one lives, nothing comes in that does not fit
    keeper.stage = Stage.LIVE
    overtaking = 0
    for number in range(3, 1000):
        small = Member(number, kind="small", group=number)
        policy.offer(small)
        if small not in policy.decide():
            break
        overtaking += small.final
        policy.leave(small)
    assert large.stage is Stage.PARKED
    assert 100_000 - 2_000 <= overtaking <= 100_000 + 2_000
    policy.leave(keeper)
    assert policy.decide()[0] is large


def test_those_with_little_to_go_keep_their_place_while_others_can_make_room() -> None:
    policy = BudgetPolicy([100_000])
    members = [Member(number, kind="k", group=number) for number in range(4)]
    for member, final in zip(members, (70_000, 2_000, 70_000, 2_000), strict=True):
        policy._enter(member, 0)
        member.stage = Stage.LIVE
        policy.pools[0].resize(member, 1_000, final)
    policy.pools[0].stale = 0
    policy._mark(0, policy.pools[0])
    assert [member.marked for member in members] == [False, False, True, False]


def test_what_is_live_stays_within_the_pool_when_all_are_alike() -> None:
    world = World(BudgetPolicy([100_000]), [10] * 300, 1000, Random(1))
    world.run()
    assert world.most_used <= 100_000
    assert isinstance(world.policy, BudgetPolicy)
    # Once it is known how large they become, about as many are live as fit staggered, 5,000 each on average, beside
    # what is kept for those that end and for errors.
    assert world.most_live >= 9


def test_shared_prefixes_count_once() -> None:
    policy = BudgetPolicy([50_000])
    for number in range(4):
        policy.offer(Member(number, kind="k", group="g", prefixes=(SHARED, (("user", "task"), 500))))
    assert len(policy.decide()) > 1
    assert policy.pools[0].shared == 4500
    policy.measured(SHARED[0], 5000)
    assert policy.pools[0].shared == 5500


def test_a_conversation_larger_than_the_pool_runs_alone() -> None:
    world = World(BudgetPolicy([5_000]), [8, 8, 8], 2000, Random(1))
    world.run()
    assert world.most_live <= 3


def test_trials_of_one_task_begin_together_as_long_as_the_head_has_patience() -> None:
    policy = BudgetPolicy([10**9])
    for number in range(WINDOW):
        policy.offer(Member(number, kind="k", group=number % 4))
    begun = [member.number for member in policy.decide()]
    assert [number % 4 for number in begun[:16]] == [0] * 16
    assert sorted(begun) == list(range(WINDOW))


def test_the_head_of_the_queue_is_passed_over_a_bounded_number_of_times() -> None:
    policy = BudgetPolicy([10**9], concurrency=1)
    order: list[int] = []
    number = 0
    live: list[Member] = []
    while len(order) < 400:
        while policy.wants:
            policy.offer(Member(number, kind="k", group="lonely" if number == 1 else "many"))
            number += 1
        if live:
            policy.leave(live.pop())
        for member in policy.decide():
            order.append(member.number)
            live.append(member)
    assert order.index(1) <= PATIENCE + 1


def test_retractions_make_the_budget_smaller_and_calm_restores_it() -> None:
    policy = BudgetPolicy([100_000])
    whole = policy.pools[0].limit
    assert whole == pytest.approx(100_000 * (1 - MARGIN / 2 - 0.25))  # a quarter is for what ends
    policy.observe(0, Gauges(capacity_tokens=100_000, retractions=3))
    policy.observe(0, Gauges(capacity_tokens=100_000, retractions=5))
    assert policy.pools[0].limit < 0.95 * whole
    assert policy.pools[0].held
    for _ in range(20):
        policy.observe(0, Gauges(capacity_tokens=100_000, retractions=5))
    assert policy.pools[0].limit == whole
    assert not policy.pools[0].held


def test_a_queue_at_the_server_holds_new_conversations_back() -> None:
    policy = BudgetPolicy([100_000])
    policy.offer(Member(0, kind="k"))
    assert len(policy.decide()) == 1
    policy.observe(0, Gauges(running=4, waiting=50))
    policy.offer(Member(1, kind="k"))
    assert policy.decide() == []
    policy.observe(0, Gauges(running=4, waiting=0))
    assert len(policy.decide()) == 1


def test_trials_go_where_their_prefix_is_and_others_where_there_is_room() -> None:
    policy = BudgetPolicy([1_000_000, 1_000_000])
    members = [
        Member(number, kind="k", group=task, prefixes=((("user", task), 900),), own=100)
        for number, task in enumerate(["a", "b", "a", "b"])
    ]
    for member in members:
        policy.offer(member)
    policy.decide()
    assert members[0].server == members[2].server
    assert members[1].server == members[3].server
    assert members[0].server != members[1].server


def test_a_drained_server_gets_nothing_and_what_lives_there_moves_with_its_next_call() -> None:
    policy = BudgetPolicy([1_000_000, 1_000_000])
    members = [Member(number, kind="k", group=number) for number in range(6)]
    for member in members:
        policy.offer(member)
    begun = list(policy.decide())
    there = [member for member in begun if member.server == 0]
    assert there
    policy.drain(0)
    for member in there:
        assert not policy.ask(member)
    moved = list(policy.decide())
    assert {member.server for member in moved} == {1}
    assert policy.pools[0].live == 0


def test_at_the_end_a_crowded_server_gives_to_an_empty_one() -> None:
    policy = BudgetPolicy([1_000_000, 1_000_000])
    policy.drain(1)
    members = [Member(number, kind="k", group=number, own=500) for number in range(8)]
    for member in members:
        policy.offer(member)
    begun = list(policy.decide())
    policy.restore(1)
    for member in begun:
        if not policy.ask(member):
            policy.decide()
    assert 2 <= policy.pools[1].live <= policy.pools[0].live


def ended(cohort: Cohort, sizes: list[int]) -> Cohort:
    """A cohort of which conversations of these sizes, in steps, have ended."""
    for steps in sizes:
        cohort.join()
        cohort.grow(0, steps * WIDTH)
        cohort.end(steps * WIDTH)
    cohort.refresh()
    return cohort


@given(st.lists(st.integers(1, 40), min_size=30, max_size=60), st.integers(0, 40), st.floats(0.05, 0.95))
def test_a_forecast_is_at_least_what_is_there_and_grows_with_the_share(
    sizes: list[int], size: int, share: float
) -> None:
    cohort = ended(Cohort(before=Cohort()), sizes)
    now = size * WIDTH
    assert cohort.quantile(now, share) >= now
    assert cohort.quantile(now, share) <= cohort.quantile(now, min(share + 0.04, 0.99))


@given(st.lists(st.integers(0, 23), min_size=200, max_size=300), st.floats(0.1, 0.9))
def test_a_forecast_of_a_steady_kind_is_its_quantile(sizes: list[int], share: float) -> None:
    cohort = ended(Cohort(before=Cohort()), sizes)
    forecast = cohort.quantile(0, share) // WIDTH
    assert sum(size < forecast for size in sizes) <= (share + 0.1) * len(sizes)
    assert sum(size <= forecast for size in sizes) >= (share - 0.1) * len(sizes)


def test_nobody_ends_before_what_is_taken_for_granted_and_three_in_four_before_twice_a_size_beyond_it() -> None:
    cohort = Cohort()
    assert cohort.quantile(0, 0.01) >= 12_288
    assert cohort.quantile(40 * WIDTH, 0.75) == pytest.approx(80 * WIDTH, rel=0.03)


def test_the_first_to_finish_are_not_taken_for_all() -> None:
    cohort = Cohort(before=Cohort())
    for _ in range(40):
        cohort.join()
        cohort.grow(0, 8 * WIDTH)
    for _ in range(4):
        cohort.end(2 * WIDTH)
    cohort.refresh()
    assert cohort.quantile(0, 0.5) > 8 * WIDTH


def test_a_cohort_that_outgrows_the_one_before_expects_more_and_the_one_before_does_not() -> None:
    short = ended(Cohort(before=Cohort()), [2, 3] * 32)
    long = Cohort(before=short)
    assert long.quantile(0, 0.9) <= 4 * WIDTH  # it knows no better
    for _ in range(COHORT):
        long.join()
        long.grow(0, 6 * WIDTH)
    long.refresh()
    assert long.quantile(6 * WIDTH, 0.5) > 24 * WIDTH
    assert short.quantile(0, 0.9) <= 4 * WIDTH


def test_a_shift_of_the_mix_is_known_after_a_cohort() -> None:
    forecast = Forecast(1_000_000)
    for steps in [2] * 300 + [20] * 2 * COHORT:
        ended(forecast.newest("k"), [steps])
        forecast.refresh()
    assert forecast.newest("k").quantile(0, 0.2) > 15 * WIDTH
    assert len(forecast._cohorts["k"]) <= 2  # those of which nobody lives are let go


def test_one_that_lives_on_does_not_keep_all_cohorts_after_it_and_they_still_learn() -> None:
    forecast = Forecast(1_000_000)
    forecast.newest("k").join()
    for _ in range(3 * MOST_COHORTS * COHORT):
        ended(forecast.newest("k"), [3])
    forecast.refresh()
    assert len(forecast._cohorts["k"]) == 2
    assert forecast.newest("k").quantile(0, 0.9) <= 5 * WIDTH
    assert sum(cohort.live for cohort in forecast._cohorts["k"]) == 1


def test_the_call_queue_lets_those_go_first_that_have_made_more_calls() -> None:
    queue = CallQueue(1)
    first, old, new = Member(0), Member(1), Member(2)
    old.calls = 10
    assert queue.ask(first)
    assert not queue.ask(new)
    assert not queue.ask(old)
    queue.release()
    assert queue.grant() is old
    assert queue.grant() is None
    queue.release()
    assert queue.grant() is new


@pytest.mark.parametrize("make", [lambda: FixedPolicy(3), lambda: BudgetPolicy([600_000])])
def test_a_conversation_that_leaves_while_it_waits_leaves_no_trace(make: Callable[[], Policy]) -> None:
    policy = make()
    members = [Member(number, kind="k", group=number) for number in range(3)]
    for member in members:
        policy.offer(member)
    policy.leave(members[1])
    assert list(policy.decide()) == [members[0], members[2]]
