"""Which levels tasks have, beside the benchmark's; how fast they are drawn, by level; what two worlds have in common.

    python bench/levels.py                              # the default mix, and the two corners that were hard to fill
    python bench/levels.py --corners all --corner-n 400 # every corner of the grid of writes and burden

Times are of the processor, on one core. The levels of the benchmark need its data (TAU2_DATA_DIR or --data), and are an
estimate from below (`writ_domains.tau2.burden`). Aims: 200 tasks of the default mix drawn and proved a second in each
domain, 40 % of the read-heavy ones with 9 cells or more, three writes or more and eight cells or more as often as in
the benchmark, and fewer than a third of the names of people, products and places in another seed's world as well.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import Environment, InputError, World, load_benchmark, load_domain
from writ_async.core.level import BURDEN_LEVELS, WRITE_LEVELS, level_of
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.aims import TaskWishes

DOMAINS = ("retail", "airline")
GRID = tuple(f"{writes}{burden}" for writes in WRITE_LEVELS for burden in BURDEN_LEVELS)
HARD = "W1R4,W4R4"
PROVED_AIM = 200
HEAVY = 9
HEAVY_AIM = 0.4
NAMES_AIM = 1 / 3
_SIZE = 500
_DATA = "TAU2_DATA_DIR"


class Levels(msgspec.Struct, frozen=True):
    """Levels of one set of tasks, as shares of all: `grid` by level."""

    name: str
    tasks: int
    grid: dict[str, float]

    def share(self, *parts: str) -> float:
        """The share of tasks of levels in which one of the parts is."""
        return sum(value for level, value in self.grid.items() if any(part in level for part in parts))


class Drawn(msgspec.Struct, frozen=True):
    """Tasks of the default mix: how many a second, and the share of the read-heavy ones with many cells."""

    domain: str
    per_second: float
    heavy: float
    levels: Levels


class Corner(msgspec.Struct, frozen=True):
    """Tasks of one level in some domains: how many of those wanted were drawn, the seconds, and what was in the way."""

    level: str
    domains: str
    wanted: int
    drawn: int
    seconds: float
    problem: str = ""


def levels_of(name: str, pairs: Iterable[tuple[int, int]]) -> Levels:
    """The levels of tasks from their writes and burdens."""
    found = [level_of(*pair) for pair in pairs]
    return Levels(name, len(found), {level: found.count(level) / len(found) for level in GRID if level in found})


def measure_default(opened: Environment, count: int) -> Drawn:
    """Draw and prove tasks of the default mix."""
    mix = parse_mix("")
    synthesise_tasks([opened], 20, 1, mix, further=further_environment)
    start = time.process_time()
    tasks, _ = synthesise_tasks([opened], count, 2, mix, further=further_environment)
    spent = time.process_time() - start
    proofs = [task.proof for task in tasks if task.proof is not None]
    burdens = [task.proof.burden for task in tasks if task.kind == "read-heavy" and task.proof is not None]
    levels = levels_of(f"{opened.domain.name}, drawn", ((int(one.level[1]), one.burden) for one in proofs))
    many = sum(burden >= HEAVY for burden in burdens) / len(burdens)
    return Drawn(opened.domain.name, count / spent, many, levels)


def measure_corner(worlds: Sequence[Environment], level: str, count: int) -> Corner:
    """Draw tasks of one level."""
    names = " ".join(opened.domain.name for opened in worlds)
    wishes = TaskWishes(levels={level: 1.0})
    start = time.process_time()
    drawn, problem = count, ""
    try:
        tasks, _ = synthesise_tasks(worlds, count, 1, parse_mix(""), wishes, further=further_environment)
        if wrong := [task.id for task in tasks if task.proof is None or task.proof.level != level]:
            raise SystemExit(f"{wrong[0]} is not of level {level}")
    except InputError as exc:
        problem = str(exc)
        drawn = int(problem.partition("task ")[2].split()[0]) - 1
    return Corner(level, names, count, drawn, time.process_time() - start, problem)


def benchmark_levels(data: str | None) -> list[Levels]:
    """The levels of the benchmark's tasks."""
    found = []
    for name in DOMAINS:
        benchmark = load_benchmark("tau2")
        subset = benchmark.load(name, data)
        levels = (benchmark.measure(task, subset.environment) for task in subset.tasks)
        found.append(levels_of(f"{name}, benchmark", levels))
    return found


def names_of(world: World) -> dict[str, set[str]]:
    """Names of people, things and places in a world, by what they are names of."""
    users = [msgspec.to_builtins(user) for user in world.tables["users"].values()]
    places = [user["address"] for user in users]
    found: dict[str, set[str]] = {
        "cities": {one["city"] for one in places},
        "streets": {one["address1"].partition(" ")[2].rpartition(" ")[0] for one in places},
        "first names": {user["name"]["first_name"] for user in users},
        "last names": {user["name"]["last_name"] for user in users},
    }
    if "products" in world.tables:
        found["products"] = {product.name for product in world.tables["products"].values()}
    if "flights" in world.tables:
        found["airports"] = {flight.origin for flight in world.tables["flights"].values()}
    return found


def shared_names(domain: str, seeds: tuple[int, int]) -> dict[str, float]:
    """The share of the names of one world that are in another seed's as well."""
    one, other = (names_of(load_domain(domain).generate(seed, _SIZE)) for seed in seeds)
    return {f"{domain}: {what}": len(one[what] & other[what]) / len(one[what]) for what in one}


def figures_of(drawn: list[Drawn], benchmark: list[Levels], names: dict[str, float]) -> list[Figure]:
    """What was measured beside its aims."""
    figures = []
    for place, one in enumerate(drawn):
        figures.append(Figure(f"{one.domain}: tasks drawn and proved", one.per_second, "/s", PROVED_AIM, True))
        figures.append(
            Figure(f"{one.domain}: read-heavy tasks of {HEAVY} cells or more", one.heavy, "", HEAVY_AIM, True)
        )
        for what, parts in (("three writes or more", ("W3", "W4")), ("eight cells or more", ("R3", "R4"))):
            aim = benchmark[place].share(*parts) if benchmark else None
            figures.append(Figure(f"{one.domain}: tasks of {what}", one.levels.share(*parts), "", aim, True))
    figures += [Figure(f"{what} in another world too", share, "", NAMES_AIM) for what, share in names.items()]
    return figures


def show_grids(grids: Sequence[Levels]) -> None:
    """Print the shares of levels side by side, in per cent."""
    print(f"\n  {'per cent of tasks':8}" + "".join(f" {one.name:>20}" for one in grids))
    for level in GRID:
        if any(level in one.grid for one in grids):
            print(f"  {level:17}" + "".join(f" {100 * one.grid.get(level, 0):>20.1f}" for one in grids))


def measure_corners(corners: Sequence[str], sets: Sequence[Sequence[Environment]], count: int) -> list[Corner]:
    """Draw tasks of each level in each set of worlds, and print how far each was filled, and in what time."""
    print(f"\n  {'level':6} {'domains':16} {'drawn':>11} {'seconds':>8} {'a second':>9}")
    found: list[Corner] = []
    for level in corners:
        for worlds in sets:
            one = measure_corner(worlds, level, count)
            counts, rate = f"{one.drawn} of {one.wanted}", one.drawn / one.seconds
            line = f"  {one.level:6} {one.domains:16} {counts:>11} {one.seconds:>8.1f} {rate:>9.0f}  {one.problem}"
            print(line.rstrip(), flush=True)
            found.append(one)
    return found


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=600, of="tasks of the default mix to draw in each domain")
    parser.add_argument("--corners", metavar="LEVELS", default=HARD, help=f"levels, or all ({HARD})")
    parser.add_argument("--corner-n", metavar="N", type=positive, default=400, help="tasks to draw of each (400)")
    parser.add_argument(
        "--seeds",
        metavar="SEED",
        type=int,
        nargs=2,
        default=(1, 2),
        help="of the two worlds whose names are held together",
    )
    parser.add_argument("--data", metavar="PATH", default=os.environ.get(_DATA), help=f"the benchmark's ({_DATA})")
    options = parser.parse_args(arguments)
    corners = GRID if options.corners == "all" else tuple(filter(None, options.corners.split(",")))
    if unknown := [level for level in corners if level not in GRID]:
        raise InputError(f"--corners: no level {unknown[0]!r}; a level is W0R0 to W4R4")
    worlds = [generate_world(load_domain(name), 1, _SIZE) for name in DOMAINS]
    drawn = [measure_default(opened, options.n) for opened in worlds]
    benchmark = benchmark_levels(options.data) if options.data else []
    names = {what: share for name in DOMAINS for what, share in shared_names(name, tuple(options.seeds)).items()}
    pairs = zip(drawn, benchmark, strict=True) if benchmark else ((one,) for one in drawn)
    show_grids([one.levels if isinstance(one, Drawn) else one for pair in pairs for one in pair])
    sets: list[list[Environment]] = [[opened] for opened in worlds] + [worlds]
    filled = measure_corners(corners, sets, options.corner_n)
    figures = figures_of(drawn, benchmark, names)
    figures += _figures_of_corners(filled)
    show_figures(figures, "in sum" if benchmark else f"in sum; without the benchmark's data ({_DATA}) beside it")
    more: dict[str, Any] = {"drawn": drawn, "benchmark": benchmark, "corners": filled}
    write_json(options.json, figures, **more)


def _figures_of_corners(corners: Sequence[Corner]) -> list[Figure]:
    return [
        Figure(f"{one.domains}: tasks of {one.level} of {one.wanted}", one.drawn, "", one.wanted, True)
        for one in corners
    ]


if __name__ == "__main__":
    sys.exit(run_script(main))
