"""What servers with limits, empty answers and odd finish reasons cost a run, with the defaults of the openai engine.

    python bench/limits.py [--n 200] [--seed 1] [--json FILE]

Conversations are filler in the shape of customer service, both seats on one server, all of them live at once. Engine,
scheduler and conversations are the real ones in virtual time; only the connection is not: in its place stands a server
that answers after a while and refuses what is beyond its limit, telling how long to wait (as most do) or not.

A request is wasted when it was refused, or answered and thrown away. An empty answer is the server's own and counts
apart. The hours are held against those that the limit alone makes of the requests that were needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import anyio
import msgspec
from writ_engines.http.connection import Response
from writ_engines.http.errors import status_error
from writ_engines.openai import OpenAIEngine, OpenAIOptions
from writ_engines.simulated.tokens import CHARACTERS

from bench.loads import SERVICE, Load
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import AssistantMessage, Completion, EngineError, Limits, Request, Termination, Trajectory, run_rollouts
from writ_async.virtual_time import run_virtual

MOST_WASTED = 5.0  # percent of all requests
REFUSED_AFTER, FIRST_ANSWER, LAST_ANSWER = 0.1, 1.0, 6.0  # seconds until a refusal, and until answers
MINUTE = 60.0
ODD = ("eos", "end_turn", "complete", "STOP_SEQUENCE", "done", None, "")


class Bucket:
    """So much a minute, of requests or of tokens: it fills all the time, and holds what `burst` seconds bring."""

    def __init__(self, per_minute: float, burst: float) -> None:
        self.rate = per_minute / MINUTE
        self.size = self.room = self.rate * burst
        self.since = 0.0

    def missing(self, amount: float, now: float) -> float:
        """Take so much. Where there is not enough nothing is taken: the seconds until there is."""
        self.room = min(self.size, self.room + (now - self.since) * self.rate)
        self.since = now
        if self.room < min(amount, self.size):
            return (min(amount, self.size) - self.room) / self.rate
        self.room -= amount
        return 0.0


class Kind(msgspec.Struct, frozen=True):
    """A kind of server; 0 is no limit. It `tells` how long to wait, or does not."""

    name: str
    requests: float = 0.0
    tokens: float = 0.0
    burst: float = MINUTE
    tells: bool = True
    empty: float = 0.0
    odd: float = 0.0


KINDS = (
    Kind("120 requests a minute", requests=120),
    Kind("120 requests a minute, 5 s at once", requests=120, burst=5),
    Kind("120 requests a minute, untold", requests=120, burst=5, tells=False),
    Kind("60k tokens a minute", tokens=60_000),
    Kind("60k tokens a minute, untold", tokens=60_000, tells=False),
    Kind("20 % of the answers empty", empty=0.2),
    Kind("odd finish reasons, now and then", odd=0.2),
    Kind("odd finish reasons always", odd=1.0),
)


class Server:
    """Stands where the engine has its connection (`HttpClient`)."""

    def __init__(self, kind: Kind, answers: Mapping[int, Completion], seed: int) -> None:
        self.kind = kind
        self.requests = self.refused = self.empty = self.answered = 0
        self.tokens = 0
        self._answers = answers
        self._rng = Random(seed)
        self._room = Bucket(kind.requests, kind.burst) if kind.requests else None
        self._tokens = Bucket(kind.tokens, kind.burst) if kind.tokens else None

    async def ask(
        self,
        path: str,
        body: bytes,
        read: Callable[[Response], Completion],
        *,
        seconds: float | None = None,
        fresh: bool = False,
    ) -> Completion:
        """A completion, or the refusal as an error."""
        return read(Response(200, {}, await self._answer(body)))

    async def _answer(self, body: bytes) -> bytes:
        self.requests += 1
        await anyio.sleep(REFUSED_AFTER)
        asked = msgspec.json.decode(body)
        completion = self._answers[asked["seed"]]
        said = len(msgspec.json.encode(completion.message)) // CHARACTERS
        wait = self._missing(len(body) // CHARACTERS + said)
        if wait:
            self.refused += 1
            raise self._refusal(wait)
        await anyio.sleep(self._rng.uniform(FIRST_ANSWER, LAST_ANSWER))
        if self._rng.random() < self.kind.empty:
            self.empty += 1
            return _chat(AssistantMessage(""), "stop", 0, 0)
        self.answered += 1
        self.tokens += len(body) // CHARACTERS + said
        finish: str | None = completion.finish_reason
        if self._rng.random() < self.kind.odd:
            finish = self._rng.choice(ODD)
        return _chat(completion.message, finish, len(body) // CHARACTERS, said)

    def _missing(self, tokens: int) -> float:
        now = anyio.current_time()
        wait = self._room.missing(1, now) if self._room else 0.0
        return wait or (self._tokens.missing(tokens, now) if self._tokens else 0.0)

    def _refusal(self, wait: float) -> EngineError:
        words = "Rate limit reached." + (f" Please try again in {wait * 1000:.0f}ms." if self.kind.tells else "")
        return status_error(429, msgspec.json.encode({"error": {"message": words, "code": "rate_limit_exceeded"}}))

    async def get(self, path: str, *, seconds: float | None = None) -> bytes:
        """What the server says of itself."""
        return b"{}"

    async def aclose(self) -> None:
        """Nothing is open."""


def _chat(message: AssistantMessage, finish: str | None, prompt: int, said: int) -> bytes:
    calls = [
        {"id": call.id, "type": "function", "function": msgspec.to_builtins(call.function)}
        for call in message.tool_calls
    ]
    told: dict[str, Any] = {"role": "assistant", "content": message.content} | ({"tool_calls": calls} if calls else {})
    usage = {"prompt_tokens": prompt, "completion_tokens": said}
    return msgspec.json.encode({"choices": [{"index": 0, "message": told, "finish_reason": finish}], "usage": usage})


class Vendor(OpenAIEngine):
    """The engine on such a server, which is told beforehand what the conversations will want to hear."""

    def __init__(self, kind: Kind, load: Load, seed: int) -> None:
        super().__init__(OpenAIOptions(model="m", url="http://127.0.0.1:9/v1"), seed=seed)
        self._load = load
        self._heard: dict[int, Completion] = {}
        self.server = Server(kind, self._heard, seed)
        self._clients = [self.server]  # type: ignore[list-item]

    async def complete(self, request: Request) -> Completion:
        """As the engine does."""
        self._heard[request.seed] = await self._load.complete(request)
        return await super().complete(request)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `thrown_away` answers were whole and asked for again; `least` hours are the limit's."""

    name: str
    conversations: int
    lost: int
    requests: int
    refused: int
    empty: int
    thrown_away: int
    hours: float
    least: float
    cpu: float

    @property
    def wasted(self) -> float:
        """Percent of the requests, those with empty answers left out."""
        return 100.0 * (self.refused + self.thrown_away) / max(self.requests - self.empty, 1)


def play(kind: Kind, n: int, seed: int) -> Outcome:
    """So many conversations on such a server, all of them begun at once."""
    load = Load([SERVICE] * n, seed)
    rows: list[Trajectory] = []
    started = time.process_time()

    async def main() -> tuple[Vendor, float]:
        engine = Vendor(kind, load, seed)
        async with run_rollouts(load.jobs, {"agent": engine, "user": engine}, limits=Limits()) as rollouts:
            async for row in rollouts:
                rows.append(row)
        return engine, anyio.current_time()

    engine, seconds = run_virtual(main)
    needed = sum(usage.requests for row in rows for usage in row.usage.values())
    server = engine.server
    least = max(
        needed / kind.requests if kind.requests else 0.0, server.tokens / kind.tokens if kind.tokens else 0.0
    )  # minutes
    return Outcome(
        name=kind.name,
        conversations=n,
        lost=n - sum(row.termination is Termination.USER_STOP for row in rows),
        requests=server.requests,
        refused=server.refused,
        empty=server.empty,
        thrown_away=server.answered - needed,
        hours=seconds / 3600.0,
        least=least / MINUTE,
        cpu=time.process_time() - started,
    )


def main(arguments: list[str]) -> None:
    """Play on every kind of server and print what it cost."""
    parser = make_parser(__doc__, n=200, of="conversations")
    parser.add_argument("--seed", metavar="N", type=positive, default=1, help="(1)")
    options = parser.parse_args(arguments)
    head = ("lost", "requests", "refused", "empty", "again", "wasted %", "hours", "least", "CPU s")
    print(f"  {'':36}" + "".join(f"{name:>10}" for name in head))
    outcomes: list[Outcome] = []
    for kind in KINDS:
        found = play(kind, options.n, options.seed)
        outcomes.append(found)
        counts = (found.lost, found.requests, found.refused, found.empty, found.thrown_away)
        shares = f"{found.wasted:>10.2f}{found.hours:>10.2f}{found.least:>10.2f}{found.cpu:>10.1f}"
        print(f"  {kind.name:36}" + "".join(f"{count:>10,}" for count in counts) + shares, flush=True)
    figures = [
        figure
        for found in outcomes
        for figure in (
            Figure(f"{found.name}: conversations lost", found.lost, "", 0),
            Figure(f"{found.name}: requests wasted", found.wasted, "%", MOST_WASTED),
        )
    ]
    show_figures(figures, f"{options.n:,} conversations")
    write_json(options.json, figures, outcomes=outcomes)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
