"""Which proxy a server is called through: the option's, or the environment's as other programs read it.

HTTP_PROXY, HTTPS_PROXY and ALL_PROXY name it, in small letters first; NO_PROXY names hosts that are called directly:
`example.com` and all below it, `.example.com`, `host:port`, an address, a network such as 10.0.0.0/8, `*` for all. This
machine's own addresses never go through the environment's proxy: it could not reach them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from writ_async.errors import InputError

_PORTS = {"http": 80, "https": 443}


def check_proxy(proxy: str, what: str) -> str:
    """A proxy's address with its scheme. Raises `InputError`, that does not repeat it, for what cannot be used."""
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in _PORTS or not host:
        raise InputError(f"{what} is not the address of an HTTP proxy such as http://127.0.0.1:3128")
    return address


def environment_proxy(url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for a server's address; None where it is called directly.

    Raises `InputError` for a proxy that cannot be used, such as a SOCKS proxy.
    """
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
    names = [f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"]
    name = next((name for name in names if environment.get(name, "").strip()), None)
    if name is None or is_local(host) or _is_excepted(host, port, _value(environment, "no_proxy")):
        return None
    return check_proxy(environment[name].strip(), f"the environment's {name}")


def is_local(host: str) -> bool:
    """Whether a host is this machine."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper(), "")


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    host = host.lower()
    address = _address(host)
    for entry in no_proxy.lower().replace(",", " ").split():
        if entry == "*":
            return True
        if address is not None and "/" in entry:
            try:
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                pass
            continue
        name, colon, number = entry.rpartition(":")
        if colon and number.isdigit() and (":" not in name or name.endswith("]")):
            if int(number) != port:
                continue
            entry = name
        entry = entry.strip("[]").removeprefix("*").lstrip(".")
        if entry and (host == entry or (address is None and host.endswith(f".{entry}"))):
            return True
    return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
