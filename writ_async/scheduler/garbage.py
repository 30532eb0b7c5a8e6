"""The garbage collector while conversations run: off the loop, unless garbage really piles up.

What a conversation leaves is freed by reference counts: nothing of it is cyclic (a failed attempt over HTTP is: its
traceback holds some ten objects). To look for garbage all the same is what would cost: the collector walks what every
live conversation has allocated since it came last, cold in the caches, and holds the loop up as long as that takes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

PER_LIVE = 200
"""Objects with references that a live conversation may have: 56 by itself, more with an HTTP call under way."""

SPARE = 20_000
"""Objects that may pile up beyond these before the collector looks."""


class _Quiet:
    """The process's collector while it is kept quiet: for how many conversations, and how it was before."""

    def __init__(self) -> None:
        self._live: list[int] = []  # of the blocks that are open; they need not be left in the order of entering
        self._thresholds = gc.get_threshold()
        self._frozen = 0

    def enter(self, live: int) -> None:
        if not self._live:
            self._thresholds, self._frozen = gc.get_threshold(), gc.get_freeze_count()
            gc.collect()
            gc.freeze()
        self._live.append(live)
        self._apply()

    def leave(self, live: int) -> None:
        self._live.remove(live)
        if self._live:
            self._apply()
            return
        gc.set_threshold(*self._thresholds)
        if not self._frozen:
            gc.unfreeze()

    def _apply(self) -> None:
        # Only the young are walked then, and that will hardly ever be: the older generations' turns never come.
        gc.set_threshold(SPARE + PER_LIVE * sum(self._live), 1_000, 1_000)


_quiet = _Quiet()


@contextmanager
def quiet_gc(live: int) -> Iterator[None]:
    """Keep the garbage collector quiet while up to `live` conversations run at once.

        with quiet_gc(limits.most_live(len(jobs))):
            async with run_rollouts(jobs, engines, limits=limits) as rollouts: ...

    What was loaded before (worlds, tasks, modules) is collected once and then left alone, and the collector comes only
    when objects have piled up that live conversations cannot account for. The collector is the whole process's: use
    this where conversations are most of what the process does. Blocks may overlap; the last to be left puts the
    collector's settings back.
    """
    _quiet.enter(live)
    try:
        yield
    finally:
        _quiet.leave(live)
