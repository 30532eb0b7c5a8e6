"""What `writ doctor --engine openai` looks at before a model is asked anything: the server, and its list of models."""

from __future__ import annotations

from typing import Any

import msgspec

from writ_async.core.engine import Check
from writ_async.errors import EngineError, InputError
from writ_engines.http import HttpClient
from writ_engines.http.keys import key_in_the_clear
from writ_engines.openai.failures import explain
from writ_engines.openai.options import OpenAIOptions, find_endpoints

_SECONDS = 30.0
_SHOWN = 5  # names of models


async def check_server(url: str, model: str | None) -> list[Check]:
    """Whether the server at `url` answers, and serves `model`. Raises `InputError` for an address that is none."""
    if not model:
        raise InputError("--engine openai needs --model NAME, as the server knows it")
    options = OpenAIOptions(model=model, url=url)
    (endpoint,) = find_endpoints(options)
    client = HttpClient(
        endpoint.url, headers=endpoint.headers(), proxy=options.proxy_for(endpoint.url), timeout=_SECONDS
    )
    try:
        names = _names(await client.get("/models" + endpoint.query))
    except EngineError as exc:
        failure = explain(exc, endpoint, model)
        if failure.kind in ("not_found", "bad_request"):  # not every such server lists its models
            return [Check("reachable", "ok", f"{endpoint.url} answers; it does not list its models")]
        return [Check("reachable", "problem", str(failure), "see whether the address, the port and the key are right")]
    finally:
        await client.aclose()
    reachable = Check("reachable", "ok", f"{endpoint.url} answers")
    clear = key_in_the_clear(endpoint.url, endpoint.key, endpoint.key_env)
    told = [Check("key", "notice", clear, "")] if clear else []
    if not names or model in names:
        return [reachable, *told, Check("model", "ok", model)]
    found = f"{model} is not among its models: {', '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"
    return [
        reachable,
        *told,
        Check("model", "notice", found, "servers may know further names; if this is none, give another"),
    ]


def _names(body: bytes) -> list[str]:
    try:
        listed: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    items = listed.get("data") if isinstance(listed, dict) else listed
    return [
        item["id"]
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    ]
