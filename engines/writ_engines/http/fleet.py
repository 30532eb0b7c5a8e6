"""Several servers of one model behind one engine: who is up, who answers a call, and leaving one that has gone.

Whoever places conversations names a server with each request (`Request.server`). Calls stay there until the server is
down while another is up; then they end with `ServerDownError`, for the caller to place them anew. Where no server is
named, the fleet keeps each session on one server and moves it by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import TypeVar

import anyio

from writ_async import clock
from writ_async.core.engine import CallCounts, Request
from writ_async.errors import EngineError, EngineErrorKind, InputError, ServerDownError
from writ_engines.http.breaker import Breaker
from writ_engines.http.errors import TransportError
from writ_engines.http.pace import Pace
from writ_engines.http.retry import RetryPolicy, Tries, may_pass, retry
from writ_engines.http.waits import read_allowances, tell_limits

T = TypeVar("T")

logger = logging.getLogger(__name__)

IN_A_ROW = 3
"""So many failures without an answer between them, of calls and looks together, and a server is down."""

GONE = frozenset({EngineErrorKind.REFUSED, EngineErrorKind.RESET, EngineErrorKind.TRUNCATED, EngineErrorKind.DEADLINE})
"""The kinds of failure that say so: the server gave no answer. One that answers with an error is there."""

REFUSING = frozenset(
    {EngineErrorKind.UNAUTHORIZED, EngineErrorKind.NOT_FOUND, EngineErrorKind.QUOTA, EngineErrorKind.TLS}
)
"""The kinds of failure that one call shows for all: the server takes none, and sending it more would fail them all."""

_LOOK_AGAIN = 5.0  # seconds between looks at a server that is down, where nobody else looks after it
_LOOK_SECONDS = 5.0  # how long a call may be held up by such a look


def server_urls(text: str | Sequence[str], option: str = "url") -> tuple[str, ...]:
    """Addresses from a list, or from text with commas between them. Raises `InputError` for none, and for two alike."""
    parts = text.split(",") if isinstance(text, str) else text
    urls = tuple(part.strip() for part in parts)
    if not urls or not all(urls):
        raise InputError(f"{option}: an address is missing; give one, or several with commas between them")
    if len({url.rstrip("/") for url in urls}) < len(urls):
        raise InputError(f"{option}: a server is named twice; name each once")
    return urls


class _Standing:
    """What is known of one server. `flights` are the calls under way there, `sessions` those that the fleet put there.

    `failures` counts those without an answer since; the calls of a batch share one, `last`. `told` says whether it was
    said that the server is down, and no call has been answered since. `pace` is how fast it may be called.
    """

    __slots__ = ("failures", "flights", "last", "looked", "pace", "sessions", "told", "up", "url")

    def __init__(self, url: str, up: bool, pace: Pace) -> None:
        self.url = url
        self.up = up
        self.pace = pace
        self.told = False
        self.failures = 0
        self.last: EngineError | None = None
        self.sessions = 0
        self.looked = float("-inf")
        self.flights: set[anyio.CancelScope] = set()

    def answered(self) -> None:
        """It has given an answer, whatever that is."""
        self.failures = 0
        self.last = None

    def failed(self, error: EngineError) -> None:
        """A call or a look has failed."""
        if error.kind in GONE:
            self.failures += error is not self.last
            self.last = error
            self.up = self.up and self.failures < IN_A_ROW
        elif error.kind in REFUSING:
            self.up = False
        elif not isinstance(error, TransportError) or error.status is not None:
            self.answered()


class Fleet:
    """Counts failures of each server, and makes calls on those that are up.

    `look(server)` asks a server whether it takes calls: it raises `EngineError` when not, and calls `found` when it
    does. A server that is down is up again when it is `found`; nothing else brings it back, so whoever looks is the
    first to know. `up` says whether servers count as up before they have been looked at. `paces` are how fast each may
    be called, which others may share. `tells` says whether the first failure of each kind is logged, as it is where one
    process plays.
    """

    def __init__(
        self,
        urls: Sequence[str],
        look: Callable[[int], Awaitable[None]],
        *,
        up: bool,
        paces: Sequence[Pace] = (),
        tells: bool = True,
    ) -> None:
        self._look = look
        self._servers = [
            _Standing(url, up, pace) for url, pace in zip(urls, paces or [Pace() for _ in urls], strict=True)
        ]
        self._homes: dict[str, int] = {}
        self._tries: dict[str, Tries] = {}
        self._breaker = Breaker()
        self._tells = tells

    def __len__(self) -> int:
        return len(self._servers)

    def is_up(self, server: int) -> bool:
        """Whether a server takes calls, as far as is known."""
        return self._servers[server].up

    def any_up(self) -> bool:
        """Whether any takes calls."""
        return any(standing.up for standing in self._servers)

    def check(self, server: int) -> None:
        """Raises `ServerDownError` when a server is down while another is up."""
        standing = self._servers[server]
        if not standing.up and self.any_up():
            raise ServerDownError(f"{standing.url} takes no calls", server)

    def found(self, server: int) -> None:
        """A look has found a server that takes calls."""
        standing = self._servers[server]
        standing.up = True
        standing.answered()

    def missed(self, server: int, error: EngineError) -> None:
        """A look has failed. What is still under way on a server that is down is given up with it."""
        standing = self._servers[server]
        self._failed(standing, error)
        if not standing.up:
            for flight in list(standing.flights):
                flight.cancel()

    def hear(self, server: int, headers: Mapping[str, str]) -> None:
        """Take what the headers of an answer say of a server's limits."""
        if tell_limits(tuple(headers)) and (allowances := read_allowances(headers)):
            self._servers[server].pace.hear(allowances)

    def used(self, server: int, tokens: int) -> None:
        """A call to a server has taken so many tokens, of prompt and answer."""
        self._servers[server].pace.used(tokens)

    def forget(self, session: str) -> None:
        """A session has ended."""
        self._tries.pop(session, None)
        home = self._homes.pop(session, None)
        if home is not None:
            self._servers[home].sessions -= 1

    async def call(
        self,
        request: Request,
        attempt: Callable[[int, int, float], Awaitable[T]],
        policy: RetryPolicy,
        rng: Random,
        statistics: CallCounts,
    ) -> T:
        """The result of the first attempt that succeeds, as `retry` says; `attempt(server, number, seconds)`.

        A request that is made again after a `ServerDownError` goes on with its numbers and its budget. Raises
        `OutOfServiceError` where no other call would fare better (`breaker`).
        """
        tries = self._tries.get(request.session)
        if tries is None:
            tries = self._tries[request.session] = Tries()
        began = clock.loop_time() - tries.spent

        async def heard(server: int, number: int, seconds: float) -> T:
            try:
                return await attempt(server, number, seconds)
            except EngineError as exc:
                if exc.kind not in statistics.first_failures:
                    self._tell_first(server, exc, statistics)
                raise

        try:
            result = await self._call(request, heard, policy, rng, statistics, tries)
        except ServerDownError:
            raise
        except EngineError as exc:
            failure = self.given_up(exc, began, sum(other.failing for other in self._tries.values()))
        else:
            self._breaker.answered()
            return result
        # Outside the handler, so that the error does not drag along the one that it was made from.
        raise failure

    def _tell_first(self, server: int, error: EngineError, statistics: CallCounts) -> None:
        """Say the first failure of a kind: in this process, or by the counts where several play."""
        url = self._servers[server].url
        words = "".join(letter if letter.isprintable() else " " for letter in str(error))
        where = "" if url in words else f"{url}: "
        text = f"{where}{words} ({error.kind}{'; such calls are made again' if may_pass(error) else ''})"
        statistics.first_failures[error.kind] = text
        if self._tells and not self._takes_down(server, error):  # that is said with its reason
            logger.warning("%s", text)

    def _takes_down(self, server: int, error: EngineError) -> bool:
        """Whether a failure makes a server count as down while another is up."""
        others = any(one.up for number, one in enumerate(self._servers) if number != server)
        return others and error.kind in REFUSING

    def given_up(self, error: EngineError, began: float, others_failing: int) -> EngineError:
        """The error of a call that `began` at some time and is given up: `OutOfServiceError` where all would fail."""
        return self._breaker.gave_up(error, began, others_failing) or error

    async def _call(
        self,
        request: Request,
        attempt: Callable[[int, int, float], Awaitable[T]],
        policy: RetryPolicy,
        rng: Random,
        statistics: CallCounts,
        tries: Tries,
    ) -> T:
        if len(self._servers) == 1:
            try:
                pace = self._servers[0].pace
                return await retry(partial(attempt, 0), policy, rng, statistics, tries=tries, pace=pace)
            finally:
                self._tries.pop(request.session, None)
        named = request.server

        async def once(number: int, seconds: float) -> T:
            server = self._home(request.session) if named is None else named
            return await self._fly(server, attempt(server, number, seconds))

        gate = partial(self._gate, request, named)
        check = None if named is None else partial(self.check, named)
        over = True
        try:
            return await retry(once, policy, rng, statistics, tries=tries, check=check, gate=gate)
        except ServerDownError:
            over = False
            raise
        finally:
            if over:
                self._tries.pop(request.session, None)

    def seconds_held(self, session: str) -> float:
        """How long a session's present call has waited for a limit so far."""
        tries = self._tries.get(session)
        if tries is None or tries.standing is None:
            return 0.0
        return tries.standing.held_by(clock.loop_time())

    async def _gate(self, request: Request, named: int | None) -> Pace:
        """The pace of the server that a request goes to."""
        if named is None:
            await self._look_after()
            named = self._home(request.session)
        return self._servers[named].pace

    async def _fly(self, server: int, call: Awaitable[T]) -> T:
        standing = self._servers[server]
        with anyio.CancelScope() as scope:
            standing.flights.add(scope)
            try:
                result = await call
            except EngineError as exc:
                self._failed(standing, exc)
                raise
            finally:
                standing.flights.discard(scope)
            standing.answered()
            if standing.told:
                standing.told = False
                logger.warning("%s takes calls again", standing.url)
            return result
        raise TransportError(f"{standing.url} was given up, and its calls with it", kind=EngineErrorKind.RESET)

    def _failed(self, standing: _Standing, error: EngineError) -> None:
        standing.failed(error)
        if not standing.up and not standing.told and self.any_up():
            standing.told = True
            logger.warning("%s takes no calls; other servers take them until it does (%s)", standing.url, error)

    def _home(self, session: str) -> int:
        """The server of a session that nobody placed: always the same while it is up, first the one with the fewest."""
        servers = self._servers
        home = self._homes.get(session)
        if home is not None and servers[home].up:
            return home
        candidates = [number for number, standing in enumerate(servers) if standing.up] or range(len(servers))
        if home is not None:
            if not servers[candidates[0]].up:
                return home
            servers[home].sessions -= 1
        best = min(candidates, key=lambda number: servers[number].sessions)
        self._homes[session] = best
        servers[best].sessions += 1
        return best

    async def _look_after(self) -> None:
        """Look at servers that are down, now and then, where calls do not say whose they are."""
        now = clock.loop_time()
        for number, standing in enumerate(self._servers):
            if not standing.up and now - standing.looked >= _LOOK_AGAIN:
                standing.looked = now
                with anyio.move_on_after(_LOOK_SECONDS):
                    try:
                        await self._look(number)
                    except EngineError as exc:
                        logger.debug("%s is still down: %s", standing.url, exc)
