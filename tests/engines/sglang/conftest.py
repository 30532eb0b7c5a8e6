"""Servers for the engine's tests: the protocol double, and a real one where the environment names it.

`WRIT_LIVE_SGLANG` is the address of a real server and `WRIT_LIVE_MODEL` the folder of the model that it serves.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.models.folders import open_family, write_family
from tests.support.seat_model import SeatModel
from tests.support.sglang_double import SglangDouble
from tests.support.talk import Target
from writ_async.chat import FamilyFormat

LIVE_URL = os.environ.get("WRIT_LIVE_SGLANG", "")
LIVE_MODEL = os.environ.get("WRIT_LIVE_MODEL", "")
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_order", {"order_id": "#W1", "count": 2}),
    ("cancel_order", {"order_id": "ünï <|im_end|>", "count": 1}),
    ("no_such_tool", {}),
)


Serve = Callable[..., AbstractAsyncContextManager[Target]]
OpenDouble = Callable[..., SglangDouble]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder without weights, of the Qwen3 family."""
    return write_family(tmp_path_factory.mktemp("model") / "qwen3", "qwen3-instruct-2507")


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> FamilyFormat:
    """The format of that folder."""
    return open_family(tmp_path_factory.mktemp("format") / "qwen3", "qwen3-instruct-2507")


@pytest.fixture
def double(qwen: FamilyFormat) -> OpenDouble:
    """Makes doubles whose model speaks in the family's format; they listen when entered."""

    def make(**options: Any) -> SglangDouble:
        return SglangDouble(SeatModel(qwen, CALLS), **{"vocabulary": qwen.tokenizer.limit, **options})

    return make


@pytest.fixture(params=["double", pytest.param("real", marks=pytest.mark.live)])
def serve(request: pytest.FixtureRequest, folder: Path, double: OpenDouble) -> Serve:
    """Opens the server that a contract is tested against, with options that only the double takes."""
    if request.param == "real" and not (LIVE_URL and LIVE_MODEL):
        pytest.skip("no real server: set WRIT_LIVE_SGLANG to its address and WRIT_LIVE_MODEL to its model's folder")

    @asynccontextmanager
    async def retail_environment(**options: Any) -> AsyncIterator[Target]:
        if request.param == "real":
            yield Target(LIVE_URL, Path(LIVE_MODEL))
        else:
            async with double(**options) as server:
                yield Target(server.url, folder, server)

    return retail_environment
