"""Users with tools who err with them, planted one kind after the other, and agents who act before a reading was told.

The finding of a kind has to be in the rows that note it, and in no other: not in those of other kinds, not in clean
ones. That an agent acted too early is held against its own rows and the clean ones: a user who tells what was never
seen leaves the agent without the reading as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from writ_engines.scripted.user_mistakes import STEP_MISTAKES, make_slip

from bench.labels import Score
from writ_async import Domain, Reason, Task, Trajectory, load_domain, make_tasks, run
from writ_async.registry import registered_names

EARLY = "early_write"
_MOST_DRAWS = 12
_IN_VAIN = 3  # draws without a task that gives room, after which there is taken to be none


def domains_with_steps() -> list[str]:
    """The registered domains whose users have tools, and from which tasks can be drawn."""
    return [
        name for name in registered_names("domains") if load_domain(name).user_actions and load_domain(name).recipes
    ]


def plant_step_slips(domain: str, count: int, seed: int, world_size: int = 500) -> list[Trajectory]:
    """For each kind up to `count` rows with that slip, as many of agents that act too early, and as many clean ones.

    Every other draw of tasks is one with behaviours.
    """
    drawn = _tasks(domain, count, seed, world_size)
    rows: list[Trajectory] = []
    for kind in STEP_MISTAKES:
        rows += run(drawn[kind], "scripted", agent_options={"user_mistakes": f"{kind}=1"}, seed=seed)
    rows += run(drawn[EARLY], "scripted", agent_options={"mistakes": f"{EARLY}=1"}, seed=seed)
    return [*rows, *run(drawn[EARLY], "scripted", seed=seed + 1)]


def _tasks(name: str, count: int, seed: int, world_size: int) -> dict[str, list[Task]]:
    """Tasks that give room for each kind."""
    domain = load_domain(name)
    found: dict[str, list[Task]] = {kind: [] for kind in (*STEP_MISTAKES, EARLY)}
    for draw in range(_MOST_DRAWS):
        behaviours = "off" if draw % 2 else "on"
        tasks = make_tasks(name, max(24, count), seed=seed + draw, world_size=world_size, behaviours=behaviours)
        for kind, fit in found.items():
            fit += [task for task in tasks if _has_room(kind, task, domain)][: count - len(fit)]
        if all(len(fit) >= count or (not fit and draw + 1 >= _IN_VAIN) for fit in found.values()):
            break
    return found


def _has_room(kind: str, task: Task, domain: Domain) -> bool:
    if kind == EARLY:
        return any(certificate.cells and certificate.write is not None for certificate in task.certificates)
    return make_slip(kind, task, domain, Random(0)) is not None


def score_step_slips(rows: Sequence[Trajectory]) -> list[Score]:
    """Precision and recall of the finding of each kind."""
    scores = []
    for kind in STEP_MISTAKES:
        entry = Score(f"user_{kind}")
        for row in rows:
            entry.add(_named(row, f"user_{kind}"), _noted(row, f"user_{kind}"))
        scores.append(entry)
    early = Score("before the reading was told")
    for row in rows:
        if not any(_noted(row, f"user_{kind}") for kind in STEP_MISTAKES):
            early.add(_named(row, Reason.MISSING_EVIDENCE), _noted(row, EARLY))
    return [*scores, early]


def _named(row: Trajectory, reason: str) -> bool:
    return row.verdict is not None and any(item.reason == reason for item in row.verdict.findings)


def _noted(row: Trajectory, kind: str) -> bool:
    return any(note.kind == kind for note in row.notes)
