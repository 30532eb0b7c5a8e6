"""Finds engines, domains and benchmarks by entry point, so that other packages can add theirs.

A program may also name a domain of its own for as long as it runs.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import msgspec

from writ_async.core.benchmark import Benchmark
from writ_async.core.domain import Domain
from writ_async.core.engine import Engine, EngineFactory, Setting
from writ_async.errors import InputError, WritError, describe_error, place_of

domains_of_program: dict[str, Domain] = {}
"""The domains that this program has named with `register_domain`; other processes do not know them."""


_known_points: dict[str, dict[str, EntryPoint]] = {}
"""What was registered, by kind and name, when it was last looked up: a look reads the metadata of every package."""


def registered_names(kind: str) -> list[str]:
    """The registered names of a kind: `engines`, `domains` or `benchmarks`."""
    named = domains_of_program if kind == "domains" else ()
    return sorted({*named, *(point.name for point in entry_points(group=f"writ_async.{kind}"))})


def register_domain(domain: Domain) -> None:
    """Let this program find a domain by its name, as an entry point does for every program.

    A domain may be registered again after it was changed. Raises `InputError` for a name that another package's domain
    has.
    """
    if domain.name not in domains_of_program and domain.name in registered_names("domains"):
        if load_domain(domain.name) is domain:
            return
        raise InputError(f"a package registers another domain {domain.name!r}; give yours another name")
    domains_of_program[domain.name] = domain


def _load(kind: str, name: str) -> Any:
    point = _find_point(kind, name)
    if point is None:
        known = ", ".join(registered_names(kind)) or "none is registered"
        raise InputError(f"unknown {kind[:-1]} {name!r}; known: {known}")
    try:
        return point.load()
    except Exception as exc:  # whatever a package does when it is imported
        top = point.module.partition(".")[0]
        file = getattr(sys.modules.get(top), "__file__", None)
        raise InputError(
            f"cannot load {kind[:-1]} {name!r} from {point.value!r}: {exc}; package {top!r} was found at {file}"
        ) from exc


def _find_point(kind: str, name: str) -> EntryPoint | None:
    """The entry point of a name; the first where several packages have one. What is not known yet is looked for."""
    if name not in _known_points.get(kind, ()):
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=f"writ_async.{kind}"):
            found.setdefault(point.name, point)
        _known_points[kind] = found
    return _known_points[kind].get(name)


def load_domain(name: str) -> Domain:
    """The domain registered under a name. Raises `InputError` when there is none."""
    found = domains_of_program.get(name) or _load("domains", name)
    if not isinstance(found, Domain):
        raise InputError(f"domain {name!r}: its entry point is a {type(found).__name__}, not a Domain; name that one")
    return found


def load_benchmark(name: str) -> Benchmark:
    """The benchmark registered under a name. Raises `InputError` when there is none."""
    return cast(Benchmark, _load("benchmarks", name))


def load_engine(name: str) -> EngineFactory:
    """The engine factory registered under a name. Raises `InputError` when there is none."""
    found = _load("engines", name)
    if not isinstance(found, EngineFactory):
        kind = type(found).__name__
        raise InputError(f"engine {name!r}: its entry point is a {kind}, not an EngineFactory; name that one")
    return found


def engine_offering(hook: str) -> str:
    """The name of the only registered engine whose factory has such a hook: `check`, `launch` or `calibrate`.

    Raises `InputError` when there is none, or more than one.
    """
    found = [name for name in registered_names("engines") if getattr(load_engine(name), hook) is not None]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"{len(found)} engines offer this: {', '.join(found)}; choose one with --engine"
        if found
        else "no registered engine offers this"
    )


def make_engine(name: str, options: dict[str, Any], setting: Setting) -> Engine:
    """An engine from its registered name and its options, given as strings or values.

    Raises `InputError` naming the option that is unknown or does not fit.
    """
    factory = load_engine(name)
    known = [field.name for field in msgspec.structs.fields(factory.options)]
    for key in options:
        if key in factory.renamed:
            raise InputError(f"engine {name!r}: the option {key!r} is now called {factory.renamed[key]!r}")
        if key not in known:
            raise InputError(f"engine {name!r} has no option {key!r}; it has: {', '.join(known) or 'none'}")
    try:
        decoded = msgspec.convert(options, factory.options, strict=False)
    except msgspec.ValidationError as exc:
        raise InputError(f"engine {name!r}: {exc}") from exc
    try:
        return factory.make(decoded, setting)
    except WritError:
        raise
    except Exception as exc:
        raise InputError(f"engine {name!r} cannot be made: {describe_error(exc)} ({place_of(exc)})") from exc
