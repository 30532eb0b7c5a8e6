"""Policies: when a conversation may begin, and when its next model call may go. Events in, decisions out.

A policy owns no task, no client and no clock: whoever runs conversations tells it what happens, and asks what may be
done. That makes it the same code in a run, in a simulation, and in a property test.

    while policy.wants: policy.offer(Member(...))     conversations that could begin
    policy.ask(member)                                its next call: True when it may go at once
    policy.answered(member, seat, own)                the call has ended
    policy.leave(member)                              the conversation has ended
    for member in policy.decide(): ...                who may begin (it had made no call), or go on, now

Every event may let others go: ask for decisions after it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Protocol

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.call_gate import CallQueue
from writ_async.scheduler.candidates import Member, Stage


class Policy(Protocol):
    """What a policy answers to."""

    @property
    def counts(self) -> bool:
        """Whether members need their kinds, prefixes and sizes."""

    @property
    def wants(self) -> bool:
        """Whether one more conversation should be offered."""

    def offer(self, member: Member) -> None:
        """A conversation could begin."""

    def ask(self, member: Member) -> bool:
        """A live conversation wants a model call; False when it must wait for a decision."""

    def answered(self, member: Member, seat: Seat, own: int | None = None) -> None:
        """A seat's model call has ended; `own` is the conversation's unique KV tokens now, None where nobody counts."""

    def leave(self, member: Member) -> None:
        """A conversation has ended, at whatever stage; to say so again changes nothing."""

    def decide(self) -> Sequence[Member]:
        """Who may go now: waiting ones begin, those that asked for a call make it."""

    def measured(self, key: Hashable, tokens: int) -> None:
        """The true size of a prefix is known."""

    def observe(self, server: int, gauges: Gauges) -> None:
        """What a server says of itself."""

    def drain(self, server: int) -> None:
        """Send nothing more to a server: what lives there goes elsewhere with its next call, if there is another."""

    def restore(self, server: int) -> None:
        """Use a server that was drained again."""


UNEVEN = 1.125
"""A server may have so many times as many conversations as another for the sake of a prefix, and `_FEW` more."""

_FEW = 4


class FixedPolicy:
    """A plain semaphore over conversations: `concurrency` of them are live at once, 0 for all.

    Conversations stay on a server. New ones go to the one with the fewest, or where their group is while that has not
    many more; live ones move when theirs is drained, or when another stands half as full. Model calls go at once, or in
    the order of `CallQueue` where `in_flight` bounds them.
    """

    def __init__(self, concurrency: int = 0, in_flight: int = 0, servers: int = 1) -> None:
        self._concurrency = concurrency
        self._calls = CallQueue(in_flight)
        self._live = [0] * servers
        self._closed: set[int] = set()
        self._homes: dict[Hashable, list[int]] = {}  # of groups: the server that was chosen last, members that live
        self._total = 0
        self._waiting: deque[Member] = deque()

    @property
    def counts(self) -> bool:
        """It counts conversations alone."""
        return False

    @property
    def wants(self) -> bool:
        """Whether there is a free place that nobody waits for."""
        return not self._concurrency or self._total + len(self._waiting) < self._concurrency

    def offer(self, member: Member) -> None:
        """A conversation could begin."""
        self._waiting.append(member)

    def ask(self, member: Member) -> bool:
        """A live conversation wants a model call."""
        if len(self._live) > 1 and self._must_move(member):
            self._exit(member)
            self._enter(member)
        return self._calls.ask(member)

    def answered(self, member: Member, seat: Seat, own: int | None = None) -> None:
        """A model call has ended."""
        self._calls.release()

    def leave(self, member: Member) -> None:
        """A conversation has ended."""
        if member.stage in (Stage.LIVE, Stage.CALLING):
            self._exit(member)
            self._total -= 1
        member.stage = Stage.GONE

    def decide(self) -> Sequence[Member]:
        """Who may go now."""
        ready: list[Member] = []
        while (granted := self._calls.grant()) is not None:
            ready.append(granted)
        while self._waiting and (not self._concurrency or self._total < self._concurrency):
            member = self._waiting.popleft()
            if member.stage is Stage.WAITING:
                self._enter(member)
                self._total += 1
                member.stage = Stage.LIVE
                ready.append(member)
        return ready

    def measured(self, key: Hashable, tokens: int) -> None:
        """Nothing is made of it."""

    def observe(self, server: int, gauges: Gauges) -> None:
        """Nothing is made of it."""

    def drain(self, server: int) -> None:
        """Send nothing more to a server, as long as there is another."""
        self._closed.add(server)

    def restore(self, server: int) -> None:
        """Use a server that was drained again."""
        self._closed.discard(server)

    def _open(self) -> Sequence[int]:
        """The servers to choose from: all of them where all are closed, for none is better than another then."""
        servers = range(len(self._live))
        return [server for server in servers if server not in self._closed] or servers

    def _enter(self, member: Member) -> None:
        """Give a conversation its server."""
        if len(self._live) > 1:
            servers = self._open()
            member.server = min(servers, key=self._live.__getitem__)
            if member.group is not None:
                home = self._homes.setdefault(member.group, [member.server, 0])
                if home[0] in servers and self._live[home[0]] <= UNEVEN * self._live[member.server] + _FEW:
                    member.server = home[0]
                home[0] = member.server
                home[1] += 1
        self._live[member.server] += 1

    def _exit(self, member: Member) -> None:
        """Take it from its server."""
        self._live[member.server] -= 1
        home = self._homes.get(member.group)
        if home is not None:
            home[1] -= 1
            if not home[1]:
                del self._homes[member.group]

    def _must_move(self, member: Member) -> bool:
        """Whether a conversation's server is closed, or so full beside another that moving pays for a prefill anew."""
        servers = self._open()
        if member.server not in servers:
            return True
        return min(self._live[server] for server in servers) + 1 < self._live[member.server] / 2
