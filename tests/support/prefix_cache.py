"""A prefix cache that knows only how much of a prompt it has seen: page size 1, no eviction."""

from collections.abc import Sequence
from itertools import accumulate


class PrefixCache:
    """Holds every prefix of what was inserted, each as one number."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def insert(self, ids: Sequence[int]) -> None:
        """Remember a sequence and all its prefixes."""
        self._seen.update(_prefixes(ids))

    def match(self, ids: Sequence[int]) -> int:
        """How many ids at the start are known. The last one is always computed anew, as in the real server."""
        known = _prefixes(ids)
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high + 1) // 2
            if known[middle - 1] in self._seen:
                low = middle
            else:
                high = middle - 1
        return min(low, len(ids) - 1)

    def flush(self) -> None:
        """Forget everything."""
        self._seen.clear()


def _prefixes(ids: Sequence[int]) -> list[int]:
    return list(accumulate(ids, lambda before, token: hash((before, token)), initial=1))[1:]
