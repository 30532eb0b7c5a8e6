"""Jobs that have not begun, each with the ticket by which admission knows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from writ_async.core.trajectory import Seat
from writ_async.scheduler.footprint import Footprint, Prefixes
from writ_async.scheduler.job import Job
from writ_async.scheduler.ticket import Ticket


class JobQueue:
    """Takes jobs lazily, in order. With `prefixes` it measures what the `counted` seats hold in the servers' caches."""

    def __init__(self, jobs: Iterable[Job], counted: Sequence[Seat], prefixes: Prefixes | None) -> None:
        self.exhausted = False
        self._jobs: Iterator[Job] = iter(jobs)
        self._added: deque[Job] = deque()
        self._closed = False
        self._counted = counted
        self._prefixes = prefixes
        self._taken = 0
        self._offered: dict[int, Job] = {}

    def __len__(self) -> int:
        """How many jobs have been offered and have not begun."""
        return len(self._offered)

    def next_ticket(self) -> Ticket | None:
        """A ticket for the next job; None when there are no more."""
        job = next(self._jobs, None)
        if job is None and self._added:
            job = self._added.popleft()
        if job is None:
            self.exhausted = True
            return None
        number = self._taken
        self._taken += 1
        self._offered[number] = job
        if self._prefixes is None:
            return Ticket(number, group=job.task.id)
        prefixes = self._prefixes.shared_prefixes(job, self._counted)
        return Ticket(number, kind=f"{job.domain.name} {job.task.kind}", group=job.task.id, prefixes=prefixes)

    def add(self, job: Job) -> None:
        """One more job, behind all others; left, where no more are taken."""
        if not self._closed:
            self._added.append(job)
            self.exhausted = False

    def take_no_more(self) -> None:
        """Leave all jobs that were not offered yet."""
        self._jobs = iter(())
        self._added.clear()
        self._closed = self.exhausted = True

    def begin_job(self, ticket: Ticket) -> Job:
        """The job of a ticket, which begins now."""
        return self._offered.pop(ticket.number)

    def open_footprint(self, ticket: Ticket) -> Footprint | None:
        """Where a conversation's tokens are counted, if anybody counts."""
        return None if self._prefixes is None else Footprint(self._prefixes, ticket.prefixes)

    def job_ended(self, ticket: Ticket) -> None:
        """A conversation has ended, and shares its prefixes no more."""
        if self._prefixes is not None:
            self._prefixes.release_prefixes(ticket.prefixes)
