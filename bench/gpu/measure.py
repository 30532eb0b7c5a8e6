"""Measures a running server, cell by cell; what is measured is on disk before the next cell begins."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from writ_engines.http import HttpClient
from writ_engines.sglang.control import ServerControl

from bench.gpu.data import Measured
from bench.gpu.fit import fit_costs
from bench.gpu.probe import Probe
from bench.gpu.sweep import Plan, decode_cells, measure_decode, measure_prefill, prefill_shapes
from bench.gpu.table import page
from bench.gpu.turns import measure_turns

_KEPT = (
    *(
        "version",
        "max_total_num_tokens",
        "max_req_input_len",
        "page_size",
        "chunked_prefill_size",
        "max_running_requests",
    ),
    *("schedule_policy", "attention_backend", "sampling_backend", "mem_fraction_static", "disable_cuda_graph"),
    *("disable_overlap_schedule", "dtype", "kv_cache_dtype", "load_format"),
)
_SECONDS = 600.0


class Config(msgspec.Struct):
    """What is read of a model folder's config.json."""

    vocab_size: int


class Run:
    """One measurement of one server, written to a folder: measured.json, costs.json and table.md."""

    def __init__(self, url: str, model: Path, device: str, out: Path, deadline: float) -> None:
        self.measured = Measured(
            model=model.name, device=device, started=datetime.now(UTC).isoformat(timespec="seconds")
        )
        self._url = url
        self._model = model
        self._out = out
        self._deadline = deadline  # of time.monotonic()
        self._client = HttpClient(url, timeout=_SECONDS)

    async def everything(self, plan: Plan, *, sessions: int, turns: int) -> None:
        """All cells that the deadline allows, and the fit. Raises `TransportError` when the server fails."""
        control = ServerControl(self._url)
        try:
            await control.wait_ready()
            info = msgspec.json.decode(await self._client.get("/server_info"), type=dict[str, Any])
            self.measured.server = {name: info[name] for name in _KEPT if name in info}
            vocabulary = msgspec.json.decode((self._model / "config.json").read_bytes(), type=Config).vocab_size
            probe = Probe(self._client, vocabulary)
            # The first requests compile kernels and fill pools; nobody's step costs that much again.
            for _ in range(2):
                await probe.send(probe.prompts(4, 700, "warm-up"), 8)
            await self._sweep(probe, plan, sessions=sessions, turns=turns)
        finally:
            await control.aclose()
            await self._client.aclose()
            self.write()

    async def _sweep(self, probe: Probe, plan: Plan, *, sessions: int, turns: int) -> None:
        measured = self.measured
        pool, longest = measured.server["max_total_num_tokens"], measured.server["max_req_input_len"]
        for context, batches in decode_cells(plan, pool, longest):
            if self._late(f"decode at context {context}"):
                continue
            measured.decode += await measure_decode(probe, context, batches, plan.new_tokens)
            self.write()
        for batch in (1, 16):
            if self._late(f"conversations, batch {batch}"):
                continue
            await probe.flush()
            row = await measure_turns(
                self._url,
                str(self._model),
                sessions=sessions,
                turns=turns,
                new_tokens=plan.new_tokens,
                page=int(measured.server.get("page_size", 1)),
                batch=batch,
            )
            measured.turns.append(row)
            self.write()
        for prompts, new, cached in prefill_shapes(plan, pool, longest):
            if self._late(f"prefill of {new} behind {cached}"):
                continue
            measured.prefill.append(await measure_prefill(probe, prompts, new, cached))
            self.write()

    def _late(self, what: str) -> bool:
        if time.monotonic() < self._deadline:
            print(what, flush=True)
            return False
        self.measured.stopped.append(what)
        return True

    def write(self) -> None:
        """Fit what there is, and write all files."""
        measured = self.measured
        if len(measured.decode) >= 3 and len(measured.prefill) >= 2:
            kv_tokens = measured.server["max_total_num_tokens"]
            measured.costs, measured.fit = fit_costs(measured.decode, measured.prefill, kv_tokens)
            _save(self._out / "costs.json", msgspec.json.encode(measured.costs))
        _save(self._out / "measured.json", msgspec.json.encode(measured))
        (self._out / "table.md").write_text(page(measured), encoding="utf-8")


def _save(path: Path, document: bytes) -> None:
    path.write_bytes(msgspec.json.format(document) + b"\n")
