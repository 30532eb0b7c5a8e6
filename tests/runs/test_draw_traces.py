"""A run that is broken off while it plans goes on where it was: the same bytes, and nothing proved twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from writ_async.commands import synth as command
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.curation.quota import parse_keep_rules
from writ_async.registry import load_domain
from writ_async.runs.draw_traces import DRAWING, open_traces
from writ_async.runs.progress import Progress
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.worlds import generate_worlds
from writ_async.synthesis.aims import TaskWishes
from writ_async.synthesis.proof import prove_task

CONFIG = SynthConfig(domains=("retail", "airline"), n=14, seed=5, world_size=30)
FILES = ("tasks.jsonl", "trajectories.jsonl")


class Broken(Exception):
    """The process is killed here."""


@pytest.fixture
def proved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of tasks, in the order in which something tried to prove them."""
    ids: list[str] = []

    def prove(task: Task, domain: Domain, world: World) -> object:
        ids.append(task.id)
        return prove_task(task, domain, world)

    monkeypatch.setattr("writ_async.synthesis.task_maker.prove_task", prove)
    return ids


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "run"
    play(CONFIG, out)
    assert not (out / DRAWING).exists()
    return contents(out)


def play(config: SynthConfig, out: Path, break_at: tuple[str, int] = ("", 0)) -> Progress:
    def watch(what: str, done: int, total: int) -> None:
        if (what, done) == break_at:
            raise Broken

    return anyio.run(lambda: synth(config, out, watch_tasks=watch))


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}


def traced(out: Path) -> Iterator[Path]:
    return iter(sorted((out / DRAWING).glob("*.jsonl")))


def test_a_run_that_is_broken_off_again_and_again_while_it_draws_proves_each_task_once(
    whole: dict[str, bytes], tmp_path: Path, proved: list[str]
) -> None:
    out = tmp_path / "run"
    for done in (3, 4, 9, 14):
        with pytest.raises(Broken):
            play(CONFIG, out, ("proved", done))
        assert sum(path.read_bytes().count(b"\n") for path in traced(out)) == done + 2, "a head each"
    drawn = dict.fromkeys(proved)
    assert proved == [name for name in drawn for _ in range(proved.count(name))], "no task after a later one"
    proved.clear()
    play(CONFIG, out)
    assert not proved
    assert contents(out) == whole
    assert not (out / DRAWING).exists()


@pytest.mark.parametrize("damage", ["torn", "zeros", "another version", "not a task"])
def test_what_is_damaged_in_a_trace_is_drawn_again(
    damage: str, whole: dict[str, bytes], tmp_path: Path, proved: list[str]
) -> None:
    out = tmp_path / "run"
    with pytest.raises(Broken):
        play(CONFIG, out, ("proved", 10))
    path = next(traced(out))
    head, *lines = path.read_bytes().splitlines(keepends=True)
    third = lines[2]
    lines[2] = {"torn": third, "zeros": bytes(len(third) - 1) + b"\n", "not a task": b'{"task":1}\n'}.get(damage, third)
    head = head.replace(b'"seed":5', b'"seed":6') if damage == "another version" else head
    path.write_bytes((head + b"".join(lines))[: -20 if damage == "torn" else None])
    proved.clear()
    play(CONFIG, out)
    first = {"torn": "retail-s5-00008", "another version": "retail-s5-00000"}.get(damage, "retail-s5-00004")
    assert proved[0] == first
    assert contents(out) == whole


def test_tasks_are_written_as_they_are_told_and_a_resume_tells_the_rest(
    whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proved: list[str]
) -> None:
    monkeypatch.setattr(command, "_TOLD_AT_ONCE", 4)
    out = tmp_path / "run"
    with pytest.raises(Broken):
        play(CONFIG, out, ("told", 10))
    assert (out / "tasks.jsonl").read_bytes() == b"".join(whole["tasks.jsonl"].splitlines(keepends=True)[:8])
    proved.clear()
    seen: list[tuple[str, int, int]] = []
    anyio.run(lambda: synth(CONFIG, out, watch_tasks=lambda *told: seen.append(told)))
    assert not proved
    assert [one for one in seen if one[0] == "told"] == [("told", done, 6) for done in range(1, 7)]
    assert contents(out) == whole


def test_a_run_in_rounds_keeps_its_trace_and_proves_nothing_when_it_is_given_again(
    tmp_path: Path, proved: list[str]
) -> None:
    seats = Seats(EngineSpec("scripted", {"mistakes": "0.5"}))
    config = msgspec.structs.replace(CONFIG, seats=seats, keep=parse_keep_rules(8, 1))
    play(config, tmp_path / "alone")
    with pytest.raises(Broken):
        play(config, tmp_path / "run", ("proved", 5))
    play(config, tmp_path / "run")
    proved.clear()
    play(config, tmp_path / "run")
    assert not proved
    assert contents(tmp_path / "run") == contents(tmp_path / "alone")
    kept = [path.read_bytes() for path in traced(tmp_path / "run")]
    assert kept == [path.read_bytes() for path in traced(tmp_path / "alone")]


def test_a_trace_that_another_process_writes_to_is_left_alone(tmp_path: Path) -> None:
    worlds = generate_worlds([load_domain("retail")], 5, 30)
    with open_traces(tmp_path, worlds, 5, {"normal": 1.0}, TaskWishes()) as first:
        assert list(first) == [0]
        with open_traces(tmp_path, worlds, 5, {"normal": 1.0}, TaskWishes()) as second:
            assert not second
