"""The library call, as a trainer's author uses it."""

import ast
import doctest
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest
from writ_engines.scripted import ScriptedEngine

import writ_async
from writ_async import Completion, InputError, Limits, Request, Rules, Task, make_tasks, registry, rollouts, run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.errors import EngineError, EngineErrorKind
from writ_async.registry import load_domain, load_engine
from writ_async.runs import seats, worlds
from writ_async.runs.progress import Progress
from writ_async.runs.seats import EngineSpec
from writ_async.runs.view import RunView


class Silent:
    """An engine of the caller's own: an agent that never helps."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.systems: list[str] = []
        self.closed = False

    async def complete(self, request: Request) -> Completion:
        self.seen.append(request.id)
        self.systems.append(str(request.messages[0].content))
        await anyio.lowlevel.checkpoint()
        return Completion(message=AssistantMessage("I cannot help you."))

    def end_session(self, session: str) -> None:
        return None

    async def aclose(self) -> None:
        self.closed = True


def test_every_public_name_is_there_and_told_to_whoever_needs_it() -> None:
    assert all(getattr(writ_async, name) is not None for name in writ_async.__all__)
    told = set((writ_async.__doc__ or "").replace(",", " ").replace(".", " ").split())
    assert set(writ_async.__all__) <= told
    with pytest.raises(AttributeError):
        _ = writ_async.no_such_name


@pytest.mark.parametrize("name", ["api", "core.engine", "core.task", "core.trajectory", "runs.seats", "scheduler.job"])
def test_the_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(import_module(f"writ_async.{name}")).failed == 0


def test_what_examples_bench_and_tools_take_from_deep_inside_is_not_public() -> None:
    root = Path(__file__).resolve().parent.parent
    for path in (file for folder in ("examples", "bench", "tools") for file in (root / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("writ_async."):
                assert not {alias.name for alias in node.names} & set(writ_async.__all__), path


@pytest.mark.asyncio
async def test_trajectories_come_as_they_finish_with_their_verdicts(tasks: list[Task]) -> None:
    async with rollouts(tasks, trials=2, seed=1) as stream:
        rows = [row async for row in stream]
    assert sorted(row.id for row in rows) == sorted(f"{task.id}#{trial}" for task in tasks for trial in range(2))
    assert all(row.verdict is not None and row.verdict.kept for row in rows)


@pytest.mark.asyncio
async def test_an_engine_of_the_callers_own_plays_a_seat_and_stays_open() -> None:
    # One wish each, so that one refusal is all there is to hear.
    tasks = make_tasks("retail", 4, seed=3, mix="normal=1", behaviours="off", world_size=60)
    agent = Silent()
    async with rollouts(tasks, agent=agent, user="scripted") as stream:
        rows = [row async for row in stream]
    assert len(agent.seen) == len(set(agent.seen)) == 4
    assert not agent.closed
    assert [row.verdict.reward.reward for row in rows if row.verdict] == [0.0] * 4


@pytest.mark.asyncio
async def test_cancelling_gives_what_is_whole_and_marks_what_is_partial(tasks: list[Task]) -> None:
    rows: list[Trajectory] = []
    async with rollouts(tasks, trials=20, limits=Limits(concurrency=8)) as stream:
        async for row in stream:
            rows.append(row)
            if len(rows) == 10:
                stream.cancel()
    assert 10 <= len(rows) < len(tasks) * 20
    for row in rows:
        assert (row.verdict is None) == (row.termination is Termination.CANCELLED)


class Flaky(ScriptedEngine):
    """A script of which every twentieth call fails, and no retry would help."""

    calls = failed = 0

    async def complete(self, request: Request) -> Completion:
        self.calls += 1
        if self.calls % 20 == 0:
            self.failed += 1
            raise EngineError("HTTP 400: no", kind=EngineErrorKind.BAD_REQUEST)
        return await super().complete(request)


@pytest.mark.asyncio
async def test_a_call_that_fails_for_good_costs_its_conversation_alone(tasks: list[Task]) -> None:
    domains = {"retail": load_domain("retail"), "airline": load_domain("airline")}
    agent = Flaky({task.id: task for task in tasks}, domains, 3)
    async with rollouts(tasks, agent=agent, user="scripted", limits=Limits(concurrency=8)) as stream:
        rows = [row async for row in stream]
    lost = [row for row in rows if row.verdict is None]
    assert len(rows) == len(tasks)
    assert {(row.termination, row.error) for row in lost} == {
        (Termination.INFRASTRUCTURE_ERROR, "bad_request: HTTP 400: no")
    }
    assert len(lost) == agent.failed > 0
    assert any(row.verdict is not None and row.verdict.reward.reward == 1.0 for row in rows)


def test_the_sync_call_gives_rows_in_the_order_of_tasks_and_trials(tasks: list[Task]) -> None:
    rows = run(tasks[:5], trials=2)
    assert [row.id for row in rows] == [f"{task.id}#{trial}" for trial in range(2) for task in tasks[:5]]


def test_tasks_are_the_same_for_the_same_seed() -> None:
    assert make_tasks("retail", 6, seed=3, world_size=60) == make_tasks("retail", 6, seed=3, world_size=60)
    assert make_tasks("retail", 6, seed=3, world_size=60) != make_tasks("retail", 6, seed=4, world_size=60)


def test_tasks_and_rows_are_those_of_the_command(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"seed": 3, "mix": "read-heavy=1,normal=1", "world_size": 120}
    command = SynthConfig(domains=("retail", "airline"), n=12, **asked, behaviours="tone=angry", rules=Rules())
    anyio.run(synth, command, tmp_path / "run")
    view = RunView.open(tmp_path / "run")
    tasks = make_tasks(["retail", "airline"], 12, **asked, behaviours="tone=angry")
    assert [msgspec.json.encode(task) for task in tasks] == [msgspec.json.encode(task) for task in view.tasks()]
    assert run(tasks, seed=3) == list(view.ordered())


def test_a_domain_of_the_callers_own_needs_no_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "domains_of_program", mine := dict[str, Domain]())
    monkeypatch.setattr(worlds, "domains_of_program", mine)
    shop = msgspec.structs.replace(load_domain("retail"), name="shop")
    tasks = make_tasks([shop, "airline"], 4, seed=3, world_size=60)
    assert {task.domain for task in tasks} == {"shop", "airline"}
    assert {row.domain for row in run(tasks)} == {"shop", "airline"}
    changed = msgspec.structs.replace(shop, policy="Be quick.")
    agent = Silent()
    run(make_tasks(changed, 1, seed=3, world_size=60), agent, "scripted")
    assert "Be quick." in agent.systems[0]
    with pytest.raises(InputError, match="a package registers another domain 'retail'"):
        make_tasks(msgspec.structs.replace(shop, name="retail"), 1)


def test_each_seat_has_options_of_its_own(tasks: list[Task]) -> None:
    nobody = {"url": "http://127.0.0.1:9/v1", "model": "m", "attempts": 1}
    for agent, options in (("openai", nobody), (EngineSpec("openai", nobody), None)):
        rows = run(tasks[:2], agent, "scripted", agent_options=options, user_options={"user_mistakes": "0.5"})
        assert {row.termination for row in rows} == {Termination.INFRASTRUCTURE_ERROR}
    slips = run(tasks[:8], Silent(), "scripted", user_options={"user_mistakes": "1"})
    assert any(row.notes for row in slips)


@pytest.mark.parametrize(
    ("agent", "settings", "message"),
    [
        ("scripted", {"agent_options": {"mistake": 1}}, "engine 'scripted' has no option 'mistake'"),
        ("scripted", {"user": "scriptd"}, "unknown engine 'scriptd'; known:"),
        ("scripted", {"user_options": {"mistakes": 1}}, "user_options are those of an engine"),
        (EngineSpec(), {"agent_options": {"mistakes": 1}}, "agent_options are those of an engine"),
        ("user-only", {}, "engine 'user-only' cannot play the agent"),
        ("scripted", {"trials": 0}, "^trials must be at least 1, not 0"),
        ("scripted", {"judge": "judy"}, "unknown judge 'judy'"),
    ],
)
def test_what_cannot_play_is_refused_as_by_the_command(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch, agent: str, settings: dict[str, Any], message: str
) -> None:
    factory = msgspec.structs.replace(load_engine("scripted"), seats=frozenset({"user"}))
    monkeypatch.setattr(seats, "load_engine", lambda name: factory if name == "user-only" else load_engine(name))
    with pytest.raises(InputError, match=message):
        run(tasks, agent, **settings)


def test_an_engine_that_was_made_is_closed_where_the_other_cannot_be(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Silent] = []

    def make(name: str, options: object, setting: object) -> Silent:
        if made:
            raise InputError("no second one")
        made.append(Silent())
        return made[0]

    monkeypatch.setattr(seats, "make_engine", make)
    with pytest.raises(InputError, match="no second one"):
        run(tasks, "scripted", "scripted")
    assert made[0].closed


@pytest.mark.asyncio
async def test_a_watcher_sees_the_run_go_on_and_the_sync_call_says_what_to_use_in_a_loop(tasks: list[Task]) -> None:
    seen: list[Progress] = []

    async def watch(progress: Progress) -> None:
        seen.append(progress)
        await anyio.sleep_forever()

    async with rollouts(tasks, watch=watch, stop_early=["failed"]) as stream:
        rows = [row async for row in stream]
    assert (seen[0].total, seen[0].counters.finished, seen[0].summary.total().kept) == (
        len(tasks),
        len(rows),
        len(rows),
    )
    with pytest.raises(InputError, match=r"use `async with rollouts\(...\)"):
        run(tasks)
