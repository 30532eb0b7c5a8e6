"""Who waits to begin: in the order of the jobs, but for those that share a prefix with what began last."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from writ_async.scheduler.ticket import Stage, Ticket

WINDOW = 64
"""How many conversations are looked at ahead, so that those that share a prefix can begin together."""

PATIENCE = 64
"""How many others may begin before the one that has waited longest, for the sake of a prefix that is hot."""


class WaitingLine:
    """Conversations that have not begun; `length` of them."""

    def __init__(self) -> None:
        self.length = 0
        self._line: deque[Ticket] = deque()
        self._groups: dict[Hashable, deque[Ticket]] = {}
        self._hot: Hashable = None
        self._passed = 0

    def add_ticket(self, ticket: Ticket) -> None:
        """One more waits."""
        self.length += 1
        self._line.append(ticket)
        self._groups.setdefault(ticket.group, deque()).append(ticket)

    def next_ticket(self) -> Ticket | None:
        """Who is to begin next: one of the group that began last, as long as the head of the line has patience."""
        if self._hot is not None and self._passed < PATIENCE:
            sibling = self._first_of_group(self._hot)
            if sibling is not None:
                return sibling
        line = self._line
        while line and line[0].stage is not Stage.WAITING:
            line.popleft()
        return line[0] if line else None

    def has_begun(self, ticket: Ticket) -> None:
        """The one that was next has begun."""
        self._passed = 0 if ticket is self._line[0] else self._passed + 1
        self._hot = ticket.group
        self.has_left(ticket)

    def has_left(self, ticket: Ticket) -> None:
        """One waits no more."""
        self.length -= 1
        self._first_of_group(ticket.group)

    def _first_of_group(self, group: Hashable) -> Ticket | None:
        """The first of a group that waits; a group of which none does is forgotten."""
        siblings = self._groups.get(group)
        while siblings:
            if siblings[0].stage is Stage.WAITING:
                return siblings[0]
            siblings.popleft()
        self._groups.pop(group, None)
        return None
