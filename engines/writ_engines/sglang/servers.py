"""The servers of one engine: who is there, how they are, and that all of them serve the same model."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import anyio
import msgspec

from writ_async.core.engine import CallCounts, Gauges
from writ_async.errors import EngineError, EngineErrorKind, InputError, ServerDownError
from writ_engines.http import Fleet, HttpClient, TransportError
from writ_engines.http.pace import Pace
from writ_engines.sglang.batching import Batcher, BatchStatistics
from writ_engines.sglang.options import SglangOptions
from writ_engines.sglang.server import Identity, Load, ServerInfo, fetch_identity, fetch_info, fetch_loads

logger = logging.getLogger(__name__)

_POLL = 0.5  # seconds between two looks at a server that is starting
_LOOK = 30.0  # seconds that one look may take
_GRACE = 1.0  # seconds that further servers have to be found, once one was
_GAUGES = 30.0  # seconds that an answer with gauges may take: a server that loads weights gives none meanwhile


class Host:
    """One server: its client, its batches, and what it said. `retractions` are those of this engine's calls there."""

    __slots__ = ("batcher", "client", "info", "lock", "refused", "retractions", "seen")

    def __init__(self, client: HttpClient, batcher: Batcher) -> None:
        self.client = client
        self.batcher = batcher
        self.info: ServerInfo | None = None
        self.lock = anyio.Lock()
        self.seen = False  # it has been looked at
        self.refused = ""  # why it is not used although it answers
        self.retractions = 0


class SglangServers:
    """Looks at servers before their first call, and again whenever they were down.

    `info` is what all servers that were seen have in common: a prompt or completion fits on each of them. None as long
    as no server has answered. So many `processes` share the option `rpm`.
    """

    def __init__(self, clients: Sequence[HttpClient], options: SglangOptions, processes: int = 1) -> None:
        self.batches = BatchStatistics()
        self.hosts = [Host(client, self._batcher(client, options)) for client in clients]
        urls = [client.base_url for client in clients]
        parts = processes * len(urls)
        self.fleet = Fleet(
            urls,
            self.look,
            up=False,
            paces=[Pace(options.rpm / parts, options.tpm / parts) for _ in urls],
            tells=processes == 1,
        )
        self.info: ServerInfo | None = None
        self._patience = options.patience
        self._any = anyio.Lock()
        self._comparing = anyio.Lock()

    def _batcher(self, client: HttpClient, options: SglangOptions) -> Batcher:
        window = options.batch_window / 1000.0
        return Batcher(client, size=options.batch, window=window, logprobs=options.logprobs, statistics=self.batches)

    def is_ready(self, server: int | None) -> bool:
        """Whether a server has been seen ready, or any of them where none is named."""
        return (self.info if server is None else self.hosts[server].info) is not None

    async def ready(self, server: int | None = None, counts: CallCounts | None = None) -> None:
        """Return when a server takes calls, or any of them where none is named. Until then `counts` has it as failing.

        Raises `ServerDownError` for a server that is not there while another is, `TransportError` when none is there
        within the option `patience`, `OutOfServiceError` when several calls have waited so long, and `InputError` for
        one that serves another model than the others.
        """
        wanted = range(len(self.hosts)) if server is None else (server,)
        counts = counts or CallCounts()
        began = anyio.current_time()
        counts.failing += 1
        try:
            async with self._any if server is None else self.hosts[server].lock:
                await self._await(server, wanted, counts)
            return
        except ServerDownError:
            raise
        except EngineError as exc:
            failure = self.fleet.given_up(exc, began, counts.failing - 1)
        finally:
            counts.failing -= 1
        raise failure

    async def _await(self, server: int | None, wanted: Sequence[int], counts: CallCounts) -> None:
        end = anyio.current_time() + self._patience
        while not self.is_ready(server):
            if server is not None and self.hosts[server].seen:
                self.fleet.check(server)
            failures = await self._look_at(wanted)
            if self.is_ready(server):
                return
            failure = failures[0]
            counts.last_failure = str(failure)
            if not isinstance(failure, TransportError) or not failure.retryable:
                raise failure
            if server is not None:
                self.fleet.check(server)
            if anyio.current_time() + _POLL > end:
                text = f"the server was not ready within {self._patience:.0f} s; is it running? ({failure})"
                raise TransportError(text, kind=failure.kind, status=failure.status) from failure
            await anyio.sleep(_POLL)

    async def look(self, server: int) -> None:
        """Find a server that takes calls. Raises `TransportError` when it does not, and what `_compare` raises."""
        host = self.hosts[server]
        host.seen = True
        try:
            try:
                await host.client.get("/ready", seconds=_LOOK)
            except TransportError as exc:
                if exc.kind != "not_found":
                    raise
            info = await fetch_info(host.client)
            async with self._comparing:
                if len(self.hosts) > 1:
                    await self._compare(host, server)
                host.info = info
                self.info = _common([known.info for known in self.hosts if known.info is not None])
                self.fleet.found(server)
        except EngineError as exc:
            self.fleet.missed(server, exc)
            raise

    async def look_at(self, server: int) -> None:
        """See whether a server is there, and nothing else. Raises `EngineError`, with its address."""
        client = self.hosts[server].client
        try:
            await client.get("/ready", seconds=_LOOK)
        except EngineError as exc:
            if exc.kind is EngineErrorKind.NOT_FOUND:  # an older one, or a router
                return
            text = str(exc) if client.base_url in str(exc) else f"{client.base_url}: {exc}"
            raise EngineError(text, kind=exc.kind) from None

    async def gauges(self, server: int) -> Gauges:
        """How a server is; one that was down is looked at first. Raises like `Gauged.gauges`."""
        host = self.hosts[server]
        if not self.fleet.any_up():
            await self.ready(server)
        try:
            if not self.fleet.is_up(server):
                await self.look(server)
            loads = await _loads(host.client)
        except EngineError as exc:
            self.fleet.missed(server, exc)
            self.fleet.check(server)
            raise
        capacity = sum(load.max_total_num_tokens for load in loads)
        return Gauges(
            running=sum(load.num_running_reqs for load in loads),
            waiting=sum(load.num_waiting_reqs for load in loads),
            used_tokens=sum(load.num_used_tokens for load in loads),
            capacity_tokens=capacity or (host.info and host.info.max_total_num_tokens) or 0,
            retractions=host.retractions,
        )

    async def aclose(self) -> None:
        """Close connections and give up calls that are under way."""
        for host in self.hosts:
            await host.batcher.aclose()
            await host.client.aclose()

    async def _look_at(self, wanted: Sequence[int]) -> list[EngineError]:
        """Look at servers, all at once; the failures. When one is found, the others have a moment to be found too."""
        failures: list[EngineError] = []
        refusals: list[InputError] = []

        async def attempt(server: int) -> None:
            try:
                await self.look(server)
            except EngineError as exc:
                failures.append(exc)
            except InputError as exc:
                refusals.append(exc)
            else:
                group.cancel_scope.deadline = anyio.current_time() + _GRACE

        async with anyio.create_task_group() as group:
            for server in wanted:
                group.start_soon(attempt, server)
        if refusals:
            raise refusals[0]
        return failures

    async def _compare(self, host: Host, server: int) -> None:
        """See whether a server has the model of one that is up.

        Raises `InputError` when it has not and was never used, and `EngineError` when it comes back with another one,
        as after a restart without the weights that the others were given.
        """
        others = [other for number, other in enumerate(self.hosts) if number != server and self.fleet.is_up(number)]
        if not others:
            return
        mine = await fetch_identity(host.client)
        try:
            theirs = await fetch_identity(others[0].client)
        except EngineError:
            theirs = Identity()  # it has gone meanwhile, and its calls will show it
        difference = mine.difference(theirs)
        if difference is not None:
            text = f"{host.client.base_url} has {difference[0]}, {others[0].client.base_url} has {difference[1]}"
            if host.info is None:
                raise InputError(f"{text}; give servers of one model")
            if host.refused != text:
                logger.warning("%s; the former is not used until it has the same", text)
            host.refused = text
            raise EngineError(text, kind=EngineErrorKind.OTHER_MODEL)
        host.refused = ""


async def _loads(client: HttpClient) -> list[Load]:
    """What a server's ranks are doing; nothing where it does not tell, as a router. Raises where it does not answer."""
    try:
        return await fetch_loads(client, _GAUGES)
    except TransportError as exc:
        if exc.retryable:
            raise
        return []


def _common(infos: Sequence[ServerInfo]) -> ServerInfo:
    """What the first says, with the least of all where that is what fits on each."""
    lengths = [info.max_req_input_len for info in infos if info.max_req_input_len is not None]
    pools = [info.max_total_num_tokens for info in infos if info.max_total_num_tokens is not None]
    return msgspec.structs.replace(
        infos[0],
        max_req_input_len=min(lengths, default=None),
        max_total_num_tokens=min(pools, default=None),
    )
