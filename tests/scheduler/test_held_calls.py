"""A call that waits for a limit of its server has as much time for itself as any other, in virtual time."""

import anyio
import pytest

from writ_async.core.engine import Completion, Paced, Request
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Scenario, Task
from writ_async.core.trajectory import Termination
from writ_async.scheduler import Job, Limits, run_rollouts
from writ_async.virtual_time import run_virtual


class Held:
    """An engine whose calls wait for so many seconds first, and then take others."""

    def __init__(self, held: float, takes: float) -> None:
        self.held = held
        self.takes = takes
        self.since: dict[str, float] = {}

    async def complete(self, request: Request) -> Completion:
        self.since[request.session] = anyio.current_time()
        await anyio.sleep(self.held + self.takes)
        return Completion(message=AssistantMessage("###STOP###" if request.seat == "user" else "Hello."))

    def seconds_held(self, session: str) -> float:
        return min(self.held, anyio.current_time() - self.since[session])

    def end_session(self, session: str) -> None:
        pass

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    ("held", "takes", "limits", "ended", "seconds"),
    [
        (0, 500, Limits(request_timeout=600), Termination.USER_STOP, 500),
        (5000, 500, Limits(request_timeout=600), Termination.USER_STOP, 5500),
        (5000, 700, Limits(request_timeout=600), Termination.TIMEOUT, 5600),
        (5000, 700, Limits(request_timeout=0), Termination.USER_STOP, 5700),
        (5000, 10, Limits(request_timeout=600, conversation_timeout=2000), Termination.TIMEOUT, 2000),
    ],
)
def test_what_a_call_waits_for_a_limit_is_no_part_of_its_time(
    retail_environment: Environment, held: float, takes: float, limits: Limits, ended: Termination, seconds: float
) -> None:
    task = Task(
        id="t", domain="retail", kind="normal", world=retail_environment.ref, scenario=Scenario("You want to talk.")
    )
    engine = Held(held, takes)
    assert isinstance(engine, Paced)

    async def main() -> tuple[Termination, float]:
        job = Job(task, retail_environment.domain, retail_environment.world)
        async with run_rollouts([job], {"agent": engine, "user": engine}, limits=limits) as rollouts:
            (row,) = [row async for row in rollouts]
        return row.termination, anyio.current_time()

    termination, left = run_virtual(main)
    assert termination is ended
    assert seconds <= left < seconds + 1
