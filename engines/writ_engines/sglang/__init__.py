"""An engine for SGLang's own protocol: token ids in, token ids out, for the agent's seat and the user's.

The prompt of a turn is the prompt before, the ids that the server returned, and the ids of the new messages. Nothing is
rendered or tokenised twice, so the server finds its prefix in the cache, and what a trainer gets is what was sampled.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from writ_async.core.engine import Calibration, Check, EngineFactory, Launch, Setting
from writ_engines.http import HTTP_EXECUTION
from writ_engines.sglang.options import SglangOptions

if TYPE_CHECKING:
    from writ_engines.sglang.engine import SglangEngine


def make_sglang(options: SglangOptions, setting: Setting) -> SglangEngine:
    """The engine. Raises `InputError` for a model folder, an address or sampling parameters that cannot be used."""
    # what these import takes time, and commands that only name the engine should not wait for it
    from writ_async.chat import open_chat_format
    from writ_engines.http import HttpClient
    from writ_engines.sglang.engine import SglangEngine
    from writ_engines.sglang.options import find_access

    access = find_access(options)
    clients = [
        HttpClient(
            url,
            headers=access.headers,
            timeout=options.attempt_seconds,
            proxy=options.proxy_for(url),
            secrets=access.secrets,
        )
        for url in access.urls
    ]
    rng = Random(f"{setting.seed}/retries")
    chat = open_chat_format(options.model)
    return SglangEngine(clients, chat, options, rng, processes=setting.processes, access=access)


async def check_sglang(url: str, model: str | None) -> list[Check]:
    """What `writ doctor` finds on a server. Raises `InputError` for an address that is none."""
    from writ_engines.sglang.doctor import check_server

    return await check_server(url, model)


def launch_sglang(settings: Launch) -> list[str]:
    """The command of `writ serve`. Raises `InputError` for a model or interpreter that cannot be used."""
    from writ_engines.sglang.launch import launch_command

    return launch_command(settings)


async def calibrate_sglang(source: str, seconds: float) -> Calibration:
    """What `writ calibrate` fits. Raises `EngineError`, and `InputError` for samples that say too little."""
    from writ_engines.sglang.calibrate import calibrate

    return await calibrate(source, seconds)


ENGINE = EngineFactory(
    name="sglang",
    options=SglangOptions,
    make=make_sglang,
    check=check_sglang,
    launch=launch_sglang,
    calibrate=calibrate_sglang,
    execution=HTTP_EXECUTION
    | {"url", "patience", "batch", "batch_window", "key_env", "key_header", "headers"}
    | {"session_id", "priority", "routing_key"},
    renamed={
        "budget": "deadline",
        "max_new_tokens": "max_tokens",
        "sampling": "extra",
        "sampling_seed": "send_seed",
    },
)

__all__ = ["ENGINE", "SglangOptions", "check_sglang", "make_sglang"]
