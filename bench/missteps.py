"""Missteps of the scripted agent, planted one kind after the other, and the finding of each held against its notes.

A task that gives room for a misstep is played with it, and once more without a mistake. The finding of a kind has to be
in the rows that note it, and in no other: not in those of other kinds, and not in clean ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich import box
from rich.table import Table
from writ_engines.scripted import MISSTEPS
from writ_engines.scripted.agent_mistakes import can_be_made

from bench.labels import Score
from writ_async import Environment, Task, Trajectory, load_domain, run
from writ_async.runs.worlds import generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.behaviours import with_behaviours

_DOMAINS = ("retail", "airline")
_MIXES = {
    "gave_in": "refusal=1",
    "condition_ignored": "normal=1",
    "first_wish_written": "normal=1",
    "did_not_ask": "normal=1,write-intensive=2",
}
"""Where only some tasks have room for a misstep, the kind that they are of; others are planted in the default mix."""
_MOST_DRAWS = 40
_IN_VAIN = 8  # draws without a single task that gives room, after which a domain is taken to have none


def tasks_with_room(kind: str, count: int, seed: int, world_size: int) -> list[Task]:
    """Up to `count` tasks of both domains that give room for a misstep, every other draw of them with behaviours."""
    found: list[Task] = []
    for domain, share in zip(_DOMAINS, ((count + 1) // 2, count // 2), strict=True):
        place = _world(domain, seed, world_size)
        fit: list[Task] = []
        for draw in range(_MOST_DRAWS):
            drawn = _draw(domain, max(24, share), seed, draw, world_size, _MIXES.get(kind, ""))
            tasks = [task for task in drawn if can_be_made(kind, task, place.domain, place.world)]
            fit += with_behaviours(tasks, {domain: place}, seed)[0] if draw % 2 == 0 else tasks
            if len(fit) >= share or (not fit and draw + 1 >= _IN_VAIN):
                break
        found += fit[:share]
    return found


@lru_cache(maxsize=4)
def _world(domain: str, seed: int, size: int) -> Environment:
    return generate_world(load_domain(domain), seed, size)


@lru_cache(maxsize=128)  # several kinds are planted in the same draws
def _draw(domain: str, count: int, seed: int, draw: int, size: int, mix: str) -> list[Task]:
    return synthesise_tasks([_world(domain, seed, size)], count, seed + draw, parse_mix(mix))[0]


def plant(count: int, seed: int, world_size: int = 500) -> list[Trajectory]:
    """For each kind up to `count` rows with that misstep, and the rows of the same tasks without any."""
    rows: list[Trajectory] = []
    for kind in MISSTEPS:
        tasks = tasks_with_room(kind, count, seed, world_size)
        rows += run(tasks, "scripted", agent_options={"mistakes": f"{kind}=1"}, seed=seed)
        rows += run(tasks, "scripted", seed=seed)
    return rows


def score_missteps(rows: Sequence[Trajectory]) -> list[Score]:
    """Precision and recall of the finding of each kind of misstep, over all rows."""
    scores = []
    for kind in MISSTEPS:
        entry = Score(kind)
        for row in rows:
            named = row.verdict is not None and any(item.reason == kind for item in row.verdict.findings)
            entry.add(named, any(note.kind == kind for note in row.notes))
        scores.append(entry)
    return scores


def missteps_table(scores: Sequence[Score], title: str = "") -> Table:
    """What was planted and found of each kind."""
    title = title or f"missteps in {scores[0].judged:,} conversations, half of them clean"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title)
    for heading in ("finding", "planted", "named", "precision", "recall"):
        table.add_column(heading, justify="left" if heading == "finding" else "right")
    for item in scores:
        table.add_row(
            item.name, f"{item.called_for:,}", f"{item.named:,}", f"{item.precision:.4f}", f"{item.recall:.4f}"
        )
    return table
