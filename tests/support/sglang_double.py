"""A small server that speaks SGLang's protocol as the captured answers of the real one do, errors included.

    async with SglangDouble(model) as double:
        client = HttpClient(double.url)
        double.faults.append("queue_full")      # the next call is answered so
        await double.die()                      # as after kill -9
        await double.revive()                   # the same address, an empty cache

`model(ids, sampling)` gives the ids of a completion, the one that ends it included. Every call is recorded.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.support import sglang_shapes as shapes
from tests.support.prefix_cache import PrefixCache
from tests.support.sglang_shapes import Seen

Model = Callable[[Sequence[int], dict[str, Any]], list[int]]

FAULTS = (
    "queue_full",
    "server_error",
    "router_error",
    "abort",
    "reset",
    "truncated",
    "garbage",
    "too_long",
    "bad_request",
    "bad_param",
    "silence",
)
"""What a call can be made to meet."""

ROUTER_INFO = {"router_manager": True, "routers_count": 1, "workers_count": 2}


class Live(msgspec.Struct, eq=False):
    """One call that is under way."""

    seen: Seen
    version: str
    aborted: asyncio.Event
    retractions: int = 0
    logprobs: bool = False


class SglangDouble:
    """The server. Its state may be read and set while it runs.

    `vocabulary`: an id outside it ends the server, as in the real one. `context`: longest prompt and completion.
    `pool`: tokens of the KV pool; a completion is cut silently to fit. `latency`: seconds per call.
    `loading`: `/ready` answers 503. `hanging`: nothing is answered.
    `flags`: what `/server_info` says of the server's command. `router`: it answers as a router does there.
    `closed`: the ids of sessions that were closed.
    `queue`: calls at once above which the queue is full; 0 for no bound.
    `faults`: what the next calls meet, one each. `fault_rate` with `seed`: how often a call meets a drawn fault.
    """

    def __init__(
        self,
        model: Model,
        *,
        vocabulary: int = 2**31,
        context: int = 32768,
        pool: int = 2**31,
        latency: float = 0.0,
        queue: int = 0,
        fault_rate: float = 0.0,
        fault_kinds: Sequence[str] = ("queue_full", "server_error", "abort", "reset", "truncated", "garbage"),
        seed: int = 0,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.context = context
        self.pool = pool
        self.latency = latency
        self.queue = queue
        self.fault_rate = fault_rate
        self.fault_kinds = tuple(fault_kinds)
        self.faults: deque[str] = deque()
        self.loading = False
        self.router = False
        self.hanging = False
        self.calls: list[Seen] = []
        self.aborts: list[str] = []
        self.control: list[str] = []
        self.closed: list[str] = []
        self.flags: dict[str, Any] = {}
        self.version = "default"
        self.model_path = "tiny"
        self.deaths = 0
        self.cache = PrefixCache()
        self._rng = Random(seed)
        self._live: dict[str, Live] = {}
        self._going = asyncio.Event()
        self._going.set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._connections: set[asyncio.Transport] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def live(self) -> list[str]:
        """The request ids of the calls that are under way."""
        return list(self._live)

    async def idle(self) -> None:
        """Return when no call is under way."""
        await self._quiet.wait()

    async def __aenter__(self) -> SglangDouble:
        await self.revive()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.die()

    async def revive(self) -> None:
        """Listen, at the same address as before; the cache is empty."""
        application = web.Application(client_max_size=2**26, middlewares=[self._hang])
        post, get = application.router.add_post, application.router.add_get
        post("/generate", self._generate)
        post("/abort_request", self._abort)
        post("/close_session", self._close_session)
        post("/pause_generation", self._pause)
        post("/continue_generation", self._continue)
        post("/update_weights_from_disk", self._update)
        post("/flush_cache", self._flush)
        get("/ready", self._ready)
        get("/v1/loads", self._loads)
        get("/health", self._ready)
        get("/model_info", self._model_info)
        get("/server_info", self._server_info)
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.0, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.cache.flush()
        self._going.set()

    def hang(self) -> None:
        """Take every call and answer none, as a host whose network is gone."""
        self.hanging = True

    async def die(self) -> None:
        """Reset every connection and stop listening. What is under way gets no answer."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self.deaths += 1
        for site in list(runner.sites):
            await site.stop()
        for transport in list(self._connections):
            transport.abort()
        self._connections.clear()
        self._live.clear()
        await runner.cleanup()

    @web.middleware
    async def _hang(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.hanging:
            await asyncio.Event().wait()
        return await handler(request)

    # -- generating ------------------------------------------------------------------------------------------------

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            self._connections.add(request.transport)
        try:
            body = json.loads(await request.read())
        except ValueError:
            return _json(400, {"object": "error", "message": "1 validation error:\n  json_invalid", "code": 400})
        batch = bool(body.get("input_ids")) and isinstance(body["input_ids"][0], list)
        prompts = body["input_ids"] if batch else [body.get("input_ids") or []]
        samplings = body["sampling_params"] if batch else [body.get("sampling_params") or {}]
        rids = body["rid"] if batch else [body.get("rid") or f"unnamed-{len(self.calls)}"]
        calls = [
            Seen(rid, ids, sampling, len(prompts)) for rid, ids, sampling in zip(rids, prompts, samplings, strict=True)
        ]
        for seen in calls:
            seen.told = {name: value for name, value in body.items() if name in shapes.HINTS}
            seen.routing_key = request.headers.get("X-SMG-Routing-Key")
        self.calls += calls
        if any(not 0 <= token < self.vocabulary for ids in prompts for token in ids):
            # the real one hangs for five seconds before its connections break
            await self.die()
            raise ConnectionResetError
        refusal = self._refusal(calls)
        if refusal is None and not body.get("stream") and self._is_full(len(calls)):
            refusal = 503, shapes.queue_full()  # as a whole; in a stream each call has its own place in the queue
        if refusal is not None and body.get("stream"):
            return await self._stream(request, [shapes.refused_event(refusal)])
        if refusal is not None:
            return _json(*refusal)
        lives = [self._begin(seen, bool(body.get("return_logprob"))) for seen in calls]
        if body.get("stream"):
            return await self._answer_stream(request, lives)
        for live in lives:
            fault = self._fault()
            if fault:
                self._end(live, fault)
                return await self._fail(request, live, fault)
        answers = [await answer for answer in asyncio.as_completed([self._complete(live) for live in lives])]
        order = {rid: place for place, rid in enumerate(rids)}
        answers.sort(key=lambda answer: order[answer["meta_info"]["id"]])
        return _json(200, answers if batch else answers[0])

    def _refusal(self, calls: Sequence[Seen]) -> tuple[int, dict[str, Any]] | None:
        """The refusal of a whole HTTP request."""
        taken = {*self._live}
        for seen in calls:
            refusal = shapes.refusal(seen.rid in taken, seen, self.context, self.pool)
            if refusal is not None:
                return refusal
            taken.add(seen.rid)
        return None

    def _is_full(self, more: int) -> bool:
        return 0 < self.queue < len(self._live) + more

    def _begin(self, seen: Seen, logprobs: bool) -> Live:
        live = Live(seen, self.version, asyncio.Event(), logprobs=logprobs)
        self._live[seen.rid] = live
        self._quiet.clear()
        return live

    def _end(self, live: Live, finish: str) -> None:
        live.seen.finish = finish
        self._live.pop(live.seen.rid, None)
        if not self._live:
            self._quiet.set()

    def _fault(self) -> str:
        if self.faults:
            return self.faults.popleft()
        if self.fault_rate and self._rng.random() < self.fault_rate:
            return self._rng.choice(self.fault_kinds)
        return ""

    async def _complete(self, live: Live) -> dict[str, Any]:
        """The answer to one call, after the time that it takes or when it is aborted."""
        seen = live.seen
        await self._going.wait()
        seen.cached = self.cache.match(seen.ids)
        output = self.model(seen.ids, seen.sampling)
        asked = seen.sampling.get("max_new_tokens", 128)
        room = max(0, min(asked, self.pool - len(seen.ids) - 2))
        reason: dict[str, Any] = {"type": "stop", "matched": output[-1] if output else None}
        if len(output) > room:
            output = output[:room]
            reason = {"type": "length", "length": len(output)}
        try:
            if self.latency:
                async with asyncio.timeout(self.latency):
                    await live.aborted.wait()
            await self._going.wait()
        except TimeoutError:
            await self._going.wait()
        except asyncio.CancelledError:
            self._end(live, "left")
            raise
        if live.aborted.is_set():
            output = output[: len(output) // 2]
            reason = shapes.ABORTED
        self.cache.insert([*seen.ids, *output[:-1]])
        seen.output = output
        self._end(live, reason["type"])
        return self._answer(live, output, reason)

    def _answer(self, live: Live, output: list[int], reason: dict[str, Any] | None) -> dict[str, Any]:
        versions = (live.version, self.version)
        return shapes.answer(live.seen, output, reason, versions, live.retractions, live.logprobs)

    async def _answer_stream(self, request: web.Request, lives: list[Live]) -> web.StreamResponse:
        """Each call's first token, then each call when it ends."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        going: list[Live] = []
        for place, live in enumerate(lives):
            fault = "queue_full" if self._is_full(0) else self._fault()
            if fault in ("reset", "truncated", "garbage"):
                self._drop(request, lives, fault)
                return response
            if fault:
                self._end(live, fault)
                await _event(response, shapes.failed_event(live.seen.rid, fault) | {"index": place})
            else:
                going.append(live)
                await _event(response, self._answer(live, [0], None) | {"index": place})
        order = {live.seen.rid: place for place, live in enumerate(lives)}
        for answer in asyncio.as_completed([self._complete(live) for live in going]):
            done = await answer
            await _event(response, done | {"index": order[done["meta_info"]["id"]]})
        await response.write(b"data: [DONE]\n\n")
        return response

    def _drop(self, request: web.Request, lives: list[Live], fault: str) -> None:
        for live in lives:
            self._end(live, fault)
        if request.transport is not None:
            request.transport.abort()

    async def _stream(self, request: web.Request, events: list[dict[str, Any]]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for event in events:
            await _event(response, event)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _fail(self, request: web.Request, live: Live, fault: str) -> web.StreamResponse:
        """Answer a call as the real server, or what stands before it, does when something is wrong."""
        if fault == "abort":
            return _json(200, self._answer(live, [0], shapes.ABORTED))
        if fault in shapes.FAILURES:
            return _json(*shapes.FAILURES[fault])
        if fault == "garbage":
            return web.Response(body=b'{"text": "", "output_ids": [1, 2', content_type="application/json")
        if fault == "silence":
            self._live[live.seen.rid] = live
            try:
                await live.aborted.wait()
            finally:
                self._end(live, "silence")
            return web.Response(status=499)
        if fault == "truncated":
            response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"text": "", "output_ids"')
            await asyncio.sleep(0.01)  # the beginning must have left before the connection breaks
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    # -- control ---------------------------------------------------------------------------------------------------

    async def _abort(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("abort_all"):
            self.aborts.append("*")
            self._abort_live(list(self._live))
        else:
            self.aborts.append(body["rid"])
            self._abort_live([body["rid"]])
        return web.Response()

    def _abort_live(self, rids: Sequence[str]) -> None:
        for rid in rids:
            if rid in self._live:
                self._live[rid].aborted.set()

    async def _close_session(self, request: web.Request) -> web.Response:
        self.closed.append((await request.json())["session_id"])
        return web.Response()

    async def _pause(self, request: web.Request) -> web.Response:
        mode = (await request.json()).get("mode", "abort")
        self.control.append(f"pause {mode}")
        if mode == "abort":
            self._abort_live(list(self._live))
        elif mode == "retract":
            for live in self._live.values():
                live.retractions += 1
        self._going.clear()
        return _json(200, {"message": "Generation paused successfully.", "status": "ok"})

    async def _continue(self, request: web.Request) -> web.Response:
        self.control.append("continue")
        self._going.set()
        return _json(200, {"message": "Generation continued successfully.", "status": "ok"})

    async def _update(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.control.append(f"update {body.get('weight_version')}")
        if "nonexistent" in body["model_path"]:
            failed = {"success": False, "message": "Failed to get weights iterator.", "num_paused_requests": 0}
            return _json(400, failed)
        self.model_path, self.version = body["model_path"], body.get("weight_version", self.version)
        if body.get("flush_cache", True):
            self.cache.flush()
        text = f"Succeeded to update model weights. Weight version updated to {self.version}."
        return _json(200, {"success": True, "message": text, "num_paused_requests": 0})

    async def _flush(self, request: web.Request) -> web.Response:
        self.control.append("flush")
        if self._live and self._going.is_set():
            return web.Response(status=400, text="Flush cache failed.\n")
        self.cache.flush()
        return web.Response(text="Cache flushed.\n")

    async def _ready(self, request: web.Request) -> web.Response:
        return web.Response(status=503 if self.loading else 200)

    async def _loads(self, request: web.Request) -> web.Response:
        used = sum(len(live.seen.ids) for live in self._live.values())
        load = {"dp_rank": 0, "num_running_reqs": len(self._live), "num_waiting_reqs": 0, "num_used_tokens": used}
        return _json(200, {"version": "0.5.20", "loads": [load | {"max_total_num_tokens": self.pool}]})

    async def _model_info(self, request: web.Request) -> web.Response:
        return _json(200, {"model_path": self.model_path, "weight_version": self.version, "is_generation": True})

    async def _server_info(self, request: web.Request) -> web.Response:
        longest = min(self.context, self.pool) - shapes.RESERVED
        info = {"max_req_input_len": longest, "max_total_num_tokens": self.pool, "page_size": 1, "status": "ready"}
        info |= {"version": "0.5.20", "model_path": self.model_path, "skip_tokenizer_init": False}
        return _json(200, ROUTER_INFO if self.router else info | self.flags)


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


async def _event(response: web.StreamResponse, value: dict[str, Any]) -> None:
    await response.write(b"data: " + msgspec.json.encode(value) + b"\n\n")
