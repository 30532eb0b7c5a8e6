"""Who may ask the viewer's server: pages that it served itself, on this machine, and nobody else.

A page of another site can make a browser send requests to 127.0.0.1. By DNS it can even take this server's place in the
browser's eyes, but then the request names the other site as its host. So the host has to be one of this machine's own
names, no other origin is answered, and what writes has to bring a token that only our own page can read.
"""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer says, so that the browser holds the page to it, whatever a model's text may contain."""
OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
TOKEN_HEADER: Final = "X-Writ-Token"


def why_refused(request: web.Request, token: str) -> str:
    """Why a request is not answered; empty where it is."""
    host = request.headers.get("Host", "")
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    if name not in OWN_NAMES or (port and not port.isdecimal()):
        return "this server answers to 127.0.0.1 and localhost alone"
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        return "another site may not ask"
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not _is_visit(request):
        return "another site may not ask"
    if request.method in ("GET", "HEAD"):
        return ""
    if origin is None:
        return "what writes has to say its origin"
    if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
        return "the token is missing or of another start of the server; load the page again"
    return ""


def _is_visit(request: web.Request) -> bool:
    """Whether somebody follows a link to the page itself, from wherever."""
    return (
        request.method == "GET" and request.path == "/" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )  # fmt: skip


def make_guard(token: str) -> Middleware:
    """The middleware that lets only such requests through, and puts `HEADERS` on every answer."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = why_refused(request, token)
        if refusal:
            return web.json_response({"error": refusal}, status=403, headers=HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as exc:
            return web.json_response({"error": exc.reason}, status=exc.status, headers=HEADERS)
        response.headers.update(HEADERS)
        return response

    return guard
