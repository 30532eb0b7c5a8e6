"""verifiers 0.4.0 (and prime-rl): a taskset, and the harness that plays its tasks on the intercepted endpoint.

A module of yours, named by its id (`--env.taskset.id my_tasks --env.agent.harness.id my_tasks`), exports both:
`class Tasks(WritTaskset): source = TaskSource(load_tasks("runs/train"))` and `WritHarness`, in its `__all__`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from zlib import crc32

import msgspec
import verifiers.v1 as vf
from verifiers.v1.runtimes import ProgramResult

from writ_async.core.task import Task
from writ_async.rl import TaskSource, benchmark_reward, kept_reward, play
from writ_async.runs.seats import EngineSpec


class WritData(vf.TaskData):  # type: ignore[misc]
    """A task as JSON."""

    task: str


class WritTask(vf.Task[WritData, vf.State, vf.TaskConfig]):  # type: ignore[misc]
    """One task; `WritHarness` records its reward `outcome`, the benchmark's, and the metric `kept`."""


class WritTaskset(vf.Taskset[WritTask, vf.TasksetConfig]):  # type: ignore[misc]
    """The tasks of `source`, which a subclass gives."""

    source: ClassVar[TaskSource]

    def load(self) -> Iterator[WritTask]:
        """See `Taskset`."""
        for task in self.source:
            data = WritData(id=task.id, prompt=task.id, task=msgspec.json.encode(task).decode())
            yield WritTask(data, self.config.task)


class WritHarness(vf.Harness[vf.HarnessConfig]):  # type: ignore[misc]
    """Plays a whole conversation in this process, the user inside; `engine` makes the calls to the endpoint."""

    EXECUTES_CODE = NEEDS_CONTAINER = False
    engine: ClassVar[str] = "openai"
    user: ClassVar[Any] = "scripted"
    settings: ClassVar[dict[str, Any]] = {}

    async def launch(self, ctx: Any, trace: Any, runtime: Any, endpoint: str, secret: str, *rest: Any) -> ProgramResult:
        """See `Harness`."""
        headers = {"Authorization": f"Bearer {secret}"}
        agent = EngineSpec(self.engine, {"url": endpoint, "model": ctx.model, "headers": headers})
        task = msgspec.json.decode(rest[1].task, type=Task)
        (row,) = await play([task], agent, self.user, **{"seed": crc32(trace.id.encode()), **self.settings})
        trace.record_reward("outcome", benchmark_reward(row), 1.0)
        trace.record_metric("kept", kept_reward(row))
        return ProgramResult(0, row.termination.value, "")
