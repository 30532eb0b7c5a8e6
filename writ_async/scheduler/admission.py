"""Admission: when a conversation may begin, and when its next model call may go. Events in, decisions out.

A policy owns no task, no client and no clock: whoever runs conversations tells it what happens, and asks what may be
done. That makes it the same code in a run, in a simulation, and in a property test.

    while policy.wants_more: policy.offer_conversation(Ticket(...))     conversations that could begin
    policy.ask_for_call(ticket)                     its next call: True when it may go at once
    policy.call_ended(ticket, seat, own_tokens)     the call has ended
    policy.conversation_ended(ticket)               the conversation has ended
    for ticket in policy.decide_next(): ...         who may begin (it had made no call), or go on, now

Every event may let others go: ask for decisions after it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from writ_async.core.engine import Gauges
from writ_async.core.trajectory import Seat
from writ_async.scheduler.ticket import Ticket


class AdmissionPolicy(Protocol):
    """Decides who may begin, and whose model call may go: all that a run asks of its admission policy."""

    @property
    def counts_tokens(self) -> bool:
        """Whether tickets need their kinds, prefixes and sizes."""

    @property
    def wants_more(self) -> bool:
        """Whether one more conversation should be offered."""

    def offer_conversation(self, ticket: Ticket) -> None:
        """A conversation could begin."""

    def ask_for_call(self, ticket: Ticket) -> bool:
        """A live conversation wants a model call; False when it must wait for a decision."""

    def call_ended(self, ticket: Ticket, seat: Seat, own_tokens: int | None = None) -> None:
        """A seat's model call has ended.

        `own_tokens` are the conversation's unique KV tokens now, None where nobody counts.
        """

    def conversation_ended(self, ticket: Ticket) -> None:
        """A conversation has ended, at whatever stage; to say so again changes nothing."""

    def decide_next(self) -> Sequence[Ticket]:
        """Who may go now: waiting ones begin, those that asked for a call make it."""

    def prefix_measured(self, key: Hashable, tokens: int) -> None:
        """The true size of a prefix is known."""

    def server_observed(self, server: int, gauges: Gauges) -> None:
        """What a server says of itself."""

    def drain_server(self, server: int) -> None:
        """Send nothing more to a server: what lives there goes elsewhere with its next call, if there is another."""

    def restore_server(self, server: int) -> None:
        """Use a server that was drained again."""
