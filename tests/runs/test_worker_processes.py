"""Worker processes: what is called in them, what they say, and how they end."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from writ_async.errors import EngineError, EngineErrorKind, InputError, StorageError, WritError
from writ_async.runs import worker_processes as workers
from writ_async.runs.worker_processes import start_workers
from writ_async.runs.workers import Link, Worker, WorkerDiedError


def add(link: Link, one: int, two: int) -> int:
    return one + two


def pid(link: Link) -> int:
    return os.getpid()


def echo(link: Link, content: bytes) -> bytes:
    link.report(content)
    return content


def count(link: Link, number: int) -> str:
    for value in range(number):
        link.report(value)
    return "done"


def refuse(link: Link, kind: str) -> None:
    if kind == "engine":
        raise EngineError("no answer", kind=EngineErrorKind.REFUSED)
    raise {"input": InputError, "storage": StorageError}[kind](f"a bad {kind}")


def end(link: Link, code: int) -> None:
    os._exit(code)


def hold(link: Link) -> str:
    async def wait() -> str:
        link.report("waiting")
        await link.stopped()
        return "stopped"

    return anyio.run(wait, backend_options={"use_uvloop": True})


def sleep(link: Link) -> None:
    link.report(os.getpid())
    time.sleep(600)


def gone(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


async def first_report(worker: Worker, function: Callable[..., Any], *arguments: object) -> object:
    """Call a function, and leave it as soon as it has said something."""
    heard: list[object] = []
    with anyio.CancelScope() as scope:

        def hear(value: object) -> None:
            heard.append(value)
            scope.cancel()

        await worker.call(function, *arguments, on_report=hear)
    return heard[0]


def run(*steps: tuple[Any, ...]) -> list[Any]:
    """Call each (function, arguments...) in one worker, in turn."""

    async def calls() -> list[Any]:
        async with start_workers(1) as (worker,):
            return [await worker.call(*step) for step in steps]

    return anyio.run(calls, backend_options={"use_uvloop": True})


def test_functions_run_one_after_the_other_in_another_process() -> None:
    first, second, third = run((add, 2, 3), (pid,), (pid,))
    assert first == 5
    assert second == third != os.getpid()


def test_messages_larger_than_a_pipe_holds_go_both_ways() -> None:
    content = bytes(5_000_000)
    assert run((echo, content)) == [content]


def test_reports_are_heard_in_order() -> None:
    async def calls() -> tuple[str, list[int]]:
        heard: list[int] = []
        async with start_workers(1) as (worker,):
            return await worker.call(count, 500, on_report=heard.append), heard

    assert anyio.run(calls) == ("done", list(range(500)))


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("input", InputError, "a bad input"),
        ("storage", StorageError, "a bad storage"),
        ("engine", WritError, "no answer"),
    ],
)
def test_a_deliberate_error_is_raised_with_its_exit_code_and_the_worker_goes_on(
    kind: str, error: type[WritError], text: str
) -> None:
    async def calls() -> int:
        async with start_workers(1) as (worker,):
            with pytest.raises(error, match=text):
                await worker.call(refuse, kind)
            return int(await worker.call(add, 1, 1))

    assert anyio.run(calls) == 2


@pytest.mark.parametrize("code", [0, 3])
def test_a_worker_that_ends_by_itself_is_reported(code: int) -> None:
    with pytest.raises(WorkerDiedError, match=rf"ended by itself \(exit code {code}\)"):
        run((end, code))


def test_a_worker_that_is_killed_is_reported_and_the_other_is_not_touched() -> None:
    async def calls() -> int:
        async with start_workers(2) as (one, other):

            def kill(value: object) -> None:
                assert isinstance(value, int)
                os.kill(value, signal.SIGKILL)

            with pytest.raises(WorkerDiedError, match="killed by SIGKILL, as the system does when memory runs out"):
                await one.call(sleep, on_report=kill)
            return int(await other.call(add, 3, 4))

    assert anyio.run(calls) == 7


def test_a_running_function_hears_that_it_should_end_and_a_late_word_harms_nothing() -> None:
    async def calls() -> list[object]:
        async with start_workers(1) as (worker,):
            answers = [await worker.call(hold, on_report=lambda _: worker.stop())]
            worker.stop()
            return [*answers, await worker.call(add, 1, 2)]

    assert anyio.run(calls, backend_options={"use_uvloop": True}) == ["stopped", 3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_that_end_a_program_are_left_to_whoever_started_the_workers(number: signal.Signals) -> None:
    async def calls() -> int:
        async with start_workers(1) as (worker,):
            os.kill(int(await worker.call(pid)), number)
            return int(await worker.call(add, 1, 1))

    assert anyio.run(calls) == 2


def test_leaving_by_an_error_kills_what_runs() -> None:
    numbers: list[int] = []

    async def calls() -> None:
        async with start_workers(1) as (worker,):
            number = await first_report(worker, sleep)
            assert isinstance(number, int)
            numbers.append(number)
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        anyio.run(calls)
    assert gone(numbers[0])


def test_an_interrupt_while_workers_start_leaves_none_of_them_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    start = workers._start_worker

    def interrupted() -> Worker:
        worker = start()
        os.kill(os.getpid(), signal.SIGINT)
        return worker

    async def calls() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        async with start_workers(2):
            pass

    monkeypatch.setattr(workers, "_start_worker", interrupted)
    with pytest.raises(KeyboardInterrupt):
        anyio.run(calls)
    assert multiprocessing.active_children() == []


def test_a_system_without_room_for_so_many_workers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    start = workers._start_worker

    def limited() -> Worker:
        if multiprocessing.active_children():
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return start()

    async def calls() -> None:
        async with start_workers(3):
            pass

    monkeypatch.setattr(workers, "_start_worker", limited)
    with pytest.raises(WritError, match="cannot start worker 2 of 3: Resource temporarily unavailable; ask for fewer"):
        anyio.run(calls)
    assert multiprocessing.active_children() == []


FIRST_MOMENT = """
import anyio, multiprocessing, signal
from pathlib import Path
from writ_async.runs.worker_processes import start_workers

async def main():
    async with start_workers(1):
        (child,) = multiprocessing.active_children()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines())
        unheard = int(status["SigBlk"], 16) | int(status["SigIgn"], 16)
        print([bool(unheard >> number - 1 & 1) for number in (signal.SIGINT, signal.SIGTERM)])

if __name__ == "__main__":
    anyio.run(main)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads a process's signal masks in /proc")
def test_the_first_worker_of_a_program_hears_no_signal_from_its_first_moment(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(FIRST_MOMENT)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.stdout == "[True, True]\n", done.stderr
