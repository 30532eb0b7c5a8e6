"""Conversations of a given shape, for benches of admission: what is said is filler, how much is said is drawn.

A conversation is a number of user turns; between two of them the agent calls tools and then replies. Everything runs
through the real conversations and the real scheduler; the domain has one tool, whose result is as long as asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
from writ_engines.simulated import SimulatedEngine
from writ_engines.simulated.tokens import CALL_FRAME, CHARACTERS, FRAME

from writ_async import (
    AssistantMessage,
    Completion,
    Domain,
    Job,
    Limits,
    Request,
    Scenario,
    State,
    Task,
    Timing,
    Trajectory,
    World,
    WorldRef,
    generic,
    make_call,
    make_tools,
    run_rollouts,
)
from writ_async.core.trajectory import CLOSING_TOKENS, Signal
from writ_async.scheduler.admission import AdmissionPolicy
from writ_async.virtual_time import run_virtual

_FILLER = "the quick brown fox jumps over the lazy dog and runs on " * 2000


class Shape(msgspec.Struct, frozen=True):
    """How long a kind of conversation is: ranges of counts and of tokens, drawn evenly."""

    turns: tuple[int, int]
    tools: tuple[int, int]
    result: tuple[int, int]
    reply: tuple[int, int] = (50, 130)
    call: tuple[int, int] = (30, 60)
    user: tuple[int, int] = (20, 70)


SERVICE = Shape(turns=(3, 9), tools=(3, 16), result=(100, 800))
"""Customer service as in τ²-bench: agents' contexts grow to 6,000-12,000 tokens, shared policy and tools included."""

SHORT = Shape(turns=(2, 6), tools=(1, 4), result=(50, 300))
LONG = Shape(turns=(4, 9), tools=(18, 34), result=(300, 1200))
DEEP = Shape(turns=(3, 6), tools=(20, 30), result=(1000, 3000))

CONTEXT = 131_072
"""The longest prompt and answer together that the server of a bench takes, in tokens."""

POLICY_TOKENS = 4000
SCENARIO_TOKENS = 400


def text(label: str, tokens: int) -> str:
    """A text of so many tokens that begins with a label, by the simulated engine's rule."""
    return (label + _FILLER)[: max(tokens * CHARACTERS, len(label))]


class Plan(msgspec.Struct, frozen=True):
    """One conversation: the agent's completions, as (tokens, tokens of the tool's result or 0), and the user's."""

    agent: tuple[tuple[int, int], ...]
    user: tuple[int, ...]


def draw(shape: Shape, rng: Random) -> Plan:
    """Draw one conversation."""
    turns, tools = rng.randint(*shape.turns), rng.randint(*shape.tools)
    places = sorted(rng.randrange(turns) for _ in range(tools))
    agent: list[tuple[int, int]] = []
    for turn in range(turns):
        agent += [(rng.randint(*shape.call), rng.randint(*shape.result)) for _ in range(places.count(turn))]
        agent.append((rng.randint(*shape.reply), 0))
    return Plan(tuple(agent), tuple(rng.randint(*shape.user) for _ in range(turns)))


@generic
def look_up(state: State, key: str, size: int) -> str:
    """Look something up.

    Args:
        key: What to look up.
        size: How many tokens to answer with.
    """
    return text(key, size - FRAME)


def _none(*_: object) -> World:
    return World("load", {})


DOMAIN = Domain(
    name="load",
    policy=text("Policy. ", POLICY_TOKENS),
    tools=make_tools([look_up]),
    generate=_none,
    load=_none,
    dump=lambda state: {},
)


class Load:
    """An engine that plays plans, and the jobs that it can play."""

    def __init__(self, shapes: Sequence[Shape], seed: int = 1, trials: int = 1) -> None:
        world = World("load", {})
        ref = WorldRef("load")
        self._plans: dict[str, Plan] = {}
        self._shapes = tuple(shapes)
        self.jobs: list[Job] = []
        for number, shape in enumerate(shapes):
            task = Task(
                id=f"c{number}",
                domain="load",
                kind="normal",
                world=ref,
                scenario=Scenario("", text=text(f"c{number} ", SCENARIO_TOKENS)),
            )
            for trial in range(trials):
                self.jobs.append(Job(task, DOMAIN, world, trial))
                self._plans[f"c{number}#{trial}"] = draw(shape, Random(f"{seed}/{number}/{trial}"))

    def shape(self, name: str) -> Shape:
        """The shape of a conversation by its id."""
        return self._shapes[int(name.partition("#")[0].removeprefix("c"))]

    async def complete(self, request: Request) -> Completion:
        """Play the next turn."""
        name, _, _ = request.session.rpartition("/")
        plan = self._plans[name]
        label = f"{name}.{request.turn} "
        if request.seat == "user":
            if request.turn >= len(plan.user):
                return Completion(message=AssistantMessage(CLOSING_TOKENS[Signal.STOP]))
            return Completion(message=AssistantMessage(text(label, plan.user[request.turn] - FRAME)))
        tokens, result = plan.agent[request.turn]
        if not result:
            return Completion(message=AssistantMessage(text(label, tokens - FRAME)))
        # The arguments are the call's only words: they are as long as the call is to be.
        room = tokens - FRAME - CALL_FRAME - len("look_up") // CHARACTERS
        call = make_call(f"call_{request.turn}", "look_up", {"key": text(label, max(room - 8, 4)), "size": result})
        return Completion(message=AssistantMessage(None, (call,)), finish_reason="tool_calls")

    def end_session(self, session: str) -> None:
        """Nothing is kept."""

    async def aclose(self) -> None:
        """Nothing to close."""


def play(
    load: Load, engine: SimulatedEngine, limits: Limits, admission: AdmissionPolicy | None = None
) -> tuple[list[Timing], list[Trajectory], int]:
    """Run all conversations in virtual time; gives what they took, and how often one was parked.

    `admission` decides in place of what `limits` name.
    """
    timings: list[Timing] = []
    rows: list[Trajectory] = []

    def finished(job: Job, trajectory: Trajectory, timing: Timing) -> None:
        timings.append(timing)
        rows.append(msgspec.structs.replace(trajectory, messages=(), chain=()))

    async def main() -> int:
        async with run_rollouts(
            load.jobs, {"agent": engine, "user": engine}, limits=limits, on_finish=finished, admission=admission
        ) as rollouts:
            async for _ in rollouts:
                pass
            decider = rollouts.admission
            return int(getattr(decider, "parkings", 0))

    return timings, rows, run_virtual(main)
