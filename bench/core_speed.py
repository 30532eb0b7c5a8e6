"""How quick the core is that a bench ran on, so that the figures of two machines, or of two hours, can be compared.

The measure is a loop that counts to five million (`x += i * i % 7`). Times that have an aim are told a second time for
the core on which the aims were set.
"""

from __future__ import annotations

import time
from typing import Final

AIMS_CORE_SECONDS: Final = 0.22
"""What counting to five million takes where the aims in milliseconds and calls a second were set: by a version whose
calls a second were measured there, and then beside this loop on another core."""
COUNTED: Final = 5_000_000
_STEPS: Final = 50_000


def count_seconds(steps: int = _STEPS) -> float:
    """CPU seconds that counting to five million would take, by so many steps of it."""
    start = time.process_time()
    total = 0
    for number in range(steps):
        total += number * number % 7
    return (time.process_time() - start) * COUNTED / steps
