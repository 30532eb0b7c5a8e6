"""What a run will take, from a sample of its conversations played in virtual time: `--dry-run`.

The tasks, prompts and rules are the run's own; a script says what is said, and the engine registered as `simulated`
counts tokens. So numbers of calls and tokens are those of an agent that solves its tasks without a detour and thinks
nothing aloud: a model takes more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from writ_async.conversation import Rules
from writ_async.core.engine import Setting
from writ_async.core.environment import Environment
from writ_async.core.prices import Price
from writ_async.core.task import Task
from writ_async.core.trajectory import Usage
from writ_async.registry import load_engine, make_engine
from writ_async.runs.jobs import plan_jobs
from writ_async.runs.seats import EngineMix, EngineSpec, Seats
from writ_async.scheduler import Limits, run_rollouts
from writ_async.virtual_time import run_virtual

T = TypeVar("T")
SAMPLE: Final = 48
"""So many conversations are played to reckon from."""

_CONTEXT: Final = 10_000_000  # no conversation of a sample is cut
_ENGINE: Final = "simulated"


class SeatEstimate(msgspec.Struct, frozen=True):
    """What one seat takes: who plays it, calls and tokens of the whole run, dollars where there is a price.

    `sold` says that its engine's models have prices, whether this one's is known or not.
    """

    engine: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None = None
    sold: bool = False


class Estimate(msgspec.Struct, frozen=True):
    """What a run takes: `conversations`, reckoned from a `sample` of them, and what each seat does in all of them.

    `hours` is how long its limits of calls and tokens a minute alone make it, 0 where there are none. Where the run is
    to keep so many rows, this is the `least` that it can be: as if every conversation passed.
    """

    conversations: int
    sample: int
    seats: dict[str, SeatEstimate]
    hours: float = 0.0
    least: bool = False

    @property
    def dollars(self) -> float | None:
        """What it costs, as far as prices are known; None where none is."""
        known = [seat.dollars for seat in self.seats.values() if seat.dollars is not None]
        return sum(known) if known else None


def take_sample(tasks: Sequence[T], most: int = SAMPLE) -> list[T]:
    """Tasks from all over a list, in its order."""
    step = max(1, -(-len(tasks) // most))
    return list(tasks[::step])


def estimate_run(
    tasks: Sequence[Task],
    worlds: Mapping[str, Environment],
    seats: Seats,
    rules: Rules,
    conversations: int,
    *,
    seed: int = 0,
    least: bool = False,
) -> Estimate:
    """What so many conversations take that are like one of each of these tasks. Not to be called in an event loop.

    Raises `InputError` for an engine that is not known.
    """
    used = _play_sample(tasks, worlds, rules, seed)
    scale = conversations / len(tasks) if tasks else 0.0
    specs = {"agent": seats.agent, "user": seats.agent if seats.user is None else seats.user}
    found = {seat: _scaled(used.get(seat, Usage()), scale, specs[seat]) for seat in specs}
    hours = max((_hours_of(specs[seat], found[seat]) for seat in specs), default=0.0)
    return Estimate(conversations, len(tasks), found, hours, least)


def _play_sample(tasks: Sequence[Task], worlds: Mapping[str, Environment], rules: Rules, seed: int) -> dict[str, Usage]:
    """What each seat used over one conversation of each task."""
    domains = {opened.domain.name: opened.domain for opened in worlds.values()}
    setting = Setting(tasks={task.id: task for task in tasks}, domains=domains, seed=seed)
    engine = make_engine(_ENGINE, {"context": _CONTEXT}, setting)
    jobs = plan_jobs(tasks, worlds, 1, seed)
    limits = Limits(admission="fixed", concurrency=max(1, len(jobs)), request_timeout=0.0)
    used: dict[str, Usage] = {}

    async def play() -> None:
        async with run_rollouts(jobs, {"agent": engine, "user": engine}, rules=rules, limits=limits) as rollouts:
            async for row in rollouts:
                for seat, usage in row.usage.items():
                    used.setdefault(seat, Usage()).add(usage)

    run_virtual(play)
    return used


def _scaled(used: Usage, scale: float, spec: Any) -> SeatEstimate:
    price = _price_of(spec)
    prompt, cached, completion = (
        round(scale * count) for count in (used.prompt_tokens, used.cached_tokens, used.completion_tokens)
    )
    dollars = None if price is None else price.nano_dollars(prompt, cached, completion) / 1e9
    sold = isinstance(spec, EngineSpec) and load_engine(spec.name).price is not None
    return SeatEstimate(_name_of(spec), round(scale * used.requests), prompt, completion, dollars, sold)


def _name_of(spec: Any) -> str:
    if isinstance(spec, EngineMix):
        return ", ".join(spec.labels())
    return f"{spec.name} {spec.options.get('model', '')}".strip() if isinstance(spec, EngineSpec) else "an engine"


def _price_of(spec: Any) -> Price | None:
    """The price of the model that plays a seat; None where several do, or none is known."""
    if not isinstance(spec, EngineSpec) or (find := load_engine(spec.name).price) is None:
        return None
    return find(spec.options)


def _hours_of(spec: Any, seat: SeatEstimate) -> float:
    """How long a seat's limits make a run."""
    if not isinstance(spec, EngineSpec):
        return 0.0
    calls, tokens = (float(spec.options.get(name) or 0.0) for name in ("rpm", "tpm"))
    minutes = [seat.calls / calls] if calls else []
    minutes += [(seat.prompt_tokens + seat.completion_tokens) / tokens] if tokens else []
    return max(minutes, default=0.0) / 60
