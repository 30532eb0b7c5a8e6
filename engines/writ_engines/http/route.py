"""The way to a server: its address, the proxy before it, and how a connection there is opened."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Protocol
from urllib.parse import SplitResult, quote, unquote, urlsplit

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType

from writ_async.errors import EngineErrorKind, InputError, without_credentials
from writ_engines.http.connection import Connection
from writ_engines.http.errors import TransportError, status_error
from writ_engines.http.keys import merge_headers

_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:=&?~#+!$,;'@()*[]"  # in a path, as an address gives it
_NAMES_LAST = 10.0  # seconds
_EYEBALLS = 0.25  # seconds until the next address of a name is tried beside the first, as RFC 8305 has it
_OUT_OF_SOCKETS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL)
_PROXY_KEY = 407  # a proxy wants a user and a password


class _Place:
    """Host and port of an address, and the user in it. Raises `InputError` for an address that is none."""

    def __init__(self, address: str) -> None:
        try:
            parts = urlsplit(address)
            self.host = _ascii_host(parts)
            self.port = parts.port or _PORTS.get(parts.scheme, 0)
        except (ValueError, UnicodeError):
            parts, self.host, self.port = urlsplit(""), "", 0
        if not self.host or parts.scheme not in _PORTS:
            raise InputError(
                f"{without_credentials(address)!r} is not the address of a server; give one such as http://127.0.0.1:30000"
            )
        self.tls = parts.scheme == "https"
        self.path = quote(parts.path.rstrip("/"), safe=_SAFE)
        bracketed = f"[{self.host}]" if ":" in self.host else self.host
        self.named = f"{bracketed}:{self.port}"
        self.short = bracketed if self.port == _PORTS[parts.scheme] else self.named
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        self.credentials = f"Basic {b64encode(user.encode()).decode()}" if parts.username or parts.password else ""


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return host if host.isascii() else host.encode("idna").decode()


class Network(Protocol):
    """How hosts are found and connections made. `SOCKETS` is the real one; another can be given for virtual time."""

    async def find(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """The addresses of a host. Raises `OSError`."""

    async def connect(
        self, found: Sequence[AddrInfoType], make: Callable[[], Connection], trusted: ssl.SSLContext | None, host: str
    ) -> Connection:
        """A connection to the first address that takes one, over TLS where it is `trusted`. Raises `OSError`."""


class Sockets:
    """The network that the system has."""

    async def find(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """See `Network`."""
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)

    async def connect(
        self, found: Sequence[AddrInfoType], make: Callable[[], Connection], trusted: ssl.SSLContext | None, host: str
    ) -> Connection:
        """See `Network`."""
        loop = asyncio.get_running_loop()
        opened = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=_EYEBALLS, loop=loop)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            _, connection = await loop.create_connection(
                make, sock=opened, ssl=trusted, server_hostname=None if trusted is None else host
            )
        except BaseException:
            opened.close()
            raise
        return connection


SOCKETS: Network = Sockets()


def header_lines(headers: Iterable[tuple[str, str]], url: str) -> str:
    """Headers as they are sent to `url`, each in a line. Raises `InputError` for one that could not be sent."""
    lines = list(headers)
    if any(mark in text for line in lines for text in line for mark in "\r\n\0"):
        raise InputError(f"{url}: a header holds a character that no header can have")
    return "".join(f"{name}: {value}\r\n" for name, value in lines)


class Route:
    """Opens connections to one server, through a proxy where there is one, and writes the heads of requests.

    `headers` go with every request. Raises `InputError` for an address that is none, and for a header that could not
    be sent; the error holds no value.
    """

    def __init__(self, url: str, headers: Mapping[str, str], proxy: str | None, network: Network = SOCKETS) -> None:
        self._network = network
        self._url = without_credentials(url)
        self._server = _Place(url)
        self._proxy = _Place(proxy) if proxy else None
        self._trust: ssl.SSLContext | None = None
        self._found: Sequence[AddrInfoType] = ()
        self._found_until = -inf
        self._finding = asyncio.Lock()
        own = {"Host": self._server.short, "Accept": "*/*", "User-Agent": "writ-async"}
        if self._server.credentials:
            own["Authorization"] = self._server.credentials
        if self._proxy is not None and self._proxy.credentials and not self._server.tls:
            own["Proxy-Authorization"] = self._proxy.credentials
        self._headers = header_lines(merge_headers(own, headers).items(), self._url)

    def head(self, method: str, path: str) -> bytes:
        """The head of a request, up to the length of its body."""
        server = self._server
        where = f"http://{server.short}" if self._proxy is not None and not server.tls else ""
        line = f"{method} {where}{server.path}{quote(path, safe=_SAFE) or '/'} HTTP/1.1\r\n"
        return f"{line}{self._headers}Content-Length: ".encode()

    async def open_connection(self) -> Connection:
        """A connection to the server. Raises `TransportError`."""
        first = self._proxy or self._server
        try:
            connection = await self._connect(first)
            if self._proxy is not None and self._server.tls:
                await self._enter_tunnel(connection, self._proxy)
        except OSError as exc:
            raise self._typed(exc, first) from exc
        return connection

    async def _connect(self, place: _Place) -> Connection:
        found = await self._find(place)
        trusted = self._trusted() if place.tls else None
        return await self._network.connect(found, lambda: Connection(self._url), trusted, place.host)

    async def _find(self, place: _Place) -> Sequence[AddrInfoType]:
        """The addresses of a host, asked for once by all that want to know."""
        loop = asyncio.get_running_loop()
        async with self._finding:
            if self._found_until <= loop.time():
                self._found = await self._network.find(place.host, place.port)
                self._found_until = loop.time() + _NAMES_LAST
            return self._found

    async def _enter_tunnel(self, connection: Connection, proxy: _Place) -> None:
        """Have the proxy pass everything on to the server, and speak TLS with that."""
        server = self._server
        key = f"Proxy-Authorization: {proxy.credentials}\r\n" if proxy.credentials else ""
        head = f"CONNECT {server.named} HTTP/1.1\r\nHost: {server.named}\r\n{key}\r\n"
        try:
            response = await connection.ask((head.encode(),), "", inf, stream=True)
            if response.status >= 300:
                raise self._refused_by_proxy(response.status)
            await connection.start_tls(self._trusted(), server.host)
        except BaseException:
            connection.leave()
            raise

    def _refused_by_proxy(self, status: int) -> TransportError:
        """The proxy answers, and does not let the call through to the server."""
        error = status_error(status, f"the proxy says {status}".encode())
        kind = EngineErrorKind.UNAUTHORIZED if status == _PROXY_KEY else error.kind
        return TransportError(f"{self._url}: {error}", kind=kind, status=status)

    def _trusted(self) -> ssl.SSLContext:
        """What is asked of a server's certificate; made when it is first needed, for it takes time."""
        if self._trust is None:
            self._trust = ssl.create_default_context()
            self._trust.set_alpn_protocols(["http/1.1"])
        return self._trust

    def _typed(self, exc: OSError, place: _Place) -> TransportError:
        """What it means that no connection could be made."""
        kind = EngineErrorKind.REFUSED
        if isinstance(exc, ssl.SSLError):
            kind = EngineErrorKind.TLS
        elif exc.errno in _OUT_OF_SOCKETS:
            kind = EngineErrorKind.RESOURCES
        text = " ".join(str(exc.strerror or exc).split()) or type(exc).__name__
        return TransportError(f"{self._url}: cannot connect to {place.named}: {text}", kind=kind)
