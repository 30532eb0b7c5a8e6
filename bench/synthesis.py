"""How fast tasks are decided and proved on one core, how large their certificates are, and what shortcuts solve.

    python bench/synthesis.py                    # tables
    python bench/synthesis.py --n 2000 --json synthesis.json

Times are of the processor, so that other work on the machine counts little. A candidate is one goal whose params are
all there; deciding it means finding its answer by exhaustion, or that it has none. Aims: 5,000 candidates decided and
200 tasks proved a second, certificates of 20 and 10 cells, and no shortcut above its bound.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import permutations
from random import Random
from statistics import mean

import msgspec
from writ_domains.airline.lookups import Routes
from writ_domains.airline.schedule import DAYS, FIRST_OPEN

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import Ambiguous, Environment, Goal, NothingFits, State, Task, load_domain
from writ_async.core.goal import decide_goal
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.proof import check_proof
from writ_async.synthesis.shortcuts import audit_table
from writ_async.synthesis.solver import goal_rules_of

DECIDED_AIM = 5_000
PROVED_AIM = 200
BURDEN_AIM = {"airline": 20, "retail": 10}
MIX = "normal=1,write-intensive=1,read-heavy=1"
DOMAINS = ("airline", "retail")


class Decided(msgspec.Struct, frozen=True):
    """Candidates of one domain: how many, how many a second, the share with a single answer, and cells of one."""

    domain: str
    candidates: int
    per_second: float
    answered: float
    cells: float


class Family(msgspec.Struct, frozen=True):
    """Proved tasks of one recipe: burden and lucky path."""

    name: str
    tasks: int
    least: int
    mean: float
    most: int
    path: float


class Proved(msgspec.Struct, frozen=True):
    """Tasks of one domain: how many a second were drawn and proved, and how many proofs a second were checked."""

    domain: str
    tasks: int
    per_second: float
    checked_per_second: float
    levels: dict[str, int]
    families: tuple[Family, ...]
    audits: tuple[tuple[str, int, str, float, float], ...]


def airline_candidates(opened: Environment, rng: Random) -> Iterator[Goal]:
    """Bookings of the cheapest trip: routes by windows of one to five days, with and without stops, by cabin."""
    users = [key for key, user in opened.world.tables["users"].items() if user.payment_methods]
    pairs = list(permutations(Routes(opened.world).airports, 2))
    windows = [
        DAYS[start : start + length] for length in range(1, 6) for start in range(FIRST_OPEN, len(DAYS) - length)
    ]
    while True:
        here, there = rng.choice(pairs)
        user_id = rng.choice(users)
        method = next(iter(opened.world.tables["users"][user_id].payment_methods))
        search = {"from": [here], "to": there, "dates": list(rng.choice(windows)), "nonstop": rng.random() < 0.5}
        params = {
            "who": {"user_id": user_id},
            "searches": [search],
            "cabin": rng.choice(("basic_economy", "economy", "business")),
            "passengers": [{"me": True}],
            "bags": 1,
            "insurance": "no",
            "pay": [{"id": method}],
        }
        yield Goal("book", params)


def retail_candidates(opened: Environment, rng: Random) -> Iterator[Goal]:
    """Extreme orders and items, and the largest saving, of customers with orders."""
    users = [user for user in opened.world.tables["users"].values() if len(user.orders) > 1]
    while True:
        user = rng.choice(users)
        who, most = {"email": user.email}, rng.random() < 0.5
        pay = {"source": rng.choice(("credit_card", "paypal", "gift_card"))}
        target = {"price": "lowest"}
        order = {"status": "pending", "most": most}
        yield rng.choice(
            (
                Goal("cancel", {"who": who, "order": order, "reason": "no longer needed"}),
                Goal("pay", {"who": who, "order": order, "pay": pay}),
                Goal("exchange", {"who": who, "items": [{"extreme": most, "target": target}], "pay": pay}),
                Goal("modify", {"who": who, "items": [{"saving": True, "target": target}], "pay": pay}),
                Goal("return", {"who": who, "items": {"extreme": most}, "refund": {"original": True}}),
            )
        )


def measure_deciding(opened: Environment, count: int) -> Decided:
    """Decide candidates of a domain, those of a warm world: what searches find is kept."""
    rng = Random(f"bench/{opened.domain.name}")
    candidates = (airline_candidates if opened.domain.name == "airline" else retail_candidates)(opened, rng)
    goals = [next(candidates) for _ in range(count)]
    rules = goal_rules_of(opened.domain)
    cells: list[int] = []
    for timed in (False, True):
        cells.clear()
        start = time.process_time()
        for goal in goals:
            try:
                reader, _ = decide_goal(rules, State(opened.world), goal)
            except (NothingFits, Ambiguous):
                continue
            cells.append(len(reader.cells))
        spent = time.process_time() - start
        assert timed or cells
    return Decided(opened.domain.name, count, count / spent, len(cells) / count, mean(cells))


def measure_proving(opened: Environment, count: int) -> Proved:
    """Draw and prove tasks of a domain in even parts of the three kinds, then check their proofs."""
    synthesise_tasks([opened], 20, 1, parse_mix(MIX), further=further_environment)
    start = time.process_time()
    tasks, report = synthesise_tasks([opened], count, 2, parse_mix(MIX), further=further_environment)
    spent = time.process_time() - start
    own = [task for task in tasks if task.world == opened.ref]
    start = time.process_time()
    for task in own:
        if problems := check_proof(task, opened.domain, opened.world):
            raise SystemExit(f"the proof of {task.id} does not hold: {problems[0].detail}")
    checking = time.process_time() - start
    levels: dict[str, int] = {}
    for task in tasks:
        assert task.proof is not None
        levels[task.proof.level] = levels.get(task.proof.level, 0) + 1
    return Proved(
        opened.domain.name,
        count,
        count / spent,
        len(own) / checking,
        dict(sorted(levels.items())),
        tuple(families(tasks)),
        tuple(row for row in audit_table(report.audits) if row[1]),
    )


def families(tasks: list[Task]) -> Iterator[Family]:
    """Certificate sizes by recipe."""
    for name in sorted({task.recipe for task in tasks}):
        proofs = [task.proof for task in tasks if task.recipe == name and task.proof is not None]
        burdens = [proof.burden for proof in proofs]
        path = mean(proof.path for proof in proofs)
        yield Family(name, len(proofs), min(burdens), mean(burdens), max(burdens), path)


def figures_of(decided: list[Decided], proved: list[Proved]) -> list[Figure]:
    """Rates and their aims, the largest certificates, and by how much the best shortcut stays below its bound."""
    rates = [Figure(f"{one.domain}: candidates decided", one.per_second, "/s", DECIDED_AIM, True) for one in decided]
    for each in proved:
        rates.append(Figure(f"{each.domain}: tasks drawn and proved", each.per_second, "/s", PROVED_AIM, True))
        rates.append(Figure(f"{each.domain}: proofs checked", each.checked_per_second, "/s"))
        largest = max(row.most for row in each.families)
        rates.append(
            Figure(f"{each.domain}: cells of the largest certificate", largest, "", BURDEN_AIM[each.domain], True)
        )
        above = [accuracy - bound for _, _, _, accuracy, bound in each.audits]
        if above:
            rates.append(Figure(f"{each.domain}: a shortcut solves above its bound, at most", max(above), "", 0.0))
    return rates


def show(decided: list[Decided], proved: list[Proved]) -> None:
    """Print the tables."""
    print(f"\n  {'candidates decided':32} {'a second':>10} {'answered':>9} {'cells':>6}")
    for one in decided:
        print(f"  {one.domain:32} {one.per_second:>10,.0f} {one.answered:>9.0%} {one.cells:>6.1f}")
    print(f"\n  {'tasks proved':32} {'a second':>10} {'checked':>9}")
    for each in proved:
        print(f"  {each.domain:32} {each.per_second:>10,.0f} {each.checked_per_second:>9,.0f}")
    for each in proved:
        print(f"\n  {each.domain + ': certificates':32} {'tasks':>6} {'least':>6} {'mean':>6} {'most':>6} {'path':>6}")
        for row in each.families:
            sizes = f"{row.tasks:>6} {row.least:>6} {row.mean:>6.1f} {row.most:>6} {row.path:>6.1f}"
            print(f"  {row.name:32} {sizes}")
        print(f"\n  {each.domain + ': best shortcut':32} {'tasks':>6} {'solves':>7} {'bound':>7}")
        for name, tasks, worst, accuracy, bound in each.audits:
            print(f"  {name:32} {tasks:>6} {accuracy:>7.2f} {bound:>7.2f}  {worst}")
        print(f"\n  {each.domain}: {'  '.join(f'{level} {count}' for level, count in each.levels.items())}")


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__, n=600, of="tasks to prove in each domain")
    parser.add_argument("--candidates", metavar="N", type=positive, default=20_000, help="to decide in each (20,000)")
    options = parser.parse_args(arguments)
    worlds = [generate_world(load_domain(name), 1, 500) for name in DOMAINS]
    decided = [measure_deciding(opened, options.candidates) for opened in worlds]
    proved = [measure_proving(opened, options.n) for opened in worlds]
    show(decided, proved)
    figures = figures_of(decided, proved)
    show_figures(figures, "in sum")
    write_json(options.json, figures, decided=decided, proved=proved)


if __name__ == "__main__":
    sys.exit(run_script(main))
