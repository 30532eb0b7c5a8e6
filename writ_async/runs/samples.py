"""How a run went over time: a look at its counters every few seconds, kept beside its rows."""

from __future__ import annotations

import anyio
import msgspec

from writ_async.files import read_jsonl
from writ_async.runs.folder import RunFolder
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.view import SAMPLES, RunView

_FIRST_SECONDS = 0.5
_LATER = 1 / 400
"""How long after the last look the next one is, as a part of the time that has passed, so that there are never many."""


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """One look. `seconds` are since this command began; `done` conversations are in the folder, older ones included.

    `live` conversations are going on, `in_flight` of them wait for a model, `held` for admission. Tokens are sums over
    the conversations that have ended: `cached_tokens` of `prompt_tokens` came from a prefix cache. `kv_used` of
    `kv_tokens` are what servers say that running requests hold, 0 where none does. `lag` is how late the event loop
    was in one of a hundred looks since the command began, in seconds.
    """

    seconds: float
    done: int
    live: int = 0
    in_flight: int = 0
    held: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    kv_used: int = 0
    kv_tokens: int = 0
    lag: float = 0.0


def read_samples(run: RunView) -> list[Sample]:
    """The looks of a run, one command's seconds after the other's; none where nothing was kept."""
    path = run.path / SAMPLES
    if not path.is_file():
        return []
    found: list[Sample] = []
    before = 0.0
    last = 0.0
    for sample in read_jsonl(path, Sample, skip_torn=True):
        if sample.seconds < last:
            before += last
        last = sample.seconds
        found.append(msgspec.structs.replace(sample, seconds=before + sample.seconds))
    return found


def sampled(run: RunFolder, watch: Watcher | None) -> Watcher:
    """A watcher that keeps looks in the run's folder, beside another one. Raises `StorageError` out of it."""

    async def look(progress: Progress) -> None:
        start = anyio.current_time()
        while True:
            run.write_sample(_look(progress, anyio.current_time() - start))
            await anyio.sleep(max(_FIRST_SECONDS, _LATER * (anyio.current_time() - start)))

    async def both(progress: Progress) -> None:
        if watch is None:
            await look(progress)
            return
        async with anyio.create_task_group() as group:
            group.start_soon(look, progress)
            group.start_soon(watch, progress)

    return both


def _look(progress: Progress, seconds: float) -> Sample:
    counters = progress.counters
    usage = [used for _, _, group in progress.summary.rows() for used in group.usage.values()]
    return Sample(
        seconds=round(seconds, 3),
        done=progress.summary.total().conversations,
        live=counters.live,
        in_flight=counters.in_flight,
        held=counters.held,
        prompt_tokens=sum(used.prompt_tokens for used in usage),
        cached_tokens=sum(used.cached_tokens for used in usage),
        kv_used=counters.kv_used,
        kv_tokens=counters.kv_tokens,
        lag=round(progress.lag.quantile(0.99), 4),
    )
