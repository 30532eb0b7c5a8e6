"""How late the event loop is: a task that sleeps, and looks how much longer it slept."""

from __future__ import annotations

import anyio

HIGH = 0.02
"""Seconds of lag (of the slowest hundredth of samples) above which a run should say so."""

_INTERVAL = 0.05
_EDGES = 48
_FIRST = 1e-4  # seconds; each bucket is a quarter wider than the one before


class Lag:
    """Lags by size, in buckets that grow by a quarter: constant memory over any run. Seconds."""

    def __init__(self) -> None:
        self.most = 0.0
        self.samples = 0
        self._counts = [0] * _EDGES

    def add(self, seconds: float) -> None:
        """Count one sample."""
        self.samples += 1
        self.most = max(self.most, seconds)
        bucket, edge = 0, _FIRST
        while seconds > edge and bucket < _EDGES - 1:
            bucket += 1
            edge *= 1.25
        self._counts[bucket] += 1

    def merge(self, other: Lag) -> None:
        """Add the samples of another loop."""
        self.most = max(self.most, other.most)
        self.samples += other.samples
        self._counts = [one + more for one, more in zip(self._counts, other._counts, strict=True)]

    def quantile(self, share: float) -> float:
        """The lag that this share of samples did not exceed, to a quarter; 0 without samples."""
        wanted, edge = share * self.samples, _FIRST
        seen = 0
        for count in self._counts:
            seen += count
            if seen and seen >= wanted:
                return min(edge, self.most)
            edge *= 1.25
        return self.most


async def sample_lag(lag: Lag) -> None:
    """Measure until cancelled, twenty times a second."""
    while True:
        before = anyio.current_time()
        await anyio.sleep(_INTERVAL)
        lag.add(max(0.0, anyio.current_time() - before - _INTERVAL))
