"""How large a conversation will become: a survival curve per kind of conversation, learned while the run goes on.

Conversations that are still live say something too: that they were not over before this size. So what is kept is, per
size, how many got there and how many of those ended there (a discrete hazard, as in the estimator of Kaplan and
Meier). Counting finished conversations alone would take the first to finish, which are the short ones, for all.
"""

from __future__ import annotations

WIDTH = 512
"""Tokens of one step of a curve, for pools of half a million tokens and more; smaller pools have finer steps."""

_STEPS = 256
_MEMORY = 48.0  # each step remembers about so many that reached it, so that the curve follows a mix that shifts
_PRIOR_WEIGHT = 1.0
_PRIOR_HAZARD = 0.1
_PRIOR_SIZE = 12_288
_PRIOR_STEPS = 128
"""What is taken of a size that few have reached: conversations go on to `_PRIOR_SIZE` tokens, or an eighth of the pool.

To take all for large and alike is the careful guess: of conversations that vary, many more may begin, for the short
ones make room for the long. To begin with too few costs a little of the first minute, with too many their caches.
"""


def step_width(pool: int) -> int:
    """Tokens of one step for a KV pool of some tokens: a thousandth of it, from 16 to `WIDTH`."""
    return max(16, min(WIDTH, pool // 1024))


class Curve:
    """The sizes of one kind of conversation, in tokens of its own."""

    __slots__ = ("_prior", "_width", "ended", "reached")

    def __init__(self, width: int = WIDTH) -> None:
        self._width = width
        self._prior = min(_PRIOR_STEPS, _PRIOR_SIZE // width)
        self.reached = [0.0] * _STEPS
        self.ended = [0.0] * _STEPS

    def grow(self, before: int, now: int) -> None:
        """A live conversation has gone from one size to another; `before` is -1 when it begins."""
        first = before // self._width + 1 if before >= 0 else 0
        for step in range(first, min(now // self._width, _STEPS - 1) + 1):
            self.reached[step] += 1.0
            if self.reached[step] > _MEMORY:
                self.reached[step] /= 2
                self.ended[step] /= 2

    def end(self, size: int) -> None:
        """A conversation has ended at a size."""
        self.ended[min(size // self._width, _STEPS - 1)] += 1.0

    def quantile(self, size: int, share: float) -> int:
        """The size that a conversation of this size will not pass with probability `share`; at least its size."""
        left = 1.0 - share
        alive = 1.0
        ended, reached = self.ended, self.reached
        for step in range(min(size // self._width, _STEPS - 1), _STEPS):
            guess = _PRIOR_WEIGHT * _PRIOR_HAZARD if step >= self._prior else 0.0
            hazard = (ended[step] + guess) / (reached[step] + _PRIOR_WEIGHT)
            alive *= 1.0 - (hazard if hazard < 1.0 else 1.0)
            if alive <= left:
                return max(size, step * self._width + self._width // 2)
        return max(size, _STEPS * self._width)


class Forecast:
    """Curves by kind."""

    def __init__(self, width: int = WIDTH) -> None:
        self.width = width
        self._curves: dict[str, Curve] = {}

    def curve(self, kind: str) -> Curve:
        """The curve of a kind; a new one for a kind not seen before."""
        curve = self._curves.get(kind)
        if curve is None:
            curve = self._curves[kind] = Curve(self.width)
        return curve
