"""What any order of work takes at least on a simulated server: the lower bound that policies are held against.

**Claim.** One server that takes no request back (no retraction) plays all calls of a load in no less time than
`Floor.seconds`, whoever decides what begins when. A step of the server is either a prefill step or a decode step, and
they come one after the other, so that the time is at least the sum of both.

*Prefill.* A step that computes n tokens takes at least n / `prefill_rate`, and `prefill_attention` for each pair of a
token and one before it. Where one conversation is played after another with an endless cache, every prompt token is
computed once, and that is the least: what nobody has had is in no cache, and of each prompt one token is computed.

*Tokens.* A request of o output tokens runs in o - 1 decode steps (its first token comes from the prefill), each at
`decode_request`, and at `decode_token` for each of the tokens that it holds, with whomever it shares the step.

*Steps.* Each decode step costs `decode_base` as well. The pool never holds more than K = `kv_tokens`, and in each of a
request's decode steps it holds the request's own tokens. So K times the number of decode steps is at least the sum of
own tokens over the steps of all requests. What conversations share is left out: it is held once for all.

*Seats that wait.* While one seat of a conversation decodes, in s steps, the other's context is idle. Each of its own
tokens that was cached for the seat's next call has either been in the pool in all of those steps, which adds s to the
sum above and so `decode_base` * s / K; or it was evicted and computed once more, since nobody shares it, which adds
1 / `prefill_rate`. For each token the cheaper of both is the least.

*By itself.* A conversation's calls come one after another: all takes at least as long as the longest does alone. And
there are at least as many decode steps as the conversation with the most has, and as the mean of all, for each has at
most one request in a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from writ_engines.simulated import Costs, Report, Server, SimulatedEngine

from bench.loads import CONTEXT, Load, play
from writ_async import Completion, Limits, Request
from writ_async.core.trajectory import Seat


class Call(msgspec.Struct, frozen=True):
    """One model call: tokens of its prompt, how many of them an endless cache had, and tokens of its answer."""

    seat: Seat
    prompt: int
    cached: int
    output: int

    @property
    def steps(self) -> int:
        """The decode steps that it runs in: the first token is the prefill's."""
        return self.output - 1


class Floor(msgspec.Struct, kw_only=True):
    """The lower bound of a load, and its parts; seconds. `decode_base` is of what runs, `idle` of seats that wait."""

    seconds: float
    prefill: float
    decode_tokens: float
    decode_base: float
    idle: float
    longest: float
    unique: int
    prompt: int
    output: int


class _NotingEngine(SimulatedEngine):
    """A simulated server that notes its calls by conversation, in the order in which they were made."""

    def __init__(self, load: Load, server: Server) -> None:
        super().__init__(load, server, context=CONTEXT, round_trip=0.0)
        self.calls: dict[str, list[Call]] = {}

    async def complete(self, request: Request) -> Completion:
        completion = await super().complete(request)
        usage = completion.usage
        call = Call(request.seat, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
        self.calls.setdefault(f"{request.task_id}#{request.trial}", []).append(call)
        return completion


def lower_bound(load: Load, costs: Costs) -> Floor:
    """The lower bound of a load on a machine."""
    conversations, report, longest = note_calls(load, costs)
    return bound_of(conversations, report, costs, longest)


def note_calls(load: Load, costs: Costs) -> tuple[list[list[Call]], Report, float]:
    """Play one conversation after another with an endless cache: their calls, the report, the longest's seconds."""
    engine = _NotingEngine(load, Server(msgspec.structs.replace(costs, kv_tokens=10**12)))
    timings, _, _ = play(load, engine, Limits(concurrency=1))
    return list(engine.calls.values()), engine.reports()[0], max(timing.seconds for timing in timings)


def bound_of(conversations: Sequence[Sequence[Call]], report: Report, costs: Costs, longest: float) -> Floor:
    """The bound from the calls of all conversations, played one after another with an endless cache, and its report.

    `longest` is the time of the longest of them by itself, in seconds.
    """
    shared = shared_tokens(conversations)
    pool = costs.decode_base / costs.kv_tokens
    running = idle = 0.0
    for calls in conversations:
        running += pool * sum(held_tokens(call, shared) for call in calls)
        idle += sum(
            tokens * min(pool * steps, 1 / costs.prefill_rate) for tokens, steps in idle_contexts(calls, shared)
        )
    each = [sum(call.steps for call in calls) for calls in conversations]
    least = costs.decode_base * max(max(each), sum(each) / len(each))
    prefill = report.prefilled_tokens / costs.prefill_rate + costs.prefill_attention * report.prefill_pairs
    tokens = report.decode_requests * costs.decode_request + report.kv_steps * costs.decode_token
    return Floor(
        seconds=max(prefill + tokens + max(running + idle, least), longest),
        prefill=prefill,
        decode_tokens=tokens,
        decode_base=max(running, least - idle),
        idle=idle,
        longest=longest,
        unique=report.prefilled_tokens,
        prompt=report.prompt_tokens,
        output=report.output_tokens,
    )


def shared_tokens(conversations: Sequence[Sequence[Call]]) -> dict[Seat, int]:
    """How many tokens of each seat's prompts conversations share: the most that the cache had of a first prompt."""
    shared: dict[Seat, int] = {}
    for calls in conversations:
        for call in {call.seat: call for call in reversed(calls)}.values():
            shared[call.seat] = max(shared.get(call.seat, 0), call.cached)
    return shared


def held_tokens(call: Call, shared: Mapping[Seat, int]) -> int:
    """The request's own tokens, summed over its decode steps: its prompt, and one more written with every step."""
    own = max(0, call.prompt - shared[call.seat])
    return call.steps * own + call.steps * (call.steps - 1) // 2


def idle_contexts(calls: Sequence[Call], shared: Mapping[Seat, int]) -> Iterator[tuple[int, int]]:
    """A conversation's contexts that lie idle while the other seat decodes: own tokens cached, and decode steps."""
    before: dict[Seat, int] = {}  # by seat, the conversation's decode steps when its last call had ended
    steps = 0
    for call in calls:
        if call.seat in before and steps > before[call.seat]:
            yield max(0, call.cached - shared[call.seat]), steps - before[call.seat]
        steps += call.steps
        before[call.seat] = steps
