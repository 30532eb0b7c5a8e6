"""Several servers: whatever goes down and comes back, nobody is lost, nobody starves, and the books are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.core.engine import Completion, Engine, Gauges, Request
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Seat, Termination, Trajectory
from writ_async.errors import EngineError, EngineErrorKind, InputError, ServerDownError
from writ_async.scheduler import Job, Limits, run_rollouts
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.call_gate import HEAD_START
from writ_async.scheduler.choose_admission import choose_admission
from writ_async.scheduler.fixed_admission import _FEW, UNEVEN, FixedAdmission
from writ_async.scheduler.kv_budget import KvAdmission
from writ_async.scheduler.ticket import Stage, Ticket
from writ_async.virtual_time import run_virtual

SHARED = (("agent", "retail"), 4000)


class Storm:
    """Drives a policy while servers are drained and restored; looks at every place that a conversation gets."""

    def __init__(self, policy: AdmissionPolicy, servers: int, turns: list[int], rate: float, rng: Random) -> None:
        self.policy = policy
        self.servers = servers
        self.turns = turns
        self.rate = rate
        self.rng = rng
        self.closed: set[int] = set()
        self.left = dict(enumerate(turns))
        self.offered = 0
        self.busy: list[Ticket] = []
        self.asked: dict[int, int] = {}
        self.grants = 0
        self.waits: list[int] = []

    def run(self) -> None:
        while self.left:
            if self.rng.random() < self.rate:
                self.weather()
            while self.policy.wants_more and self.offered < len(self.turns):
                number = self.offered
                self.policy.offer_conversation(
                    Ticket(number, kind="k", group=number // 3, prefixes=(SHARED, (number // 3, 200)))
                )
                self.offered += 1
            decided = list(self.policy.decide_next())
            for ticket in decided:
                self.place(ticket)
                if ticket.number in self.asked:
                    self.waits.append(self.grants - self.asked.pop(ticket.number))
                    self.begin_call(ticket)
                else:
                    self.ask(ticket)
            if self.busy:
                self.answer(self.busy.pop(self.rng.randrange(len(self.busy))))
            else:
                assert decided or not self.left, "nothing goes on, and something is left"

    def weather(self) -> None:
        server = self.rng.randrange(self.servers)
        if server in self.closed:
            self.closed.discard(server)
            self.policy.restore_server(server)
        else:
            self.closed.add(server)
            self.policy.drain_server(server)

    def place(self, ticket: Ticket) -> None:
        assert 0 <= ticket.server < self.servers
        assert ticket.server not in self.closed or len(self.closed) == self.servers

    def begin_call(self, ticket: Ticket) -> None:
        self.grants += 1
        self.busy.append(ticket)

    def ask(self, ticket: Ticket) -> None:
        if self.policy.ask_for_call(ticket):
            self.place(ticket)
            self.begin_call(ticket)
        else:
            self.asked[ticket.number] = self.grants

    def answer(self, ticket: Ticket) -> None:
        number = ticket.number
        self.left[number] -= 1
        self.policy.call_ended(ticket, "agent", ticket.own_tokens + 300)
        if self.left[number] == 0:
            del self.left[number]
            self.policy.conversation_ended(ticket)
        else:
            self.ask(ticket)


lengths = st.lists(st.integers(1, 12), min_size=1, max_size=60)


@settings(max_examples=80)
@given(lengths, st.integers(0, 12), st.integers(1, 4), st.sampled_from([0.0, 0.05, 0.4]), st.integers(0, 2**32))
def test_a_fixed_number_of_conversations_all_end_on_servers_that_are_open(
    turns: list[int], live: int, servers: int, rate: float, seed: int
) -> None:
    policy = FixedAdmission(live, 0, servers)
    storm = Storm(policy, servers, turns, rate, Random(seed))
    storm.run()
    assert not storm.asked
    assert policy._live == [0] * servers
    assert policy._homes == {}


@settings(max_examples=80)
@given(
    lengths,
    st.integers(8_000, 60_000),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.05, 0.4]),
    st.integers(0, 2**32),
)
def test_under_a_budget_all_end_on_servers_that_are_open_and_the_pools_are_empty_then(
    turns: list[int], pool: int, servers: int, rate: float, seed: int
) -> None:
    policy = KvAdmission([pool] * servers)
    storm = Storm(policy, servers, turns, rate, Random(seed))
    storm.run()
    assert not storm.asked
    assert [(rest.own, rest.shared, rest.giving, rest.live) for rest in policy.pools] == [(0, 0, 0, 0)] * servers
    # One that gave its place up comes back when all that began before it have ended, at the latest.
    assert max(storm.waits, default=0) <= sum(turns)


@settings(max_examples=40)
@given(lengths, st.integers(1, 9), st.integers(1, 4), st.integers(2, 4), st.integers(0, 2**32))
def test_with_a_gate_no_call_starves_while_servers_come_and_go(
    turns: list[int], live: int, gate: int, servers: int, seed: int
) -> None:
    class Gated(Storm):
        def place(self, ticket: Ticket) -> None:
            """A call that waited at the gate may find its server closed; the shell brings it back."""

    storm = Gated(FixedAdmission(live, gate, servers), servers, turns, 0.2, Random(seed))
    storm.run()
    assert max(storm.waits, default=0) <= live + HEAD_START + 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=80), st.integers(2, 5))
def test_conversations_go_where_their_group_is_as_long_as_that_is_not_much_fuller(
    groups: list[int], servers: int
) -> None:
    policy = FixedAdmission(0, 0, servers)
    live = [0] * servers
    homes: dict[int, int] = {}
    for number, group in enumerate(groups):
        ticket = Ticket(number, group=group)
        policy.offer_conversation(ticket)
        assert list(policy.decide_next()) == [ticket]
        least = min(live)
        assert live[ticket.server] <= UNEVEN * least + _FEW
        if group in homes and live[homes[group]] <= UNEVEN * least + _FEW:
            assert ticket.server == homes[group]
        homes[group] = ticket.server
        live[ticket.server] += 1


def test_a_restored_server_gets_a_share_of_what_lives_on_the_others() -> None:
    policy = FixedAdmission(0, 0, 2)
    policy.drain_server(1)
    tickets = [Ticket(number, group=number) for number in range(12)]
    for ticket in tickets:
        policy.offer_conversation(ticket)
    policy.decide_next()
    assert {ticket.server for ticket in tickets} == {0}
    policy.restore_server(1)
    for ticket in tickets:
        assert policy.ask_for_call(ticket)
    homes = Counter(ticket.server for ticket in tickets)
    assert homes[1] >= 3
    assert all(ticket.stage is Stage.LIVE for ticket in tickets)


def test_with_all_servers_drained_calls_go_on_where_they_are() -> None:
    for policy in (FixedAdmission(0, 0, 2), KvAdmission([100_000, 100_000])):
        ticket = Ticket(0, kind="k", group=0)
        policy.offer_conversation(ticket)
        policy.decide_next()
        home = ticket.server
        policy.drain_server(0)
        policy.drain_server(1)
        assert policy.ask_for_call(ticket)
        assert ticket.server == home


class Cluster:
    """Servers that answer after a second, and some of which are down; `asked` are the calls that each was sent."""

    def __init__(self, servers: int = 2, turns: int = 4) -> None:
        self.down: set[int] = set()
        self.turns = turns
        self.asked: list[Request] = []
        self.answered: list[Request] = []
        self.looks: Counter[int] = Counter()
        self._servers = servers

    @property
    def servers(self) -> int:
        return self._servers

    async def gauges(self, server: int = 0) -> Gauges:
        self.looks[server] += 1
        self._check(server)
        return Gauges(capacity_tokens=100_000 - 20_000 * server)

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        if request.server is not None:
            self._check(request.server)
        await anyio.sleep(1.0)
        if request.server is not None:
            self._check(request.server)
        self.answered.append(request)
        over = request.seat == "user" and request.turn + 1 >= self.turns
        return Completion(message=AssistantMessage("###STOP###" if over else f"{request.seat} {request.turn}"))

    def _check(self, server: int) -> None:
        if server in self.down and len(self.down) < self._servers:
            raise ServerDownError(f"server {server} is down", server)
        if server in self.down:
            raise EngineError("nobody is there", kind=EngineErrorKind.REFUSED)

    def end_session(self, session: str) -> None:
        pass

    async def aclose(self) -> None:
        pass


def jobs_of(retail_environment: Environment, count: int) -> list[Job]:
    tasks = [
        Task(id=f"t{number}", domain="retail", kind="normal", world=retail_environment.ref, scenario=Scenario("Talk."))
        for number in range(count)
    ]
    return [Job(task, retail_environment.domain, retail_environment.world) for task in tasks]


def play(
    jobs: list[Job],
    engines: dict[Seat, Engine],
    limits: Limits,
    *events: tuple[float, Callable[[AdmissionPolicy], object]],
) -> list[Trajectory]:
    """Run in virtual time; each event happens at its second."""
    rows: list[Trajectory] = []

    async def main() -> None:
        async with run_rollouts(jobs, engines, limits=limits) as rollouts, anyio.create_task_group() as group:

            async def happen(at: float, event: Callable[[AdmissionPolicy], object]) -> None:
                await anyio.sleep(at)
                event(rollouts.admission)

            for at, event in events:
                group.start_soon(happen, at, event)
            async for row in rollouts:
                rows.append(row)
            group.cancel_scope.cancel()

    run_virtual(main)
    return rows


LIMITS = [Limits(concurrency=8), Limits(admission="kv-budget")]


@pytest.mark.parametrize("limits", LIMITS, ids=["fixed", "kv-budget"])
def test_a_call_whose_server_goes_down_is_made_again_on_another(
    limits: Limits, retail_environment: Environment
) -> None:
    cluster = Cluster()
    rows = play(
        jobs_of(retail_environment, 80),
        {"agent": cluster, "user": cluster},
        limits,
        (2.5, lambda policy: cluster.down.add(0)),
        (9.3, lambda policy: cluster.down.clear()),
    )
    assert {row.termination for row in rows} == {Termination.USER_STOP}
    assert len(rows) == 80
    ids = Counter(request.id for request in cluster.answered)
    assert set(ids.values()) == {1}
    repeated = {request.id for request in cluster.asked if request.server == 0} & {
        request.id for request in cluster.answered if request.server == 1
    }
    assert repeated
    last = cluster.asked[-30:]
    assert {request.server for request in last} == {0, 1}


def test_what_the_caller_drained_stays_so_although_it_answers(retail_environment: Environment) -> None:
    cluster = Cluster()
    play(
        jobs_of(retail_environment, 30),
        {"agent": cluster, "user": cluster},
        Limits(concurrency=8),
        (2.5, lambda policy: policy.drain_server(0)),
    )
    assert cluster.looks[0] > 5
    assert {request.server for request in cluster.asked[40:]} == {1}


def test_with_no_server_to_go_to_a_call_waits_without_spinning_and_its_time_counts(
    retail_environment: Environment,
) -> None:
    cluster = Cluster()
    rows = play(
        jobs_of(retail_environment, 2),
        {"agent": cluster, "user": cluster},
        Limits(concurrency=8, request_timeout=30.0),
        (0.5, lambda policy: policy.drain_server(1)),
        (0.5, lambda policy: cluster.down.add(0)),
    )
    assert {row.id: row.termination for row in rows} == {"t0#0": Termination.TIMEOUT, "t1#0": Termination.USER_STOP}
    assert sum(request.session.startswith("t0") for request in cluster.asked) <= 31


def test_an_engine_that_plays_the_user_alone_places_by_itself(retail_environment: Environment) -> None:
    agents, users = Cluster(), Cluster(servers=5)
    play(jobs_of(retail_environment, 6), {"agent": agents, "user": users}, Limits(concurrency=8))
    assert {request.server for request in users.asked} == {None}
    assert {request.server for request in agents.asked} == {0, 1}


def test_with_one_server_nothing_is_placed_and_nothing_polled(retail_environment: Environment) -> None:
    cluster = Cluster(servers=1)
    play(jobs_of(retail_environment, 3), {"agent": cluster, "user": cluster}, Limits(concurrency=8))
    assert {request.server for request in cluster.asked} == {None}
    assert cluster.looks.total() == 0


def test_a_server_that_is_not_there_yet_is_taken_to_be_like_the_largest() -> None:
    cluster = Cluster(servers=3)
    cluster.down.add(1)
    chosen: list[AdmissionPolicy] = []

    async def main() -> None:
        chosen.append(await choose_admission(Limits(admission="kv-budget"), {"agent": cluster}))
        cluster.down |= {0, 2}
        with pytest.raises(InputError, match="how large its KV pool is: nobody is there"):
            await choose_admission(Limits(admission="kv-budget"), {"agent": cluster})

    run_virtual(main)
    assert isinstance(chosen[0], KvAdmission)
    assert [pool.tokens for pool in chosen[0].pools] == [100_000, 100_000, 60_000]


def test_the_rows_do_not_depend_on_the_servers(retail_environment: Environment) -> None:
    rows = []
    for servers in (1, 2, 3):
        cluster = Cluster(servers)
        done = play(jobs_of(retail_environment, 20), {"agent": cluster, "user": cluster}, Limits(concurrency=8))
        rows.append(sorted((row.id, msgspec.json.encode(row)) for row in done))
    assert rows[0] == rows[1] == rows[2]
