"""Servers that misbehave: conversations under a fault on one call in five, on both HTTP engines, and what comes of it.

    python bench/faults.py [--n 10000] [--seeds 1,2,3] [--engine openai|sglang] [--rate 0.2] [--json FILE]
    python bench/faults.py --shrink FILE          # where something goes wrong, the least schedule that shows it
    python bench/faults.py --script FILE          # play such a file again

In virtual time, on the engines' own code down to the bytes of HTTP: only the network is in memory. Each conversation is
judged and kept in a run's folder, and what became of it is read from there. A tenth as many
conversations meet two servers of which one dies and comes back, and one has no name for a while; a hundred go over
sockets of this machine, by the same schedule. All end, once each, and those that ended by themselves are what they are
without faults; a watchdog looks for calls that are under way too long, and the loop for waits that can never end.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.models.folders import write_family
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.trust_loads.fault_kinds import weights
from bench.trust_loads.fault_run import (
    Hall,
    Outcome,
    conversation_ids,
    given_up,
    play_on_sockets,
    play_virtual,
    problems,
    quiet,
    shrunk,
)
from bench.trust_loads.fault_schedule import Outage, Schedule, Script, read_script, write_script
from bench.trust_loads.fault_server import FaultServer
from writ_async import Job, make_tasks, open_chat_format
from writ_async.runs.jobs import plan_jobs
from writ_async.runs.worlds import open_worlds

ENGINES = ("openai", "sglang")
TASKS = 20
RUN_SEED = 1
RATE = 0.2  # of requests that meet a fault
BATCH = 4  # calls that share a request, in the runs on two servers
SLOWEST = 1800.0  # seconds of the clock for one run; a loop that goes round and round is told with its stack
OUTAGES = (Outage(0, 5.0, 40.0), Outage(1, 90.0, 30.0, "unknown"), Outage(0, 200.0, 20.0))


class Tally(msgspec.Struct):
    """Sums over runs, and what was wrong in them."""

    conversations: int = 0
    requests: int = 0
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    ended: int = 0
    failed: int = 0
    given_up: int = 0
    problems: list[str] = []

    def add(self, outcome: Outcome, found: Sequence[str]) -> None:
        """Count one more run."""
        self.conversations += len(outcome.rows) + len(outcome.failed)
        self.requests += outcome.requests
        self.faults += outcome.met
        self.ended += len(outcome.rows)
        self.failed += len(outcome.failed)
        self.given_up += len(given_up(outcome))
        self.problems += found


def open_hall(engine: str, conversations: int, folder: str, *, servers: int = 1, batch: int = 1) -> Hall:
    """The conversations of an engine, and the servers that answer them."""
    tasks = make_tasks("retail", TASKS, seed=RUN_SEED, world_size=60)
    trials = -(-conversations // TASKS)
    worlds = open_worlds(tasks, None)
    jobs: list[Job] = plan_jobs(tasks, worlds, trials, RUN_SEED)[:conversations]
    chat = open_chat_format(folder) if engine == "sglang" else None
    server = FaultServer(engine, conversation_ids(jobs), RUN_SEED, chat)
    return Hall(engine, jobs, worlds, server, folder, servers=servers, batch=batch)


def run_seeds(
    hall: Hall, options: argparse.Namespace, *, outages: Sequence[Outage] = (), sockets: bool = False
) -> Tally:
    """A run without faults, and one of each seed held against it."""
    tally, ids = Tally(), conversation_ids(hall.jobs)
    reference = play_virtual(hall, Schedule())
    for seed in options.seeds:
        faulthandler.dump_traceback_later(SLOWEST, exit=True)
        schedule = Schedule(seed, options.rate, weights(hall.engine), outages=outages)
        outcome = (play_on_sockets if sockets else play_virtual)(hall, schedule)
        faulthandler.cancel_dump_traceback_later()
        found = problems(outcome, reference, ids, outages)
        tally.add(outcome, found)
        print(_line(hall, seed, outcome, found, sockets), flush=True)
        if found and options.shrink and not sockets:
            script = shrunk(hall, outcome, schedule, reference)
            write_script(script, options.shrink)
            print(f"the least schedule that shows it is in {options.shrink}: {len(script.strikes)} faults")
            sys.exit(1)
    return tally


def _line(hall: Hall, seed: int, outcome: Outcome, found: Sequence[str], sockets: bool) -> str:
    where = "sockets" if sockets else f"{outcome.virtual_seconds:,.0f} virtual seconds"
    return (
        f"{hall.engine}, {hall.servers} server(s), seed {seed}: {len(hall.jobs):,} conversations, "
        f"{outcome.requests:,} requests, {outcome.met.total():,} faults of {len(outcome.met)} kinds, "
        f"{len(outcome.failed):,} failed, {len(found)} problems ({where}, {outcome.wall_seconds:.0f} s)"
        + "".join(f"\n    {text}" for text in found[:5])
    )


def figures_of(what: str, tally: Tally) -> list[Figure]:
    """What came of some runs."""

    def wrong(*beginnings: str) -> int:
        return sum(text.startswith(beginnings) for text in tally.problems)

    named = ("hangs", "lost", "handed over", "not as without faults", "failed, though")
    return [
        Figure(f"{what}: conversations", tally.conversations, ""),
        Figure(f"{what}: requests", tally.requests, ""),
        Figure(f"{what}: faults, of {len(tally.faults)} kinds", tally.faults.total(), ""),
        Figure(f"{what}: conversations that ended by themselves", tally.ended, ""),
        Figure(f"{what}: failed, by faults that do not pass", tally.failed - tally.given_up, ""),
        Figure(f"{what}: given up, by faults that might have passed", tally.given_up, ""),
        Figure(f"{what}: calls that hang", wrong("hangs"), "", 0),
        Figure(f"{what}: conversations lost", wrong("lost"), "", 0),
        Figure(f"{what}: conversations handed over twice", wrong("handed over"), "", 0),
        Figure(f"{what}: rows that are not as without faults", wrong("not as without faults"), "", 0),
        Figure(f"{what}: failed without a fault", wrong("failed, though"), "", 0),
        Figure(f"{what}: other problems", len(tally.problems) - wrong(*named), "", 0),
    ]


def replay(script: Script, folder: str) -> list[str]:
    """What is wrong when a script is played."""
    hall = open_hall(script.engine, script.conversations, folder, servers=script.servers, batch=script.batch)
    reference = play_virtual(hall, Schedule())
    if script.only:
        hall.jobs = [job for job in hall.jobs if f"{job.task.id}#{job.trial}" in script.only]
    outcome = play_virtual(hall, Schedule(listed=script.strikes, outages=script.outages))
    return problems(outcome, reference, conversation_ids(hall.jobs), script.outages)


def figures_of_engine(engine: str, folder: str, options: argparse.Namespace) -> list[Figure]:
    """All runs of one engine."""
    figures = figures_of(engine, run_seeds(open_hall(engine, options.n, folder), options))
    if few := options.n // 10:
        pair = open_hall(engine, few, folder, servers=2, batch=BATCH if engine == "sglang" else 1)
        figures += figures_of(f"{engine}, two servers with outages", run_seeds(pair, options, outages=OUTAGES))
    if options.sockets:
        hall = open_hall(engine, options.sockets, folder)
        figures += figures_of(f"{engine}, over sockets", run_seeds(hall, options, sockets=True))
    return figures


def _seeds(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main(arguments: list[str]) -> None:
    """Play, compare, print."""
    parser = make_parser(__doc__)
    parser.add_argument("--n", metavar="N", type=positive, default=10_000, help="conversations of a run (10000)")
    parser.add_argument("--seeds", metavar="S,...", type=_seeds, default=[1, 2, 3], help="(1,2,3)")
    parser.add_argument("--engine", choices=ENGINES, help="this one alone")
    parser.add_argument("--rate", metavar="SHARE", type=float, default=RATE, help="of requests that meet a fault (0.2)")
    parser.add_argument("--sockets", metavar="N", type=int, default=100, help="conversations over sockets (100)")
    parser.add_argument("--shrink", metavar="FILE", help="write the least schedule that goes wrong, and end there")
    parser.add_argument("--script", metavar="FILE", help="play a schedule from its file, and nothing else")
    options = parser.parse_args(arguments)
    quiet()
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(write_family(Path(scratch, "model"), "qwen3-instruct-2507"))
        if options.script:
            found = replay(read_script(options.script), folder)
            print("\n".join(found) or "nothing goes wrong")
            sys.exit(1 if found else 0)
        engines = [options.engine] if options.engine else ENGINES
        figures = [figure for engine in engines for figure in figures_of_engine(engine, folder, options)]
    show_figures(figures, f"{options.n:,} conversations a run, seeds {', '.join(map(str, options.seeds))}")
    write_json(options.json, figures)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
