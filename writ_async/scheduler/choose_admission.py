"""From limits to an admission policy."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from writ_async.core.engine import Engine, Gauged
from writ_async.core.trajectory import Seat
from writ_async.errors import EngineError, InputError, unwrap_group
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.scheduler.fixed_admission import FixedAdmission
from writ_async.scheduler.job import Limits
from writ_async.scheduler.kv_budget import KvAdmission


async def choose_admission(limits: Limits, engines: Mapping[Seat, Engine]) -> AdmissionPolicy:
    """The policy that limits name, for the servers behind the agent's engine.

    Raises `InputError` when the budget is to be what the servers say, and they do not say.
    """
    engine = engines["agent"]
    servers = engine.servers if isinstance(engine, Gauged) else 1
    name = limits.admission
    if name == "auto":
        name = "kv-budget" if limits.kv_tokens else "fixed"
    if name == "kv-budget":
        return KvAdmission(await server_pool_tokens(limits, engine), limits.concurrency, limits.in_flight)
    return FixedAdmission(limits.concurrency if name == "fixed" else 0, limits.in_flight, servers)


async def server_pool_tokens(limits: Limits, engine: Engine) -> list[int]:
    """The KV pool of each server behind an engine: what limits say, else what the servers say.

    Raises `InputError` when neither does.
    """
    servers = engine.servers if isinstance(engine, Gauged) else 1
    if limits.kv_tokens:
        return [limits.kv_tokens] * servers
    if not isinstance(engine, Gauged):
        raise InputError(
            "admission by kv-budget needs the size of the KV pool, which this engine cannot ask for; give it"
        )
    pools, failures = await _capacities(engine)
    if failures and not pools:
        raise InputError(f"the server does not say how large its KV pool is: {failures[0]}; give it") from failures[0]
    if not all(pools.values()):
        raise InputError("the server does not say how large its KV pool is; give it")
    # One that is not up yet is taken to be as large as the largest: when it comes it says how much less it is.
    most = max(pools.values())
    return [pools.get(server, most) for server in range(servers)]


async def _capacities(engine: Gauged) -> tuple[dict[int, int], list[EngineError]]:
    """The KV pools of the servers that say, and why others do not; all are asked at once, as one may still start."""
    pools: dict[int, int] = {}
    failures: list[EngineError] = []

    async def ask(server: int) -> None:
        try:
            pools[server] = (await engine.gauges(server)).capacity_tokens
        except EngineError as exc:
            failures.append(exc)

    try:
        async with anyio.create_task_group() as group:
            for server in range(engine.servers):
                group.start_soon(ask, server)
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None
    return pools, failures
