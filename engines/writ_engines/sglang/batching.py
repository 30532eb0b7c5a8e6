"""Sending calls that begin together as one HTTP request.

Each call of a batch is answered when it ends, not when the last one does: the request is a stream, and with a
`stream_interval` that no completion reaches it has two events a call, one at the first token and one at the end. (A
list request that is not streamed comes back when its slowest call ends, and a full queue fails it as a whole.) So a
batch costs no latency beyond the window in which it is gathered, and a full queue or an abort fails one call, not all.

When to use it: with some hundred conversations and more on one server, above all where they start or advance together
(the first turns of a run, group samples of one task, a fast server). A call then costs about half of what it costs by
itself; four calls in a request already give most of that. A window of 0 gathers what begins in one turn of the event
loop, at no cost in time; one of some milliseconds gathers more where turns end one by one. A batch of one is sent as a
single request.

When not: behind a router with several workers. A batch goes to one of them as a whole, and conversations lose the
worker that holds their prefixes. (Servers that the engine knows by their own addresses have a batcher each.) Hence it
is off unless asked for. The measurements are in bench/client.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import msgspec

from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http import HttpClient, Response, TransportError
from writ_engines.sglang.hints import NOTHING, Told
from writ_engines.sglang.wire import Answer, batch_body, check_answer, parse_answer, single_body


class Call(msgspec.Struct, frozen=True):
    """One call as it is sent. `ids` is the inside of a JSON list, `sampling` a JSON object.

    What is `told` beside them goes with a call that is sent by itself, and never with a batch.
    """

    rid: str
    ids: bytes | bytearray
    sampling: bytes
    seconds: float
    told: Told = NOTHING


class BatchStatistics(msgspec.Struct):
    """How many batches were sent, and how many calls were in them."""

    batches: int = 0
    calls: int = 0
    largest: int = 0


class _Batch:
    """Calls that go out together. `live` counts the callers that still wait."""

    __slots__ = ("calls", "futures", "live", "task")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.futures: dict[str, asyncio.Future[Answer]] = {}
        self.live = 0
        self.task: asyncio.Task[None] | None = None


class Batcher:
    """Gathers calls for a moment and sends them together, under the longest of their deadlines.

    A batch is a task of its own, since its callers come and go: one that is cancelled leaves, the others stay, and the
    last one takes the request with it. `statistics` may be shared by the batchers of several servers.
    """

    def __init__(
        self, client: HttpClient, *, size: int, window: float, logprobs: bool, statistics: BatchStatistics | None = None
    ) -> None:
        self.statistics = statistics or BatchStatistics()
        self._client = client
        self._size = size
        self._window = window
        self._logprobs = logprobs
        self._gathering: _Batch | None = None
        self._timer: asyncio.Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, call: Call) -> Answer:
        """The whole answer to a call; it may be an abort or an error. Raises `TransportError`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        batch = self._gathering
        if batch is None:
            batch = self._gathering = _Batch()
            self._timer = loop.call_later(self._window, self._flush) if self._window else loop.call_soon(self._flush)
        batch.calls.append(call)
        batch.futures[call.rid] = future
        batch.live += 1
        if len(batch.calls) >= self._size:
            self._flush()
        try:
            return await future
        except asyncio.CancelledError:
            batch.live -= 1
            if not batch.live and batch.task is not None:
                batch.task.cancel()
            raise

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _flush(self) -> None:
        """Send what has been gathered."""
        batch, self._gathering = self._gathering, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if batch is None or not batch.live:
            return
        calls = [call for call in batch.calls if not batch.futures[call.rid].done()]
        self.statistics.batches += 1
        self.statistics.calls += len(calls)
        self.statistics.largest = max(self.statistics.largest, len(calls))
        batch.task = asyncio.get_running_loop().create_task(self._run(calls, batch.futures))
        self._tasks.add(batch.task)
        batch.task.add_done_callback(self._tasks.discard)

    async def _run(self, calls: Sequence[Call], futures: dict[str, asyncio.Future[Answer]]) -> None:
        failure: EngineError = TransportError("the stream ended without an answer", kind=EngineErrorKind.TRUNCATED)
        try:
            if len(calls) == 1:
                self._settle(calls[0].rid, await self.send_alone(calls[0]), futures)
            else:
                await self._stream(calls, futures)
        except EngineError as exc:
            failure = exc if len(calls) == 1 else shared(exc)
        finally:
            for future in futures.values():
                if not future.done():
                    future.set_exception(failure)

    def send_alone(self, call: Call) -> Coroutine[Any, Any, Answer]:
        """The answer to a call that is sent by itself, at once; to be awaited."""
        body = single_body(call.rid, call.ids, call.sampling, self._logprobs, call.told.members)
        read = partial(_read_own, call.rid)
        return self._client.ask("/generate", body, read, seconds=call.seconds, headers=call.told.headers)

    async def _stream(self, calls: Sequence[Call], futures: dict[str, asyncio.Future[Answer]]) -> None:
        body = batch_body(
            [call.rid for call in calls],
            [call.ids for call in calls],
            [call.sampling for call in calls],
            self._logprobs,
        )
        async with self._client.events("/generate", body, seconds=max(call.seconds for call in calls)) as events:
            async for data in events:
                answer = parse_answer(data)
                if answer.error is not None:
                    check_answer(answer)
                elif answer.meta_info.finish_reason is not None:
                    self._settle(answer.meta_info.id, answer, futures)

    def _settle(self, rid: str, answer: Answer, futures: dict[str, asyncio.Future[Answer]]) -> None:
        future = futures.get(rid)
        if future is not None and not future.done():
            future.set_result(answer)


def _read_own(rid: str, response: Response) -> Answer:
    """The answer to the call of this id. Raises `TransportError` for one that is another call's."""
    answer = parse_answer(response.body)
    if answer.meta_info.id != rid and answer.error is None:
        other = f"that to another call ({answer.meta_info.id[:80]!r}, not {rid!r})"
        text = f"the answer is {other if answer.meta_info.id else 'without the id of its call'}"
        raise TransportError(text, kind=EngineErrorKind.TRUNCATED)
    return answer


def shared(error: EngineError) -> EngineError:
    """What the failure of a batch means to each of its calls: a refusal may be another call's, so it may be retried."""
    if isinstance(error, TransportError) and error.retryable:
        return error
    return TransportError(f"the batch was refused: {error}", kind=EngineErrorKind.BATCH_REFUSED)
