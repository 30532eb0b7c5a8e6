"""What a server says about itself, and waiting for one that is still starting."""

from __future__ import annotations

from pathlib import PurePath

import anyio
import msgspec

from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.http import HttpClient, TransportError
from writ_engines.http.fleet import GONE

_POLL = 0.5  # seconds between two looks at a server that is starting
_LOOK = 30.0  # seconds that one look may take
SAMPLE = "Order #W1 — naïve, 12.50 €\n\n  two spaces"
"""A text that tokenizers read differently."""
_RESERVED = 6  # the server keeps so many tokens of its context to itself: max_req_input_len = context - 6


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of `/server_info` that an engine acts on; None where the server does not tell.

    `max_req_input_len`: the longest prompt. `max_total_num_tokens`: the KV pool. A router tells neither. The last five
    are flags of the server's command.
    """

    version: str | None = None
    model_path: str | None = None
    status: str | None = None
    max_req_input_len: int | None = None
    max_total_num_tokens: int | None = None
    page_size: int | None = None
    skip_tokenizer_init: bool | None = None
    tool_call_parser: str | None = None
    enable_session_radix_cache: bool | None = None
    enable_priority_scheduling: bool | None = None
    disable_priority_preemption: bool | None = None
    priority_scheduling_preemption_threshold: int | None = None
    schedule_low_priority_values_first: bool | None = None

    @property
    def context(self) -> int | None:
        """How many tokens a prompt and its completion may have together."""
        return None if self.max_req_input_len is None else self.max_req_input_len + _RESERVED


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What tells whether two servers give the same answers; None where a server does not tell.

    `model`: the name of the model's folder, without the path that leads there on that machine. `weights`: their
    version. `ids`: a sample as the server's tokenizer reads it.
    """

    model: str | None = None
    weights: str | None = None
    ids: tuple[int, ...] | None = None

    def difference(self, other: Identity) -> tuple[str, str] | None:
        """What the one has and what the other has, where they differ; None where nothing is known to."""
        for name, mine, theirs in (("model", self.model, other.model), ("weights", self.weights, other.weights)):
            if None not in (mine, theirs) and mine != theirs:
                return f"the {name} {mine}", f"{theirs}"
        if None not in (self.ids, other.ids) and self.ids != other.ids:
            return "one tokenizer", "another"
        return None


class _Model(msgspec.Struct):
    model_path: str | None = None
    weight_version: str | int | None = None


class _Tokens(msgspec.Struct):
    tokens: list[int]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one data-parallel rank of a server is doing, from `/v1/loads`."""

    num_running_reqs: int = 0
    num_waiting_reqs: int = 0
    num_used_tokens: int = 0
    max_total_num_tokens: int = 0


class _Loads(msgspec.Struct):
    loads: list[Load] = []


_decode_loads = msgspec.json.Decoder(_Loads).decode
_decode_info = msgspec.json.Decoder(ServerInfo).decode


async def wait_ready(client: HttpClient, patience: float) -> None:
    """Return when the server takes requests.

    While it loads, connections are refused, and then `/ready` answers 503 for a while. A server that has no `/ready`
    (an older one, a router) is ready when it answers at all. Raises `TransportError`: of kind `refused`, `overloaded`
    or the like when `patience` seconds are over, at once for what waiting does not mend.
    """
    end = anyio.current_time() + patience
    while True:
        try:
            await client.get("/ready", seconds=_LOOK)
            return
        except TransportError as exc:
            if exc.kind is EngineErrorKind.NOT_FOUND:
                return
            if not exc.retryable:
                raise
            if anyio.current_time() + _POLL > end:
                text = f"the server was not ready within {patience:.0f} s; is it running? ({exc})"
                raise TransportError(text, kind=exc.kind, status=exc.status) from exc
        await anyio.sleep(_POLL)


async def fetch_info(client: HttpClient) -> ServerInfo:
    """What the server says about itself; nothing at all when it does not tell or tells something else.

    Raises `TransportError` of a retryable kind when it could not be asked.
    """
    for path in ("/server_info", "/get_server_info"):
        try:
            return _decode_info(await client.get(path, seconds=_LOOK))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            break
        except EngineError as exc:
            if isinstance(exc, TransportError) and exc.retryable:
                raise
    return ServerInfo()


async def fetch_identity(client: HttpClient) -> Identity:
    """Which model the server has. Raises `TransportError` of a retryable kind when it could not be asked."""
    told, ids = _Model(), None
    try:
        told = msgspec.json.decode(await client.get("/model_info", seconds=_LOOK), type=_Model)
        ids = tuple(await tokenize(client, SAMPLE))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    except EngineError as exc:
        if isinstance(exc, TransportError) and exc.kind in GONE:
            raise
    return Identity(
        model=told.model_path and PurePath(told.model_path.rstrip("/")).name,
        weights=None if told.weight_version is None else str(told.weight_version),
        ids=ids,
    )


async def tokenize(client: HttpClient, text: str) -> list[int]:
    """The ids of a text by the server's tokenizer. Raises `EngineError` when it does not tell."""
    body = msgspec.json.encode({"model": "", "prompt": text, "add_special_tokens": False})
    answer = await client.post("/tokenize", body, seconds=_LOOK)
    try:
        return msgspec.json.decode(answer, type=_Tokens).tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise EngineError(f"/tokenize gave something else: {exc}") from exc


async def fetch_loads(client: HttpClient, seconds: float = _LOOK) -> list[Load]:
    """What each rank of the server is doing now. Raises `TransportError` when the server does not say."""
    try:
        return _decode_loads(await client.get("/v1/loads", seconds=seconds)).loads
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise TransportError(f"the server's loads cannot be read: {exc}", kind=EngineErrorKind.NOT_FOUND) from None
