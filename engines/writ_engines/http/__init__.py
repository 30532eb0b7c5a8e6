"""What all engines that speak HTTP share: one client, typed errors, retries under a budget, several servers.

    client = HttpClient("http://127.0.0.1:30000", timeout=300.0)
    body = await client.post("/generate", b"{...}")               # bytes in, bytes out; every failure is typed

    async def attempt(number: int, seconds: float) -> bytes:      # a new request id per attempt
        return await client.post("/generate", make_body(f"{name}-{number}"), seconds=min(300.0, seconds))

    body = await retry(attempt, RetryPolicy(), rng, statistics)

    fleet = Fleet(urls, look, up=True)                            # several servers: which are up, and who answers
    body = await fleet.call(request, attempt_on_server, RetryPolicy(), rng, statistics)

Limits of servers are learnt, and all calls keep to them together (`pace`); `HttpOptions.proxy_for` names the proxy.

Errors are `TransportError` (its `kind` says why, `retryable` says whether another attempt may help) or
`ContextWindowError`; a fleet's calls may end with `ServerDownError` as well.
"""

from typing import TYPE_CHECKING, Any

from writ_engines.http.errors import (
    MOST_EMPTY,
    MOST_EMPTY_NOW_AND_THEN,
    RETRYABLE,
    TransportError,
    empty_answer,
    error_text,
    status_error,
)
from writ_engines.http.fleet import Fleet, server_urls
from writ_engines.http.options import HTTP_EXECUTION, HttpOptions
from writ_engines.http.retry import RetryPolicy, Tries, retry

if TYPE_CHECKING:
    from writ_engines.http.client import HttpClient
    from writ_engines.http.connection import Response

__all__ = [
    "HTTP_EXECUTION",
    "MOST_EMPTY",
    "MOST_EMPTY_NOW_AND_THEN",
    "RETRYABLE",
    "Fleet",
    "HttpClient",
    "HttpOptions",
    "Response",
    "RetryPolicy",
    "TransportError",
    "Tries",
    "empty_answer",
    "error_text",
    "retry",
    "server_urls",
    "status_error",
]


def __getattr__(name: str) -> Any:
    # The HTTP library takes time to import, and commands that only name an engine should not wait for it.
    if name == "HttpClient":
        from writ_engines.http.client import HttpClient

        return HttpClient
    if name == "Response":
        from writ_engines.http.connection import Response

        return Response
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
