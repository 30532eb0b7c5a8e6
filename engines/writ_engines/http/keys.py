"""Keys of servers: where they come from, what carries them, and that no error, file or line holds one.

A key comes from the environment alone. A user and a password that stand in an address are sent, and told by no error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from writ_async.errors import EngineError, InputError
from writ_engines.http.errors import TransportError
from writ_engines.http.proxies import is_local

_SHORTEST_SECRET = 4  # such as local servers are given for form's sake may be part of any word
_KEY_HEADER = "Authorization"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class KeyOptions(Protocol):
    """The options of an engine that say what carries its key."""

    @property
    def key_env(self) -> str:
        """The variable that holds it."""

    @property
    def key_header(self) -> str:
        """The header that carries it; the usual one if empty."""

    @property
    def headers(self) -> str | Mapping[str, str]:
        """More headers, as an object or as its JSON."""


def require_address(url: str, engine: str, where: str, example: str) -> None:
    """Raises `InputError`, that repeats no secret, for what is no address, or holds a user, a password or a query."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"engine {engine!r}: {where} is not the address of a server") from None
    if "@" in url or parts.query or parts.fragment:
        raise InputError(f"engine {engine!r}: {where} must hold no user, password or query; keys go into key_env")
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(f"engine {engine!r}: {where} is {url!r}, not the address of a server such as {example}")


def read_key(engine: str, key_env: str, environment: Mapping[str, str], url: str, *, needed: bool) -> str:
    """The key that a variable holds, empty where there is none. Raises `InputError`, without it.

    It raises for one that is `needed` and not there, and for one with a character that no header can have.
    """
    key = environment.get(key_env, "").strip()
    if not key and needed:
        raise InputError(f"engine {engine!r}: set the environment variable {key_env} to the key of {url}")
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"engine {engine!r}: the key in {key_env} holds a character that no key can have")
    return key


def require_header_name(engine: str, name: str) -> None:
    """Raises `InputError` for what is no name of a header; an empty one is the usual header."""
    if name and not _HEADER_NAME.fullmatch(name):
        raise InputError(f"engine {engine!r}: key_header {name!r} is no name of a header")


def read_headers(engine: str, given: str | Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Headers from JSON, with the values of variables put in. Raises `InputError`, which shows no value."""
    try:
        headers = msgspec.json.decode(given or "{}", type=dict[str, str]) if isinstance(given, str) else given
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InputError(f"engine {engine!r}: headers must be a JSON object of texts") from None
    found: dict[str, str] = {}
    for name, value in headers.items():
        if value.startswith("$"):
            if value[1:] not in environment:
                raise InputError(f"engine {engine!r}: set the environment variable {value[1:]} for the header {name}")
            value = environment[value[1:]].strip()
        if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise InputError(f"engine {engine!r}: headers: {name!r} holds a character that no header can have")
        found[name] = value
    return found


def read_key_and_headers(
    engine: str, options: KeyOptions, environment: Mapping[str, str], url: str, *, needed: bool
) -> tuple[str, dict[str, str]]:
    """The key of the environment, and the caller's headers. Raises `InputError` as `read_key` and `read_headers` do.

    There is no key where a header of the caller's stands in its place: one of the environment would be another's.
    """
    require_header_name(engine, options.key_header)
    more = read_headers(engine, options.headers, environment)
    if carries_key(more, options.key_header):
        return "", more
    return read_key(engine, options.key_env, environment, url, needed=needed), more


def carries_key(more: Mapping[str, str], key_header: str) -> bool:
    """Whether a caller's headers have one in the key's place."""
    return (key_header or _KEY_HEADER).lower() in map(str.lower, more)


def request_headers(key: str, key_header: str, more: Mapping[str, str]) -> dict[str, str]:
    """What goes with every request: the key in its header, and `more`, the caller's, which win over it."""
    if not key:
        return dict(more)
    return merge_headers({key_header: key} if key_header else {_KEY_HEADER: f"Bearer {key}"}, more)


def merge_headers(own: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Both, the given ones where a name is in both; small and capital letters are the same in names (RFC 9110, 5.1)."""
    named = {name.lower() for name in given}
    return {**{name: value for name, value in own.items() if name.lower() not in named}, **given}


class Secrets(msgspec.Struct, frozen=True):
    """What servers are sent and nobody may read, by the name that stands in its place."""

    named: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self.named)})"

    def scrub(self, text: str) -> str:
        """The text without them, which a server may repeat; also where it was cut within one."""
        for name, value in self.named.items():
            text = _scrub(text, value, name)
        return text

    def scrubbed(self, error: EngineError) -> EngineError:
        """An error without them: the same one, or a new one of its kind that holds no other."""
        text = self.scrub(str(error))
        if text == str(error):
            return error
        if isinstance(error, TransportError):
            return TransportError(
                text, kind=error.kind, status=error.status, retry_after=error.retry_after, code=self.scrub(error.code)
            )
        new = EngineError.__new__(type(error))
        new.__dict__.update(error.__dict__)
        new.args = (text,)
        return new


def _scrub(text: str, secret: str, name: str) -> str:
    if len(secret) < _SHORTEST_SECRET:
        return text
    text = text.replace(secret, f"[{name}]")
    for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
        if text.endswith(secret[:length]):
            return f"{text[:-length]}[{name}]"
    return text


def key_in_the_clear(url: str, key: str, key_env: str) -> str:
    """What is to be said of a key that goes over plain http to another machine; empty where none does."""
    if not key or not url.startswith("http://") or is_local(urlsplit(url).hostname or ""):
        return ""
    return (
        f"the key in {key_env} goes to {url} over plain http: whoever is on the way can read it; give an https address"
    )
