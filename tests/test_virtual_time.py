import anyio
import pytest

from writ_async.virtual_time import DeadlockError, run_virtual


def test_a_year_passes_in_no_time_and_timers_fire_in_the_order_in_which_they_were_set() -> None:
    order: list[int] = []

    async def sleeper(number: int, seconds: float) -> None:
        await anyio.sleep(seconds)
        order.append(number)

    async def main() -> float:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(sleeper, number, 5.0 if number % 2 else 3e7)
        return anyio.current_time()

    assert run_virtual(main) == 3e7
    assert order == [*range(1, 100, 2), *range(0, 100, 2)]


def test_deadlines_pass_in_virtual_time() -> None:
    async def main() -> bool:
        with anyio.move_on_after(10) as scope:
            await anyio.sleep(80_000)
        return scope.cancelled_caught and anyio.current_time() == 10

    assert run_virtual(main)


def test_waiting_for_what_cannot_come_is_said_at_once() -> None:
    async def main() -> None:
        await anyio.Event().wait()

    with pytest.raises(DeadlockError, match="no timer"):
        run_virtual(main)
