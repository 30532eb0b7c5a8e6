"""What the client knows and a server can use: whose a call is, when its conversation has ended, which goes first.

- A session id marks the tokens of one seat. A server with `--enable-session-radix-cache` evicts those of no session, or
  of one that was closed, before those of conversations that go on. It is the top-level `session_id` of a request, which
  leaves the prompt alone; `session_params`, in which a prompt is appended to what the server keeps, is another thing.
- A server with `--enable-priority-scheduling` takes waiting calls in the order of their priority, and of their coming
  where that is equal. It also pushes running calls out for one that is higher by more than a threshold; their tokens
  are then computed anew, so priorities here stay within that threshold.
- A router with the policy `manual` or `consistent_hashing` sends all calls with one routing key to one worker.

Each is sent only to a server whose `/server_info` says that it can use it. All three are of one HTTP request, so calls
that have them are not sent as a batch.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote

import msgspec

from writ_async.core.engine import Request
from writ_async.errors import EngineError, InputError
from writ_engines.http import HttpClient
from writ_engines.sglang.options import SglangOptions
from writ_engines.sglang.server import ServerInfo

ROUTING_HEADER = "X-SMG-Routing-Key"
_CLOSE_SECONDS = 2.0
_encode = msgspec.json.Encoder().encode
logger = logging.getLogger(__name__)


class Told(msgspec.Struct, frozen=True):
    """What goes with one call: members of its JSON object, each after a comma, and headers."""

    members: bytes = b""
    headers: Mapping[str, str] = {}


NOTHING = Told()


class _Session(msgspec.Struct):
    """A seat's session: its id, and the servers that have been told of it."""

    id: str
    clients: list[HttpClient]


class Hints:
    """Says what goes with each call, and closes the sessions of conversations that have ended.

    `nonce` goes into the ids of sessions, so that two runs on one server share none. Raises `InputError` where the
    options also ask for batches.
    """

    def __init__(self, options: SglangOptions, nonce: str) -> None:
        wanted = {
            "session_id": options.session_id,
            "priority": options.priority != "off",
            "routing_key": options.routing_key,
        }
        self._wanted = tuple(name for name, value in wanted.items() if value)
        if self._wanted and options.batch > 1:
            raise InputError(
                f"engine 'sglang': {self._wanted[0]} cannot be used with batch={options.batch}: an HTTP request has "
                f"one for all its calls; leave batch at 1, or {self._wanted[0]} away"
            )
        self._nonce = nonce
        self._opened = 0
        self._sessions: dict[str, _Session] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._known: dict[str, ServerInfo] = {}
        self._lacking: dict[str, dict[str, str]] = {}

    @property
    def wanted(self) -> bool:
        """Whether any option asks for something to be told."""
        return bool(self._wanted)

    @property
    def notices(self) -> tuple[str, ...]:
        """A line for each thing that was asked for and that a server, once it was looked at, cannot use."""
        return tuple(
            f"{url}: {name} is not sent there, {why}"
            for url, lacking in self._lacking.items()
            for name, why in lacking.items()
        )

    def learn(self, url: str, info: ServerInfo) -> None:
        """Take in what a server says of itself."""
        if self._known.get(url) is info:
            return
        self._known[url] = info
        lacking = {name: why for name in self._wanted if (why := _why_not(name, info))}
        if lacking != self._lacking.get(url, {}):
            for name, why in lacking.items():
                logger.info("%s: %s is not sent there, %s", url, name, why)
        self._lacking[url] = lacking

    def closes_sessions(self, url: str) -> bool:
        """Whether a server, once it was looked at, is told whose tokens are whose and when a conversation has ended."""
        return "session_id" in self._wanted and url in self._known and "session_id" not in self._lacking.get(url, {})

    def of(self, request: Request, client: HttpClient, info: ServerInfo | None) -> Told:
        """What goes with a call to a server that has said so much of itself."""
        if not self._wanted or info is None:
            return NOTHING
        self.learn(client.base_url, info)
        lacking = self._lacking[client.base_url]
        members, headers = b"", {}
        for name in self._wanted:
            if name in lacking:
                continue
            if name == "session_id":
                members += b',"session_id":' + _encode(self._session_id(request.session, client))
            elif name == "priority":
                members += b',"priority":%d' % _priority(request.turn, info)
            else:
                headers[ROUTING_HEADER] = routing_key(request.session)
        return Told(members, headers)

    def end(self, session: str) -> None:
        """Close a session on every server that was told of it, without waiting for their answers.

        Outside a running loop it stays open until `aclose`.
        """
        if session not in self._sessions:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        ended = self._sessions.pop(session)
        for client in ended.clients:
            task = loop.create_task(_close(client, ended.id))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """Close what is open, and return when the servers have heard, or have not within two seconds."""
        for session in list(self._sessions):
            self.end(session)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _session_id(self, session: str, client: HttpClient) -> str:
        known = self._sessions.get(session)
        if known is None:
            # a seat that is asked anew after its end is another session: the server forgets closed ids late
            self._opened += 1
            known = self._sessions[session] = _Session(f"{session}~{self._nonce}.{self._opened}", [])
        if client not in known.clients:
            known.clients.append(client)
        return known.id


def routing_key(session: str) -> str:
    """The routing key of a conversation, both seats alike, as a header can have it."""
    return quote(session.rpartition("/")[0] or session, safe="/#:")


async def _close(client: HttpClient, session_id: str) -> None:
    # a server that does not hear keeps the tokens in its cache until it needs the room, as without sessions
    with suppress(EngineError):
        await client.post("/close_session", _encode({"session_id": session_id}), seconds=_CLOSE_SECONDS)


def _why_not(name: str, info: ServerInfo) -> str:
    """Why a server cannot use an option; empty where it can."""
    if name == "routing_key":
        return "for it is a worker by itself, and no router" if info.max_total_num_tokens is not None else ""
    if name == "session_id":
        return "" if info.enable_session_radix_cache else "for it does not say that it has --enable-session-radix-cache"
    if not info.enable_priority_scheduling:
        return "for it does not say that it has --enable-priority-scheduling"
    if _most(info) == 0:
        return "for its --priority-scheduling-preemption-threshold lets every call push out those of lower priority"
    return ""


def _most(info: ServerInfo) -> int | None:
    """How far priorities may lie apart before running calls are pushed out; None for any distance."""
    if info.disable_priority_preemption:
        return None
    return max(0, (info.priority_scheduling_preemption_threshold or 0) - 1)


def _priority(turn: int, info: ServerInfo) -> int:
    """The priority of a seat's call: the more turns lie behind it, the earlier it comes."""
    most = _most(info)
    depth = turn if most is None else min(turn, most)
    return -depth if info.schedule_low_priority_values_first else depth
