"""The policies by themselves: no loop, no engine, no clock."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.engine import Gauges
from writ_async.scheduler.budget import MARGIN, PATIENCE, WINDOW, BudgetPolicy
from writ_async.scheduler.calls import HEAD_START, CallQueue
from writ_async.scheduler.forecast import WIDTH, Curve
from writ_async.scheduler.members import Member, Stage
from writ_async.scheduler.policy import FixedPolicy, Policy

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
    # One that was parked comes back when all that began before it have ended, at the latest: nothing new begins then.
    assert max(world.waits, default=0) <= sum(turns)
    assert isinstance(world.policy, BudgetPolicy)
    rest = world.policy.pools[0]
    assert (rest.own, rest.shared, rest.giving, rest.live) == (0, 0, 0, 0)


def test_nothing_new_begins_while_a_conversation_is_parked() -> None:
    policy = BudgetPolicy([60_000])
    for number in range(3):
        policy.offer(Member(number, kind="k", group=number))
    begun = list(policy.decide())
    young = begun[-1]
    policy.pools[0].mark(young)
    assert not policy.ask(young)
    assert young.stage is Stage.PARKED
    policy.offer(Member(9, kind="k"))
    policy.pools[0].held = True
    assert policy.decide() == []
    policy.pools[0].held = False
    policy._blocked = False
    decided = policy.decide()
    assert decided[0] is young


def test_what_is_live_stays_within_the_pool_when_all_are_alike() -> None:
    world = World(BudgetPolicy([100_000]), [10] * 300, 1000, Random(1))
    world.run()
    assert world.most_used <= 100_000
    assert isinstance(world.policy, BudgetPolicy)
    # Once it is known how large they become, about as many are live as fit staggered: 96,000 / 5,000 on average.
    assert world.most_live >= 12


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
    whole = policy.pools[0].budget
    assert whole == pytest.approx(100_000 * (1 - MARGIN))
    policy.observe(0, Gauges(capacity_tokens=100_000, retractions=3))
    policy.observe(0, Gauges(capacity_tokens=100_000, retractions=5))
    assert policy.pools[0].budget < 0.95 * whole
    assert policy.pools[0].held
    for _ in range(20):
        policy.observe(0, Gauges(capacity_tokens=100_000, retractions=5))
    assert policy.pools[0].budget == whole
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
    policy = BudgetPolicy([100_000, 100_000])
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
    policy = BudgetPolicy([100_000, 100_000])
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
    policy = BudgetPolicy([200_000, 200_000])
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


@given(st.lists(st.integers(1, 40), min_size=30, max_size=60), st.integers(0, 40), st.floats(0.05, 0.95))
def test_a_forecast_is_at_least_what_is_there_and_grows_with_the_share(
    sizes: list[int], size: int, share: float
) -> None:
    curve = Curve()
    for steps in sizes:
        curve.grow(-1, steps * WIDTH)
        curve.end(steps * WIDTH)
    now = size * WIDTH
    assert curve.quantile(now, share) >= now
    assert curve.quantile(now, share) <= curve.quantile(now, min(share + 0.04, 0.99))


def test_the_first_to_finish_are_not_taken_for_all() -> None:
    curve = Curve()
    for _ in range(40):
        curve.grow(-1, 8 * WIDTH)
    for _ in range(4):
        curve.end(2 * WIDTH)
    assert curve.quantile(0, 0.5) > 8 * WIDTH


def test_a_curve_follows_a_mix_that_shifts() -> None:
    curve = Curve()
    for _ in range(300):
        curve.grow(-1, 2 * WIDTH)
        curve.end(2 * WIDTH)
    assert curve.quantile(0, 0.5) < 4 * WIDTH
    for _ in range(150):
        curve.grow(-1, 20 * WIDTH)
        curve.end(20 * WIDTH)
    assert curve.quantile(0, 0.5) > 15 * WIDTH


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


@pytest.mark.parametrize("make", [lambda: FixedPolicy(3), lambda: BudgetPolicy([60_000])])
def test_a_conversation_that_leaves_while_it_waits_leaves_no_trace(make: Callable[[], Policy]) -> None:
    policy = make()
    members = [Member(number, kind="k", group=number) for number in range(3)]
    for member in members:
        policy.offer(member)
    policy.leave(members[1])
    assert list(policy.decide()) == [members[0], members[2]]
