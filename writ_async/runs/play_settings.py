"""How the tasks of a run are played: parsed once, and handed down as it is, to worker processes too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from writ_async.conversation import Rules
from writ_async.curation.filters import reason_names
from writ_async.curation.rules import STRICT, FilterRules, parse_filter_rules
from writ_async.errors import InputError
from writ_async.runs.early_stop import EarlyStop, parse_stop_early
from writ_async.runs.given import (
    MOST_TRIALS,
    MOST_WORKERS,
    require_judge,
    require_limits,
    require_names,
    require_rules,
    require_whole,
)
from writ_async.runs.model_judge import JudgeSpec, parse_judge
from writ_async.runs.node_servers import NodeServers
from writ_async.runs.seats import Seats
from writ_async.scheduler import Limits
from writ_async.verify.judge import AssumeMet, Judge

Executor = Literal["local", "ray"]
"""Where workers run: processes of this machine, or actors of a Ray cluster."""


class PlaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`trials` conversations of each task by the engines of `seats`, under `rules` and within `limits`.

    `judge` decides assertions in plain language, `early` says which conversations are stopped early, `filters`
    what becomes of rows because of their findings. `data` and `tools`
    are the benchmark's folder and its own tool schemas, where its tasks are played. That many processes as there are
    `workers` may share the work. The run ends where `stop_when_failing`, a share, of its first conversations fail by
    their set-up; 0 goes on whatever happens. With `retry_failed` conversations that failed for good are tried again.
    `executor` says where workers run; on Ray, 0 of them stand for one on each machine. With `servers` each calls the
    model servers of its own machine.
    """

    trials: int = 1
    seed: int = 0
    seats: Seats = Seats()
    rules: Rules = Rules()
    limits: Limits = Limits()
    judge: Judge | JudgeSpec = msgspec.field(default_factory=AssumeMet)
    early: EarlyStop = EarlyStop()
    filters: FilterRules = STRICT
    data: str | None = None
    tools: str | None = None
    workers: int = 1
    stop_when_failing: float = 0.0
    retry_failed: bool = False
    executor: Executor = "local"
    servers: NodeServers | None = None


def parse_play_settings(
    seats: Seats,
    *,
    trials: int = 1,
    seed: int = 0,
    rules: Rules | None = None,
    limits: Limits | None = None,
    judge: Judge | str = "assume-met",
    judge_options: Mapping[str, Any] | None = None,
    stop_early: Sequence[str] = (),
    filters: Sequence[str] = (),
    data: str | None = None,
    tools: str | None = None,
    workers: int = 1,
    stop_when_failing: float = 0.0,
    retry_failed: bool = False,
    executor: Executor = "local",
    servers: NodeServers | None = None,
) -> PlaySettings:
    """The settings from what a caller says; `judge_options` are those of a model as judge.

    Raises `InputError` for a number, a judge or a rule that cannot be.
    """
    if not 0 <= stop_when_failing <= 1:
        raise InputError(f"--stop-when-failing must be a share from 0 to 1, not {stop_when_failing:g}")
    require_whole("--trials", trials, 1, MOST_TRIALS)
    require_whole("--workers", workers, 0 if executor == "ray" else 1, MOST_WORKERS)
    require_whole("--seed", seed)
    return PlaySettings(
        trials=trials,
        seed=seed,
        seats=seats,
        rules=Rules() if rules is None else require_rules(rules),
        limits=Limits() if limits is None else require_limits(limits),
        judge=parse_judge(judge, judge_options) if isinstance(judge, str) else require_judge(judge),
        early=parse_stop_early(require_names("--stop-early", stop_early), trials),
        filters=parse_filter_rules(filters, reason_names()),
        data=data,
        tools=tools,
        workers=workers,
        stop_when_failing=stop_when_failing,
        retry_failed=retry_failed,
        executor=executor,
        servers=servers,
    )


def settings_of(config: Mapping[str, Any]) -> PlaySettings:
    """Of the settings of a run that is there those by which its rows are counted, filtered and summed up."""
    keep = config.get("keep") or {}
    return parse_play_settings(
        Seats(),
        trials=keep.get("attempts") or config.get("trials", 1),
        stop_early=config.get("stop_early", ()),
        filters=config.get("filters", ()),
    )
