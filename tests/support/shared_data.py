"""Where the benchmark's data and the conformance vectors are; tests that need them skip where they are not."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_CANDIDATE = Path(os.environ.get("WRIT_SHARED", _ROOT.parent / "shared"))

SHARED: Path | None = _CANDIDATE if (_CANDIDATE / "conformance").is_dir() else None
TAU2_DATA: Path | None = SHARED / "tau2" / "data" if SHARED else None

needs_shared = pytest.mark.skipif(
    SHARED is None, reason="benchmark data and conformance vectors are absent (set WRIT_SHARED to their folder)"
)
