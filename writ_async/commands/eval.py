"""`writ eval`: tasks of a benchmark, a file or a run, several trials each, and pass^k."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from writ_async.conversation import Rules
from writ_async.errors import InputError
from writ_async.runs.benchmark_terms import find_terms, name_on, remark_on_seats, rules_under, seats_under
from writ_async.runs.estimate import Estimate, estimate_run, take_sample
from writ_async.runs.first_look import look_at_servers
from writ_async.runs.folder import RunFolder
from writ_async.runs.manifest import make_manifest, prompts_of
from writ_async.runs.model_judge import PROMPT, PROMPT_VERSION, JudgeSpec, judge_options_that_decide, open_judge
from writ_async.runs.node_servers import NodeServers
from writ_async.runs.play import play_run
from writ_async.runs.play_in_workers import start_useful_workers
from writ_async.runs.play_settings import Executor, PlaySettings, parse_play_settings
from writ_async.runs.play_until_width import UntilWidth, play_until_width
from writ_async.runs.progress import Progress, Watcher
from writ_async.runs.prompt_templates import OURS
from writ_async.runs.seats import Seats, tell_notices
from writ_async.runs.shards import WHOLE, Shard, write_drawn
from writ_async.runs.task_sets import read_task_sets
from writ_async.scheduler import Limits

logger = logging.getLogger(__name__)


class EvalConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which rows an evaluation has. Resuming needs the same.

    `trials` conversations of each of the `tasks`, of which `limit` are taken from each source, 0 for all. `split` is
    the benchmark's list of tasks, its base list if empty. `judge` and `stop_early` are as the flags take them, and
    `judge_options` are those of a model as judge.
    `prompts` says on whose terms the tasks are played (`writ_async.runs.benchmark_terms`); without a `seed` it is that
    of these terms, or 0.
    """

    tasks: tuple[str, ...]
    trials: int = 1
    seed: int | None = None
    prompts: str = ""
    split: str = ""
    judge: str = "assume-met"
    judge_options: Mapping[str, Any] = {}
    limit: int = 0
    seats: Seats = Seats()
    rules: Rules = Rules()
    stop_early: tuple[str, ...] = ()


async def evaluate(
    config: EvalConfig,
    out: str | Path,
    *,
    data: str | None = None,
    tools: str | None = None,
    limits: Limits | None = None,
    workers: int = 1,
    shard: Shard = WHOLE,
    stop_when_failing: float = 0.0,
    retry_failed: bool = False,
    executor: Executor = "local",
    servers: NodeServers | None = None,
    check: bool = False,
    until: UntilWidth | None = None,
    watch: Watcher | None = None,
) -> Progress:
    """Play `config.trials` trials of every task; go on with the run that is in `out`, if there is one.

    `data` is a benchmark's folder, `tools` its own tool schemas. With several `workers`, that many processes share the
    work. A `shard` is a part of the run, which `merge_shards` puts together with the others. With `until`, groups whose
    pass^1 is not known as well are tried again. With `check` the agent's server is tried first; `WritError` says what
    is wrong with it. On Ray, `servers` are the model servers of each machine. Raises `InputError` and `StorageError`.
    """
    if until is not None and shard != WHOLE:
        raise InputError(
            "--until-width plans each round from all rows so far, so it cannot be shared out in shards; give --trials"
        )
    config, tools, said = _on_their_terms(config, data, tools)
    seed = config.seed or 0
    playing = parse_play_settings(
        config.seats,
        trials=config.trials,
        seed=seed,
        rules=config.rules,
        limits=limits,
        judge=config.judge,
        judge_options=config.judge_options,
        stop_early=config.stop_early,
        data=data,
        tools=tools,
        workers=workers,
        stop_when_failing=stop_when_failing,
        retry_failed=retry_failed,
        executor=executor,
        servers=servers,
    )
    chosen = read_task_sets(config.tasks, data=data, tools=tools, split=config.split or None, limit=config.limit)
    decides = msgspec.structs.replace(
        config, seats=config.seats.row_deciding(), judge_options=judge_options_that_decide(playing.judge)
    )
    asked = {} if not isinstance(playing.judge, JudgeSpec) else {"judge_prompt": [PROMPT_VERSION, PROMPT]}
    manifest = make_manifest(
        "eval", decides, chosen.worlds.values(), seed, shard, own_tool_schemas=tools is None, **asked
    )
    said += chosen.notes
    notices = [*said, *await _look_at_engines(config, playing, seed, check=check)]
    for line in said:
        logger.warning("%s", line)
    if check and servers is None:
        await config.seats.try_engines(seed, greeting=config.rules.greeting is not None)
    with RunFolder.open_or_create(out, manifest, resume=True) as run:
        tasks = shard.share(chosen.tasks)
        if not run.has_tasks:
            if shard != WHOLE:
                write_drawn(run.path, chosen.tasks)
            run.write_tasks(tasks, prompts_of(chosen.worlds.values(), config.rules))
        async with start_useful_workers(playing, len(tasks), run, check=check) as started:
            given = run, tasks, chosen.worlds, playing
            if until is None:
                return await play_run(*given, workers=started, notices=notices, watch=watch)
            return await play_until_width(*given, until, workers=started, notices=notices, watch=watch)


async def _look_at_engines(config: EvalConfig, playing: PlaySettings, seed: int, *, check: bool) -> list[str]:
    """Refuse engines that cannot be made before the folder is; what they have to say."""
    notices = await config.seats.check_engines(seed, require=check, elsewhere=playing.servers is not None)
    async with open_judge(playing.judge, seed) as model:
        if model is not None:
            notices += tell_notices({"judge": model.engine})
            await look_at_servers([model.engine], require=check)
    return notices


def estimate_eval(config: EvalConfig, *, data: str | None = None, tools: str | None = None) -> Estimate:
    """What `evaluate` would take, without playing anything on an engine. Raises `InputError` as `evaluate` does."""
    config, tools, _ = _on_their_terms(config, data, tools)
    chosen = read_task_sets(config.tasks, data=data, tools=tools, split=config.split or None, limit=config.limit)
    conversations = len(chosen.tasks) * config.trials
    sample = take_sample(chosen.tasks)
    return estimate_run(sample, chosen.worlds, config.seats, config.rules, conversations, seed=config.seed or 0)


def _on_their_terms(
    config: EvalConfig, data: str | None, tools: str | None
) -> tuple[EvalConfig, str | None, list[str]]:
    """The settings as they come out on a benchmark's terms, where its tool schemas are, and what is to be said."""
    terms, note = find_terms(config.tasks, config.prompts, data)
    if terms is None:
        ours = msgspec.structs.replace(config, prompts=OURS, seed=config.seed or 0)
        return ours, tools, [note] if note else []
    seats = seats_under(config.seats, terms)
    taken = msgspec.structs.replace(
        config,
        prompts=name_on(config.rules, terms, own_tools=tools is not None),
        seed=terms.seed if config.seed is None else config.seed,
        rules=rules_under(config.rules, terms),
        seats=seats,
    )
    remark = remark_on_seats(seats)
    return taken, tools or terms.source, [remark] if remark else []
