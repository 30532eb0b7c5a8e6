"""The lower bound of `bench/lower_bound.py`: no policy is ever under it, and its parts are what the proof says."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writ_engines.simulated import Costs, Server, ServerOptions, SimulatedEngine, costs_of

from bench.admission import policies
from bench.loads import CONTEXT, Load, Shape, play
from bench.lower_bound import Call, bound_of, held_tokens, idle_contexts, lower_bound, note_calls, shared_tokens
from writ_async import Limits
from writ_async.core.trajectory import Seat

COSTS = costs_of("qwen3-8b", "h100")
SHARED: dict[Seat, int] = {"agent": 100, "user": 10}


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    def few(least: int, most: int) -> tuple[int, int]:
        low = draw(st.integers(least, most))
        return low, draw(st.integers(low, most))

    return Shape(turns=few(1, 4), tools=few(0, 5), result=few(10, 1500), reply=few(10, 60), user=few(10, 40))


@st.composite
def machines(draw: st.DrawFn) -> Costs:
    """Dear and cheap steps, and prefill."""
    return msgspec.structs.replace(
        COSTS,
        decode_base=draw(st.sampled_from([1e-4, 7.6e-3, 0.2])),
        prefill_rate=draw(st.sampled_from([500.0, 23_000.0])),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(shapes(), min_size=1, max_size=10),
    machines(),
    st.sampled_from(["kv-budget", "aimd", "pause", "fixed 1", "fixed 3", "unbounded"]),
    st.booleans(),
    st.floats(1.05, 4.0),
    st.integers(0, 99),
)
def test_no_policy_beats_the_lower_bound(
    shapes: list[Shape], costs: Costs, name: str, told: bool, pool: float, seed: int
) -> None:
    # `pool` is its size over the longest context: from one that holds little else to one that holds many.
    load = Load(shapes, seed)
    calls, alone, longest = note_calls(load, costs)
    room = round(pool * max(call.prompt + call.output for one in calls for call in one))
    costs = msgspec.structs.replace(costs, kv_tokens=room)
    server = Server(costs, ServerOptions(enable_session_radix_cache=told))
    engine = SimulatedEngine(load, server, context=CONTEXT, round_trip=0.0)
    _, limits, admission = next(one for one in policies(costs, len(shapes), [1, 3]) if one[0] == name)
    play(load, engine, msgspec.structs.replace(limits, request_timeout=0.0), admission)
    report = engine.reports()[0]
    if not report.retractions:
        assert report.seconds >= bound_of(calls, alone, costs, longest).seconds * (1 - 1e-9)


def test_a_pool_that_equal_conversations_fill_comes_near_the_bound() -> None:
    load = Load([Shape(turns=(1, 1), tools=(1, 1), result=(6000, 6000), reply=(900, 900))] * 24)
    costs = msgspec.structs.replace(COSTS, kv_tokens=34_000, decode_base=0.1)
    engine = SimulatedEngine(load, Server(costs, ServerOptions(enable_session_radix_cache=True)), round_trip=0.0)
    play(load, engine, Limits(concurrency=4, request_timeout=0.0))
    assert 1.0 <= engine.reports()[0].seconds / lower_bound(load, costs).seconds < 1.5


def test_one_conversation_alone_takes_no_longer_than_its_bound() -> None:
    load = Load([Shape(turns=(3, 3), tools=(4, 4), result=(500, 500))])
    engine = SimulatedEngine(load, Server(COSTS), context=CONTEXT, round_trip=0.0)
    play(load, engine, policies(COSTS, 1, [])[0][1])
    assert engine.reports()[0].seconds == pytest.approx(lower_bound(load, COSTS).seconds)


def test_what_a_request_holds_is_its_own_prompt_and_one_token_more_with_each_step() -> None:
    assert held_tokens(Call("agent", 130, 0, 4), SHARED) == 30 + 31 + 32
    assert held_tokens(Call("agent", 130, 0, 1), SHARED) == 0, "the prefill gives the only token"


def test_a_context_lies_idle_for_the_steps_of_the_other_seat_alone() -> None:
    calls = [
        Call("user", 50, 0, 11),
        Call("agent", 150, 100, 6),
        Call("agent", 200, 155, 4),
        Call("user", 90, 60, 21),
        Call("agent", 260, 203, 3),
    ]
    assert list(idle_contexts(calls, SHARED)) == [(50, 5 + 3), (103, 20)]
    assert shared_tokens([calls, [Call("user", 50, 10, 2), Call("agent", 120, 95, 2)]]) == {"user": 10, "agent": 100}


def test_a_context_that_lies_idle_for_long_costs_its_prefill_and_no_more() -> None:
    """One second a step and one second a token prefilled, a pool of 100: from 100 steps on it is better evicted."""
    costs = Costs(decode_base=1.0, decode_request=0.0, decode_token=0.0, prefill_rate=1.0, kv_tokens=100)
    report = Server(costs).report
    for steps, price in ((50, 0.5), (100, 1.0), (400, 1.0)):
        calls = [Call("user", 8, 0, 1), Call("agent", 2, 0, steps + 1), Call("user", 12, 8, 1)]
        assert bound_of([calls], report, costs, 0.0).idle == pytest.approx(8 * price)
