"""Results of tools as JSON: each text is read once, however many verifiers look into it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec


@lru_cache(maxsize=256)
def decoded(text: str) -> Any:
    """What a text is as JSON, None where it is none. It is shared by all who ask, and nobody may change it."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
