"""All of `writ eval` on the script's tasks: scheduler, state, tools, both seats over HTTP, verdicts, rows on disk.

With --talk-alone nothing is judged and nothing written.

    python -m client_loads.ours SCRIPT URL [--talk-alone] [--engine openai]
    python -m client_loads.ours SCRIPT URL --engine sglang --model FOLDER
"""

from __future__ import annotations

import tempfile

import anyio

from bench.client_loads.meter import Meter, load_parser, read_load
from bench.client_loads.plans import choose_tasks
from writ_async import EngineSpec, Limits, Rules, RunFolder, Seats, run_rollouts
from writ_async.runs.jobs import plan_jobs
from writ_async.runs.manifest import Manifest, prompts_of
from writ_async.runs.play import play_run
from writ_async.runs.play_settings import PlaySettings
from writ_async.runs.task_sets import TaskSet


async def play(
    tasks: TaskSet, seats: Seats, folder: str, url: str, trials: int, concurrency: int, talk_alone: bool
) -> None:
    """Play a trial of each task to open the connections, then measure a run in a folder of its own."""
    manifest = Manifest(kind="eval", command="bench", config={}, worlds=(), seeds={}, versions={})

    async def talk(name: str, count: int) -> None:
        jobs = plan_jobs(tasks.tasks, tasks.worlds, count, 1)
        async with run_rollouts(jobs, engines, rules=Rules(), limits=Limits(concurrency=concurrency)) as rollouts:
            async for _ in rollouts:
                pass

    async def evaluate(name: str, count: int) -> None:
        with RunFolder.open_or_create(f"{folder}/{name}", manifest, resume=True) as run:
            run.write_tasks(tasks.tasks, prompts_of(tasks.worlds.values(), Rules()))
            limits = Limits(concurrency=concurrency)
            settings = PlaySettings(trials=count, seed=1, seats=Seats(engines["agent"]), limits=limits)
            await play_run(run, tasks.tasks, tasks.worlds, settings)

    run = talk if talk_alone else evaluate
    async with seats.open_engines(tasks.tasks, tasks.worlds.values(), 1) as engines:
        await run("first", 1)
        with Meter(url, trials * len(tasks.tasks)):
            await run("measured", trials)


def main() -> None:
    """Read the arguments and play."""
    parser = load_parser(__doc__)
    parser.add_argument("--engine", choices=("openai", "sglang"), default="openai")
    parser.add_argument("--model", default="mock", help="the model's folder, for the sglang engine")
    parser.add_argument("--talk-alone", action="store_true", help="judge nothing and write nothing")
    options, script = read_load(parser)
    tasks = choose_tasks(script.get("data") or None, len(script["plans"]))
    seats = Seats(EngineSpec(options.engine, {"url": options.url, "model": options.model}))
    with tempfile.TemporaryDirectory() as folder:
        arguments = (tasks, seats, folder, options.url, options.trials, options.concurrency, options.talk_alone)
        anyio.run(play, *arguments, backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
