"""Conversations per second of whole clients: ours, a loop as one writes it, verifiers, and τ²-bench's own runner.

    python bench/peers.py [--n 20] [--rounds 3] [--model FOLDER] [--json FILE]
    python bench/peers.py --data TAU2_DATA --verifiers PYTHON --tau2 PYTHON     # with the peers

The same: one server, which plays both seats of every conversation by the task's gold calls and answers at once; the
same tasks, and so the same number of model calls of each seat, which the server counts and the script checks; each
client in a process of its own on one core, the server on another; connections open, modules imported, before it counts.

Not the same: ours and τ²-bench's runner run the tools and judge the outcome, and ours writes every row to disk; the
naive loops and verifiers keep no state and judge nothing, for a tool's result is looked up. A second row is ours that
neither judges nor writes. τ²-bench's runner plays one conversation at a time, as threads make none of its work less,
and sends prompts of its own; the others send ours. The `sglang` engine sends token ids and keeps them with the rows,
and its calls are other calls for the server; the rest send chats.

Without --data the tasks are drawn by us, and what needs τ²-bench's is not run; without the interpreters neither is what
needs them. The script then shows the figures of its last run with all of them.

A round runs every client once. Rates are conversations per CPU second of the client, which other work on the machine
disturbs least, and per second of the clock beside them; both are medians over rounds, as are the ratios of one round.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import anyio
import msgspec

from bench.client_loads.plans import Script, choose_tasks, write_script
from bench.client_loads.protocol import BENCH, serving
from bench.models.folders import small_model
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import InputError, open_chat_format

OURS = "ours, openai engine"
VERIFIERS, TAU2 = "verifiers", "τ²-bench's runner"
AIMS = {VERIFIERS: 20.0, TAU2: 100.0}
LAST = "2 shared cores, 20 tasks of τ²-bench, verifiers 0.1.14, tau2 1.0.1, openai 3.54.0, 2026-11-23"
LAST_RATIOS = {
    "naive loop, aiohttp": 0.801,
    "naive loop, OpenAI SDK": 12.3,
    VERIFIERS: 28.6,
    TAU2: 482.0,
}
"""Of the last run with every client: conversations per CPU second of ours over theirs, medians of three rounds."""

_LOOK = """
import importlib.metadata, importlib.util, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name) if importlib.util.find_spec(name) else None
    except importlib.metadata.PackageNotFoundError:
        found[name] = "from source"
print(json.dumps(found))
"""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One client: the module of its load, the interpreter that has what it needs, and how much it is given to do."""

    name: str
    module: str
    python: str = sys.executable
    arguments: tuple[str, ...] = ()
    concurrency: int = 64
    trials: int = 1


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a load prints: seconds are those of its measured part, calls are the server's count."""

    conversations: int
    wall: float
    cpu: float
    server_cpu: float
    agent: int
    user: int
    unknown: int


class Row(msgspec.Struct, frozen=True):
    """One client: conversations per CPU second and per second, milliseconds of CPU per conversation, µs per call.

    `slower` is how many times as many conversations ours has per CPU second, `slower_wall` per second of the clock.
    """

    name: str
    concurrency: int
    rate: float
    wall_rate: float
    cpu_ms: float
    call_us: float
    slower: float
    slower_wall: float


def make_clients(model: str, trials: int, verifiers: str | None, tau2: str | None) -> list[Client]:
    """Those that can run here."""
    few = max(1, trials // 5)
    clients = [
        Client(name=OURS, module="ours", trials=trials),
        Client(name="ours, neither judged nor written", module="ours", arguments=("--talk-alone",), trials=trials),
        Client(
            name="ours, sglang engine", module="ours", arguments=("--engine", "sglang", "--model", model), trials=trials
        ),
        Client(name="naive loop, aiohttp", module="naive", trials=trials),
    ]
    if verifiers:
        sdk = ("--client", "openai")
        clients.append(
            Client(name="naive loop, OpenAI SDK", module="naive", arguments=sdk, python=verifiers, trials=few)
        )
        clients.append(Client(name=VERIFIERS, module="verifiers", python=verifiers, trials=few))
    if tau2:
        clients.append(Client(name=TAU2, module="tau2", python=tau2, concurrency=1))
    return clients


def require(python: str, flag: str, *modules: str) -> dict[str, str]:
    """The versions of modules that an interpreter finds. Raises `InputError` for one that lacks any."""
    try:
        done = subprocess.run([python, "-c", _LOOK, *modules], capture_output=True, text=True)
        found = msgspec.json.decode(done.stdout, type=dict[str, str | None])
    except OSError as exc:
        raise InputError(f"{flag} {python}: cannot be run: {exc.strerror}") from None
    except msgspec.DecodeError:
        raise InputError(f"{flag} {python}: is not a Python that works") from None
    missing = [name for name, version in found.items() if version is None]
    if missing:
        raise InputError(f"{flag} {python}: lacks {', '.join(missing)}; name an interpreter that has them")
    return {name: version for name, version in found.items() if version is not None}


def absolute(python: str | None) -> str | None:
    """Where an interpreter is, seen from any folder; links are kept, for they tell its environment."""
    return os.path.abspath(python) if python and os.sep in python else python


async def play(client: Client, file: Path, url: str, core: int | None) -> Measured:
    """Run one load. Raises `InputError` when it fails, with the last that it said."""
    command = [client.python, "-m", f"client_loads.{client.module}", str(file), url, *client.arguments]
    command += ["--trials", str(client.trials), "--concurrency", str(client.concurrency)]
    command += ["--core", str(core)] if core is not None else []
    # the working directory is where the loads are found: an interpreter may have paths of its own
    done = await anyio.run_process(command, cwd=BENCH, check=False)
    lines = done.stdout.decode().splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else "", type=Measured)
    except msgspec.DecodeError:
        said = (done.stderr.decode().strip() or "it printed no result").splitlines()
        raise InputError(f"{client.name}: its load failed: {said[-1]}") from None


def check_calls(client: Client, script: Script, measured: Measured) -> None:
    """See that a client played the script. Raises `InputError` when it did not."""
    due = (client.trials * script.agent_calls, client.trials * script.user_calls, 0)
    made = (measured.agent, measured.user, measured.unknown)
    if made != due:
        raise InputError(f"{client.name}: made {made} calls of agents, users and nobody where the script has {due}")


async def measure(script: Script, model: str, clients: Sequence[Client], rounds: int) -> dict[str, list[Measured]]:
    """Run every client once a round, in turn, on one server."""
    cores = sorted(os.sched_getaffinity(0))
    apart = len(cores) > 1  # on a single core the system shares it out
    found: dict[str, list[Measured]] = {client.name: [] for client in clients}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.json"
        file.write_bytes(msgspec.json.encode(script))
        async with serving("client_loads.gold_server", [str(file), model], cores[-1] if apart else None) as url:
            for number in range(rounds):
                for client in clients:
                    print(f"round {number + 1} of {rounds}: {client.name}", file=sys.stderr)
                    measured = await play(client, file, url, cores[0] if apart else None)
                    check_calls(client, script, measured)
                    found[client.name].append(measured)
    return found


def make_rows(clients: Sequence[Client], found: dict[str, list[Measured]]) -> list[Row]:
    """The table; ratios are of the runs of one round."""
    rows = []
    for client in clients:
        pairs = list(zip(found[OURS], found[client.name], strict=True))
        per = [(own.cpu / own.conversations, own.wall / own.conversations) for own, _ in pairs]
        each = [(its.cpu / its.conversations, its.wall / its.conversations) for _, its in pairs]
        cpu, wall = median(cost[0] for cost in each), median(cost[1] for cost in each)
        rows.append(
            Row(
                client.name,
                client.concurrency,
                1 / cpu,
                1 / wall,
                cpu * 1e3,
                median(its.cpu / (its.agent + its.user) for _, its in pairs) * 1e6,
                median(its[0] / own[0] for own, its in zip(per, each, strict=True)),
                median(its[1] / own[1] for own, its in zip(per, each, strict=True)),
            )
        )
    return rows


def figures_of(rows: Sequence[Row]) -> list[Figure]:
    """Ours over each other client, and the aims."""
    rate = Figure(f"{OURS}: conversations per CPU second", rows[0].rate, "/s")
    return [rate, *(ratio_over(row.name, row.slower) for row in rows[1:])]


def ratio_over(name: str, ratio: float) -> Figure:
    """Conversations per CPU second of ours over those of another client, and the aim if there is one."""
    return Figure(f"ours over {name}: conversations per CPU second", ratio, "x", AIMS.get(name), True)


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    heads = f"{'at once':>8} {'per CPU s':>10} {'per s':>8} {'CPU each':>10} {'CPU/call':>10}"
    print(f"\n  {'':34} {heads} {'ours, CPU':>10} {'ours, clock':>12}")
    for row in rows:
        print(
            f"  {row.name:34} {row.concurrency:>8} {row.rate:>10,.1f} {row.wall_rate:>8,.1f} {row.cpu_ms:>7,.1f} ms "
            f"{row.call_us:>7,.0f} µs {row.slower:>9,.1f}x {row.slower_wall:>11,.1f}x"
        )


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=20, of="conversations, half of each domain")
    parser.add_argument("--rounds", metavar="N", type=positive, default=3, help="how often each client is run (3)")
    parser.add_argument(
        "--trials", metavar="N", type=positive, default=20, help="plays of each by the fast clients (20)"
    )
    parser.add_argument(
        "--model", metavar="FOLDER", help="a model's folder, for the sglang engine; a made one if not given"
    )
    parser.add_argument("--data", metavar="PATH", help="τ²-bench's data folder, to play its tasks")
    parser.add_argument("--verifiers", metavar="PYTHON", help="an interpreter that has verifiers and datasets")
    parser.add_argument("--tau2", metavar="PYTHON", help="an interpreter that has tau2; needs --data")
    options = parser.parse_args(arguments)
    if options.tau2 and not options.data:
        raise InputError("--tau2 needs --data: its runner plays no other tasks than its own")
    data = str(Path(options.data).resolve()) if options.data else None
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(options.model).resolve()) if options.model else small_model(folder)
        open_chat_format(model)  # says at once what is wrong with the folder
        versions: dict[str, str] = {}
        if options.verifiers:
            versions |= require(options.verifiers, "--verifiers", "verifiers", "datasets", "openai")
        if options.tau2:
            versions |= require(options.tau2, "--tau2", "tau2", "litellm")
        clients = make_clients(model, options.trials, absolute(options.verifiers), absolute(options.tau2))
        script = write_script(choose_tasks(data, options.n), data)
        found = anyio.run(measure, script, model, clients, options.rounds)
    calls = (script.agent_calls + script.user_calls) / len(script.plans)
    print(f"\n{len(script.plans)} {'tasks of τ²-bench' if data else 'tasks of ours'}, {calls:.1f} model calls each")
    rows = make_rows(clients, found)
    show(rows)
    figures, last = figures_of(rows), [ratio_over(name, ratio) for name, ratio in LAST_RATIOS.items()]
    show_figures(figures, f"{OURS}, and its ratios")
    if not (options.verifiers and options.tau2):
        print("\nnot measured here: name --data, --verifiers and --tau2 to run the peers as well; when they last ran")
        print(f"({LAST})")
        show_figures(last)
    write_json(options.json, figures, clients=rows, runs=found, versions=versions, last={"how": LAST, "figures": last})


if __name__ == "__main__":
    sys.exit(run_script(main))
