"""Looks at model servers through the engine that is to use them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from writ_async.core.engine import Check, Setting, close_engine
from writ_async.errors import InputError, without_credentials
from writ_async.registry import load_engine, make_engine
from writ_async.runs.try_out import try_out


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
        raise InputError(f"engine {engine!r} has no server to check")
    checks = list(await check(url, model))
    if all(item.status != "problem" and not item.name.startswith("tool") for item in checks):
        setting = Setting(tasks={}, domains={}, seed=0)
        made = make_engine(engine, {"url": url, "model": model or "", "attempts": "3", "deadline": "90"}, setting)
        try:
            checks += await try_out(made)
        finally:
            await close_engine(made)
    told = tuple(
        Check(item.name, item.status, without_credentials(item.found), without_credentials(item.advice))
        for item in checks
    )
    return Diagnosis(without_credentials(url), engine, all(item.status != "problem" for item in checks), told)


async def diagnose_all(engine: str, urls: Sequence[str], model: str | None = None) -> list[Diagnosis]:
    """Check each server, and that all that tell their model have the same one.

    Raises what `diagnose` raises, and `InputError` for a server that is named twice.
    """
    if len({url.rstrip("/") for url in urls}) < len(urls):
        raise InputError("a server is named twice; name each once")
    diagnoses = [await diagnose(engine, url, model) for url in urls]
    first = next(((item.url, name) for item in diagnoses if (name := _model(item)) is not None), None)
    if first is None:
        return diagnoses
    return [_compare(item, *first) for item in diagnoses]


def _model(diagnosis: Diagnosis) -> str | None:
    """The name of a server's model, without the folders that lead to it on its machine."""
    found = next((check.found for check in diagnosis.checks if check.name == "model" and check.status == "ok"), None)
    return None if found is None else found.rstrip("/").rpartition("/")[2]


def _compare(diagnosis: Diagnosis, url: str, name: str) -> Diagnosis:
    """The diagnosis, with a problem where the server has another model than the one at `url`."""
    if _model(diagnosis) in (None, name):
        return diagnosis
    advice = "start all servers of a run with one model"
    check = Check("one model", "problem", f"{url} has {name}", advice)
    return Diagnosis(diagnosis.url, diagnosis.engine, False, (*diagnosis.checks, check))
