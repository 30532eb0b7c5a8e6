"""Looks at a model server through the engine that is to use it."""

from __future__ import annotations

import msgspec

from writ_async.engine import Check
from writ_async.errors import InputError
from writ_async.registry import load_engine


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks of one server. `healthy` is false when one of them found a problem."""

    url: str
    engine: str
    healthy: bool
    checks: tuple[Check, ...]


async def diagnose(engine: str, url: str, model: str | None = None) -> Diagnosis:
    """Check a server for an engine. Raises `InputError` for an unknown engine, and for one that has no checks."""
    check = load_engine(engine).check
    if check is None:
        raise InputError(f"engine {engine!r} has no server to check; try --engine sglang")
    checks = tuple(await check(url, model))
    return Diagnosis(url, engine, all(item.status != "problem" for item in checks), checks)
