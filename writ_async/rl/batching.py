"""A sampler of whole batches as a sampler of one prompt after the other: what comes while it is busy waits together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec

from writ_async.rl.sampling import Generation, Sampling

GenerateBatch = Callable[[list[list[int]], list[Sampling]], Sequence[Generation]]
"""A trainer's sampler that blocks: prompts and how to sample each, and an answer for each, in order."""


class _Waiting(msgspec.Struct, eq=False):
    ids: list[int]
    sampling: Sampling
    answer: Generation | None = None


class Batched:
    """`generate` of a `TokenEngine` over `generate_batch`, which runs in a thread, once at a time.

    Prompts that come while it runs are its next batch, so with n conversations live batches soon have n prompts. What
    it raises ends the conversation that was first in the batch; the others ask again.
    """

    def __init__(self, generate_batch: GenerateBatch) -> None:
        self._generate_batch = generate_batch
        self._waiting: list[_Waiting] = []
        self._turn = anyio.Lock()

    async def __call__(self, ids: list[int], sampling: Sampling) -> Generation:
        """One prompt; comes back when the batch that it was in has."""
        mine = _Waiting(ids, sampling)
        self._waiting.append(mine)
        async with self._turn:
            if mine.answer is None:
                await anyio.lowlevel.checkpoint()  # conversations that were begun together ask together
                batch = list(self._waiting)
                self._waiting.remove(mine)
                answers = await anyio.to_thread.run_sync(
                    self._generate_batch, [one.ids for one in batch], [one.sampling for one in batch]
                )
                for one, answer in zip(batch, answers, strict=True):
                    one.answer = answer
                self._waiting = [one for one in self._waiting if one.answer is None]
        assert mine.answer is not None
        return mine.answer
