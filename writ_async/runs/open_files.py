"""Keeps a run within the files that its process may open: each model call that is out holds a connection, which is one.

A soft limit is raised to what the run wants, as far as the hard one allows. Where that is too little, fewer calls go
out at once, which changes no row.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import msgspec

from writ_async.core.engine import Engine, Gauged
from writ_async.scheduler import Limits

_SPARE = 12
"""Beside connections: files that are read and written now and then, looks at servers, names that are looked up."""


def open_files() -> int:
    """How many files this process has open, about 10 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 10


def raise_file_limit(wanted: int) -> int:
    """How many files this process may open, after it has asked for so many; `sys.maxsize` where there is no limit."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited:
        return sys.maxsize
    if soft < wanted:
        wanted = wanted if hard == unlimited else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # a sandbox may forbid it
            return int(soft)
        return wanted
    return int(soft)


def fit_to_open_files(
    limits: Limits, conversations: int, engines: Iterable[Engine], on_servers: int
) -> tuple[Limits, str]:
    """The limits with as few calls at once as there are files for, and a line where that is fewer than was asked for.

    `on_servers` of the engines hold connections, and each to each of its servers may hold as many as calls are out.
    """
    live = limits.most_live(conversations)
    calls = min(live, limits.in_flight or live)
    if not on_servers or not calls:
        return limits, ""
    servers = on_servers * max((engine.servers for engine in engines if isinstance(engine, Gauged)), default=1)
    taken = open_files() + _SPARE
    allowed = raise_file_limit(taken + calls * servers)
    fitting = max(1, (allowed - taken) // servers)
    if fitting >= calls:
        return limits, ""
    return msgspec.structs.replace(limits, in_flight=fitting), (
        f"this process may open {allowed:,} files (`ulimit -n`), so {fitting:,} model calls are out at once and not "
        f"{calls:,}"
    )
