"""Who plays which seat: engines made from their registered names and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.engine import Engine, Setting
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat
from writ_async.errors import InputError
from writ_async.registry import load_engine, make_engine


class EngineSpec(msgspec.Struct, frozen=True):
    """An engine by its registered name, with its options as text."""

    name: str = "scripted"
    options: dict[str, str] = {}

    def deciding(self) -> EngineSpec:
        """The engine with those options alone that decide rows. Raises `InputError` for an unknown engine."""
        execution = load_engine(self.name).execution
        return EngineSpec(self.name, {key: value for key, value in self.options.items() if key not in execution})


class Seats(msgspec.Struct, frozen=True):
    """The engine of each seat; without `user` the agent's engine plays both."""

    agent: EngineSpec = EngineSpec()
    user: EngineSpec | None = None

    def deciding(self) -> Seats:
        """The seats with those options alone that decide rows. Raises `InputError` for an unknown engine."""
        return Seats(self.agent.deciding(), self.user and self.user.deciding())

    def make(self, tasks: Iterable[Task], domains: Mapping[str, Domain], seed: int) -> dict[Seat, Engine]:
        """The engines. Raises `InputError` for an unknown engine or option, or a seat that an engine cannot play."""
        setting = Setting(tasks={task.id: task for task in tasks}, domains=domains, seed=seed)
        agent = _make("agent", self.agent, setting)
        return {"agent": agent, "user": agent if self.user is None else _make("user", self.user, setting)}


def _make(seat: Seat, spec: EngineSpec, setting: Setting) -> Engine:
    if seat not in load_engine(spec.name).seats:
        raise InputError(f"engine {spec.name!r} cannot play the {seat}")
    return make_engine(spec.name, dict(spec.options), setting)


async def close_engines(engines: Mapping[Seat, Engine]) -> None:
    """Close each engine once."""
    for engine in {id(engine): engine for engine in engines.values()}.values():
        await engine.aclose()
