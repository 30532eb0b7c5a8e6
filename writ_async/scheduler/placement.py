"""On which server a conversation lives, by what the servers' pools hold."""

from __future__ import annotations

from collections.abc import Sequence

from writ_async.scheduler.kv_pool import Pool
from writ_async.scheduler.ticket import Stage, Ticket


def choose_server(pools: Sequence[Pool], ticket: Ticket) -> int | None:
    """The server that a conversation is to live on: one that has its group's prefix, else the emptiest it fits.

    One that comes back prefills its own context, beside which the group's prefix is little: the emptiest for it.
    """
    key = ticket.prefixes[-1][0] if ticket.prefixes and ticket.stage is Stage.WAITING else None
    best, least = None, 0.0
    # Where all are closed none is better than another, and what waits must not wait for ever.
    shut = all(pool.closed for pool in pools)
    for server, pool in enumerate(pools):
        if pool.closed and not shut:
            continue
        if pool.live and (pool.held or not pool.can_hold(ticket)):
            continue
        load = pool.load - (1.0 if key is not None and pool.has_prefix(key) else 0.0)
        if best is None or load < least:
            best, least = server, load
    return best


def must_move(pools: Sequence[Pool], ticket: Ticket, *, waiting: int) -> bool:
    """Whether a conversation is to leave its server for another one, at the price of prefilling anew.

    That is when its own is closed; or when another stands so empty that moving pays, and none is `waiting` to begin.
    """
    pool = pools[ticket.server]
    if pool.closed:
        return any(not other.closed for other in pools)
    if waiting:
        return False
    load = pool.load - ticket.own_tokens / pool.tokens
    return any(
        not (other.closed or other.held)
        and other.live + 1 < pool.live / 2
        and other.load < load
        and other.can_hold(ticket)
        for other in pools
    )
