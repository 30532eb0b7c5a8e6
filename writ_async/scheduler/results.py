"""The delivery of trajectories: written down by the caller, then counted, then handed over."""

from __future__ import annotations

import anyio

from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Termination, Trajectory
from writ_async.scheduler.job import Counters, Job, OnFinish, Timing


class Results:
    """A stream of trajectories that holds up to `room` of them, and what is counted over them."""

    def __init__(self, counters: Counters, on_finish: OnFinish | None, room: int) -> None:
        self._counters = counters
        self._on_finish = on_finish
        self._means: dict[str, tuple[int, int]] = {}  # by kind of task: finished conversations, their tokens
        self._send, self._receive = anyio.create_memory_object_stream[Trajectory](room)

    async def deliver(self, job: Job, trajectory: Trajectory, timing: Timing) -> None:
        """Hand one over; waits while the stream is full. Raises what `on_finish` raises."""
        if self._on_finish is not None:
            self._on_finish(job, trajectory, timing)
        self._count(job, trajectory)
        await self._send.send(trajectory)

    async def next_trajectory(self) -> Trajectory:
        """The next one. Raises `StopAsyncIteration` when there will be no more."""
        try:
            return await self._receive.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    def no_more(self) -> None:
        """All have been handed over."""
        self._send.close()

    def close_reading(self) -> None:
        """Nobody takes any more of them."""
        self._receive.close()

    def _count(self, job: Job, trajectory: Trajectory) -> None:
        counters = self._counters
        counters.finished += 1
        counters.tool_calls += len(trajectory.chain)
        tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in trajectory.usage.values())
        number, total = self._means.get(job.task.kind, (0, 0))
        if trajectory.termination is Termination.STOPPED_EARLY:
            counters.stopped += 1
            counters.saved_tokens += max(0, total // number - tokens) if number else 0
        else:
            counters.failed += trajectory.termination in ENDED_FROM_OUTSIDE
            self._means[job.task.kind] = (number + 1, total + tokens)
