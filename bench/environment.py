"""What an environment costs per conversation, against copying and hashing the whole database as others do.

    python bench/environment.py [--n 10000] [--data PATH] [--json FILE]

Both sides are measured in one run on the same database: one drawn for each domain, and with --data also τ²-bench's.
Times are CPU times of the process, medians over repeats. "Copying" is `copy.deepcopy` of the database as plain JSON
data, its hash is SHA-256 of `json.dumps(..., sort_keys=True)`. Memory is that of n states, each after four real writes
to four entities; the process may grow by 4 KiB a state, 40 MiB for 10,000.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench.report import Figure, line_of, make_parser, run_script, write_json
from writ_async import Domain, State, World, call_tool, load_benchmark, load_domain

DOMAINS = ("airline", "retail")
SIZE = 500
LIVE = 10_000
TOUCHED = 4
OPEN_US, OPEN_RATIO, WRITE_US, STATE_BYTES, STATE_RESIDENT = 2.0, 1000.0, 10.0, 3000.0, 40 * 2**20 / LIVE

Call = tuple[str, dict[str, Any]]


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the table: our time and theirs where they have the like; microseconds. Aims where there are any."""

    what: str
    ours_us: float
    copying_us: float | None = None
    at_most_us: float | None = None
    ratio_at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times cheaper ours is."""
        return None if self.copying_us is None else self.copying_us / self.ours_us


class Memory(msgspec.Struct, frozen=True):
    """Memory of the live states above the world, per state: allocated by Python, and the growth of the process."""

    live: int
    bytes_per_state: float
    resident_per_state: float


class Result(msgspec.Struct, frozen=True):
    """All that was measured on one database."""

    world: str
    entities: int
    rows: tuple[Row, ...]
    memory: Memory


def seconds(function: Callable[[], object], inner: int, repeats: int = 9) -> float:
    """Median CPU time of one call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(inner):
            function()
        times.append((time.process_time() - start) / inner)
    return median(times)


def read_call(domain: Domain, world: World) -> Call:
    """A call of the read tool that every service conversation begins with."""
    return "get_user_details", {"user_id": next(iter(world.tables["users"]))}


def write_calls(domain: Domain, world: World) -> Iterator[tuple[Call, ...]]:
    """Endless sets of four calls that succeed and write one entity each: two users, two orders or reservations."""
    address = {"address1": "1 Elm St", "address2": "", "city": "Reno", "state": "NV", "country": "USA", "zip": "89501"}
    if domain.name == "retail":
        users: list[Call] = [("modify_user_address", {"user_id": key, **address}) for key in world.tables["users"]]
        cancel: list[Call] = [
            ("cancel_pending_order", {"order_id": key, "reason": "no longer needed"}) for key in world.tables["orders"]
        ]
    else:
        users = [("send_certificate", {"user_id": key, "amount": 100}) for key in world.tables["users"]]
        cancel = [("cancel_reservation", {"reservation_id": key}) for key in world.tables["reservations"]]
    fit = [call for call in cancel if touched_by(domain, world, call) == 1]
    user, other = cycle([call for call in users if touched_by(domain, world, call) == 1]), cycle(fit)
    while True:
        yield next(user), next(other), next(user), next(other)


def touched_by(domain: Domain, world: World, call: Call) -> int:
    """How many entities a call writes; 0 when it is refused."""
    state = State(world)
    result = call_tool(domain.tools, state, *call)
    return 0 if result.error else len(list(state.touched()))


def touched_state(domain: Domain, world: World, calls: tuple[Call, ...]) -> State:
    """A state after some writes."""
    state = State(world)
    for name, arguments in calls:
        domain.tools[name].function(state, **arguments)
    return state


def measure_times(domain: Domain, world: World) -> tuple[Row, ...]:
    """The rows of one database."""
    database = json.loads(json.dumps(domain.dump(State(world))))
    calls = next(write_calls(domain, world))
    world.digest()
    state = touched_state(domain, world, calls)
    state.digest()
    entities = list(state.touched())
    assert len(entities) == TOUCHED
    table, key, entity = entities[0]
    tools, (read, read_arguments), (write, write_arguments) = domain.tools, read_call(domain, world), calls[1]

    def put_and_digest() -> None:
        state.put(table, key, entity)
        state.digest()

    def write_and_digest() -> None:
        fresh = State(world)
        call_tool(tools, fresh, write, write_arguments)
        fresh.digest()

    def hash_all() -> None:
        sha256(json.dumps(database, sort_keys=True).encode()).hexdigest()

    copied = seconds(lambda: copy.deepcopy(database), 1, 5) * 1e6
    hashed = seconds(hash_all, 1, 5) * 1e6
    rows = (
        Row("open a state", seconds(lambda: State(world), 20_000) * 1e6, copied, OPEN_US, OPEN_RATIO),
        Row(f"fork a state with {TOUCHED} entities written", seconds(state.fork, 20_000) * 1e6, copied),
        Row("get an entity", seconds(lambda: state.get(table, key), 20_000) * 1e6),
        Row(f"call {read}", seconds(lambda: call_tool(tools, state, read, read_arguments), 2_000) * 1e6),
        Row(f"call {write} on a new state, and digest", seconds(write_and_digest, 2_000) * 1e6),
        Row(
            f"  of that beyond the tool: put, digest ({TOUCHED} written)",
            seconds(put_and_digest, 5_000) * 1e6,
            hashed,
            WRITE_US,
        ),
        Row("digest again", seconds(state.digest, 20_000) * 1e6, hashed),
    )
    return rows


def resident_bytes() -> int:
    """The memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_memory(domain: Domain, world: World, count: int) -> Memory:
    """Memory of so many states with four entities written each; the digest is taken once, as in a conversation."""
    sets = list(islice(write_calls(domain, world), count))

    def live() -> list[State]:
        states = [touched_state(domain, world, calls) for calls in sets]
        for state in states:
            state.digest()
        return states

    for calls in sets:  # what the world keeps of hashes and indexes is not a state's
        touched_state(domain, world, calls).digest()
    gc.collect()
    before = resident_bytes()
    states = live()
    grown = resident_bytes() - before
    assert all(sum(1 for _ in state.touched()) == TOUCHED for state in states)
    del states
    gc.collect()
    tracemalloc.start()
    states = live()
    allocated = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return Memory(len(states), allocated / count, grown / count)


def measure(name: str, data: str | None, live: int) -> Result:
    """Everything on one database: the benchmark's where its folder is given, else a drawn one."""
    if data:
        loaded = load_benchmark("tau2").load(name, data)
        domain, world = loaded.environment.domain, loaded.environment.world
    else:
        domain = load_domain(name)
        world = domain.generate(1, SIZE)
    memory = measure_memory(domain, world, live)
    entities = sum(map(len, world.tables.values()))
    return Result(f"{name}, {'τ²-bench' if data else 'generated'}", entities, measure_times(domain, world), memory)


def figures_of(result: Result) -> list[Figure]:
    """What is aimed at on one database."""
    figures = []
    for row in result.rows:
        what = f"{result.world}: {row.what.strip()}"
        if row.at_most_us is not None:
            figures.append(Figure(what, row.ours_us, "µs", row.at_most_us))
        if row.ratio_at_least is not None and row.ratio is not None:
            figures.append(Figure(f"{what}: cheaper than copying", row.ratio, "x", row.ratio_at_least, True))
    memory = result.memory
    what = f"{result.world}: a live state, {TOUCHED} entities written"
    figures.append(Figure(f"{what}: allocated", memory.bytes_per_state, "B", STATE_BYTES))
    figures.append(Figure(f"{what}: growth of the process", memory.resident_per_state, "B", STATE_RESIDENT))
    return figures


def show(result: Result) -> None:
    """Print one table."""
    print(f"\n{result.world}: {result.entities:,} entities")
    print(f"  {'':52} {'here':>10} {'copying':>12} {'ratio':>10}")
    for row in result.rows:
        theirs = "" if row.copying_us is None else f"{row.copying_us / 1000:,.1f} ms"
        ratio = "" if row.ratio is None else f"{row.ratio:,.0f}x"
        print(f"  {row.what:52} {row.ours_us:>7.2f} µs {theirs:>12} {ratio:>10}".rstrip())
    for figure in figures_of(result):
        print(line_of(figure))


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=LIVE, of="live states")
    parser.add_argument("--data", metavar="PATH", help="τ²-bench's data folder, to measure on its databases too")
    options = parser.parse_args(arguments)
    results = []
    for name in DOMAINS if options.data else ():
        load_benchmark("tau2").load(name, options.data)  # says at once what is wrong with the folder
    for name in DOMAINS:
        for data in (None, options.data) if options.data else (None,):
            # a process of its own, so that memory freed by one measurement does not serve the next
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                results.append(process.submit(measure, name, data, options.n).result())
            show(results[-1])
    write_json(options.json, [figure for result in results for figure in figures_of(result)], results=results)


if __name__ == "__main__":
    sys.exit(run_script(main))
