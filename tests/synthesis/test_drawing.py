"""Draws that are taken up where they broke off: the same tasks, and nothing is proved twice."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import further_environment, generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.synthesis.aims import TaskAim, TaskWishes
from writ_async.synthesis.drawing import DrawnTask
from writ_async.synthesis.proof import prove_task

PLACES = [generate_world(load_domain(name), 61, 6) for name in ("retail", "airline")]
"""Small worlds: recipes fail in them, and further ones are needed."""

WISHES = {
    "mix": TaskWishes(),
    "levels": TaskWishes(levels={"W1R3": 1.0, "W2R2": 1.0}),
    "aims": TaskWishes(aims=tuple((TaskAim(name, level="W1R2"), 1.0) for name in ("retail", "airline"))),
}
N = 30


class Kept:
    """A trace in memory, through JSON as in a file."""

    def __init__(self, lines: Sequence[bytes] = ()) -> None:
        self.lines = list(lines)
        self._known = iter(self.lines.copy())

    def next_kept(self) -> DrawnTask | None:
        line = next(self._known, None)
        return None if line is None else msgspec.json.decode(line, type=DrawnTask)

    def keep(self, drawn: DrawnTask) -> None:
        self.lines.append(msgspec.json.encode(drawn))


def draw(wishes: TaskWishes, *traces: Kept) -> list[bytes]:
    drawn, _ = synthesise_tasks(
        PLACES, N, 7, parse_mix(""), wishes, further=further_environment, traces=dict(enumerate(traces))
    )
    return [msgspec.json.encode(task) for task in drawn]


@pytest.mark.parametrize("name", WISHES)
def test_wherever_drawing_broke_off_the_rest_is_drawn_as_if_it_had_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes = WISHES[name]
    whole = [Kept(), Kept()]
    expected = draw(wishes, *whole)
    assert expected == draw(wishes)
    assert sum(len(trace.lines) for trace in whole) == N
    proved: list[str] = []

    def prove(task: Task, domain: Domain, world: World) -> object:
        proved.append(task.id)
        return prove_task(task, domain, world)

    monkeypatch.setattr("writ_async.synthesis.task_maker.prove_task", prove)
    for first, second in ((4, 9), (14, 1), (N // 2, N // 2)):
        traces = [Kept(whole[0].lines[:first]), Kept(whole[1].lines[:second])]
        proved.clear()
        assert draw(wishes, *traces) == expected
        assert [trace.lines for trace in traces] == [trace.lines for trace in whole]
        known = {msgspec.json.decode(line, type=DrawnTask).task.id for line in whole[0].lines[:first]}
        assert not known & set(proved)
    assert not proved, "all was there the last time"


def test_a_draw_says_which_world_it_needed_and_what_failed_meanwhile() -> None:
    kept = [Kept(), Kept()]
    draw(WISHES["levels"], *kept)
    drawn = [msgspec.json.decode(line, type=DrawnTask) for trace in kept for line in trace.lines]
    assert {one.world for one in drawn} > {0}
    assert any(one.failed for one in drawn)
    assert any(one.solved is not None for one in drawn)
