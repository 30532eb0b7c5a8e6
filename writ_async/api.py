"""The library call: run tasks on engines inside your own program, and get trajectories as they finish."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio

from writ_async.conversation import Rules
from writ_async.core.domain import Domain
from writ_async.core.engine import Engine
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory, trajectory_id
from writ_async.errors import InputError
from writ_async.registry import load_domain, register_domain
from writ_async.runs.early_stop import settled_of
from writ_async.runs.given import require_callable, require_engine, require_names, require_tasks, require_whole
from writ_async.runs.jobs import Replace, plan_jobs, run_judged
from writ_async.runs.model_judge import open_engines_and_judge
from writ_async.runs.play_settings import parse_play_settings
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.remarks import remarks_on
from writ_async.runs.seats import EngineSpec, Seats, tell_notices
from writ_async.runs.task_making import draw_tasks, give_behaviours, parse_task_settings
from writ_async.runs.task_sets import read_task_sets, require_playable
from writ_async.runs.worlds import generate_worlds, open_worlds
from writ_async.scheduler import Limits, Rollouts, Stop
from writ_async.verify.judge import Judge

logger = logging.getLogger(__name__)


def make_tasks(
    domains: str | Domain | Sequence[str | Domain],
    n: int,
    *,
    seed: int = 0,
    mix: str = "",
    levels: str = "",
    behaviours: str = "on",
    max_tool_tokens: int = 0,
    world_size: int = 500,
) -> list[Task]:
    """Draw n proved tasks, in turn from the generated worlds of one or several domains: those of `writ synth`.

    A domain is a registered name, or a `Domain` of your own, which this program then knows by its name. `mix`, `levels`
    and `behaviours` are as `writ synth --help` has them; `world_size` is in users, `max_tool_tokens` bounds the tokens
    of a task's tool results, 0 not at all. Raises `InputError`.

    >>> tasks = make_tasks("retail", 4, seed=1, levels="W1R3=1", behaviours="tone=angry", world_size=60)
    >>> [task.id for task in tasks][:2], {task.proof.level for task in tasks}
    (['retail-s1-00000', 'retail-s1-00001'], {'W1R3'})
    """
    with _library_words():
        settings = parse_task_settings(
            n=n, seed=seed, mix=mix, levels=levels, max_tool_tokens=max_tool_tokens, behaviours=behaviours
        )
        given = list(domains) if isinstance(domains, Sequence) and not isinstance(domains, str) else [domains]
        found = [_domain(one) for one in given]
        worlds = generate_worlds(found, seed, world_size)
        tasks = draw_tasks(worlds, settings)
        return give_behaviours(tasks, open_worlds(tasks, None, known=worlds), settings)


def _domain(given: object) -> Domain:
    if isinstance(given, str):
        return load_domain(given)
    if not isinstance(given, Domain):
        raise InputError(f"domains must be registered names or Domains, not {given!r:.60}")
    register_domain(given)
    return given


_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
_NAMES = {"timeout": "conversation_timeout", "tasks": "sources"}


@contextmanager
def _library_words() -> Iterator[None]:
    """Have what is refused named as this module names it: `world_size`, where the command says `--world-size`."""
    try:
        yield
    except InputError as exc:
        said = _FLAG.sub(lambda flag: _NAMES.get(flag[1], flag[1].replace("-", "_")), str(exc))
        if said == str(exc):
            raise
        raise type(exc)(said) from exc.__cause__


def load_tasks(
    *sources: str, data: str | None = None, split: str | None = None, tools: str | None = None, limit: int = 0
) -> list[Task]:
    """The tasks of benchmarks (`tau2:retail`), run folders, or JSON Lines files, as `writ eval --tasks` takes them.

    `data` is the benchmark's data folder, `split` the name of one of its lists, `tools` its own tool schemas; `limit`
    keeps the first tasks of each source, 0 all. Raises `InputError`.
    """
    with _library_words():
        require_names("sources", sources)
        require_whole("limit", limit, 0)
        if not sources:
            raise InputError("there is nothing to load; name a benchmark's subset, a run folder or a file")
        return list(read_task_sets(sources, data=data, tools=tools, split=split, limit=limit).tasks)


@asynccontextmanager
async def rollouts(
    tasks: Sequence[Task],
    agent: Engine | EngineSpec | str = "scripted",
    user: Engine | EngineSpec | str | None = None,
    *,
    agent_options: Mapping[str, Any] | None = None,
    user_options: Mapping[str, Any] | None = None,
    trials: int = 1,
    first_trial: int = 0,
    seed: int = 0,
    data: str | None = None,
    tools: str | None = None,
    rules: Rules | None = None,
    limits: Limits | None = None,
    judge: Judge | str = "assume-met",
    judge_options: Mapping[str, Any] | None = None,
    stop_early: Sequence[str] = (),
    stop: Stop | None = None,
    watch: Watcher | None = None,
    replace: Replace | None = None,
) -> AsyncIterator[Rollouts]:
    """Run trials of tasks while the block lasts; iterate over judged trajectories as they finish.

        async with rollouts(tasks, agent=engine, trials=8) as stream:
            async for trajectory in stream: ...

    `agent` and `user` are each an `Engine`, a registered name with its options beside it, or an `EngineSpec`; engines
    that are made here are closed at the end. Without `user` the agent's engine plays both seats. `data` is the folder
    of the benchmark that tasks come from, `tools` its own tool schemas. `judge` decides assertions in plain language:
    one of your own, `assume-met`, `assume-unmet`, or a model as `ENGINE:MODEL` with `judge_options`. Every trajectory
    has its verdict, but for those that something outside cut short (`ENDED_FROM_OUTSIDE`): theirs is None. `stop_early`
    takes the rules of `writ eval --stop-early`, `stop` one of your own. `watch` is a coroutine function that runs
    beside, and may look at the `Progress` as often as it likes: `show_progress()` draws the command's bar. What an
    engine says of its model's template or tool calls is logged as a warning at the start. `stream.counters` are there
    at any time, and `stream.cancel()` ends the run in order, leaving the block at once. `replace` says of each
    trajectory how many further trials of its task are to be played for it; they have its place.

    A task that is given more than once has as many conversations in each round of trials, its k-th being its trial k-1,
    or as many later as `first_trial` says, for a trainer that asks for trials one by one.
    `stream.places[trajectory.id]` is where a trajectory stands among all, round of trials by round, each in the order
    of the tasks: that of `tasks[i]` in round r has the place `r * len(tasks) + i`.

    Raises `InputError` for an unknown engine or option, a seat that an engine cannot play, or a world that cannot be
    opened.
    """
    with _library_words():
        tasks = require_tasks(tasks)
        seats = Seats(
            _seated("agent", agent, agent_options) or EngineSpec(),
            _seated("user", user, user_options),
        )
        settings = parse_play_settings(
            seats, trials=trials, seed=seed, rules=rules, limits=limits, judge=judge,
            judge_options=judge_options, stop_early=stop_early, data=data, tools=tools,
        )  # fmt: skip
        require_whole("first_trial", first_trial, 0)
        require_callable("stop", stop)
        require_callable("watch", watch)
        require_callable("replace", replace)
        worlds = open_worlds(tasks, data, tools)
        require_playable(tasks, worlds)
    jobs = plan_jobs(tasks, worlds, trials, seed, first_trial=first_trial)
    settled = settled_of(settings.early, max(Counter(job.task.id for job in jobs).values(), default=trials))
    progress = Progress(total=len(jobs))
    async with open_engines_and_judge(seats, settings.judge, tasks, worlds.values(), seed) as (engines, asked):
        progress.summary.notices = tell_notices(engines)
        async with run_judged(
            jobs, engines, settings, progress, settled=settled, stop=stop, watch=watch, judge=asked, replace=replace
        ) as stream:
            stream.places = {trajectory_id(job.task.id, job.trial): place for place, job in enumerate(jobs)}
            yield stream
        if progress.halted:
            logger.warning("ended in order, for no call is answered any more: %s", progress.halted)
        progress.summary.remarks = remarks_on(progress.summary)


def _seated(
    seat: str, given: Engine | EngineSpec | str | None, options: Mapping[str, Any] | None
) -> Engine | EngineSpec | None:
    if options is not None and not isinstance(options, Mapping):
        raise InputError(f"{seat}_options must be a mapping of names to values, not {options!r:.60}")
    if isinstance(given, str):
        return EngineSpec(given, options or {})
    if options:
        raise InputError(f"{seat}_options are those of an engine that is given by its registered name")
    if given is not None and not isinstance(given, EngineSpec):
        require_engine(seat, given)
    return given


def run(
    tasks: Sequence[Task],
    agent: Engine | EngineSpec | str = "scripted",
    user: Engine | EngineSpec | str | None = None,
    **settings: Any,
) -> list[Trajectory]:
    """Run trials of tasks to the end, without an event loop of your own; takes what `rollouts` takes.

    The trajectories come in the order of the tasks, round of trials by round: `rows[r * len(tasks) + i]` is that of
    `tasks[i]` in round r, unless a `watch` has cancelled the run. Raises `InputError` as `rollouts` does, and where an
    event loop is running already, as in a notebook.

    >>> rows = run(make_tasks("retail", 2, seed=1, world_size=60), "scripted", trials=2)
    >>> [(row.id, row.verdict.kept) for row in rows if row.verdict is not None][:2]
    [('retail-s1-00000#0', True), ('retail-s1-00001#0', True)]
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise InputError(
            "an event loop is running here, as in a notebook; use `async with rollouts(...) as stream: "
            "rows = [row async for row in stream]` in it"
        )

    async def collect() -> list[Trajectory]:
        async with rollouts(tasks, agent, user, **settings) as stream:
            finished = [trajectory async for trajectory in stream]
        return sorted(finished, key=lambda trajectory: stream.places[trajectory.id])

    return anyio.run(collect, backend_options={"use_uvloop": True})
