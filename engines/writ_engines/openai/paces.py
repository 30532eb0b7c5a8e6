"""How fast each server may be called: engines that call one server with one key keep to its limits together."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from writ_engines.http import HttpOptions
from writ_engines.http.pace import Pace
from writ_engines.openai.options import Endpoint


def find_paces(
    endpoints: Sequence[Endpoint], options: HttpOptions, processes: int, shared: dict[str, Any] | None
) -> list[Pace]:
    """The pace of each server. Those in `shared` are taken, and new ones put there, by address and key.

    `rpm` and `tpm` are for all servers and processes together. Where engines that share a pace give several, the
    smallest holds.
    """
    known = {} if shared is None else shared
    parts = processes * len(endpoints)
    paces: list[Pace] = []
    for endpoint in endpoints:
        # The key itself is kept nowhere but in the endpoint.
        name = f"pace of {endpoint.url} {blake2b(endpoint.key.encode(), digest_size=16).hexdigest()}"
        pace: Pace = known.setdefault(name, Pace(gently=True))
        pace.bound(options.rpm / parts, options.tpm / parts)
        paces.append(pace)
    return paces
