"""`writ plan`: what a model on a GPU would do with a mix of tasks, by simulation in virtual time.

The tasks, conversations and scheduler are the real ones; the engine registered as `simulated` says when a server would
have answered. Nothing runs on a GPU, and no clock is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import msgspec

from writ_async.conversation import Rules
from writ_async.core.engine import Engine, Setting
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.registry import load_domain, make_engine
from writ_async.runs.jobs import plan_jobs
from writ_async.runs.worlds import generate_world, world_key
from writ_async.scheduler import Job, Limits, Timing, run_rollouts
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.virtual_time import run_virtual

ENGINE = "simulated"
FIXED = (16, 32, 64, 128, 256)

_encode = msgspec.json.Encoder().encode


class PlanConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is planned: tasks as for `writ synth`, the options of the simulated engine, and the settings to compare."""

    domains: tuple[str, ...]
    n: int = 512
    trials: int = 1
    seed: int = 0
    mix: str = ""
    world_size: int = 500
    options: Mapping[str, Any] = {}
    fixed: tuple[int, ...] = FIXED
    rules: Rules = Rules(max_steps=100)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one setting gives. Shares are of the servers' time; `live`, `batch` and `row_bytes` are means.

    `row_bytes` is what a conversation takes as a line of JSON, without its verdict. `base_share` is the part of
    decoding that a larger batch would spread over more requests.
    """

    admission: str
    conversations_per_hour: float
    seconds: float
    hit_rate: float
    live: float
    batch: float
    prefill_share: float
    decode_share: float
    base_share: float
    idle_share: float
    prompt_tokens: int
    prefilled_tokens: int
    output_tokens: int
    retractions: int
    requests: int
    row_bytes: float


class Report(Protocol):
    """What is read of the simulated engine's reports."""

    seconds: float
    requests: int
    prompt_tokens: int
    cached_tokens: int
    prefilled_tokens: int
    output_tokens: int
    retractions: int
    prefill_seconds: float
    decode_seconds: float
    decode_steps: int
    decode_requests: int


@runtime_checkable
class Reporting(Protocol):
    """An engine that can say what its servers did."""

    def reports(self) -> Sequence[Report]:
        """What each server has done."""

    def decode_base(self) -> float:
        """Seconds of a decode step before any request is looked at."""


def plan_run(config: PlanConfig) -> list[Outcome]:
    """Simulate the same conversations under each setting: by KV budget, fixed numbers of live ones, and all at once.

    Raises `InputError` for a domain, mix or option that is not known.
    """
    if config.n < 1 or config.trials < 1:
        raise InputError(f"there must be at least one conversation, not {config.n} x {config.trials}")
    worlds = [generate_world(load_domain(name), config.seed, config.world_size) for name in config.domains]
    tasks = synthesise_tasks(worlds, config.n, config.seed, parse_mix(config.mix))[0]
    jobs = plan_jobs(tasks, {world_key(opened.ref): opened for opened in worlds}, config.trials, config.seed)
    setting = Setting(
        tasks={task.id: task for task in tasks},
        domains={opened.domain.name: opened.domain for opened in worlds},
        seed=config.seed,
    )
    limits = [("kv-budget", Limits(admission="kv-budget", concurrency=len(jobs), request_timeout=0.0))]
    limits += [(f"fixed {k}", Limits(admission="fixed", concurrency=k, request_timeout=0.0)) for k in config.fixed]
    limits.append(("unbounded", Limits(admission="unbounded", concurrency=len(jobs), request_timeout=0.0)))
    return [
        _simulate_limits(name, jobs, make_engine(ENGINE, dict(config.options), setting), limit, config.rules)
        for name, limit in limits
    ]


def _simulate_limits(name: str, jobs: Sequence[Job], engine: Engine, limits: Limits, rules: Rules) -> Outcome:
    if not isinstance(engine, Reporting):
        raise InputError(f"the engine registered as {ENGINE!r} does not report what its servers do")
    busy, written = 0.0, 0

    def finished(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        nonlocal busy, written
        busy += timing.seconds - timing.gate_wait
        written += len(_encode(trajectory))

    async def main() -> None:
        async with run_rollouts(
            jobs, {"agent": engine, "user": engine}, rules=rules, limits=limits, on_finish=finished
        ) as rollouts:
            async for _ in rollouts:
                pass

    run_virtual(main)
    return _make_outcome(name, len(jobs), busy, written, engine.reports(), cast(Reporting, engine).decode_base())


def _make_outcome(name: str, jobs: int, busy: float, written: int, reports: Sequence[Report], base: float) -> Outcome:
    seconds = max(report.seconds for report in reports)
    whole = (seconds * len(reports)) or 1.0
    prefill = sum(report.prefill_seconds for report in reports)
    decode = sum(report.decode_seconds for report in reports)
    steps = sum(report.decode_steps for report in reports)
    prompt = sum(report.prompt_tokens for report in reports)
    return Outcome(
        admission=name,
        conversations_per_hour=3600 * jobs / seconds if seconds else 0.0,
        seconds=seconds,
        hit_rate=sum(report.cached_tokens for report in reports) / prompt if prompt else 0.0,
        live=busy / seconds if seconds else 0.0,
        batch=sum(report.decode_requests for report in reports) / steps if steps else 0.0,
        prefill_share=prefill / whole,
        decode_share=decode / whole,
        base_share=steps * base / whole,
        idle_share=max(0.0, 1 - (prefill + decode) / whole),
        prompt_tokens=prompt,
        prefilled_tokens=sum(report.prefilled_tokens for report in reports),
        output_tokens=sum(report.output_tokens for report in reports),
        retractions=sum(report.retractions for report in reports),
        requests=sum(report.requests for report in reports),
        row_bytes=written / jobs,
    )
