"""Who plays which seat: engines made from their registered names and options, or engines that a caller has."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import msgspec

from writ_async.core.engine import Engine, Noticing, Setting, close_engine
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.core.trajectory import Seat
from writ_async.errors import InputError, WritError, describe_error, place_of, without_credentials
from writ_async.registry import load_engine, make_engine
from writ_async.runs.first_look import look_at_servers
from writ_async.runs.mixed_engine import MixedEngine, MixedPart
from writ_async.runs.try_out import try_out
from writ_async.runs.worlds import world_key

logger = logging.getLogger(__name__)


class EngineSpec(msgspec.Struct, frozen=True):
    """An engine by its registered name, with its options as text or values.

    >>> EngineSpec("openai", {"url": "http://127.0.0.1:8000/v1", "model": "qwen"}).name
    'openai'
    """

    name: str = "scripted"
    options: Mapping[str, Any] = {}

    def row_deciding(self) -> EngineSpec:
        """The engine with those options alone that decide rows. Raises `InputError` for an unknown engine."""
        execution = load_engine(self.name).execution
        return EngineSpec(self.name, {key: value for key, value in self.options.items() if key not in execution})


class WeightedEngine(msgspec.Struct, frozen=True):
    """One engine of a mix and its weight; weights are held against each other."""

    engine: EngineSpec
    weight: float = 1.0


class EngineMix(msgspec.Struct, frozen=True):
    """Several engines for the user's seat: each conversation is played by one of them."""

    parts: tuple[WeightedEngine, ...]

    def row_deciding(self) -> EngineMix:
        """The mix with those options alone that decide rows. Raises `InputError` for an unknown engine."""
        return EngineMix(tuple(WeightedEngine(part.engine.row_deciding(), part.weight) for part in self.parts))

    def labels(self) -> list[str]:
        """What each engine is called in the rows: its name and its model, with a number where two are called alike."""
        names = [f"{part.engine.name} {part.engine.options.get('model', '')}".strip() for part in self.parts]
        return [
            f"{name} ({names[: index + 1].count(name)})" if names.count(name) > 1 else name
            for index, name in enumerate(names)
        ]


class Seats(msgspec.Struct, frozen=True):
    """Who plays each seat; without `user` the agent's engine plays both."""

    agent: EngineSpec | Engine = EngineSpec()
    user: EngineSpec | EngineMix | Engine | None = None

    def row_deciding(self) -> Seats:
        """The seats with those options alone that decide rows. Raises `InputError` for an unknown engine."""
        return Seats(
            self.agent.row_deciding() if isinstance(self.agent, EngineSpec) else self.agent,
            self.user.row_deciding() if isinstance(self.user, EngineSpec | EngineMix) else self.user,
        )

    def at(self, addresses: Sequence[str]) -> Seats:
        """The seats with the agent's engine on these servers; a user's engine of its own stays where it is."""
        if not isinstance(self.agent, EngineSpec):
            return self
        return Seats(EngineSpec(self.agent.name, {**self.agent.options, "url": list(addresses)}), self.user)

    def on_servers(self) -> int:
        """How many engines may hold connections: those that have servers, and those that a caller made."""
        user = [part.engine for part in self.user.parts] if isinstance(self.user, EngineMix) else [self.user]
        return sum(
            not isinstance(engine, EngineSpec) or load_engine(engine.name).check is not None
            for engine in (self.agent, *user)
            if engine is not None
        )

    @asynccontextmanager
    async def open_engines(
        self,
        tasks: Iterable[Task],
        worlds: Iterable[Environment],
        seed: int,
        *,
        processes: int = 1,
        shared: dict[str, Any] | None = None,
    ) -> AsyncIterator[dict[Seat, Engine]]:
        """The engine of each seat while the block lasts; those that are made here are closed at its end.

        So many `processes` open engines of the same options for the run; `shared` is as in `core.engine.Setting`.

        Raises `InputError` for an unknown engine or option, or a seat that an engine cannot play.
        """
        by_id = {task.id: task for task in tasks}
        opened = {world_key(environment.ref): environment for environment in worlds}
        keys = {task_id: world_key(task.world) for task_id, task in by_id.items()}
        setting = Setting(
            tasks=by_id,
            domains={environment.domain.name: environment.domain for environment in opened.values()},
            seed=seed,
            worlds={task_id: opened[key].world for task_id, key in keys.items() if key in opened},
            processes=processes,
            shared={} if shared is None else shared,
        )
        async with AsyncExitStack() as made:

            def engine_for(seat: Seat, given: EngineSpec | Engine) -> Engine:
                if not isinstance(given, EngineSpec):
                    return given
                if seat not in load_engine(given.name).seats:
                    raise InputError(f"engine {given.name!r} cannot play the {seat}")
                engine = make_engine(given.name, dict(given.options), setting)
                made.push_async_callback(close_quietly, engine)
                return engine

            def user_engine(given: EngineSpec | EngineMix | Engine) -> Engine:
                if not isinstance(given, EngineMix):
                    return engine_for("user", given)
                parts = zip(given.labels(), given.parts, strict=True)
                return MixedEngine(
                    [MixedPart(label, part.weight, engine_for("user", part.engine)) for label, part in parts], seed
                )

            agent = engine_for("agent", self.agent)
            yield {"agent": agent, "user": agent if self.user is None else user_engine(self.user)}

    async def check_engines(self, seed: int, *, require: bool = False, elsewhere: bool = False) -> list[str]:
        """What the engines say of themselves, before there are tasks; it is logged, too. Their servers are looked at.

        Not at the agent's where these are `elsewhere`, on the machines of a cluster. Raises what `open_engines` does
        for engines that cannot be made, and `WritError` where it is `require`d that somebody may answer, and nobody is
        there.
        """
        async with self.open_engines((), (), seed) as engines:
            notices = tell_notices(engines)
            here = [one for one in engines.values() if not (elsewhere and one is engines["agent"])]
            await look_at_servers(here, require=require)
            return notices + tell_notices(engines, told=notices)

    async def try_engines(self, seed: int, *, greeting: bool) -> None:
        """Let an agent's engine on a server answer twice, before there are conversations to lose.

        Raises `WritError` for the first problem, with what to do about it.
        """
        if not isinstance(self.agent, EngineSpec) or load_engine(self.agent.name).check is None:
            return
        async with self.open_engines((), (), seed) as engines:
            for check in await try_out(engines["agent"], greeting=greeting):
                if check.status == "problem":
                    raise WritError(
                        f"engine {self.agent.name!r}, {check.name}: {check.found}; {check.advice} "
                        "(--no-check begins all the same)"
                    )


def tell_notices(engines: Mapping[Any, Engine], told: Sequence[str] = ()) -> list[str]:
    """What may surprise whoever starts a run on these engines, each thing once, without what was `told`.

    Logged as warnings.
    """
    lines = [str(line) for engine in engines.values() if isinstance(engine, Noticing) for line in engine.notices]
    notices = [line for line in dict.fromkeys(map(without_credentials, lines)) if line not in told]
    for line in notices:
        logger.warning("%s", line)
    return notices


async def close_quietly(engine: Engine) -> None:
    """Close an engine, even while the run is being cancelled; what it raises is logged."""
    with anyio.CancelScope(shield=True):
        try:
            await close_engine(engine)
        except Exception as exc:  # what it has answered stays
            logger.warning("an engine could not be closed: %s (%s)", describe_error(exc), place_of(exc))
