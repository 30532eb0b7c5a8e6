"""What many tests need: small worlds and tasks, drawn once."""

import pytest
from hypothesis import settings

from writ_async.domain import Domain
from writ_async.pipelines.worlds import Opened, generate_world
from writ_async.registry import load_domain
from writ_async.synthesis import parse_mix, synthesise
from writ_async.synthesis.tasks import Place
from writ_async.task import Task

settings.register_profile("writ", deadline=None)
settings.load_profile("writ")


@pytest.fixture(scope="session")
def retail() -> Domain:
    return load_domain("retail")


@pytest.fixture(scope="session")
def airline() -> Domain:
    return load_domain("airline")


@pytest.fixture(scope="session")
def opened(retail: Domain) -> Opened:
    """A small retail world."""
    return generate_world(retail, 5, 80)


@pytest.fixture(scope="session")
def opened_airline(airline: Domain) -> Opened:
    """A small airline world."""
    return generate_world(airline, 5, 80)


@pytest.fixture(scope="session")
def tasks(opened: Opened, opened_airline: Opened) -> list[Task]:
    """Twenty-four tasks of both domains and all kinds."""
    places = [Place(item.domain, item.world, item.ref) for item in (opened, opened_airline)]
    return synthesise(places, 24, 3, parse_mix(""))[0]
