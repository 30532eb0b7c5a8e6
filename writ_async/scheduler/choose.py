"""From limits to a policy."""

from __future__ import annotations

from collections.abc import Mapping

from writ_async.engine import Engine, Gauged
from writ_async.errors import EngineError, InputError
from writ_async.scheduler.budget import BudgetPolicy
from writ_async.scheduler.jobs import Limits
from writ_async.scheduler.policy import FixedPolicy, Policy
from writ_async.trajectory import Seat


async def choose_policy(limits: Limits, engines: Mapping[Seat, Engine]) -> Policy:
    """The policy that limits name, for the servers behind the agent's engine.

    Raises `InputError` when the budget is to be what the servers say, and they do not say.
    """
    engine = engines["agent"]
    servers = engine.servers if isinstance(engine, Gauged) else 1
    name = limits.policy
    if name == "auto":
        name = "kv-budget" if limits.kv_tokens else "fixed"
    if name == "kv-budget":
        return BudgetPolicy(await _pools(limits, engine, servers), limits.concurrency, limits.in_flight)
    return FixedPolicy(limits.concurrency if name == "fixed" else 0, limits.in_flight, servers)


async def _pools(limits: Limits, engine: Engine, servers: int) -> list[int]:
    if limits.kv_tokens:
        return [limits.kv_tokens] * servers
    if not isinstance(engine, Gauged):
        raise InputError(
            "the policy kv-budget needs the size of the KV pool, which this engine cannot ask for; give it"
        )
    try:
        pools = [(await engine.gauges(server)).capacity_tokens for server in range(servers)]
    except EngineError as exc:
        raise InputError(f"the server does not say how large its KV pool is: {exc}; give it") from exc
    if not all(pools):
        raise InputError("the server does not say how large its KV pool is; give it")
    return pools
