"""The live tests run where `make test-live` has set everything up, and are skipped elsewhere."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.live.server import RANDOM, TOOL, Server, Servers

_HERE = Path(__file__).resolve().parent
LOG_REQUESTS = ("--log-requests", "--log-requests-level", "0", "--log-requests-format", "json")
_servers: list[Servers] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="needs the real SGLang server: `make test-live`")
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.live)
            if not os.environ.get("WRIT_LIVE"):
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows the end of the server's log."""
    report = yield
    if report.failed and _servers and _servers[0].current is not None:
        report.sections.append((f"server log {_servers[0].current.log}", _servers[0].current.log_tail()))
    return report


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Starts servers as tests ask."""
    _servers.append(Servers(tmp_path_factory.mktemp("servers")))
    yield _servers[0]
    _servers.pop().stop()


@pytest.fixture(scope="module")
def noise_server(servers: Servers) -> Server:
    """A server of the model that writes noise, with room for every test's conversations."""
    return servers.get(RANDOM, "--max-total-tokens", "400000", *LOG_REQUESTS)


@pytest.fixture(scope="module")
def tool_server(servers: Servers) -> Server:
    """A server of the model that calls its weather tool."""
    return servers.get(TOOL, "--max-total-tokens", "100000")
